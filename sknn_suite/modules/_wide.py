"""The wide branch: n-grams straight to the scores."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Initial weight of every n-gram: the branch starts as naive Bayes, toned down.
START = 0.1


class WideBranch(nn.Module):
    """Linear model over the n-grams of a text, scaled by their log-count ratios [1]_.

    On small data such a model is hard to beat: a ratio needs no training, and what is
    learnt is how far to trust it.

    Parameters
    ----------
    n_grams : int
        N-grams that are known.
    n_outputs : int
        Number of raw scores.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    grams : (n_samples, most), numbers from 1, padded with 0
    returns : (n_samples, n_outputs)

    References
    ----------
    .. [1] Wang & Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
       Classification", ACL 2012.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import WideBranch
    >>> branch = WideBranch(n_grams=3, n_outputs=1, device="cpu")
    >>> grams = torch.tensor([[1, 0], [2, 3]])
    >>> branch.set_ratios(grams, torch.tensor([[1.0], [0.0]]), None)
    >>> branch(grams).sign().tolist()
    [[1.0], [-1.0]]
    """

    def __init__(
        self, n_grams: int, n_outputs: int, device: torch.device | str = "meta"
    ) -> None:
        super().__init__()
        self.shape = (n_grams + 1, n_outputs)
        # Flat, so that penalties and decay know it for a bias.
        self.weight = nn.Parameter(torch.empty(self.shape[0] * n_outputs, device=device))
        self.bias = nn.Parameter(torch.empty(n_outputs, device=device))
        self.ratios: Tensor
        self.register_buffer("ratios", torch.empty(self.shape, device=device))

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Start all weights alike; ratios are zero until they are set."""
        self.weight.fill_(START)
        self.bias.zero_()
        self.ratios.zero_()

    @torch.no_grad()
    def set_ratios(self, grams: Tensor, target: Tensor, weight: Tensor | None) -> None:
        """Set the ratios from rows and their 0/1 targets, (n_samples, n_outputs)."""
        counts = self.ratios.new_zeros((2, *self.shape))
        count_grams(counts, grams, target.to(counts.dtype), weight)
        self.ratios.copy_(log_ratios(counts))

    def forward(self, grams: Tensor) -> Tensor:
        if grams.shape[1] == 0:
            return self.bias.expand(len(grams), -1)
        weight = self.weight.view(self.shape) * self.ratios
        total = F.embedding_bag(grams, weight, mode="sum", padding_idx=0)
        n = (grams != 0).sum(dim=1, keepdim=True).clamp_(min=1)
        return total / n.to(total.dtype).sqrt() + self.bias


def count_grams(
    counts: Tensor, grams: Tensor, target: Tensor, weight: Tensor | None
) -> None:
    """Add the n-grams of positive and of other rows to `counts`, (2, n_grams, k)."""
    if weight is not None:
        weight = weight.unsqueeze(1).to(counts.dtype)
    for side, part in enumerate((target, 1 - target)):
        share = part if weight is None else part * weight
        at = grams.reshape(-1).long()
        counts[side].index_add_(0, at, share.repeat_interleave(grams.shape[1], 0))


def log_ratios(counts: Tensor) -> Tensor:
    """Log of how much more often each n-gram occurs in positive rows than in others."""
    counts = counts[:, 1:] + 1  # without the padding
    share = counts / counts.sum(dim=1, keepdim=True)
    ratios = share[0].log() - share[1].log()
    return torch.cat([ratios.new_zeros(1, ratios.shape[1]), ratios])
