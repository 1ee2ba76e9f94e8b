"""The range test: rates, losses, a suggestion, and nothing else changed."""

import warnings

import numpy as np
import pytest
import torch
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as with_samplers
from sklearn import datasets
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import (
    CNNClassifier,
    MLPClassifier,
    MLPRegressor,
    find_learning_rate,
)
from sknn_suite.exceptions import SuiteWarning

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few epochs are enough here
)


def slow_range_test(weights, X, y, rates, batch_size):
    """Raise the rate step by step in plain torch; return the smoothed losses."""
    net = torch.nn.Sequential(
        torch.nn.Linear(8, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1)
    )
    net.double()
    for p, name in zip(net.parameters(), ("0.weight", "0.bias", "1.weight", "1.bias")):
        p.data.copy_(weights[f"linears.{name}"])
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.9, nesterov=True)
    X, y = torch.as_tensor(X), torch.as_tensor(y)
    losses, mean = [], 0.0
    for step, rate in enumerate(rates):
        start = step * batch_size % len(X)
        rows = slice(start, start + batch_size)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = 0.5 * (net(X[rows])[:, 0] - y[rows]).square().mean()
        loss.backward()
        optimizer.step()
        mean = 0.9 * mean + 0.1 * loss.item()
        losses.append(mean / (1 - 0.9 ** (step + 1)))
    return np.array(losses)


def test_range_test_is_that_of_a_plain_loop(numbers):
    from skorch.callbacks import Callback

    class Start(Callback):
        def on_train_begin(self, net, **kwargs):
            state = net.module_.state_dict()
            self.weights = {name: p.detach().clone() for name, p in state.items()}

    X, y = numbers
    start = Start()
    model = MLPRegressor(
        hidden_layer_sizes=(6,),
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        shuffle=False,
        batch_size=40,
        max_iter=1,
        random_state=0,
    )
    test = find_learning_rate(model, X, y, min_rate=1e-4, max_rate=0.5, n_steps=50)
    model.set_params(callbacks=[start]).fit(X, y)
    rates = np.geomspace(1e-4, 0.5, 50)
    losses = slow_range_test(start.weights, X, y, rates, 40)
    np.testing.assert_allclose(test.rates, rates)
    np.testing.assert_allclose(test.losses, losses, rtol=1e-9)


def test_test_ends_when_the_loss_explodes(numbers):
    test = find_learning_rate(
        MLPRegressor(solver="sgd", random_state=0), *numbers, max_rate=1e6
    )
    assert len(test.rates) == len(test.losses) < 120
    assert np.isfinite(test.losses).all()
    assert test.losses.max() <= 4 * test.losses[0] * 4
    assert test.rates[0] == pytest.approx(1e-6)
    assert (np.diff(test.rates) > 0).all()


def test_suggestion_is_where_the_loss_falls_most_steeply(numbers):
    test = find_learning_rate(MLPRegressor(random_state=0), *numbers)
    slopes = np.gradient(test.losses, np.log(test.rates))
    steep = 0.9 * slopes[: max(int(test.losses.argmin()), 1) + 1].min()
    assert test.suggestion == test.rates[np.argmax(slopes <= steep)]


def test_estimator_is_left_unfitted_and_unharmed(
    estimator_class, rows, snapshot, same_state, global_randomness
):
    model = estimator_class(hidden_layer_sizes=(4,), random_state=0, dropout=0.2)
    before, random = snapshot(model), global_randomness()
    find_learning_rate(model, *rows)
    assert same_state(model.__getstate__(), before)
    assert global_randomness() == random
    with pytest.raises(NotFittedError):
        model.predict(rows.X)
    fitted = estimator_class(hidden_layer_sizes=(4,), max_iter=2).fit(*rows)
    before = snapshot(fitted)
    find_learning_rate(fitted, *rows)
    assert same_state(fitted.__getstate__(), before)


def test_generator_of_the_user_is_not_used_up(numbers):
    source = np.random.RandomState(0)
    find_learning_rate(MLPRegressor(random_state=source), *numbers)
    assert source.randint(10**6) == np.random.RandomState(0).randint(10**6)


def test_test_is_repeatable(labels):
    model = MLPClassifier((5,), dropout=0.3, mixup=0.2, random_state=0)
    first, second = (find_learning_rate(model, *labels) for _ in range(2))
    np.testing.assert_array_equal(first.losses, second.losses)
    assert first.suggestion == second.suggestion


def test_steps_of_a_pipeline_transform_the_rows(numbers):
    X, y = numbers
    model = MLPRegressor(hidden_layer_sizes=(5,), random_state=0)
    scaled = find_learning_rate(model, StandardScaler().fit_transform(1e3 * X), y)
    piped = find_learning_rate(make_pipeline(StandardScaler(), model), 1e3 * X, y)
    np.testing.assert_allclose(piped.losses, scaled.losses)
    alone = find_learning_rate(make_pipeline(model), X, y)
    np.testing.assert_array_equal(alone.losses, find_learning_rate(model, X, y).losses)


def test_a_sampler_in_a_pipeline_makes_rows_as_in_fit(rare_class):
    X, y = rare_class
    model = MLPClassifier(hidden_layer_sizes=(5,), random_state=0)
    steps = (StandardScaler(), SMOTE(random_state=0))
    piped = find_learning_rate(with_samplers(*steps, "passthrough", model), X, y)
    more = SMOTE(random_state=0).fit_resample(StandardScaler().fit_transform(X), y)
    known = find_learning_rate(model, *more)
    np.testing.assert_array_equal(piped.losses, known.losses)
    nested = with_samplers(with_samplers(*steps), model)
    np.testing.assert_array_equal(find_learning_rate(nested, X, y).losses, known.losses)
    assert not hasattr(steps[0], "scale_")


def test_weights_beside_a_sampler_are_refused(rare_class):
    X, y = rare_class
    model = with_samplers(SMOTE(random_state=0), MLPClassifier(random_state=0))
    with pytest.raises(ValueError, match="SMOTE makes other rows than those of X"):
        find_learning_rate(model, X, y, sample_weight=np.ones(len(y)))


@pytest.fixture
def rare_class():
    return make_classification(300, 6, weights=[0.9], random_state=0)


def test_weights_of_rows_count(numbers):
    X, y = numbers
    model = MLPRegressor(hidden_layer_sizes=(5,), random_state=0)
    weight = np.where(y > 0, 5.0, 0.1)
    plain = find_learning_rate(model, X, y)
    weighted = find_learning_rate(model, X, y, sample_weight=weight)
    assert not np.allclose(plain.losses[:10], weighted.losses[:10])


def test_layers_keep_their_shares(numbers):
    X, y = numbers
    model = MLPRegressor(hidden_layer_sizes=(5,), solver="sgd", random_state=0)
    one = find_learning_rate(model, X, y)
    two = find_learning_rate(model.set_params(learning_rate_init=[0.1, 0.1]), X, y)
    np.testing.assert_allclose(one.losses, two.losses)
    two = find_learning_rate(model.set_params(learning_rate_init=[0.01, 0.1]), X, y)
    assert not np.allclose(one.losses[:50], two.losses[:50], rtol=1e-6)


@pytest.mark.parametrize(
    ("estimator", "error", "match"),
    [
        (LogisticRegression(), TypeError, "LogisticRegression"),
        (MLPRegressor(solver="lbfgs"), ValueError, "no learning rate"),
        (MLPRegressor(alpha=-1), ValueError, "'alpha' parameter"),
    ],
)
def test_what_has_no_rate_to_find_is_refused(numbers, estimator, error, match):
    with pytest.raises(error, match=match):
        find_learning_rate(estimator, *numbers)


@pytest.mark.parametrize("limits", [{"min_rate": 0}, {"min_rate": 20.0}])
def test_range_must_be_one(numbers, limits):
    with pytest.raises(ValueError, match="do not form a range"):
        find_learning_rate(MLPRegressor(), *numbers, **limits)


# -- inside fit ----------------------------------------------------------------------


def test_auto_is_the_suggestion_inside_fit(estimator_class, rows, scores_of):
    X, y = rows
    settings = {
        "hidden_layer_sizes": (5,),
        "learning_rate": "constant",
        "max_iter": 5,
        "random_state": 0,
    }
    auto = estimator_class(**settings, learning_rate_init="auto")
    suggestion = find_learning_rate(auto, X, y).suggestion
    auto.fit(X, y)
    assert auto.learning_rate_ == suggestion
    assert auto.history_[0]["learning_rate"] == suggestion
    assert auto.learning_rate_init == "auto"
    given = estimator_class(**settings, learning_rate_init=suggestion).fit(X, y)
    np.testing.assert_array_equal(scores_of(auto, X), scores_of(given, X))


def test_auto_goes_with_schedules_and_early_stopping(labels):
    for kind in ("cosine", "one_cycle", "step", "invscaling"):
        model = MLPClassifier(
            (5,),
            learning_rate_init="auto",
            learning_rate=kind,
            early_stopping=True,
            max_iter=5,
            random_state=0,
        ).fit(*labels)
        rates = [record["learning_rate"] for record in model.history_]
        assert max(rates) <= model.learning_rate_ * (1 + 1e-12)


def test_auto_can_be_searched(two_classes):
    grid = {"learning_rate_init": ["auto", 0.01]}
    model = MLPClassifier((4,), max_iter=2)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(*two_classes)
    assert len(search.cv_results_["params"]) == 2


def test_auto_is_refused_for_lbfgs(numbers):
    with pytest.raises(ValueError, match="no learning rate"):
        MLPRegressor(solver="lbfgs", learning_rate_init="auto").fit(*numbers)


# -- display -------------------------------------------------------------------------


def test_display_shows_the_numbers(numbers):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    from sknn_suite.plotting import LearningRateDisplay

    model = MLPRegressor(hidden_layer_sizes=(5,), random_state=0)
    test = find_learning_rate(model, *numbers, n_steps=60)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = LearningRateDisplay.from_estimator(model, *numbers, n_steps=60)
    np.testing.assert_array_equal(shown.rates, test.rates)
    np.testing.assert_array_equal(shown.line_.get_xdata(), test.rates)
    np.testing.assert_array_equal(shown.line_.get_ydata(), test.losses)
    assert shown.suggestion == test.suggestion
    assert shown.ax_.get_xscale() == "log"
    _, ax = plt.subplots()
    again = LearningRateDisplay.from_range_test(test, ax=ax)
    assert again.ax_ is ax
    plt.close("all")


@pytest.mark.parametrize("batch_size", [32, "auto"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("name", ["breast_cancer", "digits", "iris", "diabetes"])
def test_suggestion_trains_well(name, solver, batch_size):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    cls = MLPClassifier
    if name == "diabetes":
        cls, y = MLPRegressor, (y - y.mean()) / y.std()
    settings = {"hidden_layer_sizes": (20,), "max_iter": 10, "solver": solver}
    for seed in range(8):
        model = cls(**settings, batch_size=batch_size, random_state=seed)
        rate = find_learning_rate(model, X, y).suggestion
        assert 1e-4 < rate < 1
        # Training at the suggestion is better than at a hundredth of it.
        good = model.set_params(learning_rate_init=rate).fit(X, y).loss_
        slow = model.set_params(learning_rate_init=rate / 100).fit(X, y).loss_
        assert good < slow


# -- doubt ---------------------------------------------------------------------------


def test_a_flat_curve_is_told_and_the_default_suggested():
    source = np.random.RandomState(0)
    X, y = source.normal(size=(5000, 10)), source.randint(2, size=5000)
    model = MLPClassifier(random_state=0, learning_rate_init=0.3)
    with pytest.warns(SuiteWarning, match="hardly falls at any learning rate") as told:
        test = find_learning_rate(model, X, y)
    assert "the suggestion is the default, 0.001" in str(told[0].message)
    assert told[0].filename == __file__
    assert (test.doubt, test.suggestion) == ("flat", 0.001)


@pytest.mark.parametrize(
    ("scale", "limits"),
    [(1e5, {}), (1.0, {"max_rate": 1e-4}), (1.0, {"min_rate": 3.0})],
    ids=["large_target", "low_range", "high_range"],
)
def test_a_suggestion_at_the_edge_is_told(scale, limits):
    X, y = datasets.load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), scale * y / y.std()
    with pytest.warns(SuiteWarning, match="near an end of") as told:
        test = find_learning_rate(MLPRegressor(random_state=0), X, y, **limits)
    assert (test.doubt, test.suggestion) == ("edge", 0.001)
    assert "change min_rate and max_rate" in str(told[0].message)


def test_the_default_for_images_is_that_of_the_recipe(images_of_noise):
    model = CNNClassifier([(4, 3), "pool"], learning_rate_init="auto", random_state=0)
    limits = {"min_rate": 1e-9, "max_rate": 1e-8}
    with pytest.warns(SuiteWarning, match=r"the default, 0\.1"):
        assert find_learning_rate(model, *images_of_noise, **limits).suggestion == 0.1
    with pytest.warns(SuiteWarning, match=r"the default, 0\.005"):
        find_learning_rate(model.set_params(solver="adam"), *images_of_noise, **limits)


@pytest.fixture
def images_of_noise():
    source = np.random.RandomState(0)
    return source.rand(60, 8, 8).astype(np.float32), source.randint(2, size=60)


def test_auto_falls_back_on_the_default():
    source = np.random.RandomState(0)
    X, y = source.normal(size=(5000, 10)), source.randint(2, size=5000)
    model = MLPClassifier(learning_rate_init="auto", max_iter=1, random_state=0)
    with pytest.warns(SuiteWarning, match="hardly falls"):
        model.fit(X, y)
    assert model.learning_rate_ == 0.001


def test_a_clear_fall_is_not_doubted(public_class, rows):
    for seed in range(2):
        model = public_class(random_state=seed)
        assert find_learning_rate(model, *rows).doubt is None
