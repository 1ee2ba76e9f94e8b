"""decision_threshold and probabilities of every classifier."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.metrics import f1_score, log_loss, matthews_corrcoef
from sklearn.model_selection import (
    FixedThresholdClassifier,
    TunedThresholdClassifierCV,
)

from sknn_suite import CNNClassifier, MLPClassifier, RNNClassifier, TextRNNClassifier
from sknn_suite.decision import Capacity, CostMatrix, find_threshold

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 30, "learning_rate_init": 0.01}


@pytest.fixture(scope="module")
def rare():
    X, y = make_classification(
        900, n_informative=4, weights=[0.9], flip_y=0.05, random_state=0
    )
    return X[:600], y[:600], X[600:], y[600:]


@pytest.fixture(scope="module")
def three():
    X, y = make_classification(
        900,
        n_informative=5,
        n_classes=3,
        weights=[0.8, 0.15],
        flip_y=0.05,
        random_state=0,
    )
    return X[:600], y[:600], X[600:], y[600:]


def fit(rows, **params):
    X, y, X_val, y_val = rows
    model = MLPClassifier(**SMALL | {"random_state": 0} | params)
    return model.fit(X, y, X_val=X_val, y_val=y_val)


def test_none_takes_the_most_probable_class(rare):
    model = fit(rare)
    assert model.decision_threshold_ is None
    assert model.decision_curve_ is None
    X_val = rare[2]
    expected = model.predict_proba(X_val).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(X_val), expected)
    assert set(vars(model._net.target)) == {"kind_", "classes_"}


@pytest.mark.parametrize("threshold", ["f1", 0.1, Capacity(20), [[0, 1], [9, 0]]])
def test_a_threshold_leaves_weights_and_probabilities_as_they_were(rare, threshold):
    plain, model = fit(rare), fit(rare, decision_threshold=threshold)
    for one, other in zip(plain.coefs_, model.coefs_):
        np.testing.assert_array_equal(one, other)
    X_val = rare[2]
    np.testing.assert_array_equal(
        plain.predict_proba(X_val), model.predict_proba(X_val)
    )
    np.testing.assert_array_equal(plain.loss_curve_, model.loss_curve_)
    expected = model.predict_proba(X_val)[:, 1] >= model.decision_threshold_
    np.testing.assert_array_equal(model.predict(X_val) == 1, expected)


@pytest.mark.parametrize("scoring", ["f1", "matthews_corrcoef", "balanced_accuracy"])
def test_the_threshold_is_the_optimum_of_the_validation_rows(rare, scoring):
    model = fit(rare, decision_threshold=scoring)
    X_val, y_val = rare[2:]
    proba = model.predict_proba(X_val)[:, 1]
    choice = find_threshold(y_val, proba, scoring)
    assert model.decision_threshold_ == pytest.approx(choice.threshold, rel=1e-5)
    np.testing.assert_allclose(
        model.decision_curve_.values.max(), choice.value, rtol=1e-9
    )


def test_rows_of_early_stopping_are_enough():
    X, y = make_classification(800, weights=[0.9], random_state=0)
    model = MLPClassifier(
        **SMALL, early_stopping=True, validation_fraction=0.3, random_state=0
    )
    plain = clone(model).fit(X, y)
    model.set_params(decision_threshold="f1").fit(X, y)
    assert model.best_epoch_ == plain.best_epoch_
    assert model.decision_threshold_ != 0.5
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])


def test_without_validation_rows_it_is_refused_in_words(rare):
    model = MLPClassifier(decision_threshold="f1")
    with pytest.raises(ValueError, match=r"this fit has none.*early_stopping=True"):
        model.fit(*rare[:2])
    assert not hasattr(model, "coefs_")
    model.set_params(solver="lbfgs", early_stopping=True)
    with pytest.raises(ValueError, match="this fit has none"):
        model.fit(*rare[:2])


def test_a_number_needs_no_validation_rows(rare):
    model = MLPClassifier(**SMALL, decision_threshold=0.0, random_state=0)
    assert model.fit(*rare[:2]).predict(rare[2]).all()


def test_partial_fit_takes_a_number_and_refuses_to_choose(rare):
    X, y = rare[:2]
    model = MLPClassifier(decision_threshold=0.0, random_state=0)
    assert model.partial_fit(X, y, classes=[0, 1]).predict(X).all()
    with pytest.raises(ValueError, match="partial_fit does not hold out"):
        MLPClassifier(decision_threshold="f1").partial_fit(X, y, classes=[0, 1])


def test_class_weights_do_not_count_for_the_decision(rare):
    # Balanced weights of the validation rows would make precision look far better.
    model = fit(rare, decision_threshold="f1", class_weight="balanced")
    proba = model.predict_proba(rare[2])[:, 1]
    choice = find_threshold(rare[3], proba, "f1")
    assert model.decision_threshold_ == pytest.approx(choice.threshold, rel=1e-5)


def test_sample_weights_of_validation_rows_count(rare):
    X, y, X_val, y_val = rare
    weight = np.where(y_val == 1, 4.0, 1.0)
    model = MLPClassifier(**SMALL, random_state=0, decision_threshold="accuracy")
    model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    proba = model.predict_proba(X_val)[:, 1]
    choice = find_threshold(y_val, proba, "accuracy", sample_weight=weight)
    assert model.decision_threshold_ == pytest.approx(choice.threshold, rel=1e-5)


def test_several_classes_are_decided_no_worse_than_by_argmax(three):
    model = fit(three, decision_threshold="f1_macro")
    X_val, y_val = three[2:]
    proba = model.predict_proba(X_val)
    plain = f1_score(y_val, proba.argmax(axis=1), average="macro")
    tuned = f1_score(y_val, model.predict(X_val), average="macro")
    assert tuned > plain
    assert model.decision_threshold_.sum() == pytest.approx(1)
    expected = (proba / model.decision_threshold_).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(X_val), expected)


def test_a_list_has_one_threshold_for_each_class(three):
    model = fit(three, decision_threshold=[0.9, 0.09, 0.01])
    proba = model.predict_proba(three[2])
    expected = (proba / [0.9, 0.09, 0.01]).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(three[2]), expected)
    dear = fit(
        three, decision_threshold=CostMatrix([[0, 1, 1], [1, 0, 1], [99, 99, 0]])
    )
    assert (dear.predict(three[2]) == 2).sum() > (
        fit(three).predict(three[2]) == 2
    ).sum()


def test_each_label_of_several_has_its_threshold():
    X, y = make_multilabel_classification(400, n_classes=3, random_state=0)
    rows = X[:250], y[:250], X[250:], y[250:]
    model = fit(rows, decision_threshold="f1_macro")
    proba = model.predict_proba(X[250:])
    assert model.decision_threshold_.shape == (3,)
    for j in range(3):
        choice = find_threshold(y[250:, j], proba[:, j], "f1")
        assert model.decision_threshold_[j] == pytest.approx(choice.threshold, rel=1e-5)
    expected = proba >= model.decision_threshold_
    np.testing.assert_array_equal(model.predict(X[250:]), expected)
    one = fit(rows, decision_threshold=0.2)
    np.testing.assert_array_equal(one.predict(X), one.predict_proba(X) >= 0.2)


def families():
    source = np.random.RandomState(0)
    y = (np.arange(120) % 5 == 0).astype(int)
    images = source.uniform(0, 0.7, size=(120, 6, 6)) + 0.2 * y[:, None, None]
    steps = source.normal(size=(120, 8)) + 0.5 * y[:, None] * np.arange(8) / 4
    words = np.where(
        source.uniform(size=(120, 4)) < 0.3 + 0.4 * y[:, None], "bad", "ok"
    )
    texts = np.array([" ".join(row) for row in words], dtype=object)
    small = {"max_iter": 3, "random_state": 0}
    yield CNNClassifier([(4, 3), "pool"], **small), images, y
    yield (
        CNNClassifier([(4, 3), "pool"], **small, n_tta=4, augment=["shift"]),
        images,
        y,
    )
    yield RNNClassifier(hidden_sizes=4, **small), steps, y
    yield TextRNNClassifier(hidden_sizes=4, embedding_size=4, **small), texts, y


@pytest.mark.parametrize("family", range(4))
def test_every_family_decides_as_its_predictions_say(family):
    model, X, y = list(families())[family]
    model = clone(model).set_params(decision_threshold="f1")
    model.fit(X[:70], y[:70], X_val=X[70:], y_val=y[70:])
    proba = model.predict_proba(X[70:])[:, 1]
    choice = find_threshold(y[70:], proba.astype(np.float64), "f1")
    told = f1_score(y[70:], model.predict(X[70:]))
    assert told == pytest.approx(choice.value)


def test_strings_are_labels_too(rare):
    X, y, X_val, y_val = rare
    names = np.array(["no", "yes"])
    model = fit((X, names[y], X_val, names[y_val]), decision_threshold="f1")
    same = fit(rare, decision_threshold="f1")
    assert model.decision_threshold_ == same.decision_threshold_
    assert set(model.predict(X_val)) == {"no", "yes"}


def test_pickles_and_copies_decide_the_same(rare):
    model = fit(rare, decision_threshold="f1")
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert other.decision_threshold_ == model.decision_threshold_
        np.testing.assert_array_equal(other.predict(rare[2]), model.predict(rare[2]))


def test_a_warm_start_chooses_anew(rare):
    X, y, X_val, _ = rare
    model = fit(rare, decision_threshold="f1", warm_start=True)
    model.set_params(decision_threshold=None).fit(X, y)
    assert model.decision_threshold_ is None
    expected = model.predict_proba(X_val).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(X_val), expected)


def test_scikit_learns_thresholds_and_calibration_work_on_top(rare):
    X, y = rare[:2]
    model = MLPClassifier(**SMALL, random_state=0, decision_threshold=0.3)
    fixed = FixedThresholdClassifier(model, threshold=0.7).fit(X, y)
    proba = fixed.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(fixed.predict(X) == 1, proba >= 0.7)
    tuned = TunedThresholdClassifierCV(model, cv=2, scoring="f1").fit(X, y)
    assert 0 <= tuned.best_threshold_ <= 1
    assert CalibratedClassifierCV(model, cv=2).fit(X, y).predict_proba(X).shape == (
        600,
        2,
    )


@pytest.mark.parametrize(
    ("threshold", "text"),
    [
        (1.5, "decision_threshold"),
        (True, "not a square matrix"),
        ("f2", "not the name of a scorer"),
        ("roc_auc", "reads more than decisions"),
        ([0.2, 0.3], "has 2 numbers"),
        (np.zeros((3, 3)), "3 rows, but there are 2 classes"),
        ([[0, 1], [-5, 0]], "no mistake that pays"),
        (Capacity(301), "capacity of 301 is larger than the number of rows, 300"),
    ],
)
def test_bad_thresholds_are_told(rare, threshold, text):
    with pytest.raises(ValueError, match=text):
        fit(rare, decision_threshold=threshold)


@pytest.mark.parametrize(
    ("threshold", "text"),
    [
        (0.5, "one number, but there are 3 classes"),
        ([0.5, 0.5], "has 2 numbers"),
        ([0.5, 0.5, 0.0], r"\(0, 1\]"),
        (Capacity(3), "decides between two classes, but there are 3"),
        ("f1", "decides between two classes, but there are 3"),
    ],
)
def test_bad_thresholds_of_several_classes_are_told(three, threshold, text):
    with pytest.raises(ValueError, match=text):
        fit(three, decision_threshold=threshold)


def test_validation_rows_that_lack_a_class_are_told(rare):
    X, y, X_val, y_val = rare
    only = y_val == 0
    with pytest.raises(ValueError, match=r"classes \[1\] are missing"):
        fit((X, y, X_val[only], y_val[only]), decision_threshold="f1")


def test_a_single_class_is_told(rare):
    X, y = rare[0], np.zeros(600, int)
    with pytest.raises(ValueError, match="single class"):
        MLPClassifier(decision_threshold=0.5).fit(X, y)


# -- probabilities for the true shares -----------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_true_shares_take_class_weights_out_by_bayes_rule(rare, three, n_classes):
    rows = rare if n_classes == 2 else three
    weights = {0: 0.5, 1: 3.0} if n_classes == 2 else {0: 0.5, 1: 3.0, 2: 8.0}
    model = MLPClassifier(**SMALL, class_weight=weights, random_state=0)
    trained = clone(model).fit(*rows[:2])
    true = model.set_params(probabilities="true_shares").fit(*rows[:2])
    expected = trained.predict_proba(rows[2]) / list(weights.values())
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(true.predict_proba(rows[2]), expected, rtol=1e-6)
    decided = true.decision_function(rows[2])
    found = decided > 0 if n_classes == 2 else decided.argmax(axis=1)
    np.testing.assert_array_equal(true.predict(rows[2]), found)


def test_true_shares_mend_the_log_loss_of_balanced_weights():
    # Two normal clouds, whose probabilities a net of any shares can learn.
    source = np.random.RandomState(0)
    y = (source.uniform(size=8000) < 0.05).astype(int)
    X = source.normal(size=(8000, 2)) + 1.5 * y[:, None]
    rows = X[:4000], y[:4000], X[4000:], y[4000:]

    def loss(**params):
        return log_loss(rows[3], fit(rows, **params).predict_proba(rows[2]))

    plain = loss()
    assert loss(class_weight="balanced") > 1.4 * plain
    mended = loss(class_weight="balanced", probabilities="true_shares")
    assert mended < 1.03 * plain


def test_rows_left_out_show_what_bayes_rule_leaves():
    # A linear net in a world of curves: balanced, it learns another line.
    source = np.random.RandomState(0)
    X = source.normal(size=(8000, 2))
    odds = 3 * np.abs(X[:, 0]) * (X[:, 0] > 0) + X[:, 1] - 5
    y = (source.uniform(size=8000) < 1 / (1 + np.exp(-odds))).astype(int)
    how = {
        "activation": "identity",
        "class_weight": "balanced",
        "probabilities": "true_shares",
    }
    by_rule = MLPClassifier(**SMALL, **how, random_state=0).fit(X[:3000], y[:3000])
    shown = fit((X[:3000], y[:3000], X[3000:4000], y[3000:4000]), **how)
    X, y = X[4000:], y[4000:]
    off, left = (
        abs(m.predict_proba(X)[:, 1].mean() - y.mean()) for m in (by_rule, shown)
    )
    assert left < 0.3 * off
    assert log_loss(y, shown.predict_proba(X)) < log_loss(y, by_rule.predict_proba(X))
    # It is a constant: scores differ by the same number in every row.
    gap = shown.decision_function(X) - by_rule.decision_function(X)
    assert np.ptp(gap) < 1e-6


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "params",
    [
        {"class_weight": "balanced"},
        {"batch_sampling": "balanced"},
        {"loss": "logit_adjusted"},
    ],
    ids=str,
)
def test_epochs_are_chosen_by_the_loss_for_the_true_shares(
    rare, three, n_classes, params
):
    def true_loss(model, X, y, sample_weight=None):
        return -log_loss(y, model.predict_proba(X), labels=model.classes_)

    rows = rare if n_classes == 2 else three
    how = params | {"early_stopping": True, "probabilities": "true_shares"}
    one = fit(rows, **how, early_stopping_scoring="loss")
    other = fit(rows, **how, early_stopping_scoring=true_loss)
    np.testing.assert_allclose(
        one.validation_scores_, other.validation_scores_, rtol=1e-5
    )
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0])


@pytest.mark.parametrize("sampling", ["shuffle", "balanced"])
def test_shares_of_rows_left_out_are_not_taken_for_the_true_ones(rare, sampling):
    # Of the rows left out, every second is rare; the shares are those of X.
    X, y, X_val, y_val = rare
    few = np.r_[np.flatnonzero(y_val == 1), np.flatnonzero(y_val == 0)[:40]]
    how = {"probabilities": "true_shares", "batch_sampling": sampling}
    if sampling == "shuffle":
        how["class_weight"] = "balanced"
    model = fit((X, y, X_val[few], y_val[few]), **how)
    assert model.predict_proba(X_val)[:, 1].mean() == pytest.approx(y.mean(), abs=0.03)


def test_without_weights_of_classes_probabilities_are_true_already(rare):
    plain, same = fit(rare), fit(rare, probabilities="true_shares")
    np.testing.assert_array_equal(
        plain.predict_proba(rare[2]), same.predict_proba(rare[2])
    )


def test_a_threshold_is_chosen_on_the_probabilities_that_are_shown(rare):
    model = fit(
        rare,
        class_weight="balanced",
        probabilities="true_shares",
        decision_threshold="matthews_corrcoef",
    )
    proba = model.predict_proba(rare[2])[:, 1]
    choice = find_threshold(rare[3], proba, "matthews_corrcoef")
    told = matthews_corrcoef(rare[3], model.predict(rare[2]))
    assert told == pytest.approx(choice.value)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"loss": "focal"}, "does not go with loss='focal'"),
        ({"class_weight": {0: 1.0, 1: 0.0}}, "gives a class the weight 0"),
    ],
)
def test_true_shares_that_cannot_be_known_are_refused(rare, params, text):
    with pytest.raises(ValueError, match=text):
        fit(rare, probabilities="true_shares", **params)


def test_true_shares_of_weighted_labels_are_refused():
    X, y = make_multilabel_classification(60, n_classes=2, random_state=0)
    model = MLPClassifier(class_weight="balanced", probabilities="true_shares")
    with pytest.raises(ValueError, match="several labels"):
        model.fit(X, y)
