import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from sknn_suite.ensemble import CrossFitStackingClassifier
from sknn_suite.plotting import StackDisplay

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

MEMBERS = [("line", LogisticRegression()), ("bayes", GaussianNB())]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def rows():
    return make_classification(150, random_state=0)


def test_it_draws_what_the_stack_has(rows):
    stack = CrossFitStackingClassifier(MEMBERS, cv=4).fit(*rows)
    display = StackDisplay.from_estimator(stack)
    scores, weights, gains, correlation = display.axes_
    names = [label.get_text() for label in scores.get_yticklabels()]
    assert names == ["line", "bayes", "mean", "stack"]
    dots = [line.get_xdata() for line in scores.lines if line.get_marker() == "o"]
    expected = stack.members_["line"].fold_scores_
    np.testing.assert_array_equal(dots[0], expected)
    np.testing.assert_array_equal(dots[3], stack.fold_scores_)
    drawn = [bar.get_width() for bar in weights.patches]
    assert drawn == list(stack.weights_.values())
    assert [bar.get_width() for bar in gains.patches] == list(stack.gains_.values())
    found = correlation.images[0].get_array()
    np.testing.assert_array_equal(found, stack.error_correlation_)
    assert scores.get_xlabel().startswith("neg_log_loss")


def test_axes_of_the_user_and_a_stack_without_weights(rows):
    class Backwards(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X)[:, ::-1]

    stack = CrossFitStackingClassifier(
        [("back", Backwards())], final_estimator=LogisticRegression(), cv=4
    ).fit(*rows)
    figure, axes = plt.subplots(1, 4)
    display = StackDisplay.from_estimator(stack, axes=axes)
    assert display.figure_ is figure
    texts = [ax.texts[0].get_text() for ax in display.axes_[1:3]]
    assert texts == ["a level was trained", "a single member"]


def test_what_cannot_be_drawn_is_told(rows):
    other = StackingClassifier(MEMBERS).fit(*rows)
    with pytest.raises(TypeError, match="StackingClassifier has no 'add', which Stack"):
        StackDisplay.from_estimator(other)
    stack = CrossFitStackingClassifier(MEMBERS, cv=4).fit(*rows)
    with pytest.raises(ValueError, match=r"axes holds 1 axes\. Expected four"):
        StackDisplay.from_estimator(stack, axes=[plt.gca()])
