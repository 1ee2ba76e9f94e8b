"""What the scores of detectors hold."""

from typing import Any

import numpy as np

from sknn_suite.anomaly import SCORES, FittedScores, Tails
from sknn_suite.losses import DISTRIBUTIONS, Categorical
from sknn_suite.persistence._checks import (
    array,
    either,
    finite,
    flag,
    instance,
    integer,
    nothing,
    refuse,
    sequence,
    shape,
)
from sknn_suite.persistence._kinds import Check, Kind

_VECTOR = array("f", 1, is_finite=True)
_MATRIX = array("f", 2, is_finite=True)
_CUBE = array("f", 3, is_finite=True)

_REFERENCE: dict[str, Check] = {
    "n_groups_": integer(1, 1 << 20),
    "center_": _VECTOR,
    "unit_": _VECTOR,
    "tails_": instance(Tails),
    "references_": _CUBE,
    "residual_scale_": _VECTOR,
    "surprise_center_": finite,
    "surprise_scale_": finite,
    "distance_center_": finite,
    "distance_scale_": finite,
    "spread_center_": finite,
    "spread_scale_": finite,
}


def _verify_tails(tails: Any) -> None:
    n_features, n_levels = tails.below_.shape
    shape(tails.above_, n_features, n_levels)
    shape(tails.shares_, n_levels)
    shares = tails.shares_
    refuse(n_levels < 2 or not (np.diff(shares) >= 0).all(), "its shares do not rise")
    refuse(shares[0] <= 0 or shares[-1] > 1, "its shares are no shares")
    for table in (tails.below_, tails.above_):
        refuse(not (np.diff(table, axis=1) >= 0).all(), "its quantiles do not rise")


def _verify_reference(score: Any) -> None:
    n_members, n_references, n_features = score.references_.shape
    refuse(not n_members or not n_references, "it has no references")
    refuse(n_references % score.n_groups_, "its references make no groups")
    for vector in (score.center_, score.unit_, score.residual_scale_):
        shape(vector, n_features)
    refuse(not (score.unit_ > 0).all(), "a column has no unit")
    shape(score.tails_.shares_, score.tails_.below_.shape[1])
    shape(score.tails_.below_, n_features, None)


def _verify_latent(score: Any) -> None:
    n_members, n_codes = score.mean_.shape
    shape(score.precision_, n_members, n_codes, n_codes)


def _verify_categorical(distribution: Any) -> None:
    total = sum(distribution.block_sizes)
    refuse(total != distribution.n_features, "its blocks are not its columns")
    refuse(distribution.learns_scale, "a categorical distribution has no scale")


def _verify_smallest(scores: Any) -> None:
    if scores.smallest is None:
        return
    lowest, weight, total = scores.smallest
    for values in (lowest, weight):
        array("f", 1)(values)
    shape(weight, len(lowest))
    finite(total)


def verify_scores(model: Any) -> None:
    """Refuse scores that are learnt from other columns or nets than the model's.

    Parameters
    ----------
    model : AutoencoderDetector or VAEDetector
        The model, whose net has been verified.
    """
    config, fitted = model._net.network.config, model._scores
    n_features, score = config["n_inputs"], fitted.score
    refuse(
        fitted.distribution.n_features != n_features, "its scores have other columns"
    )
    learns = getattr(fitted.distribution, "learns_scale", False)
    refuse(learns and config["scale"] == "fixed", "its network gives no scales")
    expected = SCORES.get(model.score_method)
    known = {kind: name for name, kind in SCORES.items()}
    refuse(expected is None or type(score) not in known, "its score is unknown")
    if hasattr(score, "references_"):
        shape(score.references_, config["n_members"], None, n_features)
    if hasattr(score, "precision_"):
        codes = config["n_components"] * (2 if model._net.network.kind == "vae" else 1)
        shape(score.mean_, config["n_members"], codes)


_SCORES: dict[str, tuple[dict[str, Check], Any]] = {
    "auto": (_REFERENCE, _verify_reference),
    "reconstruction": ({}, lambda score: None),
    "likelihood": ({}, lambda score: None),
    "latent": ({"mean_": _MATRIX, "precision_": _CUBE}, _verify_latent),
    "typicality": ({"center_": finite, "scale_": finite}, lambda score: None),
}
_DISTRIBUTION: dict[str, Check] = {"n_features": integer(1), "learns_scale": flag}

DETECTOR_PARTS: tuple[Kind, ...] = (
    *(
        Kind(SCORES[name], f"sknn_suite.{SCORES[name].__name__}", checks, verify=verify)
        for name, (checks, verify) in _SCORES.items()
    ),
    *(
        Kind(kind, f"sknn_suite.{kind.__name__}", _DISTRIBUTION)
        for kind in DISTRIBUTIONS.values()
    ),
    Kind(
        Categorical,
        "sknn_suite.Categorical",
        _DISTRIBUTION | {"block_sizes": sequence(integer(1))},
        verify=_verify_categorical,
    ),
    Kind(
        Tails,
        "sknn_suite.Tails",
        {"shares_": _VECTOR, "below_": _MATRIX, "above_": _MATRIX},
        verify=_verify_tails,
    ),
    Kind(
        FittedScores,
        "sknn_suite.FittedScores",
        {
            "score": instance(*SCORES.values()),
            "distribution": instance(*DISTRIBUTIONS.values(), Categorical),
            "blocks": sequence(integer(1), kind=tuple),
            "auto_offset": finite,
            "smallest": either(nothing, instance(tuple)),
        },
        verify=_verify_smallest,
    ),
)
