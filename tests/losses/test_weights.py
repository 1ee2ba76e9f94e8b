"""class_weight and sample_weight as one vector."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_sample_weight

from sknn_suite import MLPClassifier
from sknn_suite.losses import combine_weights

CLASSES = np.array(["a", "b", "c"])
Y = np.array(["a"] * 10 + ["b"] * 5 + ["c"] * 1)


def test_no_weights_are_none():
    assert combine_weights(None, None, Y, CLASSES) is None


def test_sample_weights_alone_are_handed_on():
    weight = np.arange(16.0)
    assert combine_weights(weight, None, Y, CLASSES) is weight


def test_a_dict_names_the_classes_that_it_changes():
    got = combine_weights(None, {"c": 7.0, "a": 1.0, "b": 2.0}, Y, CLASSES)
    np.testing.assert_array_equal(got, [1] * 10 + [2] * 5 + [7])


def test_balanced_gives_every_class_the_same_total():
    got = combine_weights(None, "balanced", Y, CLASSES)
    np.testing.assert_allclose(got, compute_sample_weight("balanced", Y))
    totals = [got[c == Y].sum() for c in CLASSES]
    np.testing.assert_allclose(totals, totals[0])


def test_balanced_counts_a_weight_of_two_like_a_repeated_row():
    weight = np.random.RandomState(0).randint(1, 4, len(Y))
    got = combine_weights(weight.astype(float), "balanced", Y, CLASSES)
    repeated = combine_weights(None, "balanced", np.repeat(Y, weight), CLASSES)
    starts = np.cumsum(weight) - weight
    np.testing.assert_allclose(got, np.add.reduceat(repeated, starts))


def test_class_and_sample_weights_multiply():
    weight = np.random.RandomState(0).uniform(size=len(Y))
    by_class = combine_weights(None, {"a": 2.0, "b": 3.0, "c": 4.0}, Y, CLASSES)
    both = combine_weights(weight, {"a": 2.0, "b": 3.0, "c": 4.0}, Y, CLASSES)
    np.testing.assert_allclose(both, weight * by_class)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestInAnEstimator:
    """What class_weight does to a fit."""

    model = MLPClassifier((8,), max_iter=30, random_state=0, learning_rate_init=0.02)

    def fit(self, rows, sample_weight=None, **changes):
        model = MLPClassifier(**self.model.get_params() | changes)
        return model.fit(*rows, sample_weight=sample_weight).predict_proba(rows.X)

    def test_a_dict_of_ones_changes_nothing_but_rounding(self, labels):
        plain = self.fit(labels)
        ones = self.fit(labels, class_weight={0: 1.0, 1: 1.0, 2: 1.0})
        np.testing.assert_allclose(ones, plain, rtol=1e-6)

    def test_class_weights_equal_sample_weights(self, labels):
        weight = np.array([1.0, 2.0, 5.0])[labels.y]
        by_class = self.fit(labels, class_weight={0: 1.0, 1: 2.0, 2: 5.0})
        by_row = self.fit(labels, sample_weight=weight)
        np.testing.assert_array_equal(by_class, by_row)

    def test_a_heavier_class_is_predicted_more(self, labels):
        plain = self.fit(labels)[:, 1].mean()
        heavy = self.fit(labels, class_weight={1: 10.0})[:, 1].mean()
        assert heavy > plain + 0.1

    def test_balanced_finds_the_rare_class(self, two_classes):
        rare = np.flatnonzero(two_classes.y == 1)[8:]
        rows = type(two_classes)(*(np.delete(a, rare, 0) for a in two_classes))
        plain, balanced = self.fit(rows), self.fit(rows, class_weight="balanced")
        assert balanced[:, 1].mean() > 1.5 * plain[:, 1].mean()

    def test_balanced_does_not_see_rows_of_weight_zero(self, labels):
        weight = (np.arange(len(labels.y)) % 3 > 0).astype(float)
        kept = type(labels)(labels.X[weight > 0], labels.y[weight > 0])
        zero = MLPClassifier(**self.model.get_params() | {"class_weight": "balanced"})
        removed = MLPClassifier(**zero.get_params())
        zero.fit(*labels, sample_weight=weight)
        removed.fit(*kept, sample_weight=weight[weight > 0])
        np.testing.assert_array_equal(
            zero.predict_proba(labels.X), removed.predict_proba(labels.X)
        )

    def test_multilabel_takes_a_list_of_dicts(self, labels):
        Y = np.column_stack([labels.y == 0, labels.y == 1]).astype(int)
        rows = type(labels)(labels.X, Y)
        heavy = self.fit(rows, class_weight=[{0: 1, 1: 20}, {0: 1, 1: 1}])
        assert heavy[:, 0].mean() > self.fit(rows)[:, 0].mean()

    def test_an_unknown_class_is_named(self, labels):
        with pytest.raises(ValueError, match="class_weight"):
            self.fit(labels, class_weight={"missing": 2.0})


class TestNoWeight:
    """Rows that weigh nothing together are refused, those among others left out."""

    X = np.random.RandomState(0).normal(size=(20, 3))
    y = np.arange(20) % 2

    def model(self, **parameters):
        return MLPClassifier(class_weight={0: 0.0}, max_iter=3, **parameters)

    def test_of_a_part(self):
        model = self.model(random_state=0)
        model.partial_fit(self.X, self.y, classes=[0, 1])
        before = model.predict_proba(self.X)
        zeros = self.y == 0
        with pytest.raises(ValueError, match="All 10 rows have the weight 0"):
            model.partial_fit(self.X[zeros], self.y[zeros])
        np.testing.assert_array_equal(model.predict_proba(self.X), before)

    def test_of_validation_rows(self):
        zeros = self.y == 0
        with pytest.raises(ValueError, match="All 10 rows have the weight 0"):
            self.model().fit(self.X, self.y, X_val=self.X[zeros], y_val=self.y[zeros])

    def test_of_class_and_sample_weights_together(self):
        weight = (self.y == 0).astype(float)
        with pytest.raises(ValueError, match="All 20 rows have the weight 0"):
            self.model().fit(self.X, self.y, sample_weight=weight)

    def test_of_one_class_trains_on_the_other(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = self.model(early_stopping=True, validation_fraction=0.3)
            model.set_params(max_iter=30, learning_rate_init=0.05)
            model.fit(self.X, self.y)
        assert (model.predict(self.X) == 1).all()
