"""Tokens to vectors: of the word, of its pieces, and given ones."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sknn_suite.data import CodedRows, as_tensor
from sknn_suite.modules._dropout import OwnedRandomness

# Number of the unknown word, and the first number of a known one.
UNKNOWN, FIRST_WORD = 1, 3

# Deviation of learnt vectors at the start.
SPREAD = 0.1


class WordVectors(OwnedRandomness, nn.Module):
    """Learnt vectors: that of a word, plus the mean of those of its pieces [1]_.

    Parameters
    ----------
    n_words, size : int
        Numbers of words, and length of their vectors.
    n_pieces : int, default=0
        Buckets of pieces of words.
    dropout : float, default=0.0
        Probability that training treats a word of a batch as unknown, so that the
        unknown word and the pieces learn as well.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    entries : (n_words, 2 + n_pieces), numbers of each word, its given vector and pieces
    returns : (n_words, size)

    References
    ----------
    .. [1] Bojanowski et al., "Enriching Word Vectors with Subword Information",
       TACL 5, 2017.
    """

    def __init__(
        self,
        n_words: int,
        size: int,
        n_pieces: int = 0,
        dropout: float = 0.0,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.p = dropout
        self.words = _table(n_words, size, device)
        self.pieces = _table(n_pieces + 1, size, device) if n_pieces else None

    @torch.no_grad()
    def reset_parameters(self, random_state: np.random.RandomState) -> None:
        """Draw the vectors of words and pieces; those of the padding are zero."""
        for table in self.parameters():
            drawn = random_state.normal(0, SPREAD, tuple(table.shape))
            drawn[0] = 0
            table.copy_(as_tensor(drawn))

    def forward(self, entries: Tensor) -> Tensor:
        words = self._drop(entries[:, 0])
        vector = F.embedding(words, self.words, padding_idx=0)
        if self.pieces is None or entries.shape[1] == 2:
            return vector
        return vector + self._mean_of_pieces(entries[:, 2:].contiguous())

    def _mean_of_pieces(self, numbers: Tensor) -> Tensor:
        pieces = self.pieces
        assert pieces is not None
        if self.training:
            return F.embedding_bag(numbers, pieces, mode="mean", padding_idx=0)
        # The padding's row holds zeros; sums alone, without a gradient, are fast.
        sums = F.embedding_bag(numbers, pieces.detach(), mode="sum")
        return sums / (numbers != 0).sum(dim=1, keepdim=True).clamp_(min=1)

    def _drop(self, words: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return words
        drawn = torch.rand(words.shape, generator=self.generator, device=words.device)
        dropped = (drawn < self.p) & (words >= FIRST_WORD)
        return words.masked_fill(dropped, UNKNOWN)


class TokenEmbedding(nn.Module):
    """Vectors of tokens: those that each network learns, beside given ones.

    Each word of a batch is looked up once, however often it occurs.

    Parameters
    ----------
    n_words, size, n_pieces, dropout, device
        See `WordVectors`; with `size` 0 nothing is learnt.
    n_networks : int, default=1
        Networks that learn their own vectors.
    n_vectors, vector_size : int, default=0
        Number and length of given vectors, which are the same for all.
    spread_of_given : float, default=1.0
        Standard deviation to which given vectors are scaled.

    Shape
    -----
    tokens : CodedRows of (n_samples, n_tokens), whose table holds the numbers of each
        word, or what `look_up` returns for them
    returns : for each network (n_samples, n_tokens, size + vector_size)
    """

    def __init__(
        self,
        n_words: int,
        size: int,
        n_networks: int = 1,
        n_pieces: int = 0,
        n_vectors: int = 0,
        vector_size: int = 0,
        dropout: float = 0.0,
        spread_of_given: float = 1.0,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.spread_of_given = spread_of_given
        self.n_networks = n_networks
        self.n_outputs = size + vector_size
        self.learnt = nn.ModuleList(
            WordVectors(n_words, size, n_pieces, dropout, device)
            for _ in range(n_networks if size else 0)
        )
        # A word without a given vector gets row 0, which holds zeros.
        self.vectors = None
        if vector_size:
            self.vectors = _table(n_vectors + 1, vector_size, device)

    @torch.no_grad()
    def reset_parameters(
        self, random_state: np.random.RandomState, vectors: np.ndarray | None
    ) -> None:
        """Draw the learnt vectors, and copy the given ones, scaled to one spread."""
        for part in self.learnt:
            assert isinstance(part, WordVectors)
            part.reset_parameters(random_state)
        if self.vectors is not None:
            self.vectors.zero_()
            if vectors is not None:
                scale = self.spread_of_given / max(float(vectors.std()), 1e-12)
                self.vectors[1:] = as_tensor(vectors * scale)

    def forward(self, tokens: CodedRows) -> list[Tensor]:
        if tokens.table.is_floating_point():  # looked up already
            return self._share_out(F.embedding(tokens.codes, tokens.table))
        codes, positions = torch.unique(tokens.codes, return_inverse=True)
        table = self.look_up(tokens.table[codes.long()])
        return self._share_out(F.embedding(positions, table))

    def look_up(self, entries: Tensor) -> Tensor:
        """Vectors of words, those of all networks side by side, then given ones.

        Shape
        -----
        entries : see `WordVectors`
        returns : (n_words, n_networks * size + vector_size)
        """
        parts = [part(entries) for part in self.learnt]
        if self.vectors is not None:
            parts.append(F.embedding(entries[:, 1], self.vectors, padding_idx=0))
        return torch.cat(parts, dim=1)

    def _share_out(self, x: Tensor) -> list[Tensor]:
        """Give each network its own part, and all of them the given vectors."""
        if x.shape[2] == self.n_outputs:
            return [x] * self.n_networks
        n_given = 0 if self.vectors is None else self.vectors.shape[1]
        own = [self.n_outputs - n_given] * self.n_networks
        *parts, given = x.split([*own, n_given], dim=2)
        return [torch.cat([part, given], dim=2) for part in parts]


def _table(n: int, size: int, device: torch.device | str) -> nn.Parameter:
    return nn.Parameter(torch.empty(n, size, device=device))
