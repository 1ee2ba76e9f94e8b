"""train_many against a loop of train, its slow twin."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import KFold
from skorch.callbacks import Callback

from sknn_suite import AutoencoderDetector, MLPClassifier, MLPRegressor
from sknn_suite.device import Place
from sknn_suite.estimator._fit import Call, plan_call
from sknn_suite.exceptions import DivergedError
from sknn_suite.training import Job, is_packable, train, train_many
from sknn_suite.training import _many as many
from sknn_suite.training._packing import EXCEPTIONS, reason_apart, suited_size

X, y = make_classification(203, 9, n_informative=5, n_classes=3, random_state=0)
X_two, y_two = make_classification(203, 9, random_state=0)
X_real, y_real = make_regression(203, 9, noise=1.0, random_state=0)
y_real = y_real / y_real.std()
weight = np.random.RandomState(0).uniform(0.1, 2, 203)

SMALL = {"hidden_layer_sizes": (11,), "max_iter": 6, "batch_size": 50}


def plan_of(estimator, X, y=None, **call):
    """Plan a fit."""
    return plan_call(estimator, Call(X, y, **call)).prepare().plan


def plans_of(kind=MLPClassifier, X=X, y=y, grid=({},), fit=None, n_folds=3, **given):
    """Plan the fits of a grid over folds."""
    given = {"random_state": 0, **SMALL, **given}
    return [
        plan_of(
            kind(**{**given, **more}),
            X[rows],
            None if y is None else y[rows],
            **{name: value[rows] for name, value in (fit or {}).items()},
        )
        for more in grid
        for rows, _ in KFold(n_folds).split(X)
    ]


def attempt(plan):
    """Train a plan; return the error if there is one."""
    try:
        return train(plan)
    except DivergedError as error:
        return error


def same(a, b, path="result"):
    """Compare nested containers bit for bit, apart from times."""
    assert type(a) is type(b), path
    if isinstance(a, dict):
        ours, theirs = (d.keys() - {"dur", "batches"} for d in (a, b))
        assert ours == theirs, path
        for key in ours:
            same(a[key], b[key], f"{path}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), path
        for i, (one, other) in enumerate(zip(a, b)):
            same(one, other, f"{path}[{i}]")
    elif isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, err_msg=path)
    elif isinstance(a, BaseException):
        assert str(a) == str(b), path
    elif isinstance(a, np.random.RandomState):
        same(a.get_state(legacy=False), b.get_state(legacy=False), path)
    elif hasattr(a, "__dict__"):
        same(vars(a), vars(b), path)
    else:
        assert a == b or (a != a and b != b), f"{path}: {a} and {b}"


def check(plans):
    """Compare both ways."""
    one_by_one = [attempt(plan) for plan in plans]
    same(one_by_one, train_many([Job(plan) for plan in plans]))
    return one_by_one


@pytest.fixture(autouse=True)
def one_thread():
    """Use one thread, so that all products are by the same kernels."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


REGRESSION = {"kind": MLPRegressor, "X": X_real, "y": y_real}
LABELS = np.c_[y == 0, y > 0, y_two].astype(int)
SGD = {"solver": "sgd", "max_iter": 12}

PACKED = {
    "multiclass": {},
    "binary": {"X": X_two, "y": y_two},
    "multilabel": {"y": LABELS},
    "one number": REGRESSION,
    "two numbers": {**REGRESSION, "y": np.c_[y_real, -y_real]},
    "float32": {"precision": "float32", "grid": [{"alpha": 0}, {"alpha": 0.1}]},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "two hidden layers": {"hidden_layer_sizes": (13, 7)},
    **{
        f"{name} {precision}": {
            "hidden_layer_sizes": (13, 7),
            "activation": name,
            "precision": precision,
            "batch_size": 37,
        }
        for name in ("identity", "logistic", "tanh", "relu")
        for precision in ("float64", "float32")
    },
    "binary float32": {"X": X_two, "y": y_two, "precision": "float32"},
    **{
        solver: {"solver": solver}
        for solver in ("adamw", "nadam", "radam", "rmsprop", "adagrad", "adadelta")
    },
    "sgd": {
        **SGD,
        "grid": [
            {"momentum": m, "nesterovs_momentum": n}
            for m in (0, 0.9)
            for n in (True, False)
        ],
    },
    "a class of torch's": {"solver": torch.optim.Adamax},
    **{
        f"schedule {name}": {**SGD, "learning_rate": name, "n_iter_no_change": 2}
        for name in (
            "invscaling",
            "adaptive",
            "step",
            "exponential",
            "plateau",
            "cosine",
            "one_cycle",
            "warm_restarts",
        )
    },
    "warm-up": {"warmup": 2.0},
    "rates": {"grid": [{"learning_rate_init": r} for r in (1e-3, 1e-2, 0.1)]},
    "rates of layers": {"learning_rate_init": [1e-3, 1e-2]},
    "alphas": {"grid": [{"alpha": a} for a in (0, 1e-3, 1e-3, 0.1)]},
    "l1": {"grid": [{"l1_alpha": a} for a in (0, 1e-2)]},
    "decay of biases": {"decay_biases": True},
    "constants of adam": {"grid": [{"beta_1": 0.8}, {"beta_2": 0.9}, {"epsilon": 0.1}]},
    "sample weights": {
        "fit": {"sample_weight": weight},
        "grid": [{"alpha": 0}, {"alpha": 1e-3}],
    },
    "class weights": {"class_weight": "balanced"},
    "shares of the classes in batches": {
        "grid": [{"batch_sampling": s} for s in ("balanced", {0: 0.7, 1: 0.2, 2: 0.1})],
        "fit": {"sample_weight": weight},
    },
    "logit-adjusted loss": {"loss": "logit_adjusted", "class_weight": {0: 3.0}},
    "logit-adjusted loss of two classes": {
        "X": X_two,
        "y": y_two,
        "loss": "logit_adjusted",
        "early_stopping": True,
    },
    "early stopping": {"early_stopping": True, "max_iter": 40},
    "loss of validation rows": {
        "early_stopping": True,
        "early_stopping_scoring": "loss",
    },
    "swa": {"averaging": "swa", "early_stopping": True, "max_iter": 12},
    "ema": {"averaging": "ema"},
    "limit of norms": {"grid": [{"max_grad_norm": n} for n in (0.1, 1.0, None)]},
    "limit of components": {"max_grad_value": 0.001},
    "limit of weights": {"max_norm": 0.5},
    "small batches": {"batch_size": 7},
    "one batch": {"batch_size": "auto"},
    "no shuffling": {"shuffle": False},
    "stops at different epochs": {
        "grid": [{"learning_rate_init": r} for r in (1e-4, 1e-2, 0.1)],
        "tol": 0.1,
        "n_iter_no_change": 1,
        "max_iter": 30,
    },
    "diverges": {
        **REGRESSION,
        **SGD,
        "grid": [{"learning_rate_init": r} for r in (1e-3, 1e3)],
    },
    **{
        f"{name} by autograd": {"activation": name, "precision": "float32"}
        for name in ("gelu", "elu", "softsign", "rational_tanh")
    },
    "dropout": {
        "grid": [{"dropout": p} for p in (0.1, 0.5, [0.2, 0.0])],
        "hidden_layer_sizes": (13, 7),
        "activation": "tanh",
        "early_stopping": True,
    },
    "label smoothing": {
        "grid": [{"label_smoothing": s} for s in (0.1, 0.2)],
        "early_stopping": True,
    },
    "focal loss": {
        "loss": "focal",
        "grid": [{"focal_gamma": g} for g in (0.5, 2)],
        "fit": {"sample_weight": weight},
    },
    **{
        loss: {**REGRESSION, "y": abs(y_real), "loss": loss}
        for loss in ("huber", "absolute_error", "quantile", "poisson")
    },
    "widths": {"grid": [{"hidden_layer_sizes": h} for h in ((5,), (11,), (5, 4))]},
    "batch sizes": {"grid": [{"batch_size": b} for b in (20, 50)]},
}


@pytest.mark.parametrize("case", PACKED.values(), ids=PACKED.keys())
def test_packs_give_the_bits_of_single_fits(case):
    plans = plans_of(**case)
    assert all(is_packable(Job(plan)) for plan in plans)
    check(plans)


ALONE = {
    "lbfgs": {"solver": "lbfgs"},
    "batch norm": {"batch_norm": True},
    "activation with parameters": {"activation": "prelu"},
    "random activation": {"activation": "rrelu"},
    "mixup": {"mixup": 0.2},
    "parts of batches": {"accumulate": 2},
    "frozen layers": {"freeze": 1},
    "recovery": {
        **REGRESSION,
        **SGD,
        "on_divergence": "recover",
        "learning_rate_init": 50.0,
        "grid": [{"max_iter": 3}, {"max_iter": 9}],
    },
    "detector": {
        "kind": AutoencoderDetector,
        "y": None,
        "hidden_layer_sizes": (6,),
        "n_estimators": 2,
    },
}


@pytest.mark.filterwarnings("ignore:The loss became NaN")
@pytest.mark.parametrize("case", ALONE.values(), ids=ALONE.keys())
def test_what_cannot_be_packed_trains_by_itself(case):
    plans = plans_of(**case)
    assert reason_apart(Job(plans[0])) in EXCEPTIONS
    check(plans)


SHARED = {
    "epochs and tolerance": {
        "grid": [{"max_iter": m, "tol": t} for m in (3, 6, 12) for t in (1e-4, 1e-1)],
        "n_iter_no_change": 1,
    },
    "patience": {
        "grid": [
            {"max_iter": m, "tol": t, "n_iter_no_change": n}
            for m in (3, 20)
            for t in (1e-4, 1e-2)
            for n in (1, 4)
        ],
        "early_stopping": True,
    },
    "adaptive rate": {
        **SGD,
        "grid": [{"max_iter": m} for m in (3, 12)],
        "learning_rate": "adaptive",
        "n_iter_no_change": 1,
    },
    "ema": {"grid": [{"max_iter": m} for m in (3, 12, 12)], "averaging": "ema"},
    "batch norm and ema, not packed": {
        "grid": [{"max_iter": m} for m in (3, 12)],
        "averaging": "ema",
        "batch_norm": True,
    },
    "the same plan": {"grid": [{}, {}]},
}


@pytest.mark.parametrize("case", SHARED.values(), ids=SHARED.keys())
def test_fits_that_differ_in_their_end_are_one_training(case, monkeypatch):
    plans = plans_of(**case)
    expected = [attempt(plan) for plan in plans]
    made = []

    class Counted(many.Trajectory):
        def __init__(self, jobs, **how):
            made.append(len(jobs))
            super().__init__(jobs, **how)

    monkeypatch.setattr(many, "Trajectory", Counted)
    same(expected, train_many([Job(plan) for plan in plans]))
    assert made == [len(plans) // 3] * 3  # one per fold


@pytest.mark.parametrize(
    "case",
    [
        {"learning_rate": "cosine"},
        {"averaging": "swa"},
        {"learning_rate": "piecewise"},
    ],
)
def test_a_schedule_that_reads_max_iter_is_not_shared(case):
    plans = plans_of(grid=[{"max_iter": m} for m in (3, 12)], **case)
    groups = many.share_trajectories([Job(plan) for plan in plans])
    assert len(groups) == len(plans)
    check(plans)


def test_results_of_one_training_share_no_memory():
    plan = plans_of()[0]
    first, second = train_many([Job(plan), Job(plan)])
    first.weights["linears.0.bias"][:] = 0
    first.history[0]["train_loss"] = 0
    first.random_state.rand()
    same(second, train(plan))


def test_rows_of_equal_content_become_one_tensor():
    plans = plans_of(grid=[{}, {"alpha": 1.0}], early_stopping=True)
    shared = many.share_rows_of([Job(plan) for plan in plans])
    places = {job.plan.train.inputs["x"].data_ptr() for job in shared}
    assert len(places) == 3


def test_rows_go_to_another_device_once():
    plans = plans_of(grid=[{}, {"alpha": 1.0}], early_stopping=True)
    there = Place(torch.device("meta"), torch.float64)
    shared = many.share_rows_of([Job(plan.change(place=there)) for plan in plans])
    for part in ("train", "valid"):
        bundles = [getattr(job.plan, part) for job in shared]
        assert {bundle.device.type for bundle in bundles} == {"meta"}
        assert len({id(bundle.inputs["x"]) for bundle in bundles}) == 3
        assert len({id(bundle.target) for bundle in bundles}) == 3


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_number_of_threads_changes_no_bits_of_small_nets(n_jobs):
    # Layers of a pack have more numbers than torch gives to one thread.
    case = {"hidden_layer_sizes": (301,), "activation": "logistic", "batch_size": 131}
    jobs = [Job(plan) for plan in plans_of(**case)[:n_jobs]]
    expected = train_many(jobs)
    torch.set_num_threads(2)
    same(expected, train_many(jobs, max_networks=n_jobs))


@pytest.mark.parametrize("case", [{}, {"batch_norm": True}, {"dropout": 0.5}], ids=str)
def test_small_nets_train_in_one_thread_in_a_pack_and_alone(case):
    plans = plans_of(**case)
    torch.set_num_threads(2)
    check(plans)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_nets_that_use_several_threads_alone_agree(precision):
    case = {"hidden_layer_sizes": (400, 400), "batch_size": 100, "max_iter": 2}
    plans = plans_of(**case, precision=precision)
    torch.set_num_threads(2)
    tolerance = 1e-12 if precision == "float64" else 1e-5
    for plan, trained in zip(plans, train_many([Job(plan) for plan in plans])):
        for name, array in train(plan).weights.items():
            np.testing.assert_allclose(trained.weights[name], array, atol=tolerance)


def test_an_error_is_the_result_of_its_own_job():
    class Fails(Callback):
        def on_epoch_end(self, net, **kwargs):
            if net.epoch_ == 2:
                raise RuntimeError("a callback failed")

    plans = plans_of()
    jobs = [Job(plan) for plan in plans]
    jobs[1] = replace(jobs[1], callbacks=(Fails(),))
    first, second, third = train_many(jobs)
    assert str(second) == "a callback failed"
    same([first, third], [train(plans[0]), train(plans[2])])


def test_a_plan_that_cannot_be_built_fails_alone():
    plans = plans_of()
    plans[0] = plans[0].change(learning_rate_init=[0.1, 0.2, 0.3])
    first, *others = train_many([Job(plan) for plan in plans])
    assert "learning_rate_init has 3 values" in str(first)
    same(others, [train(plan) for plan in plans[1:]])


def test_callbacks_of_epochs_are_called_in_a_pack():
    class Notes(Callback):
        def __init__(self):
            self.events = []

        def on_train_begin(self, net, **kwargs):
            self.events.append("begin")

        def on_epoch_end(self, net, **kwargs):
            assert torch.is_grad_enabled()
            self.events.append(net.history[-1]["train_loss"])

        def on_train_end(self, net, **kwargs):
            self.events.append("end")

    plans, notes = plans_of(), [Notes() for _ in range(3)]
    results = train_many(
        [Job(plan, callbacks=(note,)) for plan, note in zip(plans, notes)]
    )
    for note, trained in zip(notes, results):
        losses = [row["train_loss"] for row in trained.history]
        assert note.events == ["begin", *losses, "end"]


@pytest.mark.parametrize("event", ["on_train_begin", "on_epoch_begin"])
@pytest.mark.parametrize("of", ["module", "optimiser"])
def test_hooks_that_a_callback_registers_are_called(event, of):
    class Hooks(Callback):
        def __init__(self):
            self.n_calls = 0

        def count(self, *args):
            self.n_calls += 1

        def look(self, net, **kwargs):
            if len(net.history) in (0, 3):
                if of == "module":
                    net.module_.linears[0].register_forward_hook(self.count)
                else:
                    net.optimizer_.register_step_post_hook(self.count)

    setattr(Hooks, event, Hooks.look)
    plans, hooks, alone = plans_of(), Hooks(), Hooks()
    jobs = [Job(plan) for plan in plans]
    jobs[1] = replace(jobs[1], callbacks=(hooks,))
    expected = [train(plan) for plan in plans]
    expected[1] = train(plans[1], callbacks=(alone,))
    same(expected, train_many(jobs))
    assert hooks.n_calls == alone.n_calls > 0


def test_a_callback_may_ask_for_an_end():
    class Ends(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    first, second = plans_of(n_folds=2)
    ended, whole = train_many([Job(first, callbacks=(Ends(),)), Job(second)])
    assert ended.stop_reason == "A callback asked to stop."
    assert (len(ended.history), len(whole.history)) == (1, 6)


def test_several_threads_give_the_same_bits():
    plans = plans_of(grid=[{"alpha": a} for a in (0, 1e-3, 1e-2, 0.1)], n_folds=5)
    expected = [train(plan) for plan in plans]
    torch.set_num_threads(3)
    same(expected, train_many([Job(plan) for plan in plans], max_networks=4))


def test_a_pack_that_does_not_fit_into_memory_trains_one_by_one(monkeypatch):
    def train_pack(self):
        raise torch.OutOfMemoryError("no room")

    plans = plans_of()
    monkeypatch.setattr(many.Pack, "train", train_pack)
    same([train(plan) for plan in plans], train_many([Job(plan) for plan in plans]))


@pytest.mark.parametrize(
    ("case", "size"),
    [
        ({"hidden_layer_sizes": (11,)}, 10),  # small nets, in one pack
        ({"hidden_layer_sizes": (11,), "max_networks": 4}, 4),
        ({"hidden_layer_sizes": (900, 900)}, 1),  # large ones gain nothing
    ],
)
def test_packs_are_as_large_as_is_good_for_small_nets(case, size):
    case = dict(case)
    most = case.pop("max_networks", None)
    jobs = [Job(plan) for plan in plans_of(n_folds=10, **case)]
    group = [{number: job} for number, job in enumerate(jobs)]
    assert suited_size(group, most) == size


def test_an_interrupt_ends_all_threads():
    class Interrupts(Callback):
        def on_epoch_begin(self, net, **kwargs):
            raise KeyboardInterrupt

    torch.set_num_threads(2)
    plans = plans_of(max_iter=10**6, tol=0, n_iter_no_change=np.inf, n_folds=2)
    jobs = [Job(plans[0], callbacks=(Interrupts(),)), Job(plans[1])]
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        train_many(jobs, max_networks=1)  # it would take an hour
    assert threading.active_count() == before


def test_no_jobs_give_no_results():
    assert train_many([]) == []
