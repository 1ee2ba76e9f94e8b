"""AutoencoderDetector."""

from sknn_suite.anomaly._detector import AnomalyDetector
from sknn_suite.anomaly._task import DetectorTask
from sknn_suite.parameters import parameters, redefault


@parameters
class AutoencoderDetector(AnomalyDetector):
    """Denoising autoencoders that find outliers, and give codes as a transformer.

    Start with `contamination`, `noise`, `n_components` and `score_method`.

    Use it when outliers break the relations between features; use `VAEDetector` for a
    likelihood. Four small networks learn to reconstruct the rows. A row is an outlier
    if its reconstruction is unusually bad, or unusually good. The API is that of
    :class:`sklearn.ensemble.IsolationForest`: call ``fit_predict`` for outliers among
    the training rows; for novelties call ``fit`` on clean rows and ``predict`` on new
    ones. Rows are scaled inside, so features may have any units.

    Parameters
    ----------
    noise : float, default=0.8
        Strength of the noise that training adds to rows, in [0, inf): its standard
        deviation in units of the feature's, or the fraction of features set to zero
        with noise_kind="masking". Lower it for codes and reconstructions with more
        detail.

    Attributes
    ----------
    offset_ : float
        Threshold: rows with a smaller `score_samples` are outliers.

    distribution_ : str
        The distribution of features: the value of `distribution`, or the choice of
        "auto".

    n_components_ : int
        Length of the code.

    scaling_ : {"compressed", "standard", "robust"} or None
        How features were scaled inside. "compressed" is "standard" with extreme values
        compressed, the choice of "auto"; None also for distributions that have their
        own scale.

    out_activation_ : str
        Function that turns raw outputs into means, such as "identity" or "logistic".

    loss_ : float
        Loss of the last epoch: negative log-likelihood and penalties, per row.

    loss_curve_ : list of float
        Loss of each epoch.

    history_ : list of dict
        One record per epoch: epoch, train_loss, learning_rate, seconds; with
        validation rows valid_loss.

    n_iter_ : int
        Epochs of the last call.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    VAEDetector : The same with a distribution over codes, which can be sampled.

    Notes
    -----
    If at most one batch of rows differ from each other, fit replaces equal rows by one
    row with the sum of their weights.

    References
    ----------
    Vincent et al., "Stacked Denoising Autoencoders", JMLR 11, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite import AutoencoderDetector
    >>> X = np.random.RandomState(0).normal(size=(200, 5))
    >>> X[:2] += 10
    >>> model = AutoencoderDetector(contamination=0.01, random_state=0)
    >>> model.fit_predict(X)[:4]
    array([-1, -1,  1,  1])
    >>> model.transform(X).shape
    (200, 4)
    """

    noise: float = redefault("noise", AnomalyDetector, 0.8)

    def _task(self, of):
        return DetectorTask(of)
