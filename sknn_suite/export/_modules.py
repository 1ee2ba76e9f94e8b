"""Modules with all that a prediction needs, for torch alone."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sknn_suite.anomaly import FittedScores
from sknn_suite.anomaly._scan import count_outputs
from sknn_suite.anomaly._scores import Seen
from sknn_suite.encoding import ClassTarget, NumberTarget, ScaledTable
from sknn_suite.encoding._scaled import FAR
from sknn_suite.losses import LINKS
from sknn_suite.modules import ImageNetwork, reverse_order


class Scaling(nn.Module):
    """What `ScaledTable` does, in float64.

    Parameters
    ----------
    encoder : ScaledTable
        What has been learnt.
    dtype : torch.dtype
        Type of the results.

    Shape
    -----
    x : (..., n_features)
    returns : the same
    """

    def __init__(self, encoder: ScaledTable, dtype: torch.dtype) -> None:
        super().__init__()
        self.scaling, self.squash, self.dtype = encoder.scaling, encoder.squash, dtype
        self.center: Tensor
        self.scale: Tensor
        self.register_buffer("center", torch.tensor(encoder.center_))
        self.register_buffer("scale", torch.tensor(encoder.scale_))

    def forward(self, x: Tensor) -> Tensor:
        if self.scaling is None:
            return x.to(self.dtype)
        x = x.double()
        if self.scaling == "log1p":
            return (x.sign() * x.abs().log1p()).to(self.dtype)
        z = ((x - self.center.double()) / self.scale.double()).clamp(-1e30, 1e30)
        if self.squash:
            size = z.abs()
            far = z.sign() * (FAR + (size - FAR).clamp(min=0).log1p())
            z = torch.where(size > FAR, far, z)
        return z.to(self.dtype)


class Classes(nn.Module):
    """Raw scores to probabilities of classes.

    Parameters
    ----------
    link : str
        A name in `LINKS`.
    target : ClassTarget
        The labels.

    Shape
    -----
    raw : (n, n_outputs)
    returns : (n, n_classes)
    """

    def __init__(self, link: str, target: ClassTarget) -> None:
        super().__init__()
        self.link, self.is_binary = link, target.kind_ == "binary"
        self.shift: Tensor | None
        shift = None if target.shift is None else torch.tensor(target.shift)
        self.register_buffer("shift", shift)

    def forward(self, raw: Tensor) -> Tensor:
        if self.shift is not None:
            raw = raw + self.shift.to(raw.dtype)
        proba = LINKS[self.link](raw)
        return torch.cat([1 - proba, proba], 1) if self.is_binary else proba


class Numbers(nn.Module):
    """Raw scores to numbers in the units of y.

    Parameters
    ----------
    link : str
        A name in `LINKS`.
    target : NumberTarget
        The units.

    Shape
    -----
    raw : (n, n_scores)
    returns : the same
    """

    def __init__(self, link: str, target: NumberTarget) -> None:
        super().__init__()
        self.link, self.is_sorted = link, target.quantiles is not None
        scale = target.scale
        self.is_log = scale is not None and scale.log
        self.shift: Tensor | None
        self.mean: Tensor | None
        self.deviation: Tensor | None
        arrays = {
            "shift": target.shift,
            "mean": None if scale is None else scale.mean,
            "deviation": None if scale is None else scale.deviation,
        }
        for name, array in arrays.items():
            self.register_buffer(name, None if array is None else torch.tensor(array))

    def forward(self, raw: Tensor) -> Tensor:
        values = LINKS[self.link](raw)
        if self.shift is not None:
            values = values + self.shift.to(values.dtype)
            values = values.sort(dim=-1).values if self.is_sorted else values
        if self.mean is not None and self.deviation is not None:
            exact = values.double() * self.deviation + self.mean
            values = (exact.exp() if self.is_log else exact).to(values.dtype)
        return values


class TableModel(nn.Module):
    """A network for tables, with what follows it.

    Parameters
    ----------
    net : FittedNet
        The network.
    answers : nn.Module
        What turns raw scores into predictions.

    Shape
    -----
    x : (n, n_features)
    returns : (n, n_answers)
    """

    def __init__(self, net: Any, answers: nn.Module) -> None:
        super().__init__()
        self.network, self.answers = net.module(), answers
        self.dtype = getattr(torch, net.dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self.answers(self.network(x.to(self.dtype)))


class SequenceModel(nn.Module):
    """Recurrent networks over numbers, with their scaling and what follows them.

    Parameters
    ----------
    net : FittedNet
        The network.
    answers : nn.Module
        What turns raw scores into predictions.

    Shape
    -----
    x : (n, n_steps, n_channels), padded on the right
    lengths : (n,), int64
    returns : (n, n_classes)
    """

    def __init__(self, net: Any, answers: nn.Module) -> None:
        super().__init__()
        dtype = getattr(torch, net.dtype)
        self.scaling = Scaling(net.encoder._scaler, dtype)
        self.nets, self.answers = net.module().nets, answers

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        x = self.scaling(x)
        order = reverse_order(lengths, x.shape[1])
        scores = [net(x, lengths, order) for net in self.nets]
        return self.answers(torch.stack(scores).mean(dim=0))


class TextModel(nn.Module):
    """Recurrent networks over words, with a wide branch if there is one.

    Parameters
    ----------
    net : FittedNet
        The network.
    answers : nn.Module
        What turns raw scores into predictions.

    Shape
    -----
    tokens : (n, n_steps), int64, rows of entries
    lengths : (n,), int64
    entries : (n_words, 2 + n_pieces), int64
    words : (n, n_different), int64, rows of grams
    grams : (n_words, n_grams), int64
    runs : (n, n_runs), int64
    returns : (n, n_classes)
    """

    def __init__(self, net: Any, answers: nn.Module) -> None:
        super().__init__()
        module: Any = net.module()
        self.embedding, self.nets = module.embedding, module.nets
        self.wide, self.share = module.wide, module.share
        self.answers = answers

    def forward(
        self,
        tokens: Tensor,
        lengths: Tensor,
        entries: Tensor,
        words: Tensor | None = None,
        grams: Tensor | None = None,
        runs: Tensor | None = None,
    ) -> Tensor:
        table = self.embedding.look_up(entries)
        parts = self.embedding._share_out(F.embedding(tokens, table))
        order = reverse_order(lengths, tokens.shape[1])
        scores = [net(x, lengths, order) for net, x in zip(self.nets, parts)]
        raw = torch.stack(scores).mean(dim=0)
        if words is not None and grams is not None and runs is not None:
            wide = self._wide(words, grams, runs)
            raw = self.share * raw + (1 - self.share) * wide
        return self.answers(raw)

    def _wide(self, words: Tensor, grams: Tensor, runs: Tensor) -> Tensor:
        weight = self.wide.weight
        there = (grams > 0).to(weight.dtype)
        n_grams = there.sum(dim=1, keepdim=True)
        share = (n_grams - 1).clamp(min=1).rsqrt()
        values = torch.cat([there[:, :1], there[:, 1:] * share], dim=1)
        sums = torch.bmm(values.unsqueeze(1), F.embedding(grams, weight)).squeeze(1)
        total = F.embedding(words, sums).sum(dim=1) + F.embedding(runs, weight).sum(1)
        squares = F.embedding(words, n_grams.clamp(max=2)).sum(dim=1)
        n = squares + (runs > 0).sum(dim=1, keepdim=True)
        return total / n.clamp(min=1).sqrt() + self.wide.bias


class ImageModel(nn.Module):
    """A network for images, with the scaling of pixels and what follows it.

    Parameters
    ----------
    module : ImageNetwork
        The network, with the views that predictions average over.
    answers : nn.Module
        What turns raw scores into predictions.
    flat : tuple or None
        For flat rows of numbers: height, width, channels, and whether channels come
        first.

    Shape
    -----
    x : (n, height, width, channels), uint8 or float; or flat rows
    returns : (n, n_classes)
    """

    def __init__(
        self, module: ImageNetwork, answers: nn.Module, flat: tuple | None
    ) -> None:
        super().__init__()
        self.network, self.answers, self.flat = module.network, answers, flat
        module.stop_recording()
        self.center: Tensor
        self.factor: Tensor
        self.register_buffer("center", module.center)
        self.register_buffer("factor", module.factor)
        self.n_expected = module.n_channels_expected
        self.from_pair, self.views = module.from_pair, list(module.views)

    def forward(self, x: Tensor) -> Tensor:
        if self.flat is not None:
            h, w, c, first = self.flat
            x = x.view(-1, c, h, w).permute(0, 2, 3, 1) if first else x
            x = x.reshape(-1, h, w, c)
        x = (x.to(self.center.dtype) - self.center) * self.factor
        x = x.permute(0, 3, 1, 2).expand(-1, self.n_expected, -1, -1)
        seen = [view(x) for view in self.views] or [x]
        scores = torch.stack([self.network(one).flatten(1) for one in seen]).mean(0)
        if self.from_pair:
            # softmax of two scores is the sigmoid of their difference
            scores = scores[:, 1:] - scores[:, :1]
        return self.answers(scores)


class ScoreModel(nn.Module):
    """Scores of a detector: a larger one is more usual, as in `score_samples`.

    Parameters
    ----------
    net : FittedNet
        The nets.
    fitted : FittedScores
        What is usual.

    Shape
    -----
    x : (n, n_features)
    returns : (n,), float64
    """

    def __init__(self, net: Any, fitted: FittedScores) -> None:
        super().__init__()
        self.scaling = Scaling(net.encoder, getattr(torch, net.dtype))
        self.network, self.n_outputs = net.module(), count_outputs(net)
        self.score, self.distribution = fitted.score, fitted.distribution

    def forward(self, x: Tensor) -> Tensor:
        x = self.scaling(x)
        raw = self.network(x)
        outputs, codes = raw[..., : self.n_outputs], raw[..., self.n_outputs :]
        x_hat = self.distribution.as_input(self.distribution.mean(outputs))
        seen = Seen(x, x_hat, outputs, codes, self.network, self.distribution)
        return -self.score.combine(self.score.measure(seen))
