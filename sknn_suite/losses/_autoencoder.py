"""What autoencoders minimise: the reconstruction's loss, plus penalties."""

import torch
from torch import Tensor

from sknn_suite.losses._base import Loss, weighted_mean
from sknn_suite.losses._reconstruction import Distribution

# Mean activations are kept away from 0 and 1, where their divergence is infinite.
SMALLEST_ACTIVATION = 1e-4


class AutoencoderLoss(Loss):
    """Negative log-likelihood of rows under their reconstruction, plus penalties.

    It is divided by the number of features while it is optimised, and reported as the
    sum over features. Each of several nets side by side has its own.

    Parameters
    ----------
    distribution : Distribution
        Rows around their reconstruction.
    n_outputs, n_components : int
        Raw outputs of the decoder, and length of the code after them.
    sparsity : float, default=0.0
        Strength of the penalty on codes.
    sparsity_target : float, default=None
        Mean activation, in (0, 1), that each component aims for over a batch, after a
        sigmoid; None penalises absolute values.
    contractive : float, default=0.0
        Strength of the penalty on the encoder's squared slope.
    trim : float, default=0.0
        Share of the rows of a batch, those with the largest loss of a net, that is left
        out for this net.

    Shape
    -----
    raw : (n_members, n_samples, n_outputs + n_codes [+ 1]), float
    target : (n_samples, n_features), float
    weight : (n_samples,) or (n_members, n_samples), float, or None
    returns : (n_members,)

    References
    ----------
    Ng, "Sparse autoencoder", CS294A lecture notes, 2011 (sparsity_target).
    Rifai et al., "Contractive Auto-Encoders", ICML 2011.
    """

    def __init__(
        self,
        distribution: Distribution,
        n_outputs: int,
        n_components: int,
        *,
        sparsity: float = 0.0,
        sparsity_target: float | None = None,
        contractive: float = 0.0,
        trim: float = 0.0,
    ) -> None:
        super().__init__()
        self.distribution = distribution
        self.out_activation = distribution.out_activation
        self.n_outputs = n_outputs
        self.n_components = n_components
        self.n_codes = n_components
        self.sparsity = sparsity
        self.sparsity_target = sparsity_target
        self.contractive = contractive
        self.trim = trim
        targets_means = sparsity > 0 and sparsity_target is not None
        self.is_mean_of_rows = trim == 0 and not targets_means

    def codes(self, raw: Tensor) -> Tensor:
        """Codes after the decoder's outputs."""
        return raw[..., self.n_outputs : self.n_outputs + self.n_codes]

    def reconstruction(self, raw: Tensor, target: Tensor) -> Tensor:
        """Negative log-likelihood of each net and row, (n_members, n_samples)."""
        return self._of_features(raw, target).sum(dim=-1)

    def _of_features(self, raw: Tensor, target: Tensor) -> Tensor:
        """Negative log-likelihood of each net, row and feature."""
        return self.distribution.neg_log_likelihood(raw[..., : self.n_outputs], target)

    def penalties(self, raw: Tensor) -> Tensor | float:
        """Penalties of each net and row, (n_members, n_samples) or 0."""
        total: Tensor | float = 0.0
        if self.sparsity > 0 and self.sparsity_target is None:
            codes = self.codes(raw)[..., : self.n_components]
            total = total + self.sparsity * codes.abs().sum(dim=-1)
        n_before = self.n_outputs + self.n_codes
        if self.contractive > 0 and raw.shape[-1] > n_before:
            total = total + self.contractive * raw[..., n_before]
        return total

    def rows(self, raw: Tensor, target: Tensor) -> Tensor:
        losses = self.reconstruction(raw, target) + self.penalties(raw)
        return losses / self._n_features

    def mean(self, raw: Tensor, target: Tensor) -> Tensor:
        return self(raw, target)

    def reported(self, loss: float, n_outputs: int) -> float:
        return loss * self._n_features

    def forward(
        self, raw: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        if weight is None and not (self.training and self.trim > 0):
            loss = self._plain_mean(raw, target)
        else:
            losses = self.rows(raw, target)
            if self.training and self.trim > 0:
                weight = _trimmed(losses.detach(), weight, self.trim)
            assert weight is not None  # given, or made by trimming
            loss = weighted_mean(losses, weight)
        if self.sparsity > 0 and self.sparsity_target is not None:
            loss = loss + self._activation_penalty(raw, weight, self.sparsity_target)
        return loss

    def _plain_mean(self, raw: Tensor, target: Tensor) -> Tensor:
        """Mean of `rows`, by one sum in place of one in each direction."""
        total = self._of_features(raw, target).sum(dim=(-2, -1))
        penalties = self.penalties(raw)
        if isinstance(penalties, Tensor):
            total = total + penalties.sum(dim=-1)
        return total / (raw.shape[-2] * self._n_features)

    def _activation_penalty(
        self, raw: Tensor, weight: Tensor | None, target: float
    ) -> Tensor:
        """KL divergence of each net's mean activations from `target`."""
        active = torch.sigmoid(self.codes(raw)[..., : self.n_components])
        if weight is None:
            mean = active.mean(dim=-2)
        else:
            share = weight / weight.sum(dim=-1, keepdim=True)
            mean = (active * share.unsqueeze(-1)).sum(dim=-2)
        mean = mean.clamp(SMALLEST_ACTIVATION, 1 - SMALLEST_ACTIVATION)
        divergence = target * torch.log(target / mean)
        divergence = divergence + (1 - target) * torch.log((1 - target) / (1 - mean))
        return self.sparsity * divergence.sum(dim=-1) / self._n_features

    @property
    def _n_features(self) -> int:
        return self.distribution.n_features


class ElboLoss(AutoencoderLoss):
    """Negative evidence lower bound: reconstruction plus `beta` times a divergence.

    The divergence of each code's normal distribution from the standard one is the
    analytic one; its mean over rows and nets is the part "kl" of the history.

    Parameters
    ----------
    distribution, n_outputs, n_components, **kwargs
        Those of `AutoencoderLoss`.
    beta : float, default=1.0
        Factor of the divergence; 1 is the lower bound.
    warmup : float, default=0.0
        Part of the training over which that factor rises from zero.

    References
    ----------
    Higgins et al., "beta-VAE", ICLR 2017. Bowman et al., "Generating Sentences from a
    Continuous Space", CoNLL 2016 (warm-up).
    """

    part_names = ("kl",)

    def __init__(
        self,
        distribution: Distribution,
        n_outputs: int,
        n_components: int,
        *,
        beta: float = 1.0,
        warmup: float = 0.0,
        **kwargs: float,
    ) -> None:
        super().__init__(distribution, n_outputs, n_components, **kwargs)
        self.n_codes = 2 * n_components
        self.beta = beta
        self.warmup = warmup
        self.follows_progress = warmup > 0
        self._kl = torch.zeros(())

    @property
    def factor(self) -> float:
        """Factor of the divergence at this point of the training."""
        if self.warmup == 0:
            return self.beta
        return self.beta * min(self.progress / self.warmup, 1.0)

    def penalties(self, raw: Tensor) -> Tensor | float:
        divergence = kl_divergence(self.codes(raw))
        self._kl = divergence.detach().mean()
        return super().penalties(raw) + self.factor * divergence

    def parts(self) -> dict[str, Tensor]:
        return {"kl": self._kl}


def kl_divergence(codes: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)), summed over components.

    Parameters
    ----------
    codes : Tensor of shape (..., 2 * n_components)
        Means, then logarithms of variances.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.losses import kl_divergence
    >>> kl_divergence(torch.tensor([1.0, 0.0])).item()
    0.5
    """
    mean, log_variance = codes.chunk(2, dim=-1)
    terms = torch.addcmul(log_variance.exp() - log_variance, mean, mean)
    return 0.5 * terms.sum(dim=-1) - 0.5 * mean.shape[-1]


def _trimmed(losses: Tensor, weight: Tensor | None, trim: float) -> Tensor:
    """Weights without each net's largest losses, up to a share `trim` of the weight.

    The row on the border keeps the rest, so that a weight of 2 stays the same as the
    row twice.
    """
    weight = torch.ones_like(losses) if weight is None else weight.expand_as(losses)
    order = losses.argsort(dim=-1)
    weight = weight.gather(-1, order)
    before = weight.cumsum(dim=-1) - weight
    room = (1 - trim) * weight.sum(dim=-1, keepdim=True) - before
    kept = torch.minimum(weight, room.clamp(min=0))
    return torch.empty_like(weight).scatter_(-1, order, kept)
