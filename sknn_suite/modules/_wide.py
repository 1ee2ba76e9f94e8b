"""The wide branch: n-grams straight to the scores."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sknn_suite.data import CodedRows, RaggedRows


def gram_values(of_words: RaggedRows, dtype: torch.dtype) -> Tensor:
    """Value of each n-gram of each word: 1 for the word, which comes first.

    Its k letter n-grams have 1 / sqrt(k), so that all of them together weigh as much as
    the word, and long words no more than short ones.

    Shape
    -----
    returns : (n_values,)
    """
    lengths = of_words.lengths
    share = (lengths - 1).clamp_(min=1).to(dtype).rsqrt_()
    values = torch.repeat_interleave(share, lengths)
    values[of_words.starts[:-1][lengths > 0]] = 1
    return values


class WideBranch(nn.Module):
    """Linear model over the n-grams of a text, whose weights are found beforehand.

    Its best weights solve a convex problem; gradient steps of the network would only
    come near them. They are buffers: training leaves them as they are.

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
    words : CodedRows of (n_samples, most), whose table holds n-grams of each word, or
    what `look_up` returns for them
    runs : (n_samples, most), n-grams of several words
    returns : (n_samples, n_outputs)

    N-grams have numbers from 2; 1 is unknown, 0 the padding.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.data import CodedRows, RaggedRows
    >>> from sknn_suite.modules import WideBranch
    >>> branch = WideBranch(n_grams=2, n_outputs=1, device="cpu")
    >>> branch.set_weights(torch.tensor([[8.0], [-4.0]]), torch.zeros(1))
    >>> of_words = RaggedRows(torch.tensor([0, 0, 2]), torch.tensor([2, 1]))
    >>> words = CodedRows(torch.tensor([[1, 0], [1, 1]]), of_words)
    >>> branch(words, torch.tensor([[3, 3], [0, 0]])).flatten().tolist()
    [0.0, 8.0]
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

    def forward(self, words: CodedRows, runs: Tensor) -> Tensor:
        table, positions = words.table, words.codes
        if not isinstance(table, Tensor):
            # Each word is looked up once, however many texts have it.
            codes, positions = torch.unique(words.codes, return_inverse=True)
            table = self.look_up(table.choose(codes.long()))
        both = F.embedding_bag(positions, table, mode="sum")
        total, n = both[:, :-1], both[:, -1:] + (runs != 0).sum(dim=1, keepdim=True)
        if runs.shape[1]:
            total = total + F.embedding_bag(
                runs, self.weight, mode="sum", padding_idx=0
            )
        return total / n.clamp_(min=1).sqrt_() + self.bias

    def look_up(self, of_words: RaggedRows) -> Tensor:
        """Sum up the weights of each word's n-grams, and their squared values.

        Unknown n-grams have weight zero, but count in the squares. So the scores of a
        text with many of them are close to the bias.

        Shape
        -----
        of_words : (n_words,), ragged
        returns : (n_words, n_outputs + 1)
        """
        values = of_words.values[: of_words.starts[-1]]
        sums = F.embedding_bag(
            values.long(),
            self.weight,
            of_words.starts[:-1],
            mode="sum",
            per_sample_weights=gram_values(of_words, self.weight.dtype),
        )
        squares = of_words.lengths.clamp(max=2)  # the word, and its letter n-grams
        return torch.cat([sums, squares[:, None].to(sums.dtype)], dim=1)
