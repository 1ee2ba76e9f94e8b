"""An update of torch that takes private names away takes nothing else."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification

from sknn_suite import MLPClassifier
from sknn_suite.doors import _torch as door
from sknn_suite.doors import undecorated, without_grad
from sknn_suite.modules import suits_onednn
from sknn_suite.training._optimizers import OPTIMIZERS

FIT = """
X, y = make_classification(200, 8, n_informative=5, n_classes=3, random_state=0)
X = X.astype("float32")
def proba(activation, solver):
    model = MLPClassifier(300, activation=activation, solver=solver, max_iter=2,
                          batch_size=100, random_state=0)
    return model.fit(X, y).predict_proba(X)
found = [proba(activation, solver).tolist()
         for activation in ("logistic", "tanh", "relu") for solver in ("adam", "adamw")]
"""

WITHOUT = """
import json, sys, types, warnings
import torch
from sklearn.datasets import make_classification
warnings.simplefilter("ignore")
del torch._fused_adam_, torch._fused_adamw_
del torch.cpu._is_avx512_bf16_supported, torch.cpu._is_amx_tile_supported
for name in ("add_param_group", "state_dict"):
    whole = getattr(torch.optim.Optimizer, name).__wrapped__
    setattr(torch.optim.Optimizer, name, whole)
gone = {"_linear_pointwise", "_is_mkldnn_bf16_supported"}
gone |= {"sigmoid_backward", "tanh_backward", "threshold_backward"}
find = type(torch.ops.aten).__getattr__
def missing(namespace, name):
    asks = sys._getframe(1).f_globals["__name__"]
    if name in gone and asks.startswith("sknn_suite"):  # torch needs them itself
        raise AttributeError(name)
    return find(namespace, name)
type(torch.ops.aten).__getattr__ = missing
for namespace in (torch.ops.aten, torch.ops.mkldnn):
    for name in gone & set(vars(namespace)):  # those that torch has looked up itself
        delattr(namespace, name)
from sknn_suite import MLPClassifier
from sknn_suite.doors import _torch as door
"""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_without_any_private_name_of_torch_fits_reach_the_same_numbers():
    left = "left = [name for name in sys.argv[1:] if vars(door)[name] is not None]\n"
    tell = left + "print(json.dumps([found, left]))"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + FIT + tell, *PRIVATE],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found, left = json.loads(done.stdout)
    assert left == []
    here = {"MLPClassifier": MLPClassifier, "make_classification": make_classification}
    exec(FIT, here)
    # Products by another library are rounded in another way, in float32.
    np.testing.assert_allclose(found, here["found"], atol=1e-5)


PRIVATE = [
    "_fused_adam",
    "_fused_adamw",
    "_linear_pointwise",
    "_sigmoid_backward",
    "_tanh_backward",
    "_threshold_backward",
    "_says_onednn_bfloat16",
]


def test_every_name_that_the_door_looks_for_is_there_today():
    assert [name for name in PRIVATE if getattr(door, name) is None] == []


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "relu"])
def test_a_derivative_without_torchs_kernel_is_the_same(kind, monkeypatch):
    derive = getattr(door, f"derive_{kind}")
    out = getattr(torch, kind)(torch.linspace(-3, 3, 101, dtype=torch.float64))
    gradient = torch.linspace(-1, 2, 101, dtype=torch.float64)
    gradient[3] = torch.nan  # the sign of a lost fit is kept
    expected = gradient.clone()
    derive(expected, out)
    kernel = {"relu": "threshold"}.get(kind, kind)
    monkeypatch.setattr(door, f"_{kernel}_backward", None)
    derive(gradient, out)
    torch.testing.assert_close(
        gradient, expected, atol=1e-15, rtol=1e-15, equal_nan=True
    )


@pytest.mark.parametrize("solver", ["adam", "adamw"])
def test_adam_without_torchs_fused_kernel_steps_alike(solver, monkeypatch):
    def walk():
        weight = torch.ones(5, dtype=torch.float64, requires_grad=True)
        optimizer = OPTIMIZERS[solver]([weight], lr=0.1)
        for step in range(4):
            weight.grad = weight.detach() * (step + 1)
            optimizer.step()
        return weight.detach()

    expected = walk()
    monkeypatch.setattr(f"sknn_suite.training._optimizers._{solver}", None)
    torch.testing.assert_close(walk(), expected, atol=1e-12, rtol=0)


def test_a_method_without_decorators_is_its_own_function():
    assert undecorated(np.cumsum.__call__) == np.cumsum.__call__


def test_onednn_multiplies_where_mkl_leaves_registers_unused(monkeypatch):
    weight = torch.zeros(2000, 2000)
    monkeypatch.setattr("sknn_suite.modules._onednn._has_only_avx2", True)
    assert not suits_onednn(1000, weight)
    monkeypatch.setattr("sknn_suite.modules._onednn._has_only_avx2", False)
    assert suits_onednn(1000, weight)
    assert not suits_onednn(1000, weight.double())


def test_without_onednns_operator_nothing_is_given_to_it(monkeypatch):
    weight = torch.zeros(2000, 2000)
    monkeypatch.setattr("sknn_suite.modules._onednn._has_only_avx2", False)
    assert suits_onednn(1000, weight)
    monkeypatch.setattr("sknn_suite.modules._onednn._linear", None)
    assert not suits_onednn(1000, weight)


def test_a_processor_of_which_torch_tells_nothing_has_no_bfloat16(monkeypatch):
    monkeypatch.setattr(door, "_says_bfloat16_units", [None, None])
    assert not door.processor_has_bfloat16_units()
    monkeypatch.setattr(door, "_says_onednn_bfloat16", None)
    assert door.onednn_takes_bfloat16()


@pytest.mark.parametrize("has_name", [True, False])
def test_gradients_are_off_within_a_decorated_function_and_as_before_after_it(
    monkeypatch, has_name
):
    if not has_name:
        monkeypatch.setattr(door, "_set_grad_enabled", None)

    @without_grad
    def ask(error=None):
        if error is not None:
            raise error
        return torch.is_grad_enabled()

    for before in (True, False):
        with torch.set_grad_enabled(before):
            assert not ask()
            assert torch.is_grad_enabled() == before
            with pytest.raises(ValueError, match="of the function"):
                ask(ValueError("of the function"))
            assert torch.is_grad_enabled() == before


def test_functions_are_compiled_together_or_not_at_all(monkeypatch):
    compiled = door.compile_script(door.script_derive)
    gradient = torch.ones(2, dtype=torch.float64)
    compiled("tanh", gradient, torch.tensor([0.0, 0.5], dtype=torch.float64))
    assert gradient.tolist() == [1.0, 0.75]
    space = {}
    exec("def without_a_file(x: int) -> int:\n    return x", space)
    assert door.compile_script(space["without_a_file"]) is None
    assert door.compile_script(undecorated) is None  # which is no TorchScript
    monkeypatch.setattr(door, "_compilation_unit", None)
    assert door.compile_script(door.script_derive) is None
