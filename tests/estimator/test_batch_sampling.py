"""batch_sampling and loss="logit_adjusted" of every classifier."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from sknn_suite import (
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    RNNClassifier,
    TextRNNClassifier,
    train_together,
)
from sknn_suite.decision import find_threshold

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {
    "hidden_layer_sizes": (8,),
    "max_iter": 20,
    "learning_rate_init": 0.01,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def clouds():
    """Two normal clouds, one row in twenty of the second; a net can learn them."""
    source = np.random.RandomState(0)
    y = (source.uniform(size=6000) < 0.05).astype(int)
    X = source.normal(size=(6000, 2)) + 1.5 * y[:, None]
    return X[:3000], y[:3000], X[3000:], y[3000:]


@pytest.fixture(scope="module")
def three():
    X, y = make_classification(
        900,
        n_informative=5,
        n_classes=3,
        weights=[0.85, 0.12],
        flip_y=0.02,
        random_state=0,
    )
    return X[:600], y[:600], X[600:], y[600:]


def fit(rows, **params):
    return MLPClassifier(**SMALL | params).fit(rows[0], rows[1])


def families():
    """Small classifiers of all kinds of data, with rows: one in eight is positive."""
    source = np.random.RandomState(0)
    y = (np.arange(64) % 8 == 0).astype(int)
    tables = source.normal(size=(64, 3)) + y[:, None]
    series = [source.normal(size=(4 + i % 3, 2)) + y[i] for i in range(64)]
    words = ["good" if k or i % 4 == 1 else "bad" for i, k in enumerate(y)]
    texts = [f"{word} word{i % 5} it was" for i, word in enumerate(words)]
    images = source.randint(0, 150, size=(64, 8, 8)).astype(np.uint8)
    images[y == 1, :4] += 100
    common = {"max_iter": 8, "batch_size": 16, "random_state": 0}
    common["learning_rate_init"] = 0.01
    return {
        "tables": (MLPClassifier((4,), **common), tables, y),
        "sequences": (RNNClassifier(hidden_sizes=4, **common), series, y),
        "texts": (TextRNNClassifier(hidden_sizes=4, **common), texts, y),
        "images": (
            CNNClassifier(architecture=[(4, 3), "pool", 6], **common),
            images,
            y,
        ),
    }


FAMILIES = families()


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    "params", [{"batch_sampling": "balanced"}, {"loss": "logit_adjusted"}], ids=str
)
def test_every_classifier_finds_more_of_the_rare_class(name, params):
    model, X, y = FAMILIES[name]
    plain = clone(model).fit(X, y).predict_proba(X)
    model = clone(model).set_params(**params)
    found = model.fit(X, y).predict_proba(X)
    odds, odds_before = (np.log(p[:, 1] / p[:, 0]) for p in (found, plain))
    assert odds[y == 0].mean() > odds_before[y == 0].mean() + 0.3
    np.testing.assert_array_equal(model.fit(X, y).predict_proba(X), found)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    "params", [{"batch_sampling": "balanced"}, {"loss": "logit_adjusted"}], ids=str
)
def test_true_shares_bring_the_rare_class_back(name, params):
    model, X, y = FAMILIES[name]
    model = clone(model).set_params(**params)
    trained = model.fit(X, y).predict_proba(X)
    true = model.set_params(probabilities="true_shares").fit(X, y).predict_proba(X)
    odds = np.log(trained[:, 1] / trained[:, 0]) - np.log(true[:, 1] / true[:, 0])
    np.testing.assert_allclose(odds, np.log(7), rtol=1e-3)  # 8 of 64, as 1 to 7


# -- batches -------------------------------------------------------------------------


def test_equal_shares_of_equal_classes_take_each_row_once():
    X, y = make_classification(100, random_state=0)
    seen = []

    class Note(Callback):
        def on_batch_begin(self, net, batch=None, training=False, **kwargs):
            seen.append(batch.inputs["x"][:, 0].numpy().copy())

    MLPClassifier(
        (3,),
        max_iter=1,
        batch_size=20,
        batch_sampling="balanced",
        callbacks=[Note()],
        random_state=0,
    ).fit(X, y)
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.sort(X[:, 0]))


@pytest.mark.parametrize("shares", ["balanced", {0: 0.7, 1: 0.3}, {0: 7, 1: 3}])
def test_true_shares_mend_the_log_loss_of_batches(clouds, shares):
    def loss(**params):
        return log_loss(clouds[3], fit(clouds, **params).predict_proba(clouds[2]))

    plain = loss()
    assert loss(batch_sampling=shares) > 1.2 * plain
    mended = loss(batch_sampling=shares, probabilities="true_shares")
    assert mended < 1.03 * plain


def test_weights_of_classes_and_shares_of_batches_multiply(clouds):
    how = {"batch_sampling": "balanced", "class_weight": {0: 1.0, 1: 4.0}}
    trained = fit(clouds, **how).predict_proba(clouds[2])
    true = fit(clouds, **how, probabilities="true_shares").predict_proba(clouds[2])
    n = np.bincount(clouds[1])
    expected = trained * [1 / (1500 / n[0]), 1 / (4 * 1500 / n[1])]
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(true, expected, rtol=1e-6)
    assert abs(true[:, 1].mean() - clouds[3].mean()) < 0.015


def test_sample_weights_of_a_class_stay_in_the_true_shares(clouds):
    X, y, X_test, _ = clouds
    weight = np.where(y == 1, 3.0, 1.0)
    model = MLPClassifier(
        **SMALL, batch_sampling="balanced", probabilities="true_shares"
    )
    found = model.fit(X, y, sample_weight=weight).predict_proba(X_test)
    plain = MLPClassifier(**SMALL).fit(X, y, sample_weight=weight).predict_proba(X_test)
    assert found[:, 1].mean() == pytest.approx(plain[:, 1].mean(), rel=0.1)


def test_a_row_without_weight_is_in_no_class(clouds):
    X, y = clouds[0][:400], clouds[1][:400]
    weight = np.ones(400)
    weight[::3] = 0
    model = MLPClassifier(**SMALL, batch_sampling="balanced")
    kept = weight > 0
    one = model.fit(X, y, sample_weight=weight).predict_proba(X)
    two = model.fit(X[kept], y[kept], sample_weight=weight[kept]).predict_proba(X)
    np.testing.assert_array_equal(one, two)


def test_validation_rows_weigh_as_the_batches_do(clouds):
    X, y, X_val, y_val = clouds
    model = MLPClassifier(**SMALL, batch_sampling="balanced", early_stopping=True)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    expected = balanced_accuracy_score(y_val, model.predict(X_val))
    # Validation rows weigh by the shares of training rows, which differ a little.
    assert model.best_validation_score_ == pytest.approx(expected, abs=5e-3)
    inside = MLPClassifier(**SMALL, batch_sampling="balanced", early_stopping=True)
    scores = [row["valid_score"] for row in inside.fit(X, y).history_]
    assert max(scores) < 0.95  # all of the large class would have that


def test_decisions_are_for_the_shares_as_they_are(clouds):
    X, y, X_val, y_val = clouds
    how = {"batch_sampling": "balanced", "decision_threshold": "f1"}
    model = MLPClassifier(**SMALL, **how).fit(X, y, X_val=X_val, y_val=y_val)
    flagged = model.predict(X_val).mean()
    plain = MLPClassifier(**SMALL, decision_threshold="f1")
    plain.fit(X, y, X_val=X_val, y_val=y_val)
    assert flagged == pytest.approx(plain.predict(X_val).mean(), abs=0.02)
    choice = find_threshold(y_val, model.predict_proba(X_val)[:, 1], "f1")
    assert model.decision_threshold_ == pytest.approx(choice.threshold, rel=1e-5)
    assert f1_score(y_val, model.predict(X_val)) == pytest.approx(choice.value)


def test_order_without_shuffling_is_that_of_the_rows(clouds):
    one, two = (
        fit(clouds, batch_sampling="balanced", shuffle=False, random_state=seed)
        for seed in (0, 0)
    )
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])
    shuffled = fit(clouds, batch_sampling="balanced")
    assert not np.array_equal(one.coefs_[0], shuffled.coefs_[0])


def test_partial_fit_balances_each_part(clouds):
    X, y, X_test, _ = clouds
    model = MLPClassifier(**SMALL, batch_sampling="balanced")
    plain = MLPClassifier(**SMALL)
    for _ in range(10):
        for part in np.array_split(np.arange(1000), 2):
            for each in (model, plain):
                each.partial_fit(X[part], y[part], classes=[0, 1])
    found, rare = (m.predict_proba(X_test)[:, 1].mean() for m in (model, plain))
    assert found > 2 * rare
    only = y[:1000] == 0
    model.partial_fit(X[:1000][only], y[:1000][only])  # a part without the rare class


def test_a_search_gives_the_same_fits_together(clouds):
    X, y = clouds[0][:600], clouds[1][:600]
    grid = {"batch_sampling": ["shuffle", "balanced", {0: 0.8, 1: 0.2}]}
    search = GridSearchCV(
        MLPClassifier(**SMALL), grid, cv=3, scoring="average_precision"
    )
    alone = search.fit(X, y).cv_results_["mean_test_score"].copy()
    with train_together():
        together = search.fit(X, y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(alone, together)
    assert len(set(alone)) == 3


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"batch_sampling": {0: 0.5}}, "one share for each class"),
        ({"batch_sampling": {0: 0.5, 1: 0.3, 2: 0.2}}, "one share for each class"),
        ({"batch_sampling": {"0": 0.5, "1": 0.5}}, "one share for each class"),
        ({"batch_sampling": {0: 0.5, 1: 0.0}}, "gives 1 the share 0.0"),
        ({"batch_sampling": {0: 0.5, 1: "x"}}, "gives 1 the share 'x'"),
        ({"batch_sampling": {0: 0.5, 1: np.nan}}, "gives 1 the share nan"),
        ({"batch_sampling": "smote"}, "The 'batch_sampling' parameter"),
        ({"batch_sampling": 0.5}, "The 'batch_sampling' parameter"),
        ({"batch_sampling": "balanced", "solver": "lbfgs"}, "does not go with solver"),
    ],
)
def test_shares_that_cannot_be_used_are_refused(clouds, params, text):
    with pytest.raises(ValueError, match=text):
        fit(clouds, **params)


def test_true_shares_of_parts_are_refused(clouds):
    model = MLPClassifier(batch_sampling="balanced", probabilities="true_shares")
    with pytest.raises(ValueError, match="sees one part of the data"):
        model.partial_fit(clouds[0], clouds[1], classes=[0, 1])


@pytest.mark.parametrize(
    "params", [{"batch_sampling": "balanced"}, {"loss": "logit_adjusted"}], ids=str
)
def test_several_labels_per_row_are_refused(params):
    X, y = make_multilabel_classification(60, n_classes=2, random_state=0)
    with pytest.raises(ValueError, match="several labels per row"):
        MLPClassifier(**params).fit(X, y)


def test_regressors_have_no_classes_to_balance():
    assert "batch_sampling" not in MLPRegressor().get_params()


@pytest.mark.parametrize(
    "params", [{"batch_sampling": "balanced"}, {"loss": "logit_adjusted"}], ids=str
)
def test_a_single_class_may_be_learnt(params):
    X = np.random.RandomState(0).normal(size=(30, 2))
    model = MLPClassifier((3,), max_iter=2, **params).fit(X, np.ones(30))
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((30, 1)))


@pytest.mark.parametrize(
    "params", [{"batch_sampling": "balanced"}, {"loss": "logit_adjusted"}], ids=str
)
def test_a_class_of_one_row_may_be_learnt(params):
    X = np.random.RandomState(0).normal(size=(40, 2))
    y = np.zeros(40, int)
    y[7], X[7] = 1, 5.0
    model = MLPClassifier((8,), max_iter=200, learning_rate_init=0.01, **params)
    model.set_params(random_state=0).fit(X, y)
    assert model.predict(X)[7] == 1


# -- logit-adjusted loss -------------------------------------------------------------


def test_adjusted_scores_are_those_of_balanced_weights(clouds):
    adjusted = fit(clouds, loss="logit_adjusted", max_iter=40)
    weighted = fit(clouds, class_weight="balanced", max_iter=40)
    one, two = (m.predict_proba(clouds[2])[:, 1] for m in (adjusted, weighted))
    assert np.abs(one - two).mean() < 0.06
    plain = fit(clouds, max_iter=40)
    scores = [
        balanced_accuracy_score(clouds[3], m.predict(clouds[2]))
        for m in (adjusted, plain)
    ]
    assert scores[0] > scores[1] + 0.1


def test_adjusted_scores_of_several_classes_aim_at_equal_recall(three):
    scores = [
        balanced_accuracy_score(three[3], fit(three, loss=loss).predict(three[2]))
        for loss in ("logit_adjusted", "log_loss")
    ]
    assert scores[0] > scores[1]


def test_true_shares_mend_the_log_loss_of_adjusted_scores(clouds):
    def loss(**params):
        return log_loss(clouds[3], fit(clouds, **params).predict_proba(clouds[2]))

    plain = loss()
    assert loss(loss="logit_adjusted") > 1.4 * plain
    assert loss(loss="logit_adjusted", probabilities="true_shares") < 1.03 * plain


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_true_shares_of_several_classes_sum_to_those_of_the_rows(three, solver):
    how = {"loss": "logit_adjusted", "solver": solver, "max_iter": 60}
    model = fit(three, **how, probabilities="true_shares", alpha=1.0)
    shares = np.bincount(three[1]) / len(three[1])
    found = model.predict_proba(three[0]).mean(axis=0)
    np.testing.assert_allclose(found, shares, atol=0.05)


def test_shares_are_those_that_training_sees(clouds):
    # With equal shares in batches there is nothing to adjust.
    one = fit(clouds, loss="logit_adjusted", batch_sampling="balanced", max_iter=3)
    two = fit(clouds, batch_sampling="balanced", max_iter=3)
    p, q = (m.predict_proba(clouds[2]) for m in (one, two))
    np.testing.assert_allclose(p, q, rtol=1e-3)


def test_sample_weights_count_in_the_shares(clouds):
    X, y, X_test, _ = clouds
    model = MLPClassifier(**SMALL | {"solver": "lbfgs"}, loss="logit_adjusted")
    times = np.where(y == 1, 3, 1)
    rows = np.repeat(np.arange(len(y)), times)
    weighted = model.fit(X, y, sample_weight=times).predict_proba(X_test)
    repeated = model.fit(X[rows], y[rows]).predict_proba(X_test)
    np.testing.assert_allclose(weighted, repeated, atol=1e-3)


def test_classes_count_equally_for_early_stopping(clouds):
    X, y, X_val, y_val = clouds
    model = MLPClassifier(**SMALL, loss="logit_adjusted", early_stopping=True)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    expected = balanced_accuracy_score(y_val, model.predict(X_val))
    assert model.best_validation_score_ == pytest.approx(expected, abs=5e-3)


def test_partial_fit_knows_no_shares_to_adjust_by(clouds):
    with pytest.raises(ValueError, match="not supported for partial_fit"):
        MLPClassifier(loss="logit_adjusted").partial_fit(
            clouds[0], clouds[1], classes=[0, 1]
        )


def test_a_class_without_weight_has_no_share(clouds):
    with pytest.raises(ValueError, match=r"no training row of \[1\] counts"):
        fit(clouds, loss="logit_adjusted", class_weight={0: 1.0, 1: 0.0})


def test_label_smoothing_acts_on_adjusted_scores(clouds):
    plain, smooth = (
        fit(clouds, loss="logit_adjusted", label_smoothing=s).predict_proba(clouds[2])
        for s in (0.0, 0.2)
    )
    assert smooth[:, 1].max() < plain[:, 1].max()
