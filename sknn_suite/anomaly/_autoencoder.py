"""AutoencoderDetector."""

from sknn_suite.anomaly._detector import AnomalyDetector
from sknn_suite.anomaly._task import DetectorTask
from sknn_suite.parameters import parameters, redefault


@parameters
class AutoencoderDetector(AnomalyDetector):
    """Denoising autoencoders that find outliers, and give codes as a transformer.

    Four small nets learn to reconstruct the rows. Rows far from what they reconstruct
    typically are odd, and so are rows that they reconstruct too well. The API is that
    of :class:`sklearn.ensemble.IsolationForest`: ``fit_predict`` for outliers among the
    training rows, ``fit`` on clean rows and ``predict`` on others for novelties. Rows
    are scaled inside; give numbers in any units. Use it when outliers break the
    relations between features; take `VAEDetector` for a likelihood.

    Parameters
    ----------
    noise : float, default=0.8
        Strength of the noise on rows while training, in [0, inf): its deviation in
        units of a feature's, or with "masking" the share of features set to zero.
        Lower it for codes and reconstructions that keep more detail.

    Attributes
    ----------
    offset_ : float
        Threshold: rows with smaller `score_samples` are outliers.

    distribution_ : str
        The distribution; chosen by the values of X if distribution="auto".

    n_components_ : int
        Length of the code.

    out_activation_ : str
        The link from raw outputs to means, such as "identity" or "logistic".

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
    Up to a batch of different rows, equal rows are merged into one that weighs as much.

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
