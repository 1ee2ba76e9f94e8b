"""The wide branch: n-grams straight to the scores."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class WideBranch(nn.Module):
    """Linear model over the n-grams of a text, whose weights are solved for beforehand.

    Its best weights are those of a convex problem; gradient steps of the network would
    only come near them. They are buffers: training leaves them as they are.

    Parameters
    ----------
    n_grams : int
        N-grams that are known.
    n_outputs : int
        Number of raw scores.
    device : torch.device or str, default="meta"
        Where weights live, see `MLP`.

    Shape
    -----
    grams : (n_samples, most), numbers from 2; 1 is unknown, 0 the padding
    returns : (n_samples, n_outputs)

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import WideBranch
    >>> branch = WideBranch(n_grams=2, n_outputs=1, device="cpu")
    >>> branch.set_weights(torch.tensor([[8.0], [-4.0]]), torch.zeros(1))
    >>> branch(torch.tensor([[2, 0], [2, 2]])).flatten().round().tolist()
    [8.0, 11.0]
    """

    def __init__(
        self, n_grams: int, n_outputs: int, device: torch.device | str = "meta"
    ) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor
        weight = torch.empty(n_grams + 2, n_outputs, device=device)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", torch.empty(n_outputs, device=device))

    def reset_parameters(self) -> None:
        """Set all weights to zero."""
        self.weight.zero_()
        self.bias.zero_()

    def set_weights(self, weight: Tensor, bias: Tensor) -> None:
        """Set the weights of the known n-grams, (n_grams, n_outputs), and the bias."""
        self.weight[:2] = 0
        self.weight[2:] = weight
        self.bias.copy_(bias)

    def forward(self, grams: Tensor) -> Tensor:
        if grams.shape[1] == 0:
            return self.bias.expand(len(grams), -1)
        total = F.embedding_bag(grams, self.weight, mode="sum", padding_idx=0)
        # Unknown n-grams have no weight, but count: they make the others less sure.
        n = (grams != 0).sum(dim=1, keepdim=True).clamp_(min=1)
        return total / n.to(total.dtype).sqrt() + self.bias
