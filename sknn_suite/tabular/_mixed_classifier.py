"""TabularClassifier."""

from typing import Any

from sknn_suite.estimator import Classifier
from sknn_suite.parameters import parameters
from sknn_suite.tabular._mixed import TabularEstimator
from sknn_suite.tabular._mixed_objective import MixedClassification
from sknn_suite.tabular._mixed_task import MixedTask


@parameters
class TabularClassifier(TabularEstimator, Classifier):
    """Classifier for data frames as they are.

    Start with `n_members`, `class_weight` and `max_time`.

    Numbers, gaps, categories, booleans, dates and strings need no preparation, and no
    parameter needs to be set; `max_time` ends a long fit. Several small networks learn
    side by side, each with settings of its own and another part of the rows left out;
    predictions are their mean, whose probabilities are calibrated on the rows left out.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    out_activation_ : str
        "softmax" or "logistic".

    See Also
    --------
    TabularRegressor : The same for numbers.
    MLPClassifier : One network for tables of numbers, a drop-in for scikit-learn's.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", NeurIPS 2024.

    Examples
    --------
    >>> from sknn_suite import TabularClassifier
    >>> X = [[age, trip] for age in range(20, 60) for trip in ("work", "fun", None)]
    >>> y = ["bus" if trip == "work" or age > 50 else "bike" for age, trip in X]
    >>> model = TabularClassifier(n_members=2, random_state=0).fit(X, y)
    >>> model.column_kinds_
    number: x0
    category: x1
    >>> model.predict([[30, "work"], [30, "fun"]]).tolist()
    ['bus', 'bike']
    """

    def _task(self, of: Any) -> MixedTask:
        return MixedTask(of, MixedClassification(of))
