"""GANOverSampler: rows made by a generator that a discriminator has taught."""

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
import torch

from sknn_suite.data import as_tensor
from sknn_suite.doors import Interval, torch_generator
from sknn_suite.imbalance._adversaries import Duel
from sknn_suite.imbalance._generative import GenerativeOverSampler
from sknn_suite.imbalance._learning import EncodedRows, MadeRows, apply
from sknn_suite.parameters import param, parameters, redefault


@parameters
class GANOverSampler(GenerativeOverSampler):
    """Rows of small classes, made by a conditional Wasserstein GAN.

    A generator turns noise and a class into a row; a discriminator learns how far made
    rows are from real ones of this class, and the generator to bring them closer. The
    penalty on the discriminator's slope keeps the two in balance. It needs more time
    and rows than `VAEOverSampler`, and follows shapes that no normal distribution has.
    Like all oversampling it seldom beats class weights: compare.

    Parameters
    ----------
    n_components : int, default=16
        Length of the noise from which a row is made.

    n_critic : int, default=3
        Updates of the discriminator for each one of the generator. Raise it when
        "distance" in `history_` swings.

    gradient_penalty : float, default=1.0
        Strength of the penalty on slopes of the discriminator other than one, in
        (0, inf). The paper has 10, for images; columns here are of the order of one,
        and classes lie close together.

    hidden_layer_sizes : int or array-like of int, default=(64, 64)
        Number of units in each hidden layer of both networks. One layer is too little
        to judge how columns depend on each other.

    learning_rate_init : float, default=0.002
        Step size of the generator at the start, in (0, inf); it falls as a cosine. That
        of the discriminator is twice as large.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows that were made of each class.

    sample_weight_ : ndarray of shape (n_new_samples,) or None
        Weights of the new rows, if `fit_resample` was given weights; made rows have the
        mean weight of their class.

    history_ : list of dict
        One record per epoch: epoch, generator_loss, discriminator_loss, distance (of
        made rows from real ones, in the discriminator's eyes), penalty, learning_rate,
        seconds.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    VAEOverSampler : Faster, and calmer with few rows.
    LatentSMOTE : Mixes the codes of real rows.

    Notes
    -----
    Made numbers stay in the range of their column, and are whole where all of it is.
    Categories are drawn by the shares that the generator has learnt; a gap is one of
    them. Rows are made by the average of the generator's weights.

    References
    ----------
    Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.

    Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_classification
    >>> from sknn_suite.imbalance import GANOverSampler
    >>> X, y = make_classification(300, weights=[0.9], flip_y=0, random_state=0)
    >>> sampler = GANOverSampler(max_iter=5, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> np.bincount(y_new), len(sampler.history_)
    (array([271, 271]), 5)
    """

    n_components: int = param(
        16, Interval(Integral, 1, None, closed="left"), group="network"
    )
    n_critic: int = param(
        3, Interval(Integral, 1, None, closed="left"), group="training"
    )
    gradient_penalty: float = param(
        1.0, Interval(Real, 0, None, closed="neither"), group="training"
    )
    hidden_layer_sizes: int | Sequence[int] = redefault(
        "hidden_layer_sizes", GenerativeOverSampler, (64, 64)
    )
    learning_rate_init: float = redefault(
        "learning_rate_init", GenerativeOverSampler, 2e-3
    )

    _n_updates = 600

    def _make(
        self,
        data: EncodedRows,
        wanted: np.ndarray,
        random_state: np.random.RandomState,
    ) -> MadeRows:
        duel = Duel(
            data,
            self._sizes(),
            self.n_components,
            self.n_critic,
            self.gradient_penalty,
            self._effort(),
        )
        generator, self.history_ = duel.fight(random_state)
        n_classes = len(data.classes)
        codes = np.repeat(np.arange(n_classes), wanted)
        drawn = random_state.normal(size=(len(codes), self.n_components))
        noise = as_tensor(drawn, torch.float32)
        classes = torch.eye(n_classes)[as_tensor(codes)]
        device = next(generator.module.parameters()).device
        draws = torch_generator(random_state, device)
        x = apply(
            generator.module,
            lambda rows: generator.make(
                classes[rows].to(device), noise[rows].to(device), draws
            ),
            len(codes),
        )
        weight = [data.usual_weight(code) for code in range(n_classes)]
        return MadeRows(x, codes, np.repeat(weight, wanted))
