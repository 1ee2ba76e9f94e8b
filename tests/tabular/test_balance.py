"""imbalance of TabularClassifier: members that weigh classes, beside others."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.metrics import log_loss

from sknn_suite import TabularClassifier
from sknn_suite.losses import ClassesByModel, LossByModel, SigmoidLoss, SoftmaxLoss
from sknn_suite.tabular._balance import Balance, told

QUICK = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0}


@pytest.fixture(scope="module")
def rare():
    X, y = make_classification(
        1600, n_informative=4, weights=[0.93], flip_y=0.02, random_state=0
    )
    return X[:800], y[:800], X[800:], y[800:]


@pytest.fixture(scope="module")
def three():
    X, y = make_classification(
        800, n_informative=5, n_classes=3, weights=[0.85, 0.1], random_state=0
    )
    return X[:500], y[:500], X[500:], y[500:]


# -- the loss ------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_weights_act_in_training_and_leave_the_scores_true(n_classes):
    source = torch.Generator().manual_seed(0)
    n_outputs = 1 if n_classes == 2 else 3
    raw = torch.randn(2, 6, n_outputs, generator=source)
    codes = torch.tensor([0, 1, n_classes - 1, 0, 0, 1])
    target = codes[:, None].float() if n_classes == 2 else codes
    inner = SigmoidLoss() if n_classes == 2 else SoftmaxLoss()
    weights = (1.0, 2.0, 5.0)[:n_classes]
    loss = ClassesByModel(inner, ((1.0,) * n_classes, weights))
    of_rows = torch.tensor([weights[code] for code in codes])
    added = torch.tensor(weights).log()
    added = added[1:] - added[:1] if n_classes == 2 else added
    plain, weighed = loss.train()(raw, target)
    assert plain == pytest.approx(float(inner(raw[0], target)))
    expected = inner(raw[1] + added, target, of_rows)
    assert float(weighed) == pytest.approx(float(expected))
    torch.testing.assert_close(
        loss.eval()(raw, target), LossByModel(inner)(raw, target)
    )


def test_weights_of_rows_and_of_classes_multiply():
    raw, target = torch.randn(2, 4, 1), torch.tensor([[0.0], [1.0], [0.0], [1.0]])
    loss = ClassesByModel(SigmoidLoss(), ((1.0, 3.0), (1.0, 3.0))).train()
    rows = torch.tensor([[1.0, 1.0], [2.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    found = loss(raw, target, rows)
    shifted = raw + np.log(3)
    for m, own in enumerate(rows.t()):
        expected = SigmoidLoss()(shifted[m], target, own * torch.tensor([1.0, 3, 1, 3]))
        assert float(found[m]) == pytest.approx(float(expected))


# -- who weighs ----------------------------------------------------------------------


@pytest.mark.parametrize(("n_members", "n_folds"), [(8, 4), (6, 3), (4, 2), (10, 5)])
def test_both_kinds_of_members_leave_out_every_row(n_members, n_folds):
    balance = Balance.settle("auto", np.array([90.0, 10.0]), n_members, n_folds)
    weighed = np.array(balance.is_weighed)
    for kind in (weighed, ~weighed):
        assert set(np.flatnonzero(kind) % n_folds) == set(range(n_folds))
    # Members are sorted by depth: both kinds have deep ones and shallow ones.
    assert weighed[: n_members // 2].any()
    assert not weighed[: n_members // 2].all()


@pytest.mark.parametrize(
    ("totals", "n_members", "n_folds"),
    [([70, 30], 8, 4), ([99, 1], 7, 4), ([99, 1], 1, None), ([100, 0], 8, None)],
)
def test_weights_are_not_tried_where_they_cannot_be_compared(
    totals, n_members, n_folds
):
    assert Balance.settle("auto", np.array(totals), n_members, n_folds) is None


def test_every_class_weighs_the_same_by_sample_weight():
    totals = np.array([80.0, 15.0, 5.0])
    weights = np.array(Balance.settle("weights", totals, 4, 4).class_weights)
    np.testing.assert_allclose(weights * totals, 100 / 3)


def test_what_was_chosen_is_told():
    balance = Balance.settle("auto", np.array([99.0, 1.0]), 4, None)
    weighed = np.array(balance.is_weighed)
    assert told(balance, weighed / 2) == "weights"
    assert told(balance, ~weighed / 2) == "none"
    assert told(balance, np.full(4, 0.25)) == "both"
    assert told(None, np.full(4, 0.25)) == "none"


@pytest.mark.parametrize(
    ("without", "with_weights", "everyone", "expected"),
    [
        (0.4, 0.5, 0.3, "none"),  # all are better by their number alone
        (0.5, 0.4, 0.3, "both"),
        (0.5, 0.4, 0.45, "weights"),
        (0.4, 0.4, 0.4, "both"),
        (np.nan, 0.4, 0.5, "weights"),
        (0.4, np.nan, 0.3, "none"),
        (np.nan, np.nan, np.nan, "both"),
    ],
)
def test_all_are_kept_only_if_weights_do_no_harm(
    without, with_weights, everyone, expected
):
    balance = Balance.settle("auto", np.array([99.0, 1.0]), 4, 2)
    weighed = np.array(balance.is_weighed)

    class Losses:
        def of_mean(self, raw, share):
            kept = share > 0
            if kept.all():
                return everyone
            return with_weights if kept[weighed].all() else without

    share = balance.choose(None, Losses())
    assert told(balance, share) == expected
    assert share.sum() == pytest.approx(1)


# -- the estimator -------------------------------------------------------------------


@pytest.mark.parametrize("cv", [2, None])
def test_auto_takes_what_is_best_on_the_rows_left_out(rare, cv):
    X, y, X_test, y_test = rare
    how = QUICK | {"n_members": 4, "cv": cv, "max_iter": 20}
    model = TabularClassifier(**how, imbalance="auto").fit(X, y)
    plain = TabularClassifier(**how).fit(X, y)
    assert model.imbalance_ in ("none", "weights", "both")
    assert plain.imbalance_ == "none"
    loss, usual = (log_loss(y_test, m.predict_proba(X_test)) for m in (model, plain))
    assert loss < 1.15 * usual
    kept = model.members_["weight"] > 0
    assert kept.any()
    if model.imbalance_ != "both" and cv is not None:
        assert kept.sum() == 2


@pytest.mark.parametrize("name", ["rare", "three"])
def test_weights_keep_probabilities_for_the_true_shares(name, request):
    X, y = request.getfixturevalue(name)[:2]
    how = QUICK | {"n_members": 4, "cv": 2, "max_iter": 20}
    model = TabularClassifier(**how, imbalance="weights").fit(X, y)
    plain = TabularClassifier(**how).fit(X, y)
    assert model.imbalance_ == "weights"
    shares = np.bincount(y) / len(y)
    np.testing.assert_allclose(model.predict_proba(X).mean(axis=0), shares, atol=0.06)
    assert not np.allclose(model.predict_proba(X), plain.predict_proba(X))
    as_trained = TabularClassifier(**how, class_weight="balanced").fit(X, y)
    rarest = shares.argmin()
    assert as_trained.predict_proba(X)[:, rarest].mean() > 2 * shares[rarest]


def test_members_without_weights_learn_as_they_would_without_the_others(rare):
    # The trial of weights changes nothing for members that do not weigh.
    X, y = rare[:2]
    how = QUICK | {"n_members": 4, "cv": 2, "max_iter": 3}
    tried = TabularClassifier(**how, imbalance="auto").fit(X, y)
    plain = TabularClassifier(**how).fit(X, y)
    weighed = np.array(Balance.settle("auto", np.array([99.0, 1.0]), 4, 2).is_weighed)
    scores = (m.members_["validation_score"] for m in (tried, plain))
    one, other = (own[~weighed] for own in scores)
    np.testing.assert_allclose(one, other, rtol=1e-4)


def test_even_classes_are_trained_as_usual(rare):
    X = rare[0]
    y = (X[:, 0] > 0).astype(int)
    how = QUICK | {"n_members": 4, "cv": 2}
    model = TabularClassifier(**how, imbalance="auto").fit(X, y)
    plain = TabularClassifier(**how).fit(X, y)
    assert model.imbalance_ == "none"
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


def test_the_scorer_of_the_user_chooses(rare):
    X, y = rare[:2]
    seen = []

    def scorer(model, X, y, sample_weight=None):
        seen.append(len(y))
        return -log_loss(y, model.predict_proba(X), sample_weight=sample_weight)

    how = QUICK | {"n_members": 4, "cv": 2, "early_stopping_scoring": scorer}
    model = TabularClassifier(**how, imbalance="auto").fit(X, y)
    assert seen[-1] == len(y)  # the three choices are judged by all rows
    assert model.imbalance_ in ("none", "weights", "both")


@pytest.mark.parametrize(
    "params",
    [
        {"class_weight": "balanced"},
        {"batch_sampling": "balanced"},
        {"loss": "focal"},
        {"loss": "logit_adjusted"},
    ],
    ids=str,
)
@pytest.mark.parametrize("imbalance", ["auto", "weights"])
def test_what_weighs_twice_is_refused(rare, params, imbalance):
    model = TabularClassifier(**QUICK, imbalance=imbalance, **params)
    with pytest.raises(ValueError, match="does not go with " + next(iter(params))):
        model.fit(*rare[:2])


def test_several_labels_are_refused():
    X, y = make_multilabel_classification(60, random_state=0)
    model = TabularClassifier(**QUICK, imbalance="auto")
    with pytest.raises(ValueError, match="several labels"):
        model.fit(X, y)


def test_a_copy_of_the_fit_gives_the_same_bits(rare):
    X, y = rare[:2]
    model = TabularClassifier(**QUICK, n_members=4, cv=2, imbalance="auto")
    one, other = (clone(model).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(one, other)
