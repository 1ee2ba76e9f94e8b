"""How rows are distributed around their reconstruction: link and log-likelihood.

A distribution reads the raw outputs of a decoder: a number per feature, from which the
link makes the mean. If the scale is learnt, its logarithm per feature follows.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

# Bounds of a learnt logarithmic scale: a feature that is explained perfectly would
# otherwise have an infinite likelihood.
MIN_LOG_SCALE, MAX_LOG_SCALE = -4.0, 3.0

# Beyond this the mean of a count overflows in float32.
MAX_LOG_COUNT = 30.0

DEGREES_OF_FREEDOM = 4.0


class Distribution:
    """Distribution of each feature of a row, given the decoder's raw outputs.

    Parameters
    ----------
    n_features : int
        Number of features.
    learns_scale : bool, default=False
        Whether the raw outputs hold logarithms of scales after the means.

    Shape
    -----
    raw : (..., n_features) or, with scales, (..., 2 * n_features)
    x : (..., n_features)
    """

    # Name of the link, among scikit-learn's.
    out_activation = "identity"

    # Whether a scale can be learnt.
    has_scale = False

    def __init__(self, n_features: int, learns_scale: bool = False) -> None:
        self.n_features = n_features
        self.learns_scale = learns_scale

    def mean(self, raw: Tensor) -> Tensor:
        """Apply the link: the mean of each feature, (..., n_features)."""
        return raw[..., : self.n_features]

    def as_input(self, mean: Tensor) -> Tensor:
        """Turn means into the scale of the encoder's inputs."""
        return mean

    def neg_log_likelihood(self, raw: Tensor, x: Tensor) -> Tensor:
        """Negative log-likelihood of each feature, (..., n_features)."""
        raise NotImplementedError

    def draw(self, raw: Tensor, generator: torch.Generator) -> Tensor:
        """Draw rows, (..., n_features)."""
        raise NotImplementedError


class ScaleDistribution(Distribution):
    """A real number around its mean; the scale is one, or learnt.

    Subclasses write `standard`, the negative log-density at scale one.
    """

    has_scale = True

    def log_scale(self, raw: Tensor) -> Tensor | None:
        """Logarithm of the scale of each feature; None where it is one."""
        if not self.learns_scale:
            return None
        return raw[..., self.n_features :].clamp(MIN_LOG_SCALE, MAX_LOG_SCALE)

    def standard(self, z: Tensor) -> Tensor:
        """Negative log-density of the standardised residual."""
        raise NotImplementedError

    def neg_log_likelihood(self, raw: Tensor, x: Tensor) -> Tensor:
        residual = x - self.mean(raw)
        log_scale = self.log_scale(raw)
        if log_scale is None:
            return self.standard(residual)
        return self.standard(residual * torch.exp(-log_scale)) + log_scale

    def draw_standard(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Draw standardised residuals."""
        return torch.empty_like(like).normal_(generator=generator)

    def draw(self, raw: Tensor, generator: torch.Generator) -> Tensor:
        mean, log_scale = self.mean(raw), self.log_scale(raw)
        z = self.draw_standard(mean, generator)
        return mean + (z if log_scale is None else z * torch.exp(log_scale))


class Gaussian(ScaleDistribution):
    """Normal: squared error.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.losses import Gaussian
    >>> loss = Gaussian(1).neg_log_likelihood(torch.zeros(1), torch.zeros(1))
    >>> round(loss.item(), 4)
    0.9189
    """

    def standard(self, z: Tensor) -> Tensor:
        constant = z.new_full((), 0.5 * math.log(2 * math.pi))
        return torch.addcmul(constant, z, z, value=0.5)


class Huber(ScaleDistribution):
    """Normal in the middle, Laplace in the tails, so extreme rows have less effect.

    References
    ----------
    Huber, "Robust Estimation of a Location Parameter", 1964.
    """

    log_total = math.log(
        math.sqrt(2 * math.pi) * math.erf(math.sqrt(0.5)) + 2 * math.exp(-0.5)
    )

    def standard(self, z: Tensor) -> Tensor:
        near = z.abs().clamp(max=1.0)
        return near * (z.abs() - 0.5 * near) + self.log_total


class Laplace(ScaleDistribution):
    """Double exponential: absolute error; reconstructions are medians."""

    def standard(self, z: Tensor) -> Tensor:
        return z.abs() + math.log(2)

    def draw_standard(self, like: Tensor, generator: torch.Generator) -> Tensor:
        uniform = torch.empty_like(like).uniform_(-1, 1, generator=generator)
        return -uniform.sign() * torch.log1p(-uniform.abs())


class StudentT(ScaleDistribution):
    """Student's t with four degrees of freedom: heavy tails.

    References
    ----------
    Lange, Little & Taylor, "Robust Statistical Modeling Using the t Distribution",
    JASA 84, 1989.
    """

    log_total = (
        math.lgamma(DEGREES_OF_FREEDOM / 2)
        - math.lgamma((DEGREES_OF_FREEDOM + 1) / 2)
        + 0.5 * math.log(DEGREES_OF_FREEDOM * math.pi)
    )

    def standard(self, z: Tensor) -> Tensor:
        power = (DEGREES_OF_FREEDOM + 1) / 2
        return power * torch.log1p(z * z / DEGREES_OF_FREEDOM) + self.log_total

    def draw_standard(self, like: Tensor, generator: torch.Generator) -> Tensor:
        shape = (int(DEGREES_OF_FREEDOM), *like.shape)
        drawn = torch.empty(shape, dtype=like.dtype, device=like.device)
        chi_square = drawn.normal_(generator=generator).square().mean(dim=0)
        z = super().draw_standard(like, generator)
        return z / chi_square.sqrt()


class Bernoulli(Distribution):
    """Yes or no, or a share in [0, 1]; raw outputs are log-odds."""

    out_activation = "logistic"

    def mean(self, raw: Tensor) -> Tensor:
        return torch.sigmoid(raw)

    def neg_log_likelihood(self, raw: Tensor, x: Tensor) -> Tensor:
        return F.softplus(raw) - x.clamp(0, 1) * raw

    def draw(self, raw: Tensor, generator: torch.Generator) -> Tensor:
        return torch.bernoulli(self.mean(raw), generator=generator)


class Poisson(Distribution):
    """Counts; raw outputs are logarithms of their means.

    The encoder's inputs are log(1 + count), and `x` is these inputs.
    """

    out_activation = "exp"

    def mean(self, raw: Tensor) -> Tensor:
        return torch.exp(raw.clamp(max=MAX_LOG_COUNT))

    def as_input(self, mean: Tensor) -> Tensor:
        return torch.log1p(mean)

    def neg_log_likelihood(self, raw: Tensor, x: Tensor) -> Tensor:
        count = torch.expm1(x).clamp(min=0)
        return self.mean(raw) - count * raw + torch.lgamma(count + 1)

    def draw(self, raw: Tensor, generator: torch.Generator) -> Tensor:
        return torch.poisson(self.mean(raw), generator=generator)


class Categorical(Distribution):
    """One-hot columns in blocks, one column of each block is 1.

    Parameters
    ----------
    n_features : int
        Number of columns.
    block_sizes : sequence of int
        Columns of each block, from left to right.
    """

    out_activation = "softmax"

    def __init__(self, n_features: int, block_sizes: Sequence[int]) -> None:
        super().__init__(n_features)
        self.block_sizes = list(block_sizes)

    def _log_p(self, raw: Tensor) -> Tensor:
        blocks = raw.split(self.block_sizes, dim=-1)
        return torch.cat([torch.log_softmax(b, dim=-1) for b in blocks], dim=-1)

    def mean(self, raw: Tensor) -> Tensor:
        return self._log_p(raw).exp()

    def neg_log_likelihood(self, raw: Tensor, x: Tensor) -> Tensor:
        return -x * self._log_p(raw)

    def draw(self, raw: Tensor, generator: torch.Generator) -> Tensor:
        drawn = []
        for p in self.mean(raw).split(self.block_sizes, dim=-1):
            flat = p.reshape(-1, p.shape[-1])
            code = torch.multinomial(flat, 1, generator=generator)
            one_hot = torch.zeros_like(flat).scatter_(1, code, 1.0)
            drawn.append(one_hot.view(p.shape))
        return torch.cat(drawn, dim=-1)


DISTRIBUTIONS: dict[str, type[Distribution]] = {
    "gaussian": Gaussian,
    "huber": Huber,
    "laplace": Laplace,
    "student_t": StudentT,
    "bernoulli": Bernoulli,
    "poisson": Poisson,
}


def make_distribution(
    name: str, n_features: int, *, learns_scale: bool, block_sizes: Sequence[int] = ()
) -> Distribution:
    """Build the distribution `name`; only those with a scale can learn one."""
    if name == "categorical":
        return Categorical(n_features, block_sizes)
    kind = DISTRIBUTIONS[name]
    return kind(n_features, learns_scale and kind.has_scale)
