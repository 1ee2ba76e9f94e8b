"""Blocks of ensembles: what is trained once is not kept."""

import pytest
from joblib.parallel import get_active_backend
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_suite import AutoencoderDetector, MLPClassifier
from sknn_suite.search import has_network, own_block

NETWORK = MLPClassifier((4,))
PIPELINE = make_pipeline(StandardScaler(), NETWORK)
SEARCH = GridSearchCV(PIPELINE, {"mlpclassifier__alpha": [0.1, 1.0]})


@pytest.mark.parametrize(
    ("estimators", "keeps"),
    [
        ([NETWORK], False),
        ([NETWORK, PIPELINE, AutoencoderDetector()], False),
        ([SEARCH], True),
        ([NETWORK, SEARCH], True),
        ([make_pipeline(StandardScaler(), SEARCH)], True),
    ],
    ids=str,
)
def test_only_what_may_be_trained_again_is_kept(estimators, keeps):
    with own_block(estimators):
        backend, _ = get_active_backend()
        assert backend.workshop.store.keeps is keeps


def test_networks_are_found_wherever_they_are():
    for estimator in (NETWORK, PIPELINE, SEARCH, AutoencoderDetector()):
        assert has_network(estimator)
    for estimator in (LogisticRegression(), StandardScaler(), "passthrough", None):
        assert not has_network(estimator)
