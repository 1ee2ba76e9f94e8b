"""Names of scorers that do not exist are answered with the nearest ones."""

import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, get_scorer_names

from sknn_suite import MLPClassifier, TabularClassifier
from sknn_suite.checks import find_scorer
from sknn_suite.checks._scorer import COMMON, MEANT, nearest_scorers
from sknn_suite.decision import ThresholdTuner
from sknn_suite.ensemble import AutoClassifier, CrossFitClassifier


def test_a_name_gives_the_scorer_and_a_scorer_stays():
    assert repr(find_scorer("roc_auc", "")) == repr(get_scorer("roc_auc"))
    assert find_scorer(len, "") is len
    assert find_scorer(None, "") is None


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("auc", "roc_auc"),
        ("ROC-AUC", "roc_auc"),
        ("logloss", "neg_log_loss"),
        ("log_loss", "neg_log_loss"),
        ("rmse", "neg_root_mean_squared_error"),
        ("neg_rmse", "neg_root_mean_squared_error"),
        ("mean_absolute_error", "neg_mean_absolute_error"),
        ("R^2", "r2"),
        ("f2", "f1"),
        ("accurcy", "accuracy"),
    ],
)
def test_the_nearest_name_is_offered_first(name, nearest):
    assert nearest_scorers(name)[0] == nearest
    with pytest.raises(ValueError, match=f"^--metric .* Expected '{nearest}'"):
        find_scorer(name, f"--metric {name}")


def test_all_that_is_offered_exists():
    assert {*MEANT.values(), *COMMON} <= {*get_scorer_names()}


def test_a_name_like_no_other_is_answered_with_common_ones():
    with pytest.raises(ValueError, match=r"Expected a name .*'accuracy', 'f1', 'roc"):
        find_scorer("beauty", "scoring='beauty'")


@pytest.mark.parametrize(
    ("model", "parameter"),
    [
        (
            MLPClassifier(
                early_stopping=True, early_stopping_scoring="auc", max_iter=2
            ),
            "early_stopping_scoring",
        ),
        (
            TabularClassifier(early_stopping_scoring="auc", max_iter=2),
            "early_stopping_scoring",
        ),
        (AutoClassifier(scoring="auc"), "scoring"),
        (CrossFitClassifier(LogisticRegression(), scoring="auc"), "scoring"),
        (ThresholdTuner(LogisticRegression(), scoring="auc"), ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_estimator_offers_the_nearest_name(model, parameter):
    X, y = make_classification(60, random_state=0)
    with pytest.raises(ValueError, match=f"^{parameter}.*'auc' is.*Expected 'roc_auc'"):
        model.fit(X, y)
