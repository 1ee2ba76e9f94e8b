"""Scores of detectors as nodes."""

from typing import Any, NamedTuple

import numpy as np

from sknn_suite.anomaly import SCORES
from sknn_suite.anomaly._scores import ERROR_SHARE, FAR, SURPRISE_SHARE, TOO_WELL
from sknn_suite.export._autoencoders import AutoencoderWriter
from sknn_suite.export._distributions import write_mean, write_neg_log_likelihood
from sknn_suite.export._value import Value
from sknn_suite.losses import Distribution, ScaleDistribution

# Difference of float64 values that counts as none.
SLACK = 1e-13


class Seen(NamedTuple):
    """Rows as the nets see them, see `anomaly`.

    Parameters
    ----------
    exact : Value
        The scaled rows, in the type in which the net was fitted.
    x : Value
        The same in float32.
    x_hat : Value
        Reconstructions, (n_nets, n, n_features).
    outputs, codes : Value
        Raw outputs and codes.
    nets : AutoencoderWriter
        The nets.
    distribution : Distribution
        Rows around their reconstruction.
    """

    exact: Value
    x: Value
    x_hat: Value
    outputs: Value
    codes: Value
    nets: AutoencoderWriter
    distribution: Distribution


def write_score(score: Any, module: Any, distribution: Distribution, z: Value) -> Value:
    """Write the score of each row, (n,), float64; a larger one is more unusual.

    Parameters
    ----------
    score : RowScore
        What has been learnt.
    module : Autoencoder
        The nets.
    distribution : Distribution
        Rows around their reconstruction.
    z : Value
        Scaled rows, in the type in which the net was fitted.
    """
    nets, x = AutoencoderWriter(module), z.cast(np.float32)
    codes = nets.encode(x)
    outputs = nets.decode(nets.means(codes))
    x_hat = write_mean(distribution, outputs)
    seen = Seen(z, x, x_hat, outputs, codes, nets, distribution)
    name = next(name for name, kind in SCORES.items() if type(score) is kind)
    return _WRITERS[name](score, seen)


def _reconstruction(score: Any, seen: Seen) -> Value:
    return abs(seen.x - seen.x_hat).mean(0).mean(1).cast(np.float64)


def _likelihood(score: Any, seen: Seen) -> Value:
    drawn = seen.nets.draws(seen.codes)
    if drawn is None:
        losses = write_neg_log_likelihood(seen.distribution, seen.outputs, seen.x)
        return losses.mean(0).sum(1).cast(np.float64)
    outputs = seen.nets.decode(drawn)
    losses = write_neg_log_likelihood(seen.distribution, outputs, seen.x)
    return losses.mean(0, 1).sum(1).cast(np.float64)


def _typicality(score: Any, seen: Seen) -> Value:
    return abs(_likelihood(score, seen) - score.center_) / score.scale_


def _latent(score: Any, seen: Seen) -> Value:
    codes = seen.codes
    if seen.nets.is_variational:
        n = seen.nets.module.n_components
        mean, log_variance = codes.cut(2, 0, n), codes.cut(2, n)
        terms = log_variance.exp() - log_variance + mean * mean
        return (0.5 * terms.sum(2) - 0.5 * n).mean(0).cast(np.float64)
    centred = codes.cast(np.float64) - score.mean_[:, None]
    distances = ((centred @ score.precision_) * centred).sum(2)
    return distances.mean(0)


def _auto(score: Any, seen: Seen) -> Value:
    n_nets, _, n_features = score.references_.shape
    x = _in_deviations(score, seen, seen.x.cast(np.float64))
    total = None
    for net in range(n_nets):
        one = seen.x_hat.at(np.int64(net))
        x_hat = _in_deviations(score, seen, one.cast(np.float64))
        groups = np.split(score.references_[net], score.n_groups_)
        for rows in (x, x_hat):
            for group in groups:
                nearest = _distances(rows, group).min(1) / float(len(groups))
                total = nearest if total is None else total + nearest
        error = ERROR_SHARE * abs(x - x_hat).sum(1)
        total = error if total is None else total + error
    assert total is not None
    distance = total / (n_nets * n_features * (2 + ERROR_SHARE))
    residual = (seen.x - seen.x_hat.mean(0)) / score.residual_scale_
    centred = residual - residual.mean(1, keep=True)
    spread = (centred * centred).mean(1).then("Sqrt")
    surprise = _surprise(score.tails_, seen.exact).mean(1)
    far = (distance - score.distance_center_) / score.distance_scale_
    too_well = (score.spread_center_ - spread.cast(np.float64)) / score.spread_scale_
    too_well = (too_well - TOO_WELL).clip(0.0)
    out = (surprise - score.surprise_center_) / score.surprise_scale_
    return far + SURPRISE_SHARE * out.clip(0.0) + too_well * too_well


def _in_deviations(score: Any, seen: Seen, values: Value) -> Value:
    if isinstance(seen.distribution, ScaleDistribution):
        return values
    z = (values - score.center_) / score.unit_
    size = abs(z)
    far = z.then("Sign") * ((size - (FAR - 1)).clip(1.0).log() + FAR)
    return (size > FAR).choose(far, z)


def _distances(rows: Value, references: np.ndarray) -> Value:
    """Sum of absolute differences, (n, n_references)."""
    return abs(rows.unsqueeze(1) - references).sum(2)


def _surprise(tails: Any, x: Value) -> Value:
    """How extreme each value is in its column, float64.

    Quantiles are values of training rows, and a value that is one of them must reach it
    although runtimes differ in the last bit of a logarithm.
    """
    step = np.log(tails.shares_[1] / tails.shares_[0])
    logs = np.log(2 * tails.shares_)
    table = x.graph.constant(np.r_[logs[0] - step, logs])
    sides = []
    for columns, quantiles in ((x, tails.below_), (-x, tails.above_)):
        slack = SLACK * np.maximum(np.abs(quantiles), 1.0)
        reached = columns.unsqueeze(2) >= quantiles - slack
        count = reached.cast(np.float32).sum(2)
        sides.append(table.at(count.cast(np.int64)))
    return -sides[0].then("Min", sides[1]).clip(high=0.0)


_WRITERS = {
    "auto": _auto,
    "reconstruction": _reconstruction,
    "likelihood": _likelihood,
    "latent": _latent,
    "typicality": _typicality,
}
