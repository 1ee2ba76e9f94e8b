"""TabularClassifier."""

from sknn_suite.estimator import Classification, Classifier
from sknn_suite.parameters import parameters
from sknn_suite.tabular._mixed import TabularEstimator
from sknn_suite.tabular._mixed_task import MixedTask


class MixedClassification(Classification):
    """Labels of mixed tables."""

    activation = "selu"


@parameters
class TabularClassifier(TabularEstimator, Classifier):
    """Classifier."""

    def _task(self, of):
        return MixedTask(of, MixedClassification(of))
