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

import numpy as np
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

# Modules whose tests are quick.
QUICK = ("voting",)

_STACK = "looks for the caller in the stack, where a thread begins anew"
_WEIGHT = "a row of weight 2 is one row of a batch, and a row given twice is two"
_LINEAR = "reads coef_ of a linear model, or expects its scores"
_NAME = "looks for the name LogisticRegression"
_LIBLINEAR = "wants solver='liblinear'"
_ORDER = "prints a line when a member ends; the network waits, and the forest does not"

# Tests that ask for something else than a small classifier. Those that do not look at
# the stack fail with a network outside of a block too.
LEFT_OUT = {
    "test_bagging_estimators_samples": _LINEAR,
    "test_bagging_estimators_samples_deterministic": _LINEAR,
    "test_bagging_metadata_routing_with_dynamic_method_selection": _STACK,
    "test_calibration_calibrated_classifier_cv_double_sample_weights_equivalence": (
        _WEIGHT
    ),
    "test_calibration_calibration_default_estimator": _LINEAR,
    "test_calibration_calibration_display_compute": _NAME,
    "test_calibration_calibration_inconsistent_prefit_n_features_in": _LINEAR,
    "test_calibration_calibration_multiclass": _LINEAR,
    "test_calibration_sample_weight": _LINEAR,
    "test_calibration_temperature_scaling": _LINEAR,
    "test_classification_threshold_fixed_threshold_classifier": _LINEAR,
    "test_classification_threshold_fixed_threshold_classifier_metadata_routing": _STACK,
    "test_classification_threshold_tuned_threshold_classifier_cv_float": _LINEAR,
    "test_classification_threshold_tuned_threshold_classifier_cv_zeros_"
    "sample_weights_equivalence": _WEIGHT,
    "test_classification_threshold_tuned_threshold_classifier_refit": _LINEAR,
    "test_search_multi_metric_search_forwards_metadata": _STACK,
    "test_search_refit_callable": "C must do what it does in a linear model",
    "test_search_search_cv_sample_weight_equivalence": _WEIGHT,
    "test_search_search_html_repr": _NAME,
    "test_stacking_metadata_routing_for_stacking_estimators": _STACK,
    "test_stacking_stacking_classifier_iris": _LINEAR,
    "test_stacking_stacking_cv_influence": _LINEAR,
    "test_stacking_stacking_with_sample_weight": _LINEAR,
    "test_validation_cross_val_predict": _LIBLINEAR,
    "test_validation_cross_val_predict_with_method_multilabel_ovr": _LIBLINEAR,
    "test_validation_learning_curve_exploit_incremental_learning_routing": _STACK,
    "test_validation_validation_functions_routing": _STACK,
    "test_voting_metadata_routing_for_voting_estimators": _STACK,
    "test_voting_predict_on_toy_problem": _LINEAR,
    "test_voting_predict_proba_on_toy_problem": _LINEAR,
    "test_voting_voting_verbose": _ORDER,
    "test_voting_tie_situation": _LINEAR,
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
                is_quick = short in QUICK
                found[f"test_{short}_{own[5:]}"] = (
                    value if is_quick else pytest.mark.slow(value)
                )
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


@pytest.fixture
def global_dtype():
    """Stand in for a fixture of scikit-learn's conftest."""
    return np.float64


@pytest.fixture
def pyplot():
    """Stand in for a fixture of scikit-learn's conftest."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


@pytest.fixture(autouse=True)
def _together():
    """Run each test in a block."""
    with train_together():
        yield


def test_networks_train_together_in_these_tests(groups):
    theirs = load(*next(iter(MODULES.items())))
    theirs["test_grid_search_no_score"]()
    assert max(groups) > 1
    assert len(ON_OURS) - len(LEFT_OUT) > 300
    assert ON_OURS.keys() >= LEFT_OUT.keys()
