"""scikit-learn's own tests of its MLPs, run on the suite's, as installed."""

from pathlib import Path
from types import ModuleType

import pytest
import sklearn.neural_network.tests.test_mlp as theirs

import sknn_suite

pytestmark = pytest.mark.filterwarnings(
    "ignore"  # the tests were written without warnings as errors
)

# Tests that reach into private attributes of scikit-learn's classes.
LEFT_OUT = {
    "test_gradient": "_unpack and _loss_grad_lbfgs are not here",
    "test_learning_rate_warmstart": "reads the rate from _optimizer",
    "test_adaptive_learning_rate": "reads the rate from _optimizer",
}


def load_theirs():
    """Run the source of their tests with the suite's classes in place of theirs."""
    source = Path(theirs.__file__).read_text(encoding="utf-8")
    import_line = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
    assert source.count(import_line) == 1
    source = source.replace(
        import_line, "from sknn_suite import MLPClassifier, MLPRegressor"
    )
    module = ModuleType("scikit_learns_tests_on_ours")
    exec(compile(source, theirs.__file__, "exec"), vars(module))
    return module


ON_OURS = load_theirs()
TESTS = {name: test for name, test in vars(ON_OURS).items() if name[:5] == "test_"}
# In the order of their file: pytest-xdist wants the same order in every process.
globals().update({name: TESTS[name] for name in TESTS if name not in LEFT_OUT})


@pytest.fixture(params=[0])
def global_random_seed(request):
    """Stand in for a fixture of scikit-learn's conftest."""
    return request.param


def test_what_runs_are_the_suites_classes():
    assert ON_OURS.MLPClassifier is sknn_suite.MLPClassifier
    assert len(TESTS) - len(LEFT_OUT) > 30
    assert TESTS.keys() >= LEFT_OUT.keys()
