"""The house stays liveable: light import, one door each, layers that point down."""

import ast
import re
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator
from torch.optim.lr_scheduler import LRScheduler

import sknn_suite
from sknn_suite import MLPClassifier

ROOT = Path(sknn_suite.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

OPTIONAL = {
    "PIL",
    "captum",
    "matplotlib",
    "narwhals",
    "pandas",
    "polars",
    "rich",
    "safetensors",
    "skops",
}

# scikit-learn imports pandas and rich by itself where they are installed.
HEAVY = [
    *sorted(OPTIONAL - {"narwhals", "pandas", "rich"}),
    "imblearn",
    "torch._dynamo",
]


def imports_of(path):
    """Yield every import of a file: node, module, names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            yield node, node.module, tuple(alias.name for alias in node.names)


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_import_is_light():
    code = f"import sys, sknn_suite; print([m for m in {HEAVY} if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_import_brings_nothing_that_torch_and_scikit_learn_and_skorch_do_not():
    # Tested as a set of packages, since times differ between machines.
    code = """
import sys
import torch, sklearn, skorch
from sklearn.callback import CallbackSupportMixin
from sklearn.model_selection import train_test_split
before = {name.partition(".")[0] for name in sys.modules}
import sknn_suite
after = {name.partition(".")[0] for name in sys.modules}
print(sorted(after - before - set(sys.stdlib_module_names)))
"""
    assert run(code).strip() == "['sknn_suite']"


def test_a_small_fit_does_not_import_torchs_compiler():
    code = """
import sys, warnings
import numpy as np
from sknn_suite import MLPClassifier
warnings.simplefilter("ignore")
X = np.random.rand(50, 3)
for solver in ("adam", "sgd", "lbfgs"):
    model = MLPClassifier(solver=solver, max_iter=2).fit(X, X[:, 0] > 0.5)
    model.predict_proba(X)
    print(solver, "torch._dynamo" in sys.modules)
"""
    assert "True" not in run(code)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_private_names_of_others_come_through_one_door(path):
    if path.parent.name == "doors":
        pytest.skip("the door")
    for _, module, names in imports_of(path):
        package = module.partition(".")[0]
        if package in {"sklearn", "skorch", "imblearn", "scipy"}:
            parts = [*module.split("."), *names]
            private = [part for part in parts if part.startswith("_")]
            assert not private, f"{module}: {private}"


# What torch's classes keep private: any use of such a name on an object that is not
# one's own is one of torch.
OF_TORCH = {
    name
    for kind in (torch.Tensor, torch.nn.LSTM, torch.optim.Adam, LRScheduler)
    for base in kind.__mro__
    for name in [*vars(base), *vars(base).get("__annotations__", ())]
    if name.startswith("_") and not name.startswith("__")
}


def private_names_of_torch(tree):
    """Yield each private name of torch that a file reads, by attribute or string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            base, name = node.value, node.attr
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "") == "getattr"
            and isinstance(node.args[1], ast.Constant)
        ):
            base, name = node.args[0], node.args[1].value
        elif isinstance(node, ast.ImportFrom):
            parts = [*node.module.split("."), *(alias.name for alias in node.names)]
            if parts[0] == "torch":
                yield from (part for part in parts if part.startswith("_"))
            continue
        else:
            continue
        whole = ast.unparse(base).split(".")
        of_torch = whole[0] in {"torch", "nn", "F", "lr_scheduler"}
        if (
            name == "__wrapped__"
            or (name in OF_TORCH and whole[0] not in {"self", "cls", "super()"})
            or (of_torch and name.startswith("_") and not name.endswith("__"))
            or whole[:3] == ["torch", "ops", "aten"]
        ):
            yield name


@pytest.mark.parametrize(
    "line",
    [
        "torch.cpu._is_amx_tile_supported()",
        "getattr(torch.ops.mkldnn, '_linear_pointwise', None)",
        "torch.ops.aten.tanh_backward.grad_input",
        "isinstance(part, nn.modules.batchnorm._BatchNorm)",
        "part._parameters.items()",
        "Optimizer.state_dict.__wrapped__",
        "from torch.nn.modules.batchnorm import _BatchNorm",
        "from torch._C import _nn",
    ],
)
def test_a_private_name_of_torch_is_found(line):
    assert list(private_names_of_torch(ast.parse(line)))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_private_names_of_torch_come_through_one_door(path):
    if path.name == "_torch.py" and path.parent.name == "doors":
        pytest.skip("the door")
    assert not list(private_names_of_torch(ast.parse(path.read_text())))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_are_absolute_named_and_at_the_top(path):
    top = ast.parse(path.read_text()).body
    for_types = [node for node in top if isinstance(node, ast.If)]
    allowed = {n.lineno for n in top} | {n.lineno for i in for_types for n in i.body}
    for node, module, names in imports_of(path):
        assert getattr(node, "level", 0) == 0, f"relative import in line {node.lineno}"
        assert "*" not in names
        assert node.lineno in allowed, f"import of {module} in line {node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_optional_packages_come_through_one_door(path):
    for _, module, _ in imports_of(path):
        assert module.partition(".")[0] not in OPTIONAL


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_global_randomness_is_never_used(path):
    text = path.read_text()
    assert not re.search(r"manual_seed_all|torch\.manual_seed|torch\.seed\(", text)
    assert not re.search(r"np\.random\.(seed|rand|randn|randint|uniform)\(", text)
    assert not re.search(r"^import random$|^from random import", text, re.M)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_nothing_is_printed_and_no_except_is_bare(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            assert "cli" in path.parts, f"print in line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except in line {node.lineno}"


def test_modules_know_neither_scikit_learn_nor_skorch():
    for path in (ROOT / "modules").glob("*.py"):
        for _, module, _ in imports_of(path):
            assert module.partition(".")[0] not in {"sklearn", "skorch", "scipy"}, path


def test_siblings_do_not_know_each_other():
    siblings = {"decision", "encoding", "modules", "losses"}
    for folder in siblings:
        for path in (ROOT / folder).glob("*.py"):
            for _, module, _ in imports_of(path):
                other = module.split(".")[1:2]
                assert not set(other) & (siblings - {folder}), (path, module)


# -- the way of a fit ----------------------------------------------------------------

ESTIMATORS = [
    public
    for public in (getattr(sknn_suite, name) for name in sknn_suite.__all__)
    if isinstance(public, type) and issubclass(public, BaseEstimator)
]


def own_classes(kind):
    """Classes of the suite along the MRO that have methods of their own."""
    generated = {"__init__", "__replace__"}  # by dataclass
    for owner in kind.__mro__:
        methods = [
            name
            for name, value in vars(owner).items()
            if callable(value) or isinstance(value, property | classmethod)
        ]
        if owner.__module__.startswith("sknn_suite") and set(methods) - generated:
            yield owner


@pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
def test_an_estimator_has_at_most_five_own_classes_with_methods(kind):
    owners = list(own_classes(kind))
    assert 2 <= len(owners) <= 5, owners


@pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
def test_no_private_method_is_defined_more_than_twice_along_an_mro(kind):
    counts = Counter(
        name
        for owner in own_classes(kind)
        for name, value in vars(owner).items()
        if name.startswith("_") and not name.startswith("__") and callable(value)
    )
    assert counts["_task"] == 2  # promised by the base, made by the estimator
    assert [name for name, n in counts.items() if n > 2] == []


@pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
def test_the_way_itself_is_overridden_nowhere(kind):
    for name in ("_fit", "_set_fitted", "_raw_scores", "_rows_to_predict"):
        assert sum(name in vars(owner) for owner in kind.__mro__) == 1, name


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_no_estimator_is_copied_to_settle_its_defaults(path):
    assert not re.search(r"copy\.copy\(\s*self\b", path.read_text())


def test_attributes_are_assigned_once_when_training_is_over():
    X = np.random.RandomState(0).normal(size=(60, 4))

    class Watched(MLPClassifier):
        def __setattr__(self, name, value):
            assigned.append(name)
            super().__setattr__(name, value)

    assigned = []
    model = Watched(max_iter=2, early_stopping=True)
    assigned.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, X[:, 0] > 0)
    assert assigned == []
    assert model.n_iter_ == 2


# -- imports -------------------------------------------------------------------------


def graph_of_imports():
    """Imports between files, those for type checkers and through packages included."""
    known = {".".join(p.relative_to(ROOT.parent).with_suffix("").parts) for p in FILES}
    graph = {}
    for path in FILES:
        module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        targets = set()
        for _, name, _ in imports_of(path):
            if not name.startswith("sknn_suite"):
                continue
            if name in known:
                targets.add(name)
                continue
            # `from sknn_suite.data import x`: the package is what is imported
            targets.add(f"{name}.__init__")
        graph[module] = targets & known
    return graph


def test_imports_have_no_circle_not_even_for_types():
    graph = graph_of_imports()
    state = {}

    def visit(module, trail):
        if state.get(module) == "done":
            return
        assert state.get(module) != "open", " -> ".join([*trail, module])
        state[module] = "open"
        for target in sorted(graph[module]):
            visit(target, [*trail, module])
        state[module] = "done"

    for module in sorted(graph):
        visit(module, [])
    assert len(state) == len(FILES)
