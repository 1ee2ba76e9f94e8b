"""The network over steps: recurrent layers, pooling, a dense head, a wide branch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite._bundle import CodedRows
from sknn_suite.modules._dropout import Dropout, SpatialDropout
from sknn_suite.modules._init import init_linear
from sknn_suite.modules._norm import BatchNorm
from sknn_suite.modules._pooling import Pooling
from sknn_suite.modules._recurrent import RecurrentLayer, reverse_order
from sknn_suite.modules._token_embedding import TokenEmbedding
from sknn_suite.modules._wide import WideBranch

# Share of the network in the mean of its raw scores and the wide branch's: less than
# half, for it is the surer of the two. The mean of raw scores is the geometric mean of
# probabilities, whose log-loss is lower than that of the arithmetic one.
SHARE = 0.4


class SequenceNet(nn.Module):
    """Recurrent network over numbers or tokens, with a wide branch if asked for.

    Each recurrent layer runs on the one below. The last is pooled in all ways named,
    the others by attention if it is among them, and all that goes side by side through
    a dense layer. With a wide branch the raw scores of both are averaged; in training
    the network answers alone, or it would learn what the branch has left.

    Parameters
    ----------
    n_inputs : int
        Numbers per step; for tokens they come from `embedding`.
    hidden_sizes : sequence of int
        Units of each recurrent layer, in each direction.
    n_outputs : int
        Number of raw scores.
    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Kind of cell.
    bidirectional : bool, default=True
        Whether layers run in both directions.
    pooling : sequence of {"attention", "mean", "max", "last"}
        See `Pooling`.
    dense_size : int, default=0
        Units of the dense layer; 0 for none.
    batch_norm : bool, default=False
        Whether the dense layer is batch-normalised.
    spatial_dropout, recurrent_dropout, dropout : float, default=0.0
        Probability that a channel of the input, the state of a unit, or a number
        before or behind the dense layer is dropped.
    max_bptt : int or None, default=None
        Steps through which gradients flow back.
    embedding : dict or None, default=None
        Arguments of `TokenEmbedding`.
    n_grams : int, default=0
        N-grams of the wide branch; 0 for no branch.
    embedding_rate : float, default=1.0
        Share of the learning rate of given word vectors.
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    lengths : (n_samples,)
    values : (n_samples, n_steps, n_inputs), or
    tokens : CodedRows of (n_samples, n_steps)
    words, runs : see `WideBranch`
    returns : (n_samples, n_outputs)

    References
    ----------
    The default is the two-path network that solutions of Kaggle's Quora Insincere
    Questions Classification (2018) used, beside a wide branch: Cheng et al., "Wide &
    Deep Learning for Recommender Systems", DLRS 2016.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import SequenceNet
    >>> net = SequenceNet(3, (8,), 2, pooling=("mean",), device="cpu")
    >>> net(torch.tensor([5, 2]), values=torch.zeros(2, 5, 3)).shape
    torch.Size([2, 2])
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_sizes: Sequence[int],
        n_outputs: int,
        cell: str = "lstm",
        bidirectional: bool = True,
        pooling: Sequence[str] = ("attention", "mean", "max"),
        dense_size: int = 0,
        batch_norm: bool = False,
        spatial_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        dropout: float = 0.0,
        max_bptt: int | None = None,
        embedding: dict[str, Any] | None = None,
        n_grams: int = 0,
        embedding_rate: float = 1.0,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.embedding = None
        if embedding is not None:
            self.embedding = TokenEmbedding(**embedding, device=device)
            n_inputs = self.embedding.n_outputs
        self.input_dropout = SpatialDropout(spatial_dropout, channel_dim=-1)
        layers, poolings = [], []
        for depth, n_hidden in enumerate(hidden_sizes, 1):
            layer = RecurrentLayer(
                cell,
                n_inputs,
                n_hidden,
                bidirectional,
                recurrent_dropout,
                max_bptt,
                device,
            )
            kinds = tuple(pooling)
            if depth < len(hidden_sizes):
                kinds = tuple(kind for kind in kinds if kind == "attention")
            n_inputs = layer.n_outputs
            layers.append(layer)
            poolings.append(Pooling(n_inputs, kinds, bidirectional, device))
        self.layers = nn.ModuleList(layers)
        self.poolings = nn.ModuleList(poolings)
        n_pooled = sum(p.n_outputs for p in poolings)
        self.dropout = Dropout(dropout)
        self.dense = self.norm = None
        if dense_size:
            self.dense = nn.Linear(n_pooled, dense_size, device=device)
            if batch_norm:
                self.norm = BatchNorm(dense_size, device=device)
        self.output = nn.Linear(dense_size or n_pooled, n_outputs, device=device)
        self.wide = WideBranch(n_grams, n_outputs, device) if n_grams else None
        self.embedding_rate = embedding_rate

    def depth_groups(self) -> list[list[nn.Parameter]]:
        """Parameters of each layer, from input to output; given vectors come first."""
        groups: list[list[nn.Parameter]] = []
        if self.embedding is not None:
            own = dict(self.embedding.named_parameters())
            groups.append([p for name, p in own.items() if name == "vectors"])
            groups.append([p for name, p in own.items() if name != "vectors"])
        for layer, pooling in zip(self.layers, self.poolings):
            groups.append([*layer.parameters(), *pooling.parameters()])
        head = [m for m in (self.dense, self.norm) if m is not None]
        groups.append([p for m in head for p in m.parameters()])
        groups.append(list(self.output.parameters()))
        return [group for group in groups if group]

    def rate_shares(self) -> list[float]:
        """Share of the learning rate of each layer."""
        groups = self.depth_groups()
        shares = [1.0] * len(groups)
        if self.embedding is not None and self.embedding.vectors is not None:
            shares[0] = self.embedding_rate
        return shares

    def reset_parameters(
        self, random_state: np.random.RandomState, vectors: np.ndarray | None = None
    ) -> None:
        """Draw initial weights; `vectors` are the given ones of words."""
        if self.embedding is not None:
            self.embedding.reset_parameters(random_state, vectors)
        for part in (*self.layers, *self.poolings):
            part.reset_parameters(random_state)
        if self.dense is not None:
            init_linear(self.dense, "he", "relu", random_state)
        if self.norm is not None:
            self.norm.reset_parameters()
        init_linear(self.output, "glorot", "identity", random_state)
        if self.wide is not None:
            self.wide.reset_parameters()

    def forward(
        self,
        lengths: Tensor,
        values: Tensor | None = None,
        tokens: CodedRows | None = None,
        words: CodedRows | None = None,
        runs: Tensor | None = None,
    ) -> Tensor:
        x = self._read(values, tokens)
        known, order = self._unequal(lengths, x.shape[1])
        pooled = []
        for layer, pooling in zip(self.layers, self.poolings):
            x = layer(x, order)
            if pooling.kinds:
                pooled.append(pooling(x, known))
        deep = self._judge(torch.cat(pooled, dim=1))
        if self.wide is None or self.training:
            return deep
        return SHARE * deep + (1 - SHARE) * self.wide(words, runs)

    def look_up(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Look each word up once for all batches of a prediction.

        Parameters
        ----------
        inputs : dict
            Inputs, tokens and words as `RaggedRows`.

        Returns
        -------
        dict
            The same with what evaluation makes of each word for tables.
        """
        parts = {"tokens": self.embedding, "words": self.wide}
        return inputs | {
            name: replace(inputs[name], table=part.look_up(inputs[name].table))
            for name, part in parts.items()
            if part is not None
        }

    def weigh(self, lengths: Tensor, tokens: CodedRows, **others: Any) -> Tensor:
        """Attention of each token, the mean of all layers that have attention."""
        x = self._read(None, tokens)
        known, order = self._unequal(lengths, x.shape[1])
        weights = []
        poolings: Any = self.poolings
        for layer, pooling in zip(self.layers, poolings):
            x = layer(x, order)
            if pooling.attention is not None:
                weights.append(pooling.weigh(x, known))
        return torch.stack(weights).mean(dim=0)

    def _read(self, values: Tensor | None, tokens: CodedRows | None) -> Tensor:
        x = values if self.embedding is None else self.embedding(tokens)
        return self.input_dropout(x)

    def _unequal(
        self, lengths: Tensor, longest: int
    ) -> tuple[Tensor | None, Tensor | None]:
        """Lengths and the order of reversed rows, or None twice if all are equal."""
        if not (self.training or lengths.is_cuda) and bool((lengths == longest).all()):
            return None, None
        return lengths, reverse_order(lengths, longest)

    def _judge(self, pooled: Tensor) -> Tensor:
        if self.dense is None:
            return self.output(self.dropout(pooled))
        x = torch.relu(self.dense(self.dropout(pooled)))
        if self.norm is not None:
            x = self.norm(x)
        return self.output(self.dropout(x))
