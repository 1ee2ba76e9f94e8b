"""RNNClassifier."""

from typing import Any

from sknn_suite.doors import StrOptions
from sknn_suite.estimator import Classification, Classifier
from sknn_suite.parameters import TrainingParameters, param, parameters, redefault
from sknn_suite.sequence._parameters import RecurrentParameters
from sknn_suite.sequence._task import SequenceTask


@parameters
class RNNClassifier(RecurrentParameters, Classifier):
    """Classifier of sequences of numbers, such as time series.

    Start with `hidden_sizes`, `max_iter`, `learning_rate_init` and `dropout`.

    Use it where the order of the numbers matters; for tables, whose columns mean
    different things, use `MLPClassifier`. Rows may differ in length. Each channel is
    scaled inside, by statistics over all steps of all training rows.

    Parameters
    ----------
    scaling : {"standard", "robust"} or None, default="standard"
        How each channel is scaled: "standard" by mean and standard deviation, "robust"
        by median and interquartile range, None not at all. Choose "robust" when there
        are outliers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    out_activation_ : str
        "softmax" or "logistic".

    n_features_in_ : int
        Number of steps if X was a table: predict then needs the same number. Otherwise
        the number of channels.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X had names that are all strings.

    See Also
    --------
    TextRNNClassifier : The same network over words.
    MLPClassifier : For tables.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite import RNNClassifier
    >>> steps = np.random.RandomState(0).normal(size=(80, 12))
    >>> falls = np.arange(80) % 2 == 0
    >>> X = np.where(falls[:, None], -1, 1) * np.linspace(0, 2, 12) + steps
    >>> RNNClassifier(random_state=0).fit(X, falls).score(X, falls)
    1.0
    """

    scaling: str | None = param(
        "standard", StrOptions({"standard", "robust"}), None, group="rows"
    )
    learning_rate_init: Any = redefault("learning_rate_init", TrainingParameters, 0.01)

    def _task(self, of):
        return SequenceTask(of, Classification(of))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
