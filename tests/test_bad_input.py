"""Bad parameters and bad data: scikit-learn's words, and what to do."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.exceptions import DataError

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)

BAD_PARAMETERS = [
    ("alpha", -1),
    ("alpha", "much"),
    ("batch_size", 0),
    ("batch_size", "all"),
    ("batch_size", 2.5),
    ("learning_rate_init", 0),
    ("learning_rate", "fast"),
    ("max_iter", 0),
    ("momentum", 1.5),
    ("validation_fraction", 1.0),
    ("beta_1", 1.0),
    ("epsilon", 0.0),
    ("n_iter_no_change", 0),
    ("max_fun", 0),
    ("solver", "newton"),
    ("activation", "step"),
    ("dropout", 1.0),
    ("dropout", -0.1),
    ("batch_norm", "yes"),
    ("weight_init", "zeros"),
    ("precision", "int8"),
    ("callbacks", "ProgressBar"),
    ("shuffle", "no"),
    ("tol", -1e-4),
    ("random_state", "zero"),
    ("loss", "hinge"),
    ("hidden_layer_sizes", "wide"),
]


@pytest.mark.parametrize(("name", "value"), BAD_PARAMETERS)
def test_a_bad_parameter_is_named_with_what_it_must_be(
    estimator_class, rows, name, value
):
    model = estimator_class().set_params(**{name: value})
    message = f"The '{name}' parameter of {estimator_class.__name__} must be .* Got "
    with pytest.raises(ValueError, match=message):
        model.fit(*rows)


@pytest.mark.parametrize("sizes", [(0,), (5, -1), -3, (2.5,), ("a",), ((3, 3),), None])
def test_layers_are_positive_whole_numbers(estimator_class, rows, sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        estimator_class(hidden_layer_sizes=sizes).fit(*rows)


@pytest.mark.parametrize("sizes", [(), [], 7, (7,), [7, 3], np.array([7, 3])])
def test_layers_may_be_none_a_number_or_a_sequence(drop_in_class, rows, sizes):
    model = drop_in_class(hidden_layer_sizes=sizes, max_iter=2).fit(*rows)
    wanted = list(np.atleast_1d(sizes).astype(int))
    assert [len(b) for b in model.intercepts_[:-1]] == wanted
    assert model.n_layers_ == len(wanted) + 2


def test_dropout_per_layer_needs_one_number_for_each(estimator_class, rows):
    model = estimator_class(hidden_layer_sizes=(4, 4), dropout=(0.1,), max_iter=2)
    with pytest.raises(ValueError, match="dropout has 1 values for 2 hidden layers"):
        model.fit(*rows)
    with pytest.raises(ValueError, match="dropout must be in the range"):
        model.set_params(dropout=(0.1, 1.0)).fit(*rows)


def test_lbfgs_says_what_it_cannot_train(estimator_class, rows):
    for changes in ({"dropout": 0.1}, {"batch_norm": True}, {"activation": "rrelu"}):
        model = estimator_class(solver="lbfgs", **changes)
        with pytest.raises(ValueError, match="solver='lbfgs' cannot train"):
            model.fit(*rows)
    assert not hasattr(model, "partial_fit")


def test_an_unfitted_estimator_says_so(estimator_class, rows):
    model = estimator_class()
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        if hasattr(model, name):
            with pytest.raises(NotFittedError, match="not fitted yet"):
                getattr(model, name)(rows.X)


def test_other_columns_than_in_fit_are_named(estimator_class, rows):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(rows.X, columns=[f"c{i}" for i in range(8)])
    model = estimator_class(max_iter=2).fit(table, rows.y)
    assert list(model.feature_names_in_) == list(table.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(table.rename(columns={"c1": "other"}))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.full(120, -1.0), "Negative values in data"),
        (np.full(120, np.nan), "NaN"),
        (np.ones(7), "sample_weight.shape == "),
        (np.ones((120, 2)), "Sample weights must be 1D"),
        (np.zeros(120), "zero"),
    ],
    ids=["negative", "NaN", "too few", "two columns", "all zero"],
)
def test_bad_weights_are_refused(estimator_class, rows, weight, message):
    with pytest.raises(ValueError, match=message):
        estimator_class(max_iter=2).fit(*rows, sample_weight=weight)


def test_sparse_rows_with_nan_are_refused(drop_in_class, rows):
    X = sparse.csr_array(rows.X)
    X.data[5] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        drop_in_class(max_iter=2).fit(X, rows.y)


# -- classifiers ---------------------------------------------------------------------


def test_numbers_are_no_labels(numbers):
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MLPClassifier().fit(*numbers)


LABELS = {
    "list": (list, None),
    "tuple": (tuple, np.nan),
    "array": (lambda y: np.array(y, dtype=object), np.nan),
    "pandas objects": (lambda y: pd.Series(y, dtype=object), pd.NA),
    "pandas strings": (lambda y: pd.Series(y, dtype="string"), pd.NA),
    "polars": (pl.Series, None),
}


@pytest.mark.parametrize("kind", LABELS)
def test_a_missing_label_is_named(public_classifier, rows, kind):
    """NumPy makes the word "nan" of it, if the others are words in a list."""
    make, missing = LABELS[kind]
    y = [f"class {label}" for label in rows.y]
    y[5] = missing
    with pytest.raises(DataError, match="Input y contains NaN: row 5 is "):
        public_classifier().fit(rows.X, make(y))


@pytest.mark.parametrize(
    "y", [np.full(120, None), np.array([None, 1] * 60), np.array([np.nan, 1.0] * 60)]
)
def test_missing_labels_are_refused(labels, y):
    with pytest.raises(ValueError, match="Input y contains NaN"):
        MLPClassifier().fit(labels.X, y)


def test_multiclass_multioutput_is_refused(labels):
    y = np.column_stack([labels.y, labels.y])
    with pytest.raises(ValueError, match=r"Unknown label type|multiclass-multioutput"):
        MLPClassifier().fit(labels.X, y)


def test_partial_fit_needs_the_classes_first_and_refuses_others(labels):
    X, y = labels
    model = MLPClassifier(random_state=0)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, y)
    model.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (len(X), 3)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="has classes not in `self"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, y, classes=[0, 1])
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_partial_fit_of_some_classes_works_with_class_weights(labels):
    X, y = labels
    model = MLPClassifier(class_weight={2: 5.0}, random_state=0)
    for kept in (y < 2, y > 0, y == 2):
        model.partial_fit(X[kept], y[kept], classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (len(X), 3)


def test_partial_fit_refuses_what_needs_all_data(labels):
    classes = [0, 1, 2]
    with pytest.raises(ValueError, match="early_stopping"):
        MLPClassifier(early_stopping=True).partial_fit(*labels, classes=classes)
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(*labels, classes=classes)


@pytest.mark.parametrize("y", [range(5), "abcde", [0, 0, 0, 1, 1], [0, 0, 0, 0, 1]])
def test_early_stopping_needs_two_validation_rows(labels, y):
    for model in (MLPRegressor(), MLPClassifier()):
        if isinstance(y, str) and isinstance(model, MLPRegressor):
            continue
        model.set_params(early_stopping=True)
        with pytest.raises(
            ValueError, match=r"(n_samples=5|\['True'\]).*Expected 2 at least"
        ):
            model.fit(labels.X[:5], list(y))


def test_early_stopping_needs_both_of_two_classes_in_both_parts(labels):
    y = np.arange(40) == 3
    with pytest.raises(ValueError, match=r"members are: \['True'\]\. Expected 2"):
        MLPClassifier(early_stopping=True).fit(labels.X[:40], y)


def test_one_class_alone_is_predicted_for_sure(public_classifier, rows):
    for label in (0, "a"):
        y = np.full(len(rows.X), label)
        model = public_classifier(max_iter=2).fit(rows.X, y)
        assert list(model.classes_) == [label]
        np.testing.assert_array_equal(model.predict(rows.X), y)
        np.testing.assert_array_equal(model.predict_proba(rows.X), np.ones((len(y), 1)))
        assert model.score(rows.X, y) == 1.0


def test_a_warm_start_with_other_classes_is_refused(labels):
    X, y = labels
    model = MLPClassifier(warm_start=True, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        model.fit(X, y + 1)


# -- regressors ----------------------------------------------------------------------


def test_words_are_no_numbers(numbers):
    with pytest.raises(ValueError, match="could not convert string to float"):
        MLPRegressor().fit(numbers.X, np.full(120, "word"))


def test_missing_targets_are_refused(numbers):
    y = numbers.y.copy()
    y[3] = np.nan
    with pytest.raises(ValueError, match="Input y contains NaN"):
        MLPRegressor().fit(numbers.X, y)


def test_a_target_of_three_axes_is_refused(numbers):
    with pytest.raises(ValueError, match="dim"):
        MLPRegressor().fit(numbers.X, numbers.y.reshape(120, 1, 1))


def test_poisson_needs_counts(numbers):
    with pytest.raises(ValueError, match="out of the valid range of the loss"):
        MLPRegressor(loss="poisson").fit(*numbers)


def test_a_continued_fit_keeps_the_number_of_targets(numbers):
    X, y = numbers
    model = MLPRegressor(warm_start=True, max_iter=2).fit(X, y)
    with pytest.raises(DataError, match="y has 2 columns"):
        model.fit(X, np.column_stack([y, y]))
    with pytest.raises(DataError, match="y has 2 columns"):
        model.partial_fit(X, np.column_stack([y, y]))


@pytest.mark.parametrize("dtype", [">f8", ">i4", np.longdouble])
def test_a_target_of_any_number_type_is_taken(numbers, dtype):
    X, y = numbers.X, np.rint(10 * numbers.y)
    model = MLPRegressor(max_iter=2, random_state=0)
    expected = model.fit(X, y).predict(X)
    np.testing.assert_array_equal(model.fit(X, y.astype(dtype)).predict(X), expected)


def test_balanced_weights_do_not_divide_by_a_class_without_weight(labels):
    X, y = labels
    model = MLPClassifier(class_weight="balanced", max_iter=2, random_state=0)
    model.fit(X, y, sample_weight=(y < 2).astype(float))
    assert np.isfinite(model.predict_proba(X)).all()


def test_a_warm_start_follows_a_changed_activation(numbers):
    X, y = numbers
    model = MLPRegressor(max_iter=2, random_state=0, warm_start=True).fit(X, y)
    model.set_params(activation="tanh").fit(X, y)
    hidden = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    by_hand = hidden @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(model.predict(X), by_hand[:, 0])


def test_several_labels_may_come_as_a_sparse_matrix(labels):
    X, y = labels
    Y = np.column_stack([y == 0, y == 1]).astype(int)
    model = MLPClassifier(max_iter=2, random_state=0)
    expected = model.fit(X, Y).predict_proba(X)
    model.fit(X, sparse.csr_array(Y))
    np.testing.assert_array_equal(model.predict_proba(X), expected)
