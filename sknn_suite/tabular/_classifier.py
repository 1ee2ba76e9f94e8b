"""MLPClassifier."""

from sknn_suite.estimator import Classification, Classifier
from sknn_suite.parameters import parameters
from sknn_suite.tabular._mlp import MLPEstimator
from sknn_suite.tabular._task import TableTask


@parameters
class MLPClassifier(MLPEstimator, Classifier):
    """Multi-layer perceptron classifier, a drop-in for scikit-learn's.

    Every parameter, default, attribute and method of
    :class:`sklearn.neural_network.MLPClassifier` is here with the same meaning, and
    the same `random_state` starts from the same weights and draws the same batches. On
    top come class weights, dropout, batch norm, more activations, focal loss,
    callbacks, GPUs and faster arithmetic. Use it for tables of numbers with two
    classes, several classes, or several labels per row; scale the columns first.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    coefs_ : list of ndarray
        Weights of layer i, (n_units_i, n_units_i+1), in the type of the arithmetic,
        which `precision` tells. They may be assigned: predictions use what stands here.

    intercepts_ : list of ndarray
        Biases of layer i + 1.

    n_layers_, n_outputs_ : int
        Number of layers, and of raw scores.

    out_activation_ : str
        "softmax" or "logistic".

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    MLPRegressor : The same for numbers.

    Notes
    -----
    Weights may be initialised from, and compared with, a scikit-learn model:
    ``ours.coefs_ = theirs.coefs_`` gives its predictions.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sknn_suite import MLPClassifier
    >>> X, y = make_classification(n_samples=100, random_state=1)
    >>> model = MLPClassifier(max_iter=300, random_state=1).fit(X, y)
    >>> model.predict_proba(X[:2]).shape
    (2, 2)
    >>> model.score(X, y)
    1.0
    """

    def _task(self, of):
        return TableTask(of, Classification(of))
