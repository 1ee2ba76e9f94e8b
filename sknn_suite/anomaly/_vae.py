"""VAEDetector."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sknn_suite.anomaly._detector import AnomalyDetector
from sknn_suite.anomaly._task import VAETask
from sknn_suite.doors import Interval, own_random_state, torch_generator
from sknn_suite.parameters import param, parameters, redefault


@parameters
class VAEDetector(AnomalyDetector):
    """Variational autoencoders that find outliers, give codes and draw rows.

    Start with `contamination`, `n_components`, `beta` and `score_method`.

    Use it for likelihoods (score_method="likelihood"), for codes that are spread
    evenly, and to draw new rows that resemble the training rows (`sample`). It is an
    `AutoencoderDetector` whose codes are normal distributions and whose error is learnt
    for each feature; it minimises the negative evidence lower bound. The API is that of
    :class:`sklearn.ensemble.IsolationForest`. Rows are scaled inside.

    Parameters
    ----------
    beta : float, default=1.0
        Weight of the divergence of codes from their prior, in [0, inf). Raise it for
        codes whose components are independent of each other, at the cost of detail.

    kl_warmup : float, default=0.0
        Fraction of the training, in [0, 1], during which `beta` rises from zero to its
        value. Raise it when "train_kl" in `history_` is near zero, which means that the
        network does not use its codes.

    n_draws : int, default=10
        Number of codes that score_method="likelihood" and "typicality" draw for each
        row, the same in every call; 0 uses the mean code.

    variance : {"fixed", "feature", "row"}, default="feature"
        Scale of a real-valued distribution: "fixed" is one, "feature" is learnt for
        each feature, "row" is learnt for each feature of each row.

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
        Loss of the last epoch: negative evidence lower bound and penalties, per row.

    loss_curve_ : list of float
        Loss of each epoch.

    history_ : list of dict
        One record per epoch: epoch, train_loss, train_kl, learning_rate, seconds; with
        validation rows valid_loss and valid_kl.

    n_iter_ : int
        Epochs of the last call.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    AutoencoderDetector : The same without a distribution over codes.

    Notes
    -----
    If at most one batch of rows differ from each other, fit replaces equal rows by one
    row with the sum of their weights.

    References
    ----------
    Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014.

    An & Cho, "Variational Autoencoder based Anomaly Detection using Reconstruction
    Probability", SNU Data Mining Center, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite import VAEDetector
    >>> X = np.random.RandomState(0).normal(size=(200, 5))
    >>> X[:2] += 10
    >>> model = VAEDetector(contamination=0.01, random_state=0)
    >>> model.fit_predict(X)[:4]
    array([-1, -1,  1,  1])
    >>> model.sample(3).shape
    (3, 5)
    """

    beta: float = param(
        1.0, Interval(Real, 0, None, closed="left"), group="regularisation"
    )
    kl_warmup: float = param(0.0, Interval(Real, 0, 1, closed="both"), group="rare")
    n_draws: int = param(10, Interval(Integral, 0, None, closed="left"), group="rare")
    variance: str = redefault("variance", AnomalyDetector, "feature")

    def _task(self, of):
        return VAETask(of)

    def sample(self, n_samples=1, *, random_state=None):
        """Draw new rows from the distribution that the first network has learnt.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        random_state : int, RandomState instance or None, default=None
            Seed of the draw; None uses the estimator's `random_state`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Rows in the units of the training rows.
        """
        check_is_fitted(self)
        source = self.random_state if random_state is None else random_state
        source = own_random_state(source)
        codes = source.normal(size=(n_samples, self.n_components_))
        generators: dict[torch.device, torch.Generator] = {}

        def draw(outputs: torch.Tensor, distribution: Any) -> torch.Tensor:
            device = outputs.device
            if device not in generators:
                generators[device] = torch_generator(source, device)
            return distribution.draw(outputs, generators[device])

        return self._decode(codes, draw).astype(np.float64, copy=False)
