"""Tokens to vectors: the word, its pieces, and what others know of it."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sknn_suite._bundle import CodedRows, as_tensor
from sknn_suite.modules._dropout import OwnedRandomness

# Number of the unknown word, and the first number of a known one.
UNKNOWN, FIRST_WORD = 1, 3

# Deviation of vectors that are yet to be learnt, and of given ones, which know more.
SPREAD, SPREAD_OF_GIVEN = 0.1, 1.0


class TokenEmbedding(OwnedRandomness, nn.Module):
    """Vector of a word plus the mean of those of its pieces [1]_, beside a given one.

    Each word of a batch is looked up once, however often it occurs. Several networks
    have vectors of their own side by side; those given are the same for all.

    Parameters
    ----------
    n_words, size : int
        Numbers of words, and length of their vectors.
    n_networks : int, default=1
        Networks that read the vectors.
    n_pieces : int, default=0
        Buckets of pieces of words.
    n_vectors, vector_size : int, default=0
        Number and length of given vectors.
    dropout : float, default=0.0
        Probability that a word of a batch is taken for an unknown one in training, by
        which the unknown word and the pieces learn what they stand for. Each network
        draws by itself.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    tokens : CodedRows of (n_samples, n_tokens), whose table holds the numbers of each
        word, or what `look_up` says of them
    returns : for each network (n_samples, n_tokens, size + vector_size)

    References
    ----------
    .. [1] Bojanowski et al., "Enriching Word Vectors with Subword Information",
       TACL 5, 2017.
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
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.p = dropout
        self.n_networks = n_networks
        self.n_outputs = size + vector_size
        self.words = self.pieces = self.vectors = None
        if size:
            self.words = _table(n_words, n_networks * size, device)
        if size and n_pieces:
            self.pieces = _table(n_pieces + 1, n_networks * size, device)
        # Without a vector of its own a word has that in row 0, of zeros.
        if vector_size:
            self.vectors = _table(n_vectors + 1, vector_size, device)

    @torch.no_grad()
    def reset_parameters(
        self, random_state: np.random.RandomState, vectors: np.ndarray | None
    ) -> None:
        """Draw what is learnt, and copy what is given, scaled to one spread."""
        for table in (self.words, self.pieces):
            if table is not None:
                drawn = random_state.normal(0, SPREAD, tuple(table.shape))
                drawn[0] = 0
                table.copy_(as_tensor(drawn))
        if self.vectors is not None:
            self.vectors.zero_()
            if vectors is not None:
                scale = SPREAD_OF_GIVEN / max(float(vectors.std()), 1e-12)
                self.vectors[1:] = as_tensor(vectors * scale)

    def forward(self, tokens: CodedRows) -> list[Tensor]:
        if tokens.table.is_floating_point():  # looked up already
            return self._part(F.embedding(tokens.codes, tokens.table))
        codes, positions = torch.unique(tokens.codes, return_inverse=True)
        table = self.look_up(tokens.table[codes.long()])
        return self._part(F.embedding(positions, table))

    def _part(self, x: Tensor) -> list[Tensor]:
        """Cut vectors into those of each network, and give each the given ones."""
        if self.n_networks == 1:
            return [x]
        n_given = 0 if self.vectors is None else self.vectors.shape[1]
        own, given = x.split([x.shape[2] - n_given, n_given], dim=2)
        parts = own.tensor_split(self.n_networks, dim=2)
        return [torch.cat([part, given], dim=2) for part in parts]

    def look_up(self, entries: Tensor) -> Tensor:
        """Vectors of words.

        Shape
        -----
        entries : (n_words, 2 + n_pieces), numbers of the word, its vector and pieces
        returns : (n_words, n_networks * size + vector_size)
        """
        parts = []
        if self.words is not None:
            vector = F.embedding(entries[:, 0], self.words, padding_idx=0)
            if self.training and self.p > 0:
                vector = self._drop(entries[:, 0], vector)
            if self.pieces is not None and entries.shape[1] > 2:
                vector = vector + self._mean_of_pieces(entries[:, 2:].contiguous())
            parts.append(vector)
        if self.vectors is not None:
            parts.append(F.embedding(entries[:, 1], self.vectors, padding_idx=0))
        return torch.cat(parts, dim=1)

    def _mean_of_pieces(self, numbers: Tensor) -> Tensor:
        pieces = self.pieces
        assert pieces is not None
        if self.training:
            return F.embedding_bag(numbers, pieces, mode="mean", padding_idx=0)
        # The padding's row holds zeros; sums alone, without a gradient, are fast.
        sums = F.embedding_bag(numbers, pieces.detach(), mode="sum")
        return sums / (numbers != 0).sum(dim=1, keepdim=True).clamp_(min=1)

    def _drop(self, words: Tensor, vectors: Tensor) -> Tensor:
        """Put the unknown word's vector in place of some, in each network others."""
        assert self.words is not None
        shape = (len(words), self.n_networks, 1)
        drawn = torch.rand(shape, generator=self.generator, device=words.device)
        dropped = (drawn < self.p) & (words >= FIRST_WORD)[:, None, None]
        parts = vectors.view(len(words), self.n_networks, -1)
        unknown = self.words[UNKNOWN].view(self.n_networks, -1)
        return torch.where(dropped, unknown, parts).view(vectors.shape)


def _table(n: int, size: int, device: torch.device | str) -> nn.Parameter:
    return nn.Parameter(torch.empty(n, size, device=device))
