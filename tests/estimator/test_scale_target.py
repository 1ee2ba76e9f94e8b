"""scale_target: the network learns standardised numbers, the user sees those of y."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sknn_suite import MLPRegressor
from sknn_suite.exceptions import DataError

LOSSES = ["squared_error", "absolute_error", "huber", "quantile"]
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 8, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def prices():
    source = np.random.RandomState(0)
    X = source.normal(size=(160, 4))
    y = np.exp(12 + 0.5 * X[:, 0] + 0.1 * source.normal(size=160))
    return X, y


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", [True, "log"])
def test_it_is_scikit_learns_transformed_target(prices, loss, kind):
    X, y = prices
    ours = MLPRegressor(**SMALL, loss=loss, scale_target=kind).fit(X, y)
    transformer = StandardScaler()
    if kind == "log":
        log = FunctionTransformer(np.log, np.exp)
        transformer = make_pipeline(log, transformer)
    inner = MLPRegressor(**SMALL, loss=loss)
    theirs = TransformedTargetRegressor(inner, transformer=transformer).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, theirs.regressor_.loss_curve_)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", [True, "log"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_units_of_y_do_not_matter(prices, loss, kind, solver):
    X, y = prices
    settings = SMALL | {"loss": loss, "scale_target": kind, "solver": solver}
    model = MLPRegressor(**settings).fit(X, y)
    cents = MLPRegressor(**settings).fit(X, 1024 * y)
    rtol = 1e-8 if solver == "adam" else 1e-4  # minimisers follow rounding errors
    np.testing.assert_allclose(cents.predict(X), 1024 * model.predict(X), rtol=rtol)


def test_false_is_the_default_and_learns_y_as_it_is(prices):
    X, y = prices
    plain = MLPRegressor(**SMALL).fit(X, y)
    assert plain.scale_target is False
    assert plain._net.target.scale is None
    given = MLPRegressor(**SMALL, scale_target=False).fit(X, y)
    np.testing.assert_array_equal(plain.predict(X), given.predict(X))


def test_prices_are_learnt_with_default_settings(prices):
    X, y = prices
    plain = MLPRegressor(random_state=0).fit(X, y)
    assert plain.score(X, y) < 0
    assert MLPRegressor(random_state=0, scale_target=True).fit(X, y).score(X, y) > 0.8
    assert MLPRegressor(random_state=0, scale_target="log").fit(X, y).score(X, y) > 0.8


def test_each_column_of_y_has_its_own_scale(prices):
    X, y = prices
    both = np.column_stack([y, 1e-3 * X[:, 1]])
    model = MLPRegressor(random_state=0, scale_target=True).fit(X, both)
    predicted = model.predict(X)
    assert predicted.shape == (160, 2)
    assert (r2_score(both, predicted, multioutput="raw_values") > 0.8).all()


def test_weight_two_is_the_row_twice(prices):
    X, y = prices
    weight = np.random.RandomState(0).randint(0, 3, size=160)
    settings = SMALL | {"solver": "lbfgs", "max_iter": 5, "scale_target": "log"}
    weighted = MLPRegressor(**settings).fit(X, y, sample_weight=weight)
    twice = MLPRegressor(**settings).fit(X.repeat(weight, 0), y.repeat(weight))
    np.testing.assert_allclose(weighted.predict(X), twice.predict(X), rtol=1e-6)


@pytest.mark.parametrize("kind", [True, "log"])
def test_validation_rows_do_not_teach_the_scale(prices, kind):
    X, y = prices
    alone = MLPRegressor(**SMALL, scale_target=kind).fit(X, y)
    own = MLPRegressor(**SMALL, scale_target=kind, early_stopping=True)
    own.fit(X, y, X_val=X, y_val=1e3 * y)
    assert own._net.target.scale.mean == alone._net.target.scale.mean
    aside = MLPRegressor(**SMALL, scale_target=kind, early_stopping=True).fit(X, y)
    assert aside._net.target.scale.mean != alone._net.target.scale.mean


@pytest.mark.parametrize("kind", [True, "log"])
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_scores_of_early_stopping_are_in_the_units_of_y(prices, kind, scoring):
    X, y = prices
    model = MLPRegressor(
        **SMALL, scale_target=kind, early_stopping=True, early_stopping_scoring=scoring
    )
    model.fit(X[:120], y[:120], X_val=X[120:], y_val=y[120:])
    predicted = model.predict(X[120:])
    expected = r2_score(y[120:], predicted)
    if scoring is not None:
        expected = -mean_absolute_error(y[120:], predicted)
    np.testing.assert_allclose(model.best_validation_score_, expected, rtol=1e-9)


def test_the_first_call_of_partial_fit_teaches_the_scale(prices):
    X, y = prices
    model = MLPRegressor(**SMALL, scale_target=True, learning_rate_init=0.02)
    model.partial_fit(X[:40], y[:40])
    first = model._net.target.scale
    assert first.mean == pytest.approx(y[:40].mean())
    for _ in range(30):
        model.partial_fit(X[40:], 2 * y[40:])
    assert model._net.target.scale is first
    assert model.predict(X[40:]).mean() > 1.5 * y[40:].mean()


def test_a_first_part_without_a_scale_is_refused(prices):
    X, y = prices
    model = MLPRegressor(**SMALL, scale_target=True)
    with pytest.raises(DataError, match="1 rows of the first call of partial_fit"):
        model.partial_fit(X[:1], y[:1])
    assert not hasattr(model, "coefs_")
    model.fit(X[:40], np.full(40, 7.0))  # a whole table may be constant
    assert model._net.target.scale.deviation.tolist() == [1.0]


def test_a_warm_start_keeps_the_scale_of_its_weights(prices):
    X, y = prices
    model = MLPRegressor(**SMALL, scale_target=True, warm_start=True).fit(X, y)
    before, scale = model.predict(X), model._net.target.scale
    model.set_params(learning_rate_init=1e-12).fit(X, 3 * y + 1)
    assert model._net.target.scale is scale
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-6)


@pytest.mark.parametrize(("had", "wanted"), [(True, False), (False, "log")])
def test_units_cannot_change_in_the_middle(prices, had, wanted):
    X, y = prices
    model = MLPRegressor(**SMALL, scale_target=had, warm_start=True).fit(X, y)
    model.set_params(scale_target=wanted)
    with pytest.raises(ValueError, match=f"scale_target={wanted!r}, but the network"):
        model.fit(X, y)
    with pytest.raises(ValueError, match=f"was fitted with scale_target={had!r}"):
        model.partial_fit(X, y)
    model.set_params(warm_start=False).fit(X, y)


@pytest.mark.parametrize("kind", [True, "log"])
def test_copies_predict_the_same_and_clones_keep_the_parameter(prices, kind):
    X, y = prices
    model = MLPRegressor(**SMALL, scale_target=kind).fit(X, y)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict(X), model.predict(X))
    assert clone(model).scale_target == kind


@pytest.mark.parametrize("kind", [True, "log"])
def test_predictions_have_the_type_of_x(prices, kind):
    X, y = prices
    wide = MLPRegressor(**SMALL, scale_target=kind).fit(X, y)
    narrow = MLPRegressor(**SMALL, scale_target=kind)
    narrow.fit(X.astype(np.float32), y.astype(np.float32))
    predicted = narrow.predict(X.astype(np.float32))
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, wide.predict(X), rtol=1e-3)


def test_whole_numbers_are_scaled_too(prices):
    X, y = prices
    whole = MLPRegressor(**SMALL, scale_target=True).fit(X, y.astype(int))
    real = MLPRegressor(**SMALL, scale_target=True).fit(X, y.astype(int).astype(float))
    np.testing.assert_array_equal(whole.predict(X), real.predict(X))


def test_huber_delta_is_in_standard_deviations(prices):
    X, y = prices
    settings = SMALL | {"loss": "huber", "scale_target": True}
    quadratic = MLPRegressor(**settings, huber_delta=1e6).fit(X, y)
    squared = MLPRegressor(**SMALL, scale_target=True).fit(X, y)
    np.testing.assert_allclose(quadratic.predict(X), squared.predict(X), rtol=1e-9)
    robust = MLPRegressor(**settings, huber_delta=0.5).fit(X, y)
    assert np.abs(robust.predict(X) - squared.predict(X)).max() > 1


@pytest.mark.parametrize("kind", [True, "log"])
def test_poisson_refuses_it_in_words(prices, kind):
    X, y = prices
    with pytest.raises(ValueError, match="does not go with loss='poisson', which"):
        MLPRegressor(loss="poisson", scale_target=kind).fit(X, y)


@pytest.mark.parametrize("wrong", [0.0, -1.0])
def test_the_logarithm_refuses_what_is_not_positive(prices, wrong):
    X, y = prices
    y_wrong = y.copy()
    y_wrong[3] = wrong
    model = MLPRegressor(**SMALL, scale_target="log")
    message = f"y has 1 values that are zero or negative, the smallest {wrong:g}"
    with pytest.raises(DataError, match=message):
        model.fit(X, y_wrong)
    with pytest.raises(DataError, match=message):
        model.fit(X, y, X_val=X, y_val=y_wrong)
    MLPRegressor(**SMALL, scale_target=True).fit(X, y_wrong)


def test_a_search_compares_scales(prices):
    X, y = prices
    grid = {"scale_target": [False, True, "log"]}
    search = GridSearchCV(MLPRegressor(random_state=0, max_iter=60), grid, cv=2)
    assert search.fit(X, y).best_params_["scale_target"] in (True, "log")


# -- the warning ---------------------------------------------------------------------


def warning_of(model, X, y, **fit_params):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(X, y, **fit_params)
    texts = [str(w.message) for w in caught if w.category is ConvergenceWarning]
    assert len(texts) == 1
    return texts[0]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_warning_names_the_scale_when_it_is_the_cause(prices, loss, solver):
    X, y = prices
    settings = SMALL | {"solver": solver, "loss": loss, "max_iter": 1, "alpha": 10.0}
    if solver == "lbfgs" and loss in ("squared_error", "huber"):
        y = y + 1e9  # one step of it goes all the way to y
    text = warning_of(MLPRegressor(**settings), X, y)
    assert "The target's scale is the cause: y is" in text
    assert text.endswith("Set scale_target=True.")


def test_the_warning_does_not_name_the_scale_when_it_is_not(prices):
    X, y = prices
    plain = "and the optimization hasn't converged yet."
    settings = SMALL | {"max_iter": 2}
    assert warning_of(MLPRegressor(**settings), X, y / y.std()).endswith(plain)
    for kind in (True, "log"):
        model = MLPRegressor(**settings, scale_target=kind)
        assert warning_of(model, X, y).endswith(plain)
    counts = MLPRegressor(**settings, loss="poisson")
    assert warning_of(counts, X, y).endswith(plain)


def test_a_network_that_has_nearly_arrived_does_not_blame_the_scale(prices):
    X, _ = prices
    settings = SMALL | {"solver": "lbfgs", "max_iter": 40}
    text = warning_of(MLPRegressor(**settings), X, 1000 * X[:, 0])
    assert "target's scale" not in text


def test_several_quantiles_and_columns_are_told_alike(prices):
    X, y = prices
    several = MLPRegressor(**SMALL, loss="quantile", quantile=[0.1, 0.9])
    assert "its D2 on training rows" in warning_of(several, X, y)
    both = np.column_stack([y, X[:, 0]])
    assert "its R2 on training rows" in warning_of(MLPRegressor(**SMALL), X, both)
    weighted = {"sample_weight": np.linspace(0, 1, 160)}
    assert "its R2" in warning_of(MLPRegressor(**SMALL), X, y, **weighted)
