"""The network over steps: recurrent networks side by side, and a wide branch."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sknn_suite.data import CodedRows
from sknn_suite.modules._recurrent import reverse_order
from sknn_suite.modules._recurrent_net import RecurrentNet
from sknn_suite.modules._token_embedding import TokenEmbedding
from sknn_suite.modules._wide import WideBranch

# Share of the networks in the average with the wide branch. It is less than half,
# because confident predictions of the branch are wrong less often. Raw scores are
# averaged, not probabilities, because this gives a lower log-loss.
SHARE_OF_NETWORKS = 0.4


class SequenceNet(nn.Module):
    """Recurrent networks over numbers or tokens, with a wide branch if asked for.

    Each network starts from its own weights, those of tokens included, and learns
    alone. Predictions use the mean of their raw scores, which is better than any of
    them [1]_. The raw scores of a wide branch are averaged with theirs [2]_. Training
    leaves the branch out; otherwise the networks would learn only what it misses.

    Parameters
    ----------
    n_inputs : int
        Numbers per step; for tokens they come from `embedding`.
    net : dict
        Arguments of each `RecurrentNet`, except the number of its inputs.
    n_networks : int, default=1
        Number of networks.
    embedding : dict or None, default=None
        Arguments of `TokenEmbedding`, except the number of networks.
    n_grams : int, default=0
        N-grams of the wide branch; 0 for no branch.
    embedding_rate : float, default=1.0
        Share of the learning rate of given word vectors.
    share : float, default=0.4
        Share of the networks in the mean with a wide branch, in [0, 1].
    device : torch.device or str, default="meta"
        Where parameters live, see `MLP`.

    Shape
    -----
    lengths : (n_samples,)
    values : (n_samples, n_steps, n_inputs), or
    tokens : CodedRows of (n_samples, n_steps)
    words, runs : see `WideBranch`
    returns : (n_samples, n_outputs); several networks in training: (n_networks,
        n_samples, n_outputs)

    References
    ----------
    .. [1] Hansen & Salamon, "Neural Network Ensembles", TPAMI 12(10), 1990.
    .. [2] Cheng et al., "Wide & Deep Learning for Recommender Systems", DLRS 2016.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import SequenceNet
    >>> config = {"hidden_sizes": (8,), "n_outputs": 2, "pooling": ("mean",)}
    >>> net = SequenceNet(3, config, n_networks=4, device="cpu")
    >>> net(torch.tensor([5, 2]), values=torch.zeros(2, 5, 3)).shape
    torch.Size([4, 2, 2])
    >>> net.eval()(torch.tensor([5, 2]), values=torch.zeros(2, 5, 3)).shape
    torch.Size([2, 2])
    """

    def __init__(
        self,
        n_inputs: int,
        net: dict[str, Any],
        n_networks: int = 1,
        embedding: dict[str, Any] | None = None,
        n_grams: int = 0,
        embedding_rate: float = 1.0,
        share: float = SHARE_OF_NETWORKS,
        device: torch.device | str = "meta",
    ) -> None:
        super().__init__()
        self.embedding = None
        if embedding is not None:
            self.embedding = TokenEmbedding(
                **embedding, n_networks=n_networks, device=device
            )
            n_inputs = self.embedding.n_outputs
        self.nets = nn.ModuleList(
            RecurrentNet(n_inputs, **net, device=device) for _ in range(n_networks)
        )
        self.wide = WideBranch(n_grams, net["n_outputs"], device) if n_grams else None
        self.embedding_rate = embedding_rate
        self.share = share

    def depth_groups(self) -> list[list[nn.Parameter]]:
        """Parameters of each layer, from input to output; given vectors come first."""
        groups: list[list[nn.Parameter]] = []
        if self.embedding is not None:
            own = dict(self.embedding.named_parameters())
            groups.append([p for name, p in own.items() if name == "vectors"])
            groups.append([p for name, p in own.items() if name != "vectors"])
        nets: Any = self.nets
        for layers in zip(*(net.depth_groups() for net in nets)):
            groups.append([p for layer in layers for p in layer])
        return [group for group in groups if group]

    def rate_shares(self) -> list[float]:
        """Share of the learning rate of each layer."""
        groups = self.depth_groups()
        shares = [1.0] * len(groups)
        if self.embedding is not None and self.embedding.vectors is not None:
            shares[0] = self.embedding_rate
        return shares

    def models(self) -> list[list[nn.Parameter]]:
        """Parameters of each network; given word vectors belong to all."""
        own = [list(net.parameters()) for net in self.nets]
        if self.embedding is not None:
            for parameters, learnt in zip(own, self.embedding.learnt):
                parameters.extend(learnt.parameters())
        return own

    def reset_parameters(
        self, random_state: np.random.RandomState, vectors: np.ndarray | None = None
    ) -> None:
        """Draw initial weights; `vectors` are the given ones of words."""
        if self.embedding is not None:
            self.embedding.reset_parameters(random_state, vectors)
        nets: Any = self.nets
        for net in nets:
            net.reset_parameters(random_state)
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
        parts = self._read(values, tokens)
        known, order = self._unequal(lengths, parts[0].shape[1])
        scores = [net(x, known, order) for net, x in zip(self.nets, parts)]
        deep = scores[0]
        if len(scores) > 1:
            deep = torch.stack(scores)
            if not self.training:
                deep = deep.mean(dim=0)
        if self.training or self.wide is None:
            return deep
        return self.share * deep + (1 - self.share) * self.wide(words, runs)

    @property
    def n_features(self) -> int:
        """Number of inputs of the last layers of all networks."""
        nets: Any = self.nets
        return sum(net.output.in_features for net in nets)

    def features(
        self,
        lengths: Tensor,
        values: Tensor | None = None,
        tokens: CodedRows | None = None,
        **others: Any,
    ) -> Tensor:
        """Compute the inputs of all last layers, side by side; no wide branch."""
        parts = self._read(values, tokens)
        known, order = self._unequal(lengths, parts[0].shape[1])
        nets: Any = self.nets
        found = [net.features(x, known, order) for net, x in zip(nets, parts)]
        return torch.cat(found, dim=1)

    def look_up(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Look each word up once for all batches of a prediction.

        Parameters
        ----------
        inputs : dict
            Inputs, tokens and words as `RaggedRows`.

        Returns
        -------
        dict
            The same, with tables that hold the result of each word.
        """
        parts = {"tokens": self.embedding, "words": self.wide}
        return inputs | {
            name: replace(inputs[name], table=part.look_up(inputs[name].table))
            for name, part in parts.items()
            if part is not None
        }

    def weigh(self, lengths: Tensor, tokens: CodedRows, **others: Any) -> Tensor:
        """Attention of each token, the mean of all layers of all networks."""
        parts = self._read(None, tokens)
        known, order = self._unequal(lengths, parts[0].shape[1])
        nets: Any = self.nets
        weights = [net.weigh(x, known, order) for net, x in zip(nets, parts)]
        return torch.stack(weights).mean(dim=0)

    def _read(self, values: Tensor | None, tokens: CodedRows | None) -> list[Tensor]:
        """Give each network what it reads: the same values, or its own vectors."""
        if self.embedding is not None:
            return self.embedding(tokens)
        assert values is not None
        return [values] * len(self.nets)

    def _unequal(
        self, lengths: Tensor, longest: int
    ) -> tuple[Tensor | None, Tensor | None]:
        """Lengths and the order of reversed rows, or None twice if all are equal."""
        if not (self.training or lengths.is_cuda) and bool((lengths == longest).all()):
            return None, None
        return lengths, reverse_order(lengths, longest)
