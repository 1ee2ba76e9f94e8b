"""TabularClassifier."""

from typing import Any

from sknn_suite.doors import StrOptions
from sknn_suite.estimator import Classifier
from sknn_suite.parameters import param, parameters
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

    Parameters
    ----------
    imbalance : {"auto", "weights"} or None, default=None
        What is done about classes of unequal size. None trains as usual. "weights"
        trains all networks with classes of equal weight, and takes the weights out of
        the probabilities by Bayes' rule. "auto" trains every second network so. If
        those without weights have the better `early_stopping_scoring` on the rows that
        they left out, they make the predictions; else those with weights, or all,
        whichever are better. It takes no second fit. It tries weights only if the
        largest class has four times as many rows as the rarest or more, and `n_members`
        is twice `cv` or more. Try it where classes are rare, and compare: on most
        tables None is as good or better. It replaces `class_weight`, `batch_sampling`
        and `loss`.

    decision_threshold : float, str, callable, criterion, array-like or None, \
            default=None
        How `predict` decides; `predict_proba` stays as it is. None takes the most
        probable class. A number is the smallest probability of ``classes_[1]``, or of
        each label, that is positive. The name of a scorer, such as "f1" or
        "matthews_corrcoef", a scorer, a cost matrix (a row for each true class), or
        one of `sknn_suite.decision`, such as ``Capacity(200)``: the threshold is chosen
        on the rows that the networks left out, or on X_val, without another fit.
        Rows there count by their sample weight, not by `class_weight` or
        `batch_sampling`. Set it when classes are rare or mistakes differ in cost. A
        list has one number per label, or per class, which divides its probability
        before the largest is taken.

    Attributes
    ----------
    imbalance_ : {"none", "weights", "both"}
        What the networks do about imbalance that make the predictions.

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

    One row in 20 is of the rare class. Do weights help?

    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(400, weights=[0.95], random_state=0)
    >>> model = TabularClassifier(
    ...     n_members=4, cv=2, max_iter=10, imbalance="auto", random_state=0
    ... ).fit(X, y)
    >>> model.imbalance_ in ("none", "weights", "both")
    True
    """

    imbalance: str | None = param(
        None, StrOptions({"auto", "weights"}), None, group="training"
    )

    def _task(self, of: Any) -> MixedTask:
        return MixedTask(of, MixedClassification(of))
