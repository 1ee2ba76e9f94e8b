"""scikit-learn's own tests of its searches and ensembles, on ours, in a block.

Their sources run as installed, with our network in place of their small classifiers and
regressors, and each test runs inside ``train_together()``.
"""

import ast
import importlib
import sys
from numbers import Real
from pathlib import Path
from types import ModuleType

import pytest

from sknn_suite import MLPClassifier, train_together
from sknn_suite.doors import Interval
from sknn_suite.parameters import param, parameters

pytestmark = pytest.mark.filterwarnings(
    "ignore"  # the tests were written without warnings as errors
)


@parameters
class StandIn(MLPClassifier):
    """A small network with the parameter that searches of theirs look through.

    Parameters
    ----------
    C : float, default=1.0
        Not used: what it does to a linear model is no matter here.
    """

    hidden_layer_sizes: tuple = param((4,), "array-like")
    max_iter: int = param(5, Interval(Real, 1, None, closed="left"))
    random_state: int | None = param(0, "random_state")
    C: float = param(1.0, Interval(Real, 0, None, closed="right"), group="network")


# Modules of tests, and in each the names that ours take the place of.
MODULES = {
    "sklearn.model_selection.tests.test_search": ("LinearSVC", "LogisticRegression"),
    "sklearn.model_selection.tests.test_successive_halving": ("LinearSVC",),
    "sklearn.model_selection.tests.test_validation": ("LogisticRegression",),
    "sklearn.model_selection.tests.test_classification_threshold": (
        "LogisticRegression",
    ),
    "sklearn.ensemble.tests.test_stacking": ("LinearSVC", "LogisticRegression"),
    "sklearn.ensemble.tests.test_bagging": ("LogisticRegression", "Perceptron"),
    "sklearn.ensemble.tests.test_voting": ("LogisticRegression",),
    "sklearn.tests.test_calibration": ("LinearSVC", "LogisticRegression"),
}

_STACK = "looks for the caller in the stack, where a thread begins anew"
_LIBLINEAR = "wants solver='liblinear'"

# Tests that ask for something else than a small classifier.
LEFT_OUT = {
    "test_search_refit_callable": "C must do what it does in a linear model",
    "test_search_search_cv_sample_weight_equivalence": "a row of weight 2 is one row "
    "of a batch, and a row given twice is two",
    "test_search_search_html_repr": "looks for the name LogisticRegression",
    "test_search_multi_metric_search_forwards_metadata": _STACK,
    "test_validation_validation_functions_routing": _STACK,
    "test_validation_learning_curve_exploit_incremental_learning_routing": _STACK,
    "test_validation_cross_val_predict": _LIBLINEAR,
    "test_validation_cross_val_predict_with_method_multilabel_ovr": _LIBLINEAR,
}


def load(name, replaced):
    """Run the source of a module of tests, with ours in place of `replaced`."""
    theirs = importlib.import_module(name)
    source = Path(theirs.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source)
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    imported = {a.asname or a.name for node in imports for a in node.names}
    assert imported >= set(replaced)
    last = tree.body.index(imports[-1])
    assign = ast.parse("".join(f"{n} = StandIn\n" for n in replaced)).body
    tree.body[last + 1 : last + 1] = assign
    module = ModuleType(name.rpartition(".")[-1] + "_on_ours")
    module.StandIn = StandIn
    sys.modules[module.__name__] = module  # where pickle looks for their classes
    exec(
        compile(ast.fix_missing_locations(tree), theirs.__file__, "exec"), vars(module)
    )
    return vars(module)


def make_lists(test):
    """Let parametrized tests have lists of arguments: pytest refuses iterators."""
    for i, mark in enumerate(getattr(test, "pytestmark", ())):
        if mark.name == "parametrize" and len(mark.args) == 2:
            names, values = mark.args
            again = pytest.mark.parametrize(names, list(values), **mark.kwargs)
            test.pytestmark[i] = again.mark


def collect():
    """Gather tests under names that say where they are from, and their fixtures."""
    found = {}
    for name, replaced in MODULES.items():
        short = name.rpartition(".test_")[-1]
        for own, value in load(name, replaced).items():
            if own.startswith("test_") and callable(value):
                make_lists(value)
                found[f"test_{short}_{own[5:]}"] = value
            elif type(value).__name__ == "FixtureFunctionDefinition":
                assert own not in found, own
                found[own] = value
    return found


ON_OURS = collect()
# In the order of their files: pytest-xdist wants the same order in every process.
globals().update({name: t for name, t in ON_OURS.items() if name not in LEFT_OUT})


@pytest.fixture(params=[0])
def global_random_seed(request):
    """Stand in for a fixture of scikit-learn's conftest."""
    return request.param


@pytest.fixture(autouse=True)
def _together():
    """Run each test in a block."""
    with train_together():
        yield


def test_networks_train_together_in_these_tests(groups):
    theirs = load(*next(iter(MODULES.items())))
    theirs["test_no_refit"]()
    assert max(groups) > 1
    assert len(ON_OURS) > 400
    assert ON_OURS.keys() >= LEFT_OUT.keys()
