"""Several quantiles by one network, and ranges that cover what they name."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import MLPRegressor
from sknn_suite.exceptions import DataError

QUANTILES = [0.1, 0.5, 0.9]
SMALL = {
    "loss": "quantile",
    "hidden_layer_sizes": (8,),
    "max_iter": 8,
    "random_state": 0,
}
SEVERAL = SMALL | {"quantile": QUANTILES}
CALIBRATED = SEVERAL | {"calibrated": True}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def draw(n_rows, seed=0):
    source = np.random.RandomState(seed)
    X = source.normal(size=(n_rows, 3))
    return X, X[:, 0] + (0.3 + np.abs(X[:, 1])) * source.normal(size=n_rows)


def d2(y, predicted, weight=None):
    """Part of the pinball loss that is saved, by scikit-learn's losses."""
    loss = null = 0
    for q, column in zip(QUANTILES, predicted.T):
        constant = np.quantile(y, q, method="inverted_cdf", weights=weight)
        same = np.full(len(y), constant)
        loss += mean_pinball_loss(y, column, alpha=q, sample_weight=weight)
        null += mean_pinball_loss(y, same, alpha=q, sample_weight=weight)
    return 1 - loss / null


# -- several quantiles ---------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("scale", [False, True])
def test_they_are_columns_that_never_cross(solver, scale):
    X, y = draw(200)
    model = MLPRegressor(**SEVERAL, solver=solver, scale_target=scale).fit(X, y)
    predicted = model.predict(50 * draw(500, seed=1)[0])
    assert predicted.shape == (500, 3)
    assert (np.diff(predicted) >= 0).all()
    assert (model.n_outputs_, model.out_activation_) == (3, "ascending")


def test_one_network_finds_the_quantiles_of_the_noise():
    X, y = draw(2000)
    model = MLPRegressor(
        loss="quantile",
        quantile=QUANTILES,
        hidden_layer_sizes=(32,),
        learning_rate_init=0.01,
        max_iter=60,
        alpha=0,
        random_state=0,
    ).fit(X, y)
    X_new, y_new = draw(4000, seed=1)
    below = (y_new[:, None] <= model.predict(X_new)).mean(axis=0)
    np.testing.assert_allclose(below, QUANTILES, atol=0.05)


def test_a_list_of_one_is_a_column_and_a_number_is_none():
    X, y = draw(100)
    column = MLPRegressor(**SMALL, quantile=[0.3]).fit(X, y).predict(X)
    flat = MLPRegressor(**SMALL, quantile=0.3).fit(X, y).predict(X)
    assert column.shape == (100, 1)
    assert flat.shape == (100,)
    np.testing.assert_allclose(column[:, 0], flat, rtol=1e-9)


@pytest.mark.parametrize("given", [tuple(QUANTILES), np.array(QUANTILES)])
def test_any_sequence_names_them(given):
    X, y = draw(100)
    expected = MLPRegressor(**SEVERAL).fit(X, y).predict(X)
    model = MLPRegressor(**SMALL, quantile=given).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), expected)


@pytest.mark.parametrize(
    "wrong", [[0.9, 0.1], [0.5, 0.5], [0.0, 0.5], [0.5, 1.0], [], [[0.1, 0.9]], ["low"]]
)
def test_a_wrong_list_is_refused_in_words(wrong):
    with pytest.raises(ValueError, match=r"is not a list of quantiles\. Expected one"):
        MLPRegressor(loss="quantile", quantile=wrong).fit(*draw(50))


def test_several_columns_of_y_are_refused_in_words():
    X, y = draw(50)
    with pytest.raises(DataError, match="y has 2 columns, and quantile="):
        MLPRegressor(**SEVERAL).fit(X, np.column_stack([y, y]))
    model = MLPRegressor(**SMALL, quantile=0.9).fit(X, np.column_stack([y, y]))
    assert model.predict(X).shape == (50, 2)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_score_is_the_part_of_the_pinball_loss_that_is_saved(weighted):
    X, y = draw(150)
    weight = np.random.RandomState(0).randint(0, 3, 150) if weighted else None
    model = MLPRegressor(**SEVERAL).fit(X, y)
    expected = d2(y, model.predict(X), weight)
    assert model.score(X, y, weight) == pytest.approx(expected)
    assert model.score(X, y.tolist(), weight) == pytest.approx(expected)


@pytest.mark.parametrize("scale", [False, True, "log"])
def test_early_stopping_looks_at_the_same_score(scale):
    X, y = draw(200)
    y = np.exp(y)
    model = MLPRegressor(**SEVERAL, scale_target=scale, early_stopping=True)
    model.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    expected = d2(y[150:], model.predict(X[150:]))
    assert model.best_validation_score_ == pytest.approx(expected)


def test_the_loss_is_the_mean_pinball_loss():
    X, y = draw(100)
    model = MLPRegressor(**SEVERAL, alpha=0, batch_size=100, solver="sgd")
    model.set_params(learning_rate_init=1e-9).fit(X, y)
    losses = [
        mean_pinball_loss(y, column, alpha=q)
        for q, column in zip(QUANTILES, model.predict(X).T)
    ]
    assert model.loss_ == pytest.approx(np.mean(losses), rel=1e-6)


def test_weight_two_is_the_row_twice():
    X, y = draw(100)
    weight = np.random.RandomState(0).randint(0, 3, 100)
    settings = SEVERAL | {"solver": "sgd", "max_iter": 3}
    weighted = MLPRegressor(**settings, batch_size=int((weight > 0).sum()))
    weighted.fit(X, y, sample_weight=weight)
    twice = MLPRegressor(**settings, batch_size=int(weight.sum()))
    twice.fit(X.repeat(weight, 0), y.repeat(weight))
    np.testing.assert_allclose(weighted.predict(X), twice.predict(X), rtol=1e-9)


@pytest.mark.parametrize("settings", [SEVERAL, CALIBRATED])
def test_they_stand_in_pipelines_searches_and_pickles(settings):
    X, y = draw(160)
    pipe = make_pipeline(StandardScaler(), MLPRegressor(**settings))
    assert np.isfinite(cross_val_score(pipe, X, y, cv=2)).all()
    grid = {"mlpregressor__alpha": [1e-4, 10.0]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X, y)
    copied = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(copied.predict(X), search.predict(X))
    assert clone(pipe)[-1].quantile == QUANTILES


def test_partial_fit_trains_them():
    X, y = draw(100)
    model = MLPRegressor(**SEVERAL)
    for _ in range(3):
        model.partial_fit(X, y)
    assert model.predict(X).shape == (100, 3)


def test_a_warm_start_may_move_the_quantiles_but_not_their_number():
    X, y = draw(300)
    model = MLPRegressor(**SEVERAL, warm_start=True, learning_rate_init=0.01).fit(X, y)
    before = model.predict(X)
    model.set_params(quantile=[0.1, 0.5, 0.99], max_iter=30).fit(X, y)
    assert model.predict(X)[:, 2].mean() > before[:, 2].mean() + 0.2
    model.set_params(quantile=[0.1, 0.9])
    with pytest.raises(ValueError, match="another shape now"):
        model.fit(X, y)


def test_float32_rows_get_float32_quantiles():
    X, y = draw(100)
    predicted = MLPRegressor(**CALIBRATED).fit(X, y).predict(X.astype(np.float32))
    assert predicted.dtype == np.float32


def count_below(y, predicted):
    """Rows below each column; the row that set a shift may be off by rounding."""
    return (y.reshape(len(y), -1) <= predicted + 1e-9).sum(axis=0).tolist()


# -- calibration ---------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    "overfits", [False, pytest.param(True, marks=pytest.mark.slow)]
)
def test_calibrated_ranges_cover_what_they_name(solver, overfits):
    shares = []
    settings = {"solver": solver, "max_iter": 100 if overfits else 3}
    for seed in range(12):
        X, y = draw(300, seed=seed)
        model = MLPRegressor(**CALIBRATED | settings, batch_size=32).fit(X, y)
        X_new, y_new = draw(500, seed=100 + seed)
        low, _, high = model.predict(X_new).T
        shares.append(np.mean((low <= y_new) & (y_new <= high)))
    # 75 rows calibrate each: a deviation of sqrt(.16 / 75) and of sqrt(.16 / 500) per
    # fit; a correction of 2 / 76 at most.
    error = 3 * np.sqrt((0.16 / 75 + 0.16 / 500) / 12)
    assert 0.8 - error <= np.mean(shares) <= 0.8 + 2 / 76 + error


def test_validation_rows_of_ones_own_calibrate():
    X, y = draw(400)
    model = MLPRegressor(**CALIBRATED)
    model.fit(X[:200], y[:200], X_val=X[200:299], y_val=y[200:299])
    below = count_below(y[200:299], model.predict(X[200:299]))
    assert below == [10, 50, 90]  # of 99 rows, 100 places
    plain = MLPRegressor(**SEVERAL).fit(X[:200], y[:200])
    # Without early stopping they teach the network nothing.
    np.testing.assert_array_equal(plain.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize(
    ("n_rows", "settings", "expected"),
    [
        (200, {}, 50),
        (200, {"early_stopping": True}, 50),
        (200, {"validation_fraction": 0.4}, 80),
        (200, {"solver": "lbfgs"}, 50),
        (8000, {"max_iter": 1}, 1600),
        (20000, {"max_iter": 1}, 2000),
    ],
)
def test_a_quarter_of_the_rows_or_some_are_set_aside(n_rows, settings, expected):
    X, y = draw(n_rows)
    model = MLPRegressor(**CALIBRATED | settings).fit(X, y)
    assert model.t_ == model.n_iter_ * (n_rows - expected)
    without = MLPRegressor(**SEVERAL | settings).fit(X, y)
    if not settings.get("early_stopping"):
        assert without.t_ == without.n_iter_ * n_rows


def test_groups_stay_together_when_rows_are_set_aside():
    X, y = draw(200)
    groups = np.repeat(np.arange(20), 10)
    model = MLPRegressor(**CALIBRATED).fit(X, y, groups=groups)
    assert model.t_ == model.n_iter_ * 150


def test_a_shift_in_the_logarithm_is_a_factor():
    X, y = draw(300)
    settings = CALIBRATED | {"scale_target": "log"}
    model = MLPRegressor(**settings).fit(X, np.exp(y))
    assert (model.predict(50 * X) > 0).all()
    cents = MLPRegressor(**settings).fit(X, 128 * np.exp(y))
    np.testing.assert_allclose(cents.predict(X), 128 * model.predict(X), rtol=1e-8)


def test_one_quantile_is_calibrated_for_each_column_of_y():
    X, y = draw(400)
    both = np.column_stack([y, 3 * y + 7])
    model = MLPRegressor(**SMALL, quantile=0.9, calibrated=True)
    model.fit(X[:200], both[:200], X_val=X[200:299], y_val=both[200:299])
    below = count_below(both[200:299], model.predict(X[200:299]))
    assert below == [90, 90]
    flat = MLPRegressor(**SMALL, quantile=0.9, calibrated=True)
    flat.fit(X[:200], y[:200], X_val=X[200:299], y_val=y[200:299])
    below = count_below(y[200:299], flat.predict(X[200:299])[:, None])
    assert below == [90]


def test_rows_of_weight_zero_calibrate_nothing():
    X, y = draw(400)
    weight = np.r_[np.ones(99), np.zeros(101)]
    model = MLPRegressor(**CALIBRATED).fit(
        X[:200], y[:200], X_val=X[200:], y_val=y[200:], sample_weight_val=weight
    )
    below = count_below(y[200:299], model.predict(X[200:299]))
    assert below == [10, 50, 90]


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
def test_losses_without_quantiles_refuse_it_in_words(loss):
    X, y = draw(50)
    model = MLPRegressor(loss=loss, calibrated=True)
    with pytest.raises(ValueError, match=f"no effect on loss='{loss}', which predicts"):
        model.fit(X, np.abs(y))


def test_partial_fit_refuses_it_in_words():
    with pytest.raises(ValueError, match="partial_fit does not support calibrated=Tr"):
        MLPRegressor(**CALIBRATED).partial_fit(*draw(50))


def test_too_few_rows_are_refused_in_words():
    X, y = draw(60)
    with pytest.raises(DataError, match="has 5 validation rows, too few for quantile="):
        MLPRegressor(**CALIBRATED).fit(X[:20], y[:20])
    with pytest.raises(DataError, match="has 1 validation rows, too few for quantile="):
        MLPRegressor(**CALIBRATED).fit(X[:3], y[:3])
    with pytest.raises(DataError, match=r"has 8 validation rows.* Expected 9 at least"):
        MLPRegressor(**CALIBRATED).fit(X, y, X_val=X[:8], y_val=y[:8])
    MLPRegressor(**CALIBRATED).fit(X, y, X_val=X[:9], y_val=y[:9])


def test_a_warm_start_calibrates_anew():
    X, y = draw(200)
    own = {"X_val": X, "y_val": y}
    model = MLPRegressor(**CALIBRATED, warm_start=True, learning_rate_init=1e-12)
    first = model.fit(X, y, **own).predict(X)
    again = model.fit(X, y, **own).predict(X)
    np.testing.assert_allclose(again, first, atol=1e-6)  # not moved twice
    model.set_params(calibrated=False).fit(X, y)
    plain = MLPRegressor(**SEVERAL, learning_rate_init=1e-12).fit(X, y)
    np.testing.assert_allclose(model.predict(X), plain.predict(X), atol=1e-6)


def test_the_default_moves_nothing():
    X, y = draw(200)
    assert MLPRegressor(**SEVERAL).fit(X, y)._net.target.shift is None
