"""What encoders and targets hold: tables, scales, vocabularies, classes."""

from typing import Any

import numpy as np

from sknn_suite.decision import (
    Capacity,
    CostMatrix,
    DecisionRule,
    FBeta,
    PrecisionAtRecall,
    RecallAtPrecision,
)
from sknn_suite.encoding import (
    ClassTarget,
    ImageEncoder,
    NumberTarget,
    PatchEncoder,
    ScaledTable,
    SequenceEncoder,
    TableEncoder,
    TargetScale,
    TextEncoder,
    Vocabulary,
)
from sknn_suite.persistence._checks import (
    array,
    ascending,
    categories,
    either,
    finite,
    flag,
    index,
    instance,
    integer,
    nothing,
    number,
    one_of,
    plain,
    refuse,
    sequence,
    shape,
)
from sknn_suite.persistence._kinds import Check, Kind
from sknn_suite.text import Tokenizer

# Codes of the first word and of the first vector.
FIRST_WORD, FIRST_VECTOR = 3, 1

_FLOATS = array("f", 1, is_finite=True)


def _verify_scaled(encoder: Any) -> None:
    shape(encoder.center_, encoder.n_features_)
    shape(encoder.scale_, encoder.n_features_)
    refuse(not (encoder.scale_ > 0).all(), "a column has no scale")


def _verify_sequences(encoder: Any) -> None:
    n_channels = encoder._scaler.n_features_
    refuse(encoder.n_channels_ != n_channels, "its channels are counted in two ways")


def _verify_images(encoder: Any) -> None:
    shape(encoder.scale_, len(encoder.center_))
    refuse(not (encoder.scale_ > 0).all(), "a channel has no scale")
    if hasattr(encoder, "patches_"):
        side = 4 * len(encoder.center_)
        shape(encoder.patches_, side, side)


def _verify_texts(encoder: Any) -> None:
    grams = encoder.grams_
    refuse(grams.dtype != np.uint64 or grams.ndim != 1, "its n-grams are no hashes")
    refuse(not ascending(grams), "its n-grams are not in ascending order")
    refuse(encoder.ngrams and not len(grams), "its n-grams are missing")
    vectors = bool(encoder.vector_numbers_)
    refuse(vectors != (encoder.vector_size_ > 0), "its vectors have no length")
    refuse(encoder.ngrams and not hasattr(encoder, "letters_"), "its n-grams are odd")


def _verify_classes(target: Any) -> None:
    n = len(target.classes_)
    refuse(n == 0, "it has no classes")
    refuse(
        (target.kind_ == "binary") != (n == 2) and target.kind_ != "multilabel",
        "its classes are odd",
    )
    if target.kind_ == "multilabel":
        same = np.array_equal(target.classes_, np.arange(n))
        refuse(not same, "its labels are not numbered")
    if target.shift is not None:
        shape(target.shift, target.n_outputs)
    if target.rule is not None:
        refuse(
            target.rule.kind != target.kind_, "its thresholds are for another target"
        )
        if np.ndim(target.rule.threshold):
            shape(target.rule.threshold, n)


def _verify_numbers(target: Any) -> None:
    if target.quantiles is not None:
        numbers = np.array(target.quantiles)
        right = len(numbers) and (np.diff(numbers) > 0).all()
        refuse(
            not right or numbers[0] <= 0 or numbers[-1] >= 1, "its quantiles are odd"
        )
    if target.shift is not None:
        shape(target.shift, target.n_scores)
    if target.scale is not None:
        shape(target.scale.mean, target.n_outputs)
    if target.seen is not None:
        refuse(len(target.seen) != 2, "its range has no two ends")
        low, high = target.seen
        shape(low, target.n_outputs)
        shape(high, target.n_outputs)
        refuse(not (low <= high).all(), "its range is empty")


def _verify_scale(scale: Any) -> None:
    shape(scale.deviation, len(scale.mean))
    refuse(not (scale.deviation > 0).all(), "a target has no scale")


_SCALED: dict[str, Check] = {
    "scaling": one_of("standard", "robust", "log1p", None),
    "squash": flag,
    "n_rows_": integer(),
    "n_features_": integer(1),
    "center_": _FLOATS,
    "scale_": _FLOATS,
    "spread_": finite,
}
_IMAGES: dict[str, Check] = {"center_": _FLOATS, "scale_": _FLOATS}
_TEXTS: dict[str, Check] = {
    "tokenizer": instance(Tokenizer),
    "max_length": either(nothing, one_of("auto"), integer(1)),
    "pieces": flag,
    "ngrams": integer(0, 100),
    "letters": either(flag, one_of("auto")),
    "_words": instance(Vocabulary),
    "unseen": flag,
    "_embeddings": nothing,
    "is_large_": flag,
    "max_length_": either(nothing, integer(1)),
    "mean_length_": finite,
    "n_pieces_": integer(0, 1 << 30),
    "vector_numbers_": index(FIRST_VECTOR),
    "coverage_": either(nothing, finite),
    "vector_size_": integer(),
    "_vectors": nothing,
    "grams_": array("u", 1),
}
_WORDS: dict[str, Check] = {
    "min_df": integer(0),
    "max_features": either(nothing, integer(1)),
    "words_": index(FIRST_WORD),
}


ENCODERS: tuple[Kind, ...] = (
    Kind(TableEncoder, "sknn_suite.TableEncoder", {"n_features_": integer(1)}),
    Kind(ScaledTable, "sknn_suite.ScaledTable", _SCALED, verify=_verify_scaled),
    Kind(
        SequenceEncoder,
        "sknn_suite.SequenceEncoder",
        {
            "_scaler": instance(ScaledTable),
            "n_channels_": integer(1),
            "mean_length_": finite,
        },
        verify=_verify_sequences,
    ),
    Kind(ImageEncoder, "sknn_suite.ImageEncoder", _IMAGES, verify=_verify_images),
    Kind(
        PatchEncoder,
        "sknn_suite.PatchEncoder",
        _IMAGES | {"patches_": array("f", 2, is_finite=True)},
        verify=_verify_images,
    ),
    Kind(
        TextEncoder,
        "sknn_suite.TextEncoder",
        _TEXTS,
        {"letters_": flag},
        _verify_texts,
    ),
    Kind(Vocabulary, "sknn_suite.Vocabulary", _WORDS),
    Kind(
        ClassTarget,
        "sknn_suite.ClassTarget",
        {"kind_": one_of("binary", "multiclass", "multilabel"), "classes_": categories},
        {
            "rule": either(nothing, instance(DecisionRule)),
            "shift": either(nothing, _FLOATS),
        },
        _verify_classes,
    ),
    # The curve shows how the threshold was chosen, and no prediction reads it.
    Kind(
        DecisionRule,
        "sknn_suite.DecisionRule",
        {
            "kind": one_of("binary", "multiclass", "multilabel"),
            "threshold": either(number, _FLOATS),
            "of_probabilities": flag,
        },
        dropped=frozenset({"curve", "value"}),
    ),
    Kind(CostMatrix, "sknn_suite.CostMatrix", {"costs": either(plain, array("fi", 2))}),
    Kind(
        Capacity,
        "sknn_suite.Capacity",
        {"n_rows": integer(), "out_of": either(nothing, integer())},
    ),
    Kind(FBeta, "sknn_suite.FBeta", {"beta": finite}),
    Kind(RecallAtPrecision, "sknn_suite.RecallAtPrecision", {"precision": finite}),
    Kind(PrecisionAtRecall, "sknn_suite.PrecisionAtRecall", {"recall": finite}),
    Kind(
        NumberTarget,
        "sknn_suite.NumberTarget",
        {"n_outputs": integer(1)},
        {
            "quantiles": either(nothing, sequence(finite, kind=tuple)),
            "scale": either(nothing, instance(TargetScale)),
            "shift": either(nothing, _FLOATS),
            "seen": either(nothing, sequence(_FLOATS, kind=tuple, most=2)),
        },
        _verify_numbers,
    ),
    Kind(
        TargetScale,
        "sknn_suite.TargetScale",
        {"log": flag, "mean": _FLOATS, "deviation": _FLOATS},
        verify=_verify_scale,
    ),
)
