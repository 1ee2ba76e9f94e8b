"""A checkpoint answers for its own run alone, and for it in every process."""

import functools
import json
import operator
import os
import runpy
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import make_scorer
from torch import nn

from sknn_suite import CNNClassifier, MLPClassifier
from sknn_suite.exceptions import DataError
from sknn_suite.training import fingerprint

FACTOR = 0.5


def digest(value):
    return fingerprint({"parameter": value})


class Table:
    """A schedule with a state."""

    def __init__(self, rates):
        self.rates = np.array(rates)

    def __call__(self, epoch):
        return self.rates[epoch]


class Slotted:
    __slots__ = ("rate",)

    def __init__(self, rate):
        self.rate = rate


def power(base):
    return lambda epoch: base**epoch


def with_default(epoch, base=0.9):
    return base**epoch


def with_another_default(epoch, base=0.8):
    return base**epoch


def linear(seed, n_inputs=2):
    layer = nn.Linear(n_inputs, 2)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in layer.parameters():
            p.normal_(generator=generator)
    return layer


def frozen(layer):
    layer.weight.requires_grad_(False)
    return layer


def holding_itself(value):
    items = [value]
    items.append(items)
    return items


PAIRS = {
    "constants": lambda: (lambda e: 0.9**e, lambda e: 0.8**e),
    "names": lambda: (lambda e: np.cos(e), lambda e: np.sin(e)),
    "closures": lambda: (power(0.9), power(0.8)),
    "defaults": lambda: (with_default, with_another_default),
    "functions within": lambda: (
        lambda e: sum(i + 1 for i in range(e)),
        lambda e: sum(i + 2 for i in range(e)),
    ),
    "partial": lambda: (
        functools.partial(operator.mul, 0.9),
        functools.partial(operator.mul, 0.8),
    ),
    "built in": lambda: (abs, round),
    "methods": lambda: (Table([1, 2]).__call__, Table([1, 3]).__call__),
    "states": lambda: (Table([1, 2]), Table([1, 3])),
    "slots": lambda: (Slotted(1), Slotted(2)),
    "cached": lambda: tuple(functools.lru_cache(power(b)) for b in (0.9, 0.8)),
    "scorers": lambda: tuple(
        make_scorer(lambda y, p, b=b: b * (y == p).mean()) for b in (1, 2)
    ),
    "paths": lambda: (Path("a.pth"), Path("b.pth")),
    "sets": lambda: (frozenset("a"), frozenset("b")),
    "arrays": lambda: (np.zeros(3), np.zeros((3, 1))),
    "objects in arrays": lambda: tuple(np.array([o], object) for o in ("a", "b")),
    "tensors": lambda: (torch.zeros(2), torch.zeros(2, dtype=torch.bfloat16)),
    "module size": lambda: (linear(0), linear(0, n_inputs=9)),
    "module state": lambda: (linear(0), linear(1)),
    "module options": lambda: (nn.Dropout(0.1), nn.Dropout(0.2)),
    "frozen modules": lambda: (linear(0), frozen(linear(0))),
    "nested modules": lambda: (nn.Sequential(linear(0)), nn.Sequential(linear(1))),
    "classes": lambda: (torch.optim.SGD, torch.optim.Adam),
    "local classes": lambda: tuple(type("Net", (), {"depth": d}) for d in (1, 2)),
    "what holds itself": lambda: (holding_itself(1), holding_itself(2)),
    "keys": lambda: ({1: "a"}, {"1": "a"}),
    "infinities": lambda: (float("inf"), float("-inf")),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_differs_has_another_fingerprint(name):
    one, other = PAIRS[name]()
    assert digest(one) != digest(other)


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_built_again_has_the_same_fingerprint(name):
    for one, again in zip(PAIRS[name](), PAIRS[name]()):
        assert digest(one) == digest(again)


def test_what_a_function_looks_up_belongs_to_it(monkeypatch):
    def rate(epoch):
        return FACTOR**epoch

    before = digest(rate)
    monkeypatch.setitem(globals(), "FACTOR", 0.25)
    assert digest(rate) != before


def test_numbers_of_numpy_and_lists_are_those_of_python():
    assert digest(np.int64(3)) == digest(3)
    assert digest([6, 7]) == digest((6, 7))


def test_a_fit_leaves_the_fingerprint_of_a_module_as_it_was():
    module = nn.Sequential(nn.Flatten(), nn.Linear(36, 2))
    before = digest(module)
    X = np.random.RandomState(0).rand(20, 6, 6)
    CNNClassifier(architecture=module, max_iter=1).fit(X, np.arange(20) % 2)
    module.eval().register_forward_hook(print).remove()
    assert digest(module) == before


VALUES = """
import enum, functools, re
from pathlib import Path
import numpy as np
from torch import nn

class Kind(enum.Enum):
    ONE = 1

class Rate:
    table = {"a", "b", "c"}
    def __init__(self):
        self.words = {"alpha", "beta", "gamma", "delta"}
    def __call__(self, epoch):
        return len(self.words & {"alpha", "beta"}) * helper(epoch)

def helper(epoch):
    return 0.9**epoch if epoch in {"x", "y", "z"} else 1

values = {
    "set": {"alpha", "beta", "gamma", "delta"},
    "function": lambda epoch: helper(epoch),
    "object": Rate(),
    "class": Rate,
    "partial": functools.partial(helper, epoch=3),
    "path": Path("a/b"),
    "enum": Kind.ONE,
    "pattern": re.compile("a+"),
    "module": nn.LSTM(2, 3).apply(lambda m: [p.data.fill_(1) for p in m.parameters()]),
    "generator": np.random.default_rng(3),
}
"""


def test_fingerprints_are_the_same_in_another_process(tmp_path):
    path = tmp_path / "values.py"
    path.write_text(VALUES)
    program = (
        "import json, runpy, sys; from sknn_suite.training import fingerprint;"
        "values = runpy.run_path(sys.argv[1], run_name='values')['values'];"
        "print(json.dumps({k: fingerprint({k: v}) for k, v in values.items()}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    here = runpy.run_path(str(path), run_name="values")["values"]
    expected = {name: fingerprint({name: value}) for name, value in here.items()}
    assert json.loads(done.stdout) == expected


NOTHING_TO_TELL = {
    "a generator": lambda: (i for i in range(3)),
    "a lock": lambda: Table([threading.Lock()]),
    "a sparse tensor": lambda: torch.zeros(2).to_sparse(),
    "nested too deeply": lambda: functools.reduce(lambda a, _: [a], range(10**5), []),
}


@pytest.mark.parametrize("name", NOTHING_TO_TELL)
def test_what_cannot_be_told_apart_is_refused(name):
    with pytest.raises(DataError, match=r"does not go with parameter=.*Expected.*Pass"):
        digest(NOTHING_TO_TELL[name]())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_checkpoint_of_another_function_is_refused(two_classes, tmp_path):
    settings = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
    settings["checkpoint"] = tmp_path / "run"
    MLPClassifier(**settings, learning_rate=lambda e: 0.9**e).fit(*two_classes)
    with pytest.raises(DataError, match="other parameters"):
        MLPClassifier(**settings, learning_rate=lambda e: 0.1**e).fit(*two_classes)
