"""What a diagnosis finds in rows, targets and the course of training.

Each finding has data that have the problem, and data that have not; clean data get no
advice.
"""

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from scipy import sparse
from sklearn import datasets
from sklearn.base import is_classifier
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler

from sknn_suite import (
    AutoencoderDetector,
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TextRNNClassifier,
    VAEDetector,
    diagnose,
)
from sknn_suite.inspection._finding import HIDES, ORDER, Finding, most_important

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)


def advice(model, X, y=None, **fit):
    return diagnose(model.fit(X, y, **fit), X, y).advice


def found(sentences, words):
    return [sentence for sentence in sentences if words in sentence]


def scaled(X):
    return StandardScaler().fit_transform(X)


@pytest.fixture(scope="module")
def rare():
    """600 rows, one in twelve of class 1, real numbers."""
    settings = {"n_informative": 6, "weights": [0.92], "flip_y": 0, "random_state": 0}
    return make_classification(600, 10, **settings)


def few_epochs(**settings):
    return MLPClassifier((10,), max_iter=5, random_state=0).set_params(**settings)


# -- the target ----------------------------------------------------------------------


@pytest.mark.parametrize("scale", [100.0, 1e5, 1e-4])
def test_a_target_of_another_scale_comes_first(numbers, scale):
    X, y = numbers
    model = MLPRegressor(random_state=0, max_iter=50)
    said = advice(model, X, scale * (y + 3.0))
    assert said[0].startswith("The target has mean ")
    assert "scale_target=True" in said[0]
    assert not found(advice(model, X, y), "The target")


def test_the_worst_of_several_targets_is_named(numbers):
    X, y = numbers
    said = advice(MLPRegressor(random_state=0, max_iter=20), X, np.c_[y, 500 * y])
    assert "standard deviation 5e+02" in said[0]


def test_a_fit_that_has_coped_with_the_scale_gets_no_advice(numbers):
    X, y = numbers
    model = MLPRegressor(solver="lbfgs", max_iter=1000, random_state=0).fit(X, 50 * y)
    assert model.score(X, 50 * y) > 0.9
    assert not found(diagnose(model, X, 50 * y).advice, "The target")


def test_scaled_targets_and_quantiles_get_no_advice(numbers):
    X, y = numbers
    levels = {"loss": "quantile", "quantile": [0.1, 0.9], "scale_target": True}
    for settings in ({"scale_target": True}, levels):
        model = MLPRegressor(random_state=0, max_iter=50, **settings)
        assert not found(advice(model, X, 1e5 * (y + 3.0)), "The target")
    model = MLPRegressor(loss="quantile", quantile=[0.1, 0.9], random_state=0)
    assert not found(advice(model.set_params(max_iter=300), X, 20 * y), "The target")


def test_counts_have_the_scale_of_a_poisson_loss(numbers):
    X, _ = numbers
    y = np.random.RandomState(0).poisson(40, len(X)).astype(float)
    model = MLPRegressor("poisson", random_state=0, max_iter=20)
    assert not found(advice(model, X, y), "The target")


def test_a_rare_class_is_named(rare):
    said = advice(few_epochs(), *rare)
    assert found(said, "Only 8 % of the rows are of class 1; set class_weight")
    assert not found(advice(few_epochs(class_weight="balanced"), *rare), "Only")
    assert not found(advice(few_epochs(loss="focal"), *rare), "Only")
    X, y = rare
    named = np.array(["usual", "fraud"])[y]
    assert found(advice(few_epochs(), X, named), "of class fraud")
    assert not found(advice(few_epochs(), X, X[:, 0] > 0.5), "Only")


# -- labels --------------------------------------------------------------------------


def wrong_labels(X, y):
    """Replace an eighth of the labels by others."""
    source = np.random.RandomState(0)
    y = y.copy()
    chosen = source.rand(len(y)) < 0.125
    y[chosen] = (y[chosen] + 1 + source.randint(y.max(), size=chosen.sum())) % (
        y.max() + 1
    )
    return X, y, np.flatnonzero(chosen)


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_wrong_labels_are_suspected_though_they_are_learnt(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X, noisy, changed = wrong_labels(scaled(X), y)
    model = MLPClassifier(max_iter=300, random_state=0)
    (sentence,) = found(advice(model, X, noisy), "labels look wrong")
    rows = sentence[sentence.index("(rows ") + 6 : sentence.index(", ...)")]
    assert len(set(map(int, rows.split(", "))) & set(changed)) >= 2
    assert not found(advice(model, X, y), "labels look wrong")


def test_wrong_labels_of_sequences_are_those_where_the_network_is_sure():
    source = np.random.RandomState(0)
    y = source.randint(3, size=400)
    X = [source.normal(size=(source.randint(6, 13), 2)) for _ in y]
    for row, label in zip(X, y):
        row[:, 0] += (label - 1) * np.arange(len(row))
    _, noisy, _ = wrong_labels(X, y)
    model = RNNClassifier(hidden_sizes=4, max_iter=10, random_state=0)
    assert found(advice(model, X, noisy), "labels look wrong")
    assert not found(advice(model, X, y), "labels look wrong")


def test_classes_that_overlap_are_no_errors():
    source = np.random.RandomState(0)
    X = source.normal(size=(1000, 5))
    for y in (X[:, 0] + source.normal(size=1000) > 0, source.rand(1000) < 0.5):
        model = MLPClassifier(max_iter=50, early_stopping=True, random_state=0)
        assert not found(advice(model, X, y), "labels look wrong")


def groups_that_overlap():
    """Groups whose labels are mixed 1:7, 1:30 and 1:1, as in passengers' survival."""
    source = np.random.RandomState(0)
    which = source.choice(3, size=900, p=[0.55, 0.25, 0.2])
    X = source.normal(size=(900, 4))
    X[:, 0] += 4 * which
    y = source.rand(900) < np.array([0.13, 0.97, 0.5])[which]
    return scaled(X), y.astype(int)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}], ids=str)
def test_groups_with_mixed_labels_are_no_errors(settings):
    X, y = groups_that_overlap()
    for part in (slice(None), slice(600), slice(300, None)):
        model = MLPClassifier(max_iter=200, random_state=0, **settings)
        assert not found(advice(model, X[part], y[part]), "labels look wrong")


def test_rows_of_categories_with_mixed_labels_are_no_errors():
    source = np.random.RandomState(0)
    X = (source.rand(1000, 6) < 0.5).astype(float)  # 64 different rows
    y = source.rand(1000) < np.where(X[:, 0] > 0, 0.88, 0.12)
    model = MLPClassifier(max_iter=50, random_state=0)
    assert not found(advice(model, X, y), "labels look wrong")


def test_advice_on_wrong_labels_is_to_check_them():
    X, y = datasets.load_digits(return_X_y=True)
    X, noisy, _ = wrong_labels(scaled(X), y)
    (sentence,) = found(advice(few_epochs(max_iter=60), X, noisy), "labels look wrong")
    assert sentence.endswith("check them.")


def test_a_few_epochs_say_nothing_of_labels():
    X, y = datasets.load_digits(return_X_y=True)
    X, noisy, _ = wrong_labels(scaled(X), y)
    said = advice(few_epochs(max_iter=5), X, noisy)
    assert said[0].startswith("Training ended after 5 epochs")
    assert not found(said, "labels look wrong")


def test_rows_of_categories_do_not_determine_their_class():
    source = np.random.RandomState(0)
    X = (source.rand(1000, 6) < 0.5).astype(float)
    y = X.sum(axis=1) + source.normal(size=1000) > 3
    model = MLPClassifier(max_iter=50, random_state=0)
    assert not found(advice(model, X, y), "labels look wrong")


# -- columns -------------------------------------------------------------------------


def test_unscaled_columns_are_named_the_largest_first():
    pandas = pytest.importorskip("pandas")
    X, y = datasets.load_wine(return_X_y=True, as_frame=True)
    said = advice(few_epochs(), X, y)
    assert found(said, "the size of column 'proline', 'magnesium' is 8.1e+02")
    frame = pandas.DataFrame(scaled(X), columns=X.columns)
    assert not found(advice(few_epochs(), frame, y), "not scaled")


def test_columns_that_are_all_small_are_not_scaled():
    X, y = datasets.load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    model = MLPRegressor(max_iter=5, random_state=0)
    assert found(advice(model, X, y), "half of its rows have a norm below 0.14")
    assert not found(advice(model, scaled(X), y), "not scaled")


def test_rare_words_and_categories_are_no_matter_of_scale(rare):
    X, y = rare
    source = np.random.RandomState(0)
    with_rare = np.c_[X, source.rand(600, 30) < 0.005]
    assert not found(advice(few_epochs(), with_rare, y), "not scaled")


def test_rare_words_beside_scaled_numbers_are_no_matter_of_scale(rare):
    X, y = rare
    words = sparse.random(600, 800, density=0.002, random_state=0, dtype=float)
    X = scaled(X)
    X[:, 0] **= 2  # of size 1.7, as skewed numbers are
    beside = sparse.hstack([words, sparse.csr_array(X)], format="csr")
    assert not found(advice(few_epochs(), beside, y), "not scaled")
    large = sparse.hstack([words, sparse.csr_array(200 * X)], format="csr")
    assert found(advice(few_epochs(), large, y), "the size of column 800")


def test_a_column_that_drowns_the_others_is_told(rare):
    X, y = rare
    mixed = np.c_[0.02 * scaled(X), 5 * scaled(X)[:, :1]]
    assert found(advice(few_epochs(), mixed, y), "the size of column 10 is 5,")


def test_estimators_that_scale_inside_need_no_scaled_rows(sequences, numbers):
    X = [1000 * row for row in sequences.X]
    model = RNNClassifier(hidden_sizes=4, max_iter=2, random_state=0)
    assert not found(advice(model, X, sequences.y), "not scaled")
    said = advice(model.set_params(scaling=None), X, sequences.y)
    assert found(said, "leave scaling at 'standard'")
    detector = AutoencoderDetector(max_iter=2, random_state=0)
    assert not found(advice(detector, 1000 * numbers.X), "not scaled")


@pytest.mark.parametrize("kind", [MLPClassifier, AutoencoderDetector, VAEDetector])
def test_constant_columns_are_named(kind, rare):
    X, y = rare
    model = kind(max_iter=2, random_state=0)
    with_two = np.insert(X, [3, 7], 5.0, axis=1)
    said = found(advice(model, with_two, y), "constant")
    assert "2 columns of X are constant (3, 8)" in said[0]
    assert not found(advice(model, X, y), "constant")


def test_a_value_that_is_rare_is_not_constant():
    X, y = make_classification(4000, 6, random_state=0)
    X[:, 2] = 1.0
    assert found(advice(few_epochs(), X, y), "One of the columns of X is constant (2)")
    X[1, 2] = 2.0  # not among the evenly spaced rows
    assert not found(advice(few_epochs(), X, y), "constant")


def test_words_that_never_occur_beside_numbers_are_no_constant_columns(rare):
    X, y = rare
    beside = sparse.csr_array(np.c_[scaled(X), np.zeros((600, 5))])
    assert not found(advice(few_epochs(), beside, y), "constant")
    assert found(advice(few_epochs(), beside.toarray(), y), "constant")


def test_pixels_that_are_never_set_are_no_constant_columns():
    X, y = datasets.load_digits(return_X_y=True)
    assert (X.std(axis=0) == 0).any()
    assert not found(advice(few_epochs(), X, y), "constant")


# -- the course of training ----------------------------------------------------------


def test_epochs_of_earlier_calls_count_after_a_warm_start(labels):
    X, y = labels
    model = few_epochs(max_iter=400, warm_start=True).fit(X, y)
    model.set_params(max_iter=5).fit(X, y)
    assert len(model.history_) > 5 == model.n_iter_
    # As it goes on at the last rate of the first call, it falls as evenly as before.
    for i, row in enumerate(model.history_):
        row["train_loss"] = 1.0 / (1 + i)
    for i, row in enumerate(model.history_[-5:]):
        row["train_loss"] = 1e-3 - 1e-6 * i
    assert found(diagnose(model, X, y).advice, "Training ended") == []
    short = few_epochs(max_iter=20, warm_start=True).fit(X, y)
    (said,) = found(advice(short.set_params(max_iter=5), X, y), "Training ended")
    assert "after 25 epochs (5 of them in the last call) while the loss still" in said
    assert said.endswith("raise max_iter, or call fit once more.")


def test_too_few_epochs_are_told(labels):
    X, y = labels
    said = found(advice(few_epochs(max_iter=20), X, y), "Training ended")
    assert "after 20 epochs while the loss still fell" in said[0]
    assert said[0].endswith("raise max_iter.")
    assert not found(advice(few_epochs(max_iter=1000), X, y), "Training ended")


def test_a_schedule_that_is_over_has_had_all_its_epochs(labels):
    settings = {"max_iter": 20, "learning_rate": "cosine"}
    assert not found(advice(few_epochs(**settings), *labels), "Training ended")


def test_early_stopping_after_its_best_epoch_has_had_enough(labels):
    X, y = labels
    settings = {"early_stopping": True, "n_iter_no_change": 1000, "max_iter": 300}
    source = np.random.RandomState(0)
    model = few_epochs(**settings, hidden_layer_sizes=(100,), learning_rate_init=0.01)
    said = advice(model, source.normal(size=X.shape), source.permutation(y))
    assert model.best_epoch_ < 240
    assert not found(said, "Training ended")


def test_a_limit_of_time_is_named(labels):
    model = few_epochs(max_iter=20).fit(*labels)
    model.set_params(max_time=1.0)
    model.max_iter_ = 500  # as if the time had been over after 20 epochs of 500
    assert found(diagnose(model, *labels).advice, "raise max_time.")
    model.set_params(max_time=None)
    assert not found(diagnose(model, *labels).advice, "Training ended")


def short_of_epochs(**settings):
    """A fit that few validation rows end while the network still learns."""
    X, y = datasets.load_breast_cancer(return_X_y=True)
    settings = {"early_stopping": True, "max_iter": 300, "random_state": 0} | settings
    model = MLPClassifier(**settings).fit(scaled(X), y)
    return model, diagnose(model, scaled(X), y).advice


def test_early_stopping_that_comes_too_early_is_told():
    model, said = short_of_epochs()
    assert model.n_iter_ < 30
    (sentence,) = found(said, "Early stopping ended")
    assert f"after {model.n_iter_} epochs" in sentence
    assert f"from the best epoch, {model.best_epoch_}, on" in sentence
    assert "raise n_iter_no_change" in sentence


@pytest.mark.parametrize(
    "settings",
    [
        {"early_stopping_scoring": "loss"},
        {"n_iter_no_change": 100},
        {"early_stopping": False},
        {"max_iter": 10},
    ],
    ids=str,
)
def test_early_stopping_that_has_waited_gets_no_advice(settings):
    assert not found(short_of_epochs(**settings)[1], "Early stopping ended")


# -- overfitting ---------------------------------------------------------------------


def learnt_by_heart(kind=MLPClassifier, **settings):
    """A model with many weights on few rows, and new rows."""
    source = np.random.RandomState(0)
    X = source.normal(size=(300, 40))
    y = X[:, 0] + X[:, 1] + 2.5 * source.normal(size=300)
    y = y > 0 if kind is MLPClassifier else 7 * y
    model = kind(max_iter=300, learning_rate_init=0.01, random_state=0)
    return model.set_params(**settings), (X[:150], y[:150]), (X[150:], y[150:])


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (MLPClassifier, {}),
        (MLPRegressor, {}),
        (MLPRegressor, {"scale_target": True}),
    ],
)
def test_overfitting_is_seen_on_validation_rows_and_on_new_rows(kind, settings):
    model, train, new = learnt_by_heart(kind, **settings)
    model.fit(*train, X_val=new[0], y_val=new[1])
    (sentence,) = found(diagnose(model, *train).advice, "overfits")
    assert "of validation rows" in sentence
    for remedy in ("alpha", "dropout", "early_stopping=True"):
        assert remedy in sentence
    # Fewer than 1,000 rows: the accuracy of a tenth of them is too coarse.
    assert ("early_stopping_scoring='loss'" in sentence) == is_classifier(model)
    model.fit(*train)
    assert not found(diagnose(model, *train).advice, "overfits")
    (sentence,) = found(diagnose(model, *new).advice, "overfits")
    assert "of the rows passed here" in sentence


def test_a_network_that_does_well_on_new_rows_does_not_overfit():
    X, y = datasets.load_digits(return_X_y=True)
    model = MLPClassifier(random_state=0, early_stopping=True, max_iter=60)
    model.fit(X[:1200] / 16, y[:1200])
    for rows in (slice(1200), slice(1200, None)):
        assert not found(diagnose(model, X[rows] / 16, y[rows]).advice, "overfits")


def test_early_stopping_is_not_recommended_to_those_who_use_it():
    model, train, new = learnt_by_heart(
        early_stopping=True, n_iter_no_change=1000, early_stopping_scoring="accuracy"
    )
    model.fit(*train, X_val=new[0], y_val=new[1])
    assert not found(diagnose(model, *train).advice, "early_stopping=True")


# -- copies among the validation rows ------------------------------------------------


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("sampler", [SMOTE, RandomOverSampler])
def test_rows_of_a_sampler_before_early_stopping_are_told(rare, sampler, kind):
    X, y = rare
    X, y = sampler(random_state=0).fit_resample(X.astype(kind), y)
    what = "mixtures of two other rows" if sampler is SMOTE else "copies of other rows"
    model = few_epochs(early_stopping=True)
    (sentence,) = found(advice(model, X, y), what)
    assert "pass the other part as X_val and y_val" in sentence
    assert not found(advice(few_epochs(), X, y), what)
    own = {"X_val": rare[0][::5].astype(kind), "y_val": rare[1][::5]}
    assert not found(advice(model, X, y, **own), what)


def test_scaled_rows_of_a_sampler_are_still_told(rare):
    X, y = SMOTE(random_state=0).fit_resample(*rare)
    model = few_epochs(early_stopping=True)
    assert found(advice(model, scaled(X), y), "mixtures of two other rows")


def test_other_rows_are_not_taken_for_those_of_a_sampler(rare):
    X, y = rare
    source = np.random.RandomState(0)
    grades = source.randint(4, size=(600, 5)).astype(float)
    model = few_epochs(early_stopping=True)
    for rows in (X, grades, np.round(X[:, :2]), X[:, :2]):
        assert not found(advice(model, rows, y), "of other rows")
        assert not found(advice(model, rows, y), "mixtures")


def test_copies_of_sequences_images_and_texts_are_told(texts):
    source = np.random.RandomState(0)
    steps, y = source.normal(size=(60, 9)), np.arange(60) % 2
    twice, labels = np.tile(steps, (2, 1)), np.tile(y, 2)
    settings = {"early_stopping": True, "max_iter": 2, "random_state": 0}
    model = RNNClassifier(hidden_sizes=3, **settings)
    assert found(advice(model, twice, labels), "copies of other rows")
    assert not found(advice(model, steps, y), "copies")
    images = CNNClassifier([(3, 3), 4], **settings)
    pixels = twice.reshape(120, 3, 3).astype(np.float32)
    assert found(advice(images, pixels, labels), "copies of other rows")
    reader = TextRNNClassifier(hidden_sizes=3, **settings)
    words = np.tile(texts.X, 2), np.tile(texts.y, 2)
    assert found(advice(reader, *words), "copies of other rows")
    assert not found(advice(reader, *texts), "copies")


# -- all together --------------------------------------------------------------------


def test_the_weightiest_five_sentences_are_said():
    kinds = [kind for kind in ORDER if kind not in HIDES]
    findings = [Finding(kind, kind) for kind in reversed(kinds)]
    assert most_important(findings) == kinds[:5]


def test_findings_hide_those_that_they_make_doubtful():
    def told(*kinds):
        return most_important([Finding(kind, kind) for kind in kinds])

    assert told("wrong labels", "few epochs") == ["few epochs"]
    assert told("slow end", "wrong labels") == ["wrong labels"]
    assert told("few epochs", "overfitting") == ["overfitting"]
    # What is hidden hides nothing.
    assert told("few epochs", "overfitting", "wrong labels") == [
        "overfitting",
        "wrong labels",
    ]
    assert told("slow end", "few epochs", "wrong labels") == ["few epochs", "slow end"]


def test_a_fit_with_many_problems_gets_five_sentences(numbers):
    X, y = numbers
    X = np.c_[1000 * X, np.full(len(X), 7.0)]
    model = MLPRegressor(
        hidden_layer_sizes=(40,) * 6, max_iter=3, learning_rate_init=0.5, random_state=0
    )
    said = advice(model, X, 1e4 * y)
    assert len(said) <= 5
    assert said[0].startswith("The target has")
    assert said[1].startswith("X is not scaled")


def clean_tables():
    for name in ("iris", "digits", "breast_cancer", "wine"):
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield pytest.param(X if name == "digits" else scaled(X), y, id=name)


SOUND = [
    {"max_iter": 1000},
    {"max_iter": 300, "early_stopping": True, "early_stopping_scoring": "loss"},
    {"max_iter": 60, "learning_rate": "cosine"},
    {"max_iter": 60, "learning_rate": "one_cycle", "learning_rate_init": 0.01},
    {"solver": "lbfgs"},
]


@pytest.mark.parametrize("settings", SOUND, ids=str)
@pytest.mark.parametrize(("X", "y"), list(clean_tables()))
def test_clean_tables_get_no_advice(X, y, settings):
    model = MLPClassifier(random_state=0, **settings)
    assert advice(model, X, y) == []


@pytest.mark.parametrize(("X", "y"), list(clean_tables()))
@pytest.mark.parametrize("detector", [AutoencoderDetector, VAEDetector])
def test_detectors_get_no_advice_on_clean_tables(X, y, detector):
    assert advice(detector(random_state=0), X, y) == []


def test_clean_images_sequences_and_texts_get_no_advice(sequences, texts):
    X, y = datasets.load_digits(return_X_y=True)
    images = (X[:300].reshape(-1, 8, 8) / 16).astype(np.float32)
    settings = {"random_state": 0}
    assert advice(CNNClassifier(max_iter=8, **settings), images, y[:300]) == []
    flat = CNNClassifier(**settings)
    assert advice(flat, X[:300], y[:300]) == []
    assert advice(RNNClassifier(**settings), *sequences) == []
    assert advice(TextRNNClassifier(max_iter=10, **settings), *texts) == []
