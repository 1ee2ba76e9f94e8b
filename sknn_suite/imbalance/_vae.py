"""VAEOverSampler: rows drawn from a conditional variational autoencoder."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import torch

from sknn_suite.data import as_tensor
from sknn_suite.doors import Interval, StrOptions, torch_generator
from sknn_suite.imbalance._generative import GenerativeOverSampler
from sknn_suite.imbalance._learning import EncodedRows, MadeRows, apply, learn
from sknn_suite.losses import ElboLoss
from sknn_suite.modules import Network
from sknn_suite.parameters import param, parameters

# Longest code of n_components="auto".
LONGEST_CODE = 32


@parameters
class VAEOverSampler(GenerativeOverSampler):
    """Rows of small classes, drawn from a conditional variational autoencoder.

    The network learns what all classes have in common from all rows, and what is
    particular to each. A new row is a code that is drawn from a normal distribution,
    decoded for its class. Made rows may be anywhere in the class, while those of SMOTE
    lie between two rows. They look real, and seldom make a classifier better: compare
    with class weights.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Length of the code. "auto" is half the number of encoded columns, at most 32.

    beta : float, default=1.0
        Weight of the divergence of codes from the normal distribution, in (0, inf).
        Lower it for rows with more detail, of which some are unlike any real one.

    draw : bool, default=True
        Whether values are drawn around what is decoded, with the scatter and the shares
        of categories that the network has learnt. False takes the most probable value,
        which makes smooth images, and too little scatter in tables.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows that were made of each class.

    sample_weight_ : ndarray of shape (n_new_samples,) or None
        Weights of the new rows, if `fit_resample` was given weights; made rows have the
        mean weight of their class.

    n_components_ : int
        Length of the code.

    history_ : list of dict
        One record per epoch: epoch, train_loss, train_kl, learning_rate, seconds.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    GANOverSampler : Learns by two networks against each other.
    LatentSMOTE : Mixes the codes of real rows.

    Notes
    -----
    Made numbers stay in the range of their column, and are whole where all of it is.
    Categories are those that exist, and a gap is one of them.

    References
    ----------
    Sohn, Lee & Yan, "Learning Structured Output Representation using Deep Conditional
    Generative Models", NeurIPS 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_classification
    >>> from sknn_suite.imbalance import VAEOverSampler
    >>> X, y = make_classification(300, weights=[0.9], flip_y=0, random_state=0)
    >>> X_new, y_new = VAEOverSampler(random_state=0).fit_resample(X, y)
    >>> np.bincount(y), np.bincount(y_new)
    (array([271,  29]), array([271, 271]))
    """

    n_components: int | str = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        group="network",
    )
    beta: float = param(
        1.0, Interval(Real, 0, None, closed="neither"), group="training"
    )
    draw: bool = param(True, "boolean", group="rows")

    _n_updates = 800

    def _make(
        self,
        data: EncodedRows,
        wanted: np.ndarray,
        random_state: np.random.RandomState,
    ) -> MadeRows:
        n_inputs, n_classes = data.x.shape[1], len(data.classes)
        self.n_components_ = self.n_components
        if isinstance(self.n_components, str):
            self.n_components_ = min(max(-(-n_inputs // 2), 2), LONGEST_CODE)
        n_components = int(self.n_components_)
        config = {
            "n_inputs": n_inputs,
            "n_classes": n_classes,
            "n_components": n_components,
            "hidden_layer_sizes": self._sizes(),
        }
        distribution = data.distribution(learns_scale=True)
        loss = ElboLoss(distribution, 2 * n_inputs, n_components, beta=self.beta)
        inputs = {"x": data.x, "classes": data.one_hot}
        module: Any
        module, self.history_ = learn(
            Network("conditional_vae", config),
            loss,
            inputs,
            data,
            self._effort(),
            random_state,
        )
        codes = np.repeat(np.arange(n_classes), wanted)
        drawn = random_state.normal(size=(len(codes), n_components))
        latent = as_tensor(drawn, torch.float32)
        classes = torch.eye(n_classes)[as_tensor(codes)]
        device = next(module.parameters()).device
        generator = torch_generator(random_state, device)

        def decode(rows: slice) -> torch.Tensor:
            raw = module.decode(latent[rows].to(device), classes[rows].to(device))[0]
            if self.draw:
                return distribution.draw(raw, generator)
            return distribution.mean(raw)

        x = apply(module, decode, len(codes))
        weight = [data.usual_weight(code) for code in range(n_classes)]
        return MadeRows(x, codes, np.repeat(weight, wanted))
