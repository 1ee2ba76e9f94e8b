"""The suite's MLPs beside scikit-learn's: the same seed takes the same way."""

import inspect
import warnings

import numpy as np
import pytest
import sklearn.neural_network as theirs
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

import sknn_suite as ours

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # the way is compared, not its end
)

NAMES = ["MLPClassifier", "MLPRegressor"]
SMALL = {"hidden_layer_sizes": (10, 5), "random_state": 3, "tol": 0.0}


def both(name, **parameters):
    """Build the same model in scikit-learn and in the suite."""
    parameters = SMALL | parameters
    return getattr(theirs, name)(**parameters), getattr(ours, name)(**parameters)


def _scores(model, X):
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)
    return model.predict(X)


def _classification(n_classes):
    X, y = make_classification(
        n_samples=150, n_informative=6, n_classes=n_classes, random_state=1
    )
    return "MLPClassifier", X, y


def _multilabel():
    rng = np.random.RandomState(1)
    X = rng.normal(size=(150, 6))
    return "MLPClassifier", X, (X @ rng.normal(size=(6, 3)) > 0).astype(int)


def _numbers(n_outputs):
    rng = np.random.RandomState(1)
    X = rng.normal(size=(150, 6))
    y = np.tanh(X @ rng.normal(size=(6, n_outputs)))
    return "MLPRegressor", X, y[:, 0] if n_outputs == 1 else y


TASKS = {
    "binary": lambda: _classification(2),
    "multiclass": lambda: _classification(4),
    "multilabel": _multilabel,
    "one number": lambda: _numbers(1),
    "three numbers": lambda: _numbers(3),
}

SGD = {"solver": "sgd", "learning_rate_init": 0.05}

WAYS = {
    "sgd": SGD,
    "sgd without shuffling": SGD | {"shuffle": False, "batch_size": 32},
    "sgd in batches": SGD | {"batch_size": 32},
    "sgd without momentum": SGD | {"momentum": 0.0, "batch_size": 32},
    "sgd with plain momentum": SGD | {"nesterovs_momentum": False, "batch_size": 32},
    "sgd with full momentum": SGD | {"momentum": 1.0, "max_iter": 5},
    "sgd invscaling": SGD
    | {"learning_rate": "invscaling", "power_t": 0.3, "batch_size": 40},
    "sgd adaptive": SGD
    | {
        "learning_rate": "adaptive",
        "learning_rate_init": 0.2,
        "tol": 0.01,
        "n_iter_no_change": 2,
        "max_iter": 40,
    },
    "sgd early stopping": SGD | {"early_stopping": True, "batch_size": 32},
    "adam early stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "sgd invscaling without momentum": SGD
    | {"learning_rate": "invscaling", "power_t": 0.3, "momentum": 0.0},
    "sgd adaptive without momentum": SGD
    | {
        "learning_rate": "adaptive",
        "learning_rate_init": 0.5,
        "momentum": 0.0,
        "tol": 0.01,
        "n_iter_no_change": 2,
        "max_iter": 60,
    },
    "sgd tanh": SGD | {"activation": "tanh", "alpha": 0.5},
    "sgd logistic": SGD | {"activation": "logistic"},
    "sgd identity": SGD | {"activation": "identity", "learning_rate_init": 0.01},
    "adam": {"batch_size": 32},
    "adam betas": {"beta_1": 0.5, "beta_2": 0.9, "alpha": 0.0},
}


def _tolerance(way):
    # Adam divides by the root of the mean squared gradient, which lets rounding grow.
    if way.startswith("adam"):
        return 1e-4
    return 1e-7 if "adaptive" in way else 1e-9  # many epochs at a high rate


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_takes_the_same_way(task, way, weighted):
    if task == "multiclass" and "early" in way:
        pytest.skip("scikit-learn splits stratified for two classes only, we always")
    name, X, y = TASKS[task]()
    a, b = both(name, **{"max_iter": 8} | WAYS[way])
    weight = np.random.RandomState(0).uniform(0.1, 3, len(X)) if weighted else None
    a.fit(X, y, sample_weight=weight)
    b.fit(X, y, sample_weight=weight)
    rtol = _tolerance(way)
    np.testing.assert_allclose(b.loss_curve_, a.loss_curve_, rtol=rtol)
    assert (b.n_iter_, b.t_, b.n_layers_) == (a.n_iter_, a.t_, a.n_layers_)
    assert (b.n_outputs_, b.out_activation_) == (a.n_outputs_, a.out_activation_)
    if a.validation_scores_ is None:
        assert b.validation_scores_ is None
        np.testing.assert_allclose(b.best_loss_, a.best_loss_, rtol=rtol)
    else:
        assert b.best_loss_ is None
        np.testing.assert_allclose(b.validation_scores_, a.validation_scores_, rtol)
        assert b.best_validation_score_ == pytest.approx(
            a.best_validation_score_, rel=rtol
        )
    if way.startswith("sgd"):
        np.testing.assert_allclose(_scores(b, X), _scores(a, X), atol=100 * rtol)
        for mine, other in zip(b.coefs_ + b.intercepts_, a.coefs_ + a.intercepts_):
            np.testing.assert_allclose(mine, other, atol=100 * rtol)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("task", TASKS)
def test_lbfgs_takes_the_same_way(task, weighted, activation):
    name, X, y = TASKS[task]()
    if task == "three numbers":
        pytest.skip("scikit-learn's loss and gradient differ by the factor 3 there")
    a, b = both(name, solver="lbfgs", max_iter=5, activation=activation)
    weight = np.random.RandomState(0).uniform(0.1, 3, len(X)) if weighted else None
    a.fit(X, y, sample_weight=weight)
    b.fit(X, y, sample_weight=weight)
    assert b.loss_ == pytest.approx(a.loss_, rel=1e-6)
    assert b.n_iter_ == a.n_iter_
    for mine, other in zip(b.coefs_ + b.intercepts_, a.coefs_ + a.intercepts_):
        np.testing.assert_allclose(mine, other, atol=1e-6)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_poisson_takes_the_same_way(solver):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(150, 4))
    y = rng.poisson(np.exp(0.5 * X[:, 0]))
    a, b = both(
        "MLPRegressor", loss="poisson", solver=solver, max_iter=6, batch_size=50
    )
    a.fit(X, y)
    b.fit(X, y)
    rtol = {"sgd": 1e-10, "adam": 1e-4, "lbfgs": 1e-6}[solver]
    assert b.loss_ == pytest.approx(a.loss_, rel=rtol)
    np.testing.assert_allclose(b.predict(X), a.predict(X), rtol=100 * rtol)
    assert (b.predict(X) > 0).all()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_sparse_rows_take_the_way_of_dense_ones(task, solver):
    name, X, y = TASKS[task]()
    X = np.where(np.abs(X) > 0.7, X, 0.0)
    _, model = both(name, solver=solver, max_iter=5, batch_size=32)
    dense = clone(model).fit(X, y)
    for container in (sparse.csr_array, sparse.csc_matrix, sparse.coo_array):
        rows = container(X)
        fitted = clone(model).fit(rows, y)
        assert fitted.loss_ == pytest.approx(dense.loss_, rel=1e-6)
        np.testing.assert_allclose(fitted.predict(rows), dense.predict(X), atol=1e-4)
        np.testing.assert_allclose(fitted.predict(X), fitted.predict(rows), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_there_with_its_default_and_position(name):
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    a = inspect.signature(getattr(theirs, name)).parameters
    b = inspect.signature(getattr(ours, name)).parameters
    for parameter in a.values():
        assert b[parameter.name].default == parameter.default, parameter.name
    a_positional = [p.name for p in a.values() if p.kind is positional]
    b_positional = [p.name for p in b.values() if p.kind is positional]
    assert b_positional[: len(a_positional)] == a_positional


@pytest.mark.parametrize("name", NAMES)
def test_what_scikit_learn_allows_is_allowed(name):
    their_rules = getattr(theirs, name)._parameter_constraints
    our_rules = getattr(ours, name)._parameter_constraints
    assert their_rules.keys() <= our_rules.keys()
    for parameter in ("alpha", "momentum", "validation_fraction", "tol", "max_fun"):
        their_text = sorted(str(c) for c in their_rules[parameter])
        assert sorted(str(c) for c in our_rules[parameter]) == their_text


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_every_fitted_attribute_is_there(task, early_stopping, solver):
    name, X, y = TASKS[task]()
    a, b = both(name, solver=solver, early_stopping=early_stopping, max_iter=3)
    a.fit(X, y)
    b.fit(X, y)
    public = {key for key in vars(a) if key.endswith("_") and key[0] != "_"}
    assert public <= {key for key in dir(b) if hasattr(b, key)}
    for key in public:
        mine, other = getattr(b, key), getattr(a, key)
        assert type(mine) is type(other) or np.ndim(mine) == np.ndim(other) == 0, key
    assert [w.shape for w in b.coefs_] == [w.shape for w in a.coefs_]
    assert [w.shape for w in b.intercepts_] == [w.shape for w in a.intercepts_]


def test_every_public_method_is_there_with_its_arguments():
    for name in NAMES:
        a, b = getattr(theirs, name), getattr(ours, name)
        for method in (m for m in dir(a) if not m.startswith("_")):
            assert hasattr(b(), method), method
            if method in {"fit", "partial_fit", "predict", "predict_proba", "score"}:
                if not hasattr(a, method):
                    continue
                wanted = list(inspect.signature(getattr(a(), method)).parameters)
                got = list(inspect.signature(getattr(b(), method)).parameters)
                assert got[: len(wanted)] == wanted


@pytest.mark.parametrize("precision", ["auto", "float32", "float64"])
@pytest.mark.parametrize("how", ["list", "elements", "in place"])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("predicted_before", [False, True])
def test_weights_of_a_scikit_learn_model_give_its_predictions(
    task, how, precision, predicted_before
):
    name, X, y = TASKS[task]()
    a, b = both(name, max_iter=30, activation="tanh")
    a.fit(X, y)
    b.set_params(max_iter=2, random_state=9, precision=precision).fit(X, y)
    if predicted_before:
        b.predict(X)
    if how == "list":
        b.coefs_, b.intercepts_ = a.coefs_, a.intercepts_
    for i in range(len(a.coefs_)):
        if how == "elements":
            b.coefs_[i], b.intercepts_[i] = a.coefs_[i], a.intercepts_[i]
        if how == "in place":
            b.coefs_[i][:], b.intercepts_[i][:] = a.coefs_[i], a.intercepts_[i]
    atol = 1e-6 if precision == "float32" else 1e-12
    np.testing.assert_allclose(_scores(b, X), _scores(a, X), atol=atol)
    b.coefs_[0][:] = 0.0  # and they can be edited again
    assert np.ptp(_scores(b, X), axis=0).max() == pytest.approx(0, abs=1e-6)


def test_assigned_weights_are_those_that_training_continues_from():
    name, X, y = TASKS["multiclass"]()
    a, b = both(name, max_iter=30, **SGD)
    a.fit(X, y)
    b.set_params(max_iter=1, warm_start=True, momentum=0.0).fit(X, y)
    b.coefs_, b.intercepts_ = a.coefs_, a.intercepts_
    b.fit(X, y)
    assert b.loss_curve_[-1] == pytest.approx(a.loss_curve_[-1], rel=0.1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_convergence_warnings_come_when_scikit_learns_do(name, solver):
    _, X, y = TASKS["binary" if name == "MLPClassifier" else "one number"]()
    for changes in (
        {"max_iter": 3},
        {"max_iter": 3, "n_iter_no_change": 1, "tol": 1e3},
        {"max_iter": 400, "tol": 0.05, "learning_rate_init": 0.05},
    ):
        seen = []
        for model in both(name, solver=solver, **changes):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                model.fit(X, y)
            seen.append([(w.category, str(w.message).split("\n")[0]) for w in caught])
        assert seen[0] == seen[1]


def test_a_convergence_warning_points_at_the_line_that_called_fit():
    name, X, y = TASKS["binary"]()
    _, b = both(name, max_iter=2)
    with pytest.warns(ConvergenceWarning, match="hasn't converged yet") as caught:
        b.fit(X, y)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("task", TASKS)
def test_partial_fit_takes_the_same_way(task):
    name, X, y = TASKS[task]()
    a, b = both(name, batch_size=1000, **SGD)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the clipped batch size
        for k in range(4):
            part = slice(30 * k, 30 * (k + 2))
            for model in (a, b):
                kwargs = {}
                if task in {"binary", "multiclass"}:
                    kwargs["classes"] = np.unique(y)
                if task == "multilabel":
                    kwargs["classes"] = [0, 1, 2]
                model.partial_fit(X[part], y[part], **kwargs)
    np.testing.assert_allclose(b.loss_curve_, a.loss_curve_, rtol=1e-10)
    assert (b.t_, b.n_iter_) == (a.t_, a.n_iter_)


def test_decision_scores_of_both_agree_in_shape():
    for task in ("binary", "multiclass", "multilabel"):
        name, X, y = TASKS[task]()
        a, b = both(name, max_iter=2)
        a.fit(X, y)
        b.fit(X, y)
        assert b.predict_proba(X).shape == a.predict_proba(X).shape
        assert b.predict_log_proba(X).shape == a.predict_log_proba(X).shape
        assert b.predict(X).dtype == a.predict(X).dtype
