"""Each solver follows torch's optimiser step for step."""

from inspect import signature

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import optim
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from sknn_suite import MLPClassifier, MLPRegressor
from sknn_suite.training._optimizers import FlatAdam
from sknn_suite.training._state import load_optimizer_state

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # few steps are enough here
)

SETTINGS = {
    "hidden_layer_sizes": (6, 5),
    "activation": "tanh",
    "alpha": 0.0,
    "shuffle": False,
    "batch_size": 50,  # the last batch is smaller
    "max_iter": 5,
    "random_state": 0,
    "precision": "float64",
}

SMALL = {
    "hidden_layer_sizes": (3,),
    "batch_size": 30,
    "max_iter": 12,
    "learning_rate_init": 0.02,
    "n_iter_no_change": 1000,
    "random_state": 0,
}

# The suite's parameters, and torch's optimiser of the same meaning.
SAME = {
    "sgd": (
        {"learning_rate_init": 0.1},
        lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    ),
    "sgd without momentum": (
        {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.0},
        lambda p: optim.SGD(p, lr=0.1),
    ),
    "sgd with plain momentum": (
        {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False},
        lambda p: optim.SGD(p, lr=0.001, momentum=0.5),
    ),
    "sgd with dampening": (
        {
            "solver": "sgd",
            "nesterovs_momentum": False,
            "solver_params": {"dampening": 0.3},
        },
        lambda p: optim.SGD(p, lr=0.001, momentum=0.9, dampening=0.3),
    ),
    "adam": ({}, lambda p: optim.Adam(p, lr=0.001)),
    "adam with betas": (
        {"solver": "adam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-4},
        lambda p: optim.Adam(p, lr=0.001, betas=(0.5, 0.9), eps=1e-4),
    ),
    "adamw": (
        {"solver_params": {"weight_decay": 0}},
        lambda p: optim.AdamW(p, 1e-3, weight_decay=0),
    ),
    "nadam": ({}, lambda p: optim.NAdam(p, lr=0.001)),
    "nadam with betas": (
        {"solver": "nadam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-4},
        lambda p: optim.NAdam(p, lr=0.001, betas=(0.5, 0.9), eps=1e-4),
    ),
    "radam": ({}, lambda p: optim.RAdam(p, lr=0.001)),
    "rmsprop": ({}, lambda p: optim.RMSprop(p, lr=0.001)),
    "rmsprop with momentum": (
        {"solver": "rmsprop", "solver_params": {"momentum": 0.5, "centered": True}},
        lambda p: optim.RMSprop(p, lr=0.001, momentum=0.5, centered=True),
    ),
    "adagrad": ({}, lambda p: optim.Adagrad(p, lr=0.001)),
    "adagrad with decay": (
        {"solver": "adagrad", "solver_params": {"lr_decay": 0.1}},
        lambda p: optim.Adagrad(p, lr=0.001, lr_decay=0.1),
    ),
    "adadelta": ({}, lambda p: optim.Adadelta(p, lr=0.001)),
    "adadelta with rho": (
        {"solver": "adadelta", "solver_params": {"rho": 0.7}},
        lambda p: optim.Adadelta(p, lr=0.001, rho=0.7),
    ),
    "a class of torch": (
        {"solver": optim.Adamax, "solver_params": {"betas": (0.8, 0.9)}},
        lambda p: optim.Adamax(p, lr=0.001, betas=(0.8, 0.9)),
    ),
}


class NormalizedSGD(optim.Optimizer):
    """Move each parameter by the rate, along its own gradient: not elementwise."""

    def __init__(self, params, lr, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                grad = p.grad + group["weight_decay"] * p
                p.sub_(group["lr"] * grad / (grad.norm() + 1e-3))


@pytest.mark.parametrize("name", SAME)
def test_solver_follows_torch_step_for_step(
    numbers, watcher, make_twin, same_weights, name
):
    params, make_optimizer = SAME[name]
    X, y = numbers
    model = MLPRegressor(**SETTINGS, callbacks=[watcher]).set_params(
        **{"solver": name, **params}
    )
    model.fit(X, y)
    twin = make_twin(watcher.initial)
    steps = twin.train(
        make_optimizer(twin.parameters()), X, y, batch_size=50, n_epochs=5
    )
    assert len(steps) == len(watcher.steps) == 15
    for ours, torchs in zip(watcher.steps, steps):
        same_weights(ours, torchs)
    np.testing.assert_allclose(model.coefs_[0], steps[-1]["linears.0.weight"].T)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adadelta"])
def test_solver_follows_torch_in_classification(
    labels, watcher, make_twin, same_weights, solver
):
    X, y = labels
    MLPClassifier(**SETTINGS, solver=solver, callbacks=[watcher]).fit(X, y)
    twin = make_twin(watcher.initial)
    optimizer = SAME[solver][1](twin.parameters())
    if solver == "sgd":
        optimizer.param_groups[0]["lr"] = 0.001
    steps = twin.train(optimizer, X, y, batch_size=50, n_epochs=5)
    same_weights(watcher.steps[-1], steps[-1])


DECAYING = {
    "sgd": lambda g: optim.SGD(g, lr=0.001, momentum=0.9, nesterov=True),
    "adam": lambda g: optim.Adam(g, lr=0.001),
    "adamw": lambda g: optim.AdamW(g, lr=0.001),
    "nadam": lambda g: optim.NAdam(g, lr=0.001),
    "radam": lambda g: optim.RAdam(g, lr=0.001),
    "rmsprop": lambda g: optim.RMSprop(g, lr=0.001),
    "adagrad": lambda g: optim.Adagrad(g, lr=0.001),
    "adadelta": lambda g: optim.Adadelta(g, lr=0.001),
    optim.Adamax: lambda g: optim.Adamax(g, lr=0.001),
    NormalizedSGD: lambda g: NormalizedSGD(g, lr=0.001),
}


@pytest.mark.parametrize("decay_biases", [False, True])
@pytest.mark.parametrize("solver", DECAYING)
def test_weight_decay_spares_biases_unless_asked(
    numbers, watcher, make_twin, same_weights, solver, decay_biases
):
    X, y = numbers
    model = MLPRegressor(
        **SETTINGS,
        solver=solver,
        solver_params={"weight_decay": 0.3},
        decay_biases=decay_biases,
        callbacks=[watcher],
    )
    # Biases of zero would not show whether they decay.
    model.fit(X, y + 5)
    twin = make_twin(watcher.initial)
    groups = [
        {"params": twin.parameters("weight"), "weight_decay": 0.3},
        {"params": twin.parameters("bias"), "weight_decay": 0.3 * decay_biases},
    ]
    steps = twin.train(DECAYING[solver](groups), X, y + 5, batch_size=50, n_epochs=5)
    for ours, torchs in zip(watcher.steps, steps):
        same_weights(ours, torchs)


def test_adamw_decays_weights_by_itself(numbers, watcher, make_twin, same_weights):
    X, y = numbers
    MLPRegressor(**SETTINGS, solver="adamw", callbacks=[watcher]).fit(X, y)
    twin = make_twin(watcher.initial)
    groups = [
        {"params": twin.parameters("weight")},  # torch's default is 0.01
        {"params": twin.parameters("bias"), "weight_decay": 0.0},
    ]
    steps = twin.train(optim.AdamW(groups, 1e-3), X, y, batch_size=50, n_epochs=5)
    same_weights(watcher.steps[-1], steps[-1])


@pytest.mark.parametrize("decay_biases", [False, True])
def test_weight_decay_spares_norms_unless_asked(
    numbers, watcher, make_twin, same_weights, decay_biases
):
    X, y = numbers
    MLPRegressor(
        **{**SETTINGS, "batch_size": 40},
        batch_norm=True,
        solver_params={"weight_decay": 0.3},
        decay_biases=decay_biases,
        callbacks=[watcher],
    ).fit(X, y)
    twin = make_twin(watcher.initial, batch_norm=True)
    matrices = [p for p in twin.parameters() if p.ndim == 2]
    others = [p for p in twin.parameters() if p.ndim == 1]
    groups = [
        {"params": matrices, "weight_decay": 0.3},
        {"params": others, "weight_decay": 0.3 * decay_biases},
    ]
    steps = twin.train(optim.Adam(groups, 1e-3), X, y, batch_size=40, n_epochs=5)
    same_weights(watcher.steps[-1], steps[-1], tolerance=1e-8)


def test_optimizer_class_sees_parameters_in_their_shapes(
    numbers, watcher, make_twin, same_weights
):
    X, y = numbers
    MLPRegressor(**SETTINGS, solver=NormalizedSGD, callbacks=[watcher]).fit(X, y)
    twin = make_twin(watcher.initial)
    optimizer = NormalizedSGD(twin.parameters(), lr=0.001)
    steps = twin.train(optimizer, X, y, batch_size=50, n_epochs=5)
    same_weights(watcher.steps[-1], steps[-1])


def test_class_of_torch_equals_its_name(numbers):
    X, y = numbers
    by_name = MLPRegressor(**SETTINGS, solver="radam").fit(X, y)
    by_class = MLPRegressor(**SETTINGS, solver=optim.RAdam).fit(X, y)
    np.testing.assert_allclose(by_name.predict(X), by_class.predict(X), rtol=1e-10)


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_lbfgs_follows_scipy(numbers, watcher, make_twin, alpha):
    X, y = numbers
    settings = {**SETTINGS, "alpha": alpha, "max_iter": 15}
    model = MLPRegressor(**settings, solver="lbfgs", callbacks=[watcher]).fit(X, y)
    twin = make_twin(watcher.initial)

    def loss_and_gradient(x):
        vector_to_parameters(torch.as_tensor(x), twin.parameters())
        twin.net.zero_grad()
        squares = sum(p.square().sum() for p in twin.parameters("weight"))
        loss = twin.loss(X, y) + 0.5 * alpha / len(X) * squares
        loss.backward()
        gradient = parameters_to_vector([p.grad for p in twin.parameters()])
        return loss.item(), gradient.numpy()

    start = parameters_to_vector(twin.parameters()).detach().numpy()
    result = minimize(
        loss_and_gradient,
        start,
        method="L-BFGS-B",
        jac=True,
        options={"maxiter": 15, "gtol": model.tol},
    )
    assert model.n_iter_ == result.nit
    assert model.loss_ == pytest.approx(result.fun, rel=1e-8)
    vector_to_parameters(torch.as_tensor(result.x), twin.parameters())
    np.testing.assert_allclose(
        model.coefs_[0], twin.weights()["linears.0.weight"].T, rtol=1e-5, atol=1e-8
    )


def test_solvers_can_be_searched(two_classes):
    X, y = two_classes
    grid = {
        "solver": ["sgd", "nadam", optim.Adamax],
        "solver_params": [None, {"weight_decay": 0.01}],
    }
    search = GridSearchCV(
        MLPClassifier((4,), max_iter=3), grid, cv=2, error_score="raise"
    )
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 6
    assert clone(search).fit(X, y).best_estimator_.solver in grid["solver"]


def test_unknown_solver_argument_is_named(two_classes):
    X, y = two_classes
    for name in ("momentum_decay", "lr"):
        model = MLPClassifier(solver="rmsprop", solver_params={name: 0.1})
        with pytest.raises(ValueError, match=name):
            model.fit(X, y)


def test_what_is_no_optimizer_is_refused(two_classes):
    X, y = two_classes
    with pytest.raises((TypeError, ValueError), match="solver"):
        MLPClassifier(solver=dict).fit(X, y)
    with pytest.raises(ValueError, match="'solver' parameter"):
        MLPClassifier(solver="adma").fit(X, y)


@pytest.mark.parametrize(
    ("solver", "params", "make"),
    [
        ("adam", {"amsgrad": True}, torch.optim.Adam),
        ("adam", {"maximize": True}, torch.optim.Adam),
        (
            "sgd",
            {"maximize": True, "momentum": 0.5, "nesterov": False},
            torch.optim.SGD,
        ),
        pytest.param(
            "adam",
            {"decoupled_weight_decay": True, "weight_decay": 0.1},
            torch.optim.Adam,
            marks=pytest.mark.skipif(
                "decoupled_weight_decay" not in signature(optim.Adam).parameters,
                reason="this torch has no decoupled weight decay in Adam",
            ),
        ),
    ],
)
def test_no_argument_of_a_solver_is_ignored(
    numbers, watcher, make_twin, same_weights, solver, params, make
):
    X, y = numbers
    settings = {**SMALL, "alpha": 0.0, "shuffle": False, "activation": "tanh"}
    model = MLPRegressor(
        **{**settings, "max_iter": 3},
        solver=solver,
        solver_params=params,
        decay_biases=True,
        callbacks=[watcher],
    )
    model.fit(X, y)
    twin = make_twin(watcher.initial)
    optimizer = make(twin.parameters(), lr=0.02, **params)
    steps = twin.train(optimizer, X, y, batch_size=30, n_epochs=3)
    same_weights(watcher.steps[-1], steps[-1])


SAME_STEPS = [
    ("adam", torch.optim.Adam, {"foreach": True}),
    ("adam", torch.optim.Adam, {"foreach": False}),
    ("adam", torch.optim.Adam, {"fused": True}),
    ("adam", torch.optim.Adam, {"fused": False, "capturable": False}),
    ("sgd", torch.optim.SGD, {"foreach": True, "fused": None}),
    ("sgd", torch.optim.SGD, {"fused": True, "differentiable": False}),
    ("rmsprop", torch.optim.RMSprop, {"foreach": True}),
    ("adagrad", torch.optim.Adagrad, {"fused": True}),
    (torch.optim.Adamax, torch.optim.Adamax, {"foreach": True}),
    (torch.optim.AdamW, torch.optim.AdamW, {"fused": True, "weight_decay": 0.1}),
]


@pytest.mark.parametrize(("solver", "make", "params"), SAME_STEPS)
def test_ways_to_compute_a_step_make_no_difference(
    numbers, watcher, make_twin, same_weights, solver, make, params
):
    X, y = numbers
    model = MLPRegressor(
        **{**SMALL, "max_iter": 3, "alpha": 0.0},
        activation="tanh",
        shuffle=False,
        solver=solver,
        solver_params=params,
        momentum=0.0,
        nesterovs_momentum=False,
        decay_biases=True,
        callbacks=[watcher],
    ).fit(X, y)
    twin = make_twin(watcher.initial)
    optimizer = make(twin.parameters(), lr=0.02, **params)
    steps = twin.train(optimizer, X, y, batch_size=30, n_epochs=3)
    same_weights(watcher.steps[-1], steps[-1])
    model.partial_fit(X, y)  # its state goes on


@pytest.mark.parametrize("name", ["capturable", "differentiable"])
@pytest.mark.parametrize("solver", ["adam", "rmsprop", torch.optim.Adamax])
def test_ways_that_a_fit_has_no_use_for_are_refused(numbers, solver, name):
    model = MLPRegressor(solver=solver, solver_params={name: True})
    message = rf"solver_params has {name}=True, .*\. Expected .*\. Remove .*\.$"
    with pytest.raises(ValueError, match=message):
        model.fit(*numbers)


@pytest.mark.parametrize("solver", ["adam", "sgd", torch.optim.AdamW])
def test_two_ways_at_once_are_refused(numbers, solver):
    model = MLPRegressor(solver=solver, solver_params={"foreach": True, "fused": True})
    with pytest.raises(ValueError, match="of which torch takes one"):
        model.fit(*numbers)


def test_a_way_that_an_optimizer_does_not_know_is_named(numbers):
    model = MLPRegressor(solver="rmsprop", solver_params={"fused": True})
    with pytest.raises(ValueError, match="unknown key 'fused'"):
        model.fit(*numbers)


@pytest.mark.parametrize("params", [{"fused": True}, {"weight_decay": 0.1}])
def test_lbfgs_takes_no_arguments_and_says_so(numbers, params):
    model = MLPRegressor(solver="lbfgs", solver_params=params)
    with pytest.raises(ValueError, match="does not go with solver='lbfgs'"):
        model.fit(*numbers)
    MLPRegressor(**SMALL, solver="lbfgs", solver_params={}).fit(*numbers)


@pytest.mark.parametrize(
    ("make", "params", "where"),
    [
        (FlatAdam, {}, "meta"),
        (torch.optim.Adam, {"fused": True}, "meta"),
        (torch.optim.Adam, {"foreach": False}, "cpu"),
        (torch.optim.RMSprop, {}, "cpu"),
    ],
)
def test_steps_are_counted_where_the_kernel_looks_for_them(make, params, where):
    p = torch.nn.Parameter(torch.empty(3, device="meta"))
    optimizer = torch.optim.Adam([p], foreach=False)
    if make is not torch.optim.Adam or "fused" not in params:
        optimizer = make([p], **params)
    else:
        optimizer.param_groups[0].update(params)  # meta tensors have no fused kernel
    load_optimizer_state(optimizer, {0: {"step": np.array(7.0, np.float32)}})
    assert optimizer.state[p]["step"].device.type == where


def test_optimizer_that_needs_a_closure_is_refused(numbers):
    model = MLPRegressor(**SMALL, solver=torch.optim.LBFGS)
    with pytest.raises(ValueError, match="Choose solver='lbfgs'"):
        model.fit(*numbers)
