"""MLPClassifier."""

from sknn_suite.estimator import Classification, Classifier
from sknn_suite.parameters import parameters
from sknn_suite.tabular._mlp import MLPEstimator
from sknn_suite.tabular._task import TableTask


@parameters
class MLPClassifier(MLPEstimator, Classifier):
    """Multi-layer perceptron classifier, a drop-in for scikit-learn's.

    Start with `hidden_layer_sizes`, `alpha`, `learning_rate_init` and `early_stopping`.

    Use it for tables of numbers with two classes, several classes, or several labels
    per row; scale the columns first. It has every parameter, default, attribute and
    method of :class:`sklearn.neural_network.MLPClassifier`, with the same meaning; the
    same `random_state` starts from the same weights and draws the same batches. It adds
    class weights, dropout, batch norm, more activations, focal loss, callbacks, GPUs
    and faster arithmetic.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    coefs_ : list of ndarray
        Weights of layer i, of shape (n_units_i, n_units_i+1), in the type of the
        arithmetic, see `precision`. You may assign new weights: predictions use them.

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
    You can copy the weights of a scikit-learn model: after
    ``ours.coefs_ = theirs.coefs_`` and ``ours.intercepts_ = theirs.intercepts_``, both
    models make the same predictions.

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
