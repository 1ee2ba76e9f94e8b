"""What the estimators of the suite hold, and what must agree inside of them."""

from typing import Any

import numpy as np

from sknn_suite.anomaly import AutoencoderDetector, VAEDetector
from sknn_suite.images import CNNClassifier
from sknn_suite.persistence._checks import (
    array,
    categories,
    either,
    finite,
    flag,
    instance,
    integer,
    mapping,
    nothing,
    number,
    one_of,
    plain,
    refuse,
    sequence,
    shape,
    text,
)
from sknn_suite.persistence._detectors import (
    DETECTOR_PARTS,
    FittedScores,
    verify_scores,
)
from sknn_suite.persistence._encoders import ENCODERS
from sknn_suite.persistence._kinds import Check, Kind
from sknn_suite.persistence._mixed_tables import MIXED_TABLES
from sknn_suite.persistence._networks import (
    NETWORK_PARTS,
    FittedNet,
    Memory,
    verify_net,
)
from sknn_suite.sequence import RNNClassifier
from sknn_suite.tabular import (
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)
from sknn_suite.text import TextRNNClassifier, Tokenizer

_NAMES = array("O", 1)

# What every fit leaves.
_TRAINED: dict[str, Check] = {
    "n_iter_": integer(),
    "t_": integer(),
    "loss_": number,
    "history_": sequence(plain),
    "out_activation_": text,
    "solver_": either(text, instance(type)),
    "schedule_": plain,
    "max_iter_": integer(),
    "batch_size_": integer(1),
    "device_": text,
    "precision_": one_of("float32", "float64", "bfloat16"),
    "_net": instance(FittedNet),
    "_memory": instance(Memory),
}
_MAYBE: dict[str, Check] = {
    "loss_curve_": sequence(number),
    "validation_scores_": either(nothing, sequence(number)),
    "best_loss_": either(nothing, number),
    "best_validation_score_": either(nothing, number),
    "best_epoch_": integer(),
    "best_score_": number,
    "learning_rate_": either(number, plain),
    "init_matched_": sequence(text),
    "feature_names_in_": _NAMES,
    "_sklearn_output_config": mapping(
        one_of("transform"), one_of("default", "pandas", "polars", None)
    ),
}
_TABLE: dict[str, Check] = {"n_features_in_": integer(1)}
_CLASSES: dict[str, Check] = {"classes_": categories}
_MLP: dict[str, Check] = {
    "coefs_": sequence(array("f", 2, is_finite=True)),
    "intercepts_": sequence(array("f", 1, is_finite=True)),
    "n_layers_": integer(2),
    "n_outputs_": integer(1),
    "weight_init_": text,
}
_MIXED: dict[str, Check] = {
    "members_": mapping(
        text,
        either(
            array("f", 1), array("i", 1), sequence(sequence(integer(1), kind=tuple))
        ),
    ),
    "feature_importances_": array("f", 1),
}
_RECURRENT: dict[str, Check] = {
    "hidden_sizes_": sequence(integer(1), kind=tuple),
    "dense_size_": integer(),
    "n_networks_": integer(1),
}
_DETECTOR: dict[str, Check] = {
    "distribution_": text,
    "n_components_": integer(1),
    "scaling_": either(nothing, text),
    "offset_": finite,
    "_scores": instance(FittedScores),
}
_IMAGES: dict[str, Check] = {
    "image_shape_": sequence(integer(1, 1 << 16), kind=tuple),
    "_pixel_unit": either(nothing, finite),
    "pixel_ranges_": mapping(text, sequence(number, kind=tuple, most=2)),
    "n_skipped_": integer(),
    "architecture_": text,
    "normalization_": either(nothing, text),
    "augment_": plain,
    "n_tta_": integer(1, 1000),
    "alpha_": number,
    "label_smoothing_": number,
}
_TEXTS: dict[str, Check] = {
    "max_length_": either(nothing, integer(1)),
    "embedding_coverage_": either(nothing, number),
    "wide_": flag,
    "wide_ngrams_": integer(0, 100),
    "wide_letters_": flag,
    "wide_share_": finite,
}


def _verify_names(model: Any) -> None:
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        shape(names, model.n_features_in_)
        refuse(not all(isinstance(n, str) for n in names), "a column has no name")


def _verify_common(model: Any, shown: dict[str, np.ndarray] | None = None) -> None:
    _verify_names(model)
    verify_net(model._net, shown or {})
    target = model._net.target
    if hasattr(model, "classes_"):
        refuse(type(target).__name__ != "ClassTarget", "its classes have no target")
        same = np.array_equal(model.classes_, target.classes_)
        refuse(not same, "its classes are told in two ways")


def _verify_table(model: Any, shown: dict[str, np.ndarray] | None = None) -> None:
    encoder = model._net.encoder
    known = getattr(encoder, "n_features_", None)
    refuse(known != model.n_features_in_, "its columns are counted in two ways")
    _verify_common(model, shown)


def _verify_mlp(model: Any) -> None:
    coefs, intercepts = model.coefs_, model.intercepts_
    refuse(len(coefs) != len(intercepts), "a layer has no intercept")
    refuse(model.n_layers_ != len(coefs) + 1, "its layers are counted in two ways")
    shown = {f"linears.{i}.weight": coef.T for i, coef in enumerate(coefs)}
    shown |= {f"linears.{i}.bias": bias for i, bias in enumerate(intercepts)}
    _verify_table(model, shown)
    types = {a.dtype.name for a in (*coefs, *intercepts)}
    refuse(not types <= {"float32", "float64"}, "its weights are of different types")
    outputs = model._net.network.config["n_outputs"]
    refuse(model.n_outputs_ != outputs, "its outputs are counted in two ways")


def _verify_mixed(model: Any) -> None:
    _verify_common(model)
    kinds = model._net.encoder.kinds_
    refuse(len(kinds) != model.n_features_in_, "its columns are counted in two ways")
    names = getattr(model, "feature_names_in_", None)
    refuse(
        names is not None and list(names) != list(kinds), "its columns have two names"
    )
    shape(model.feature_importances_, model.n_features_in_)
    link = model._net.network.config["link"]
    refuse(link != model.out_activation_, "its link is told in two ways")


def _verify_detector(model: Any) -> None:
    _verify_table(model)
    verify_scores(model)


def _verify_images(model: Any) -> None:
    _verify_common(model)
    config = model._net.network.config
    h, w, c = model.image_shape_
    refuse(config["image_shape"] != (h, w, c), "its images have two shapes")
    refuse(model.n_features_in_ != h * w * c, "its pixels are counted in two ways")
    shape(model._net.encoder.center_, c)
    unit = model._pixel_unit
    refuse(unit is not None and unit <= 0, "its pixels have no unit")


def _verify_sequences(model: Any) -> None:
    _verify_common(model)
    n_channels = model._net.encoder.n_channels_
    refuse(model._n_channels != n_channels, "its channels are counted in two ways")


def _verify_texts(model: Any) -> None:
    _verify_common(model)
    encoder = model._net.encoder
    refuse(model.max_length_ != encoder.max_length_, "its texts have two lengths")
    refuse(model.wide_ngrams_ != encoder.ngrams, "its n-grams are told in two ways")


def _of_suite(
    cls: Any, verify: Any, *attributes: dict[str, Check], **more: Any
) -> Kind:
    fitted = {name: check for part in attributes for name, check in part.items()}
    optional = _MAYBE | more.pop("optional", {})
    return Kind(
        cls,
        f"sknn_suite.{cls.__name__}",
        _TRAINED | fitted,
        optional,
        verify,
        **more,
    )


_OF_ENCODER = {"column_kinds_": lambda model: model._net.encoder.kinds_}
_COEFS = frozenset({"coefs_", "intercepts_"})

SUITE: tuple[Kind, ...] = (
    *ENCODERS,
    *MIXED_TABLES,
    *NETWORK_PARTS,
    *DETECTOR_PARTS,
    Kind(Tokenizer, "sknn_suite.Tokenizer"),
    _of_suite(MLPClassifier, _verify_mlp, _TABLE, _CLASSES, _MLP, tensors=_COEFS),
    _of_suite(MLPRegressor, _verify_mlp, _TABLE, _MLP, tensors=_COEFS),
    _of_suite(
        TabularClassifier,
        _verify_mixed,
        _TABLE,
        _CLASSES,
        _MIXED,
        {"imbalance_": one_of("none", "weights", "both")},
        derived=_OF_ENCODER,
    ),
    _of_suite(
        TabularRegressor,
        _verify_mixed,
        _TABLE,
        _MIXED,
        {"scale_target_": either(flag, one_of("log"))},
        derived=_OF_ENCODER,
    ),
    _of_suite(AutoencoderDetector, _verify_detector, _TABLE, _DETECTOR),
    _of_suite(VAEDetector, _verify_detector, _TABLE, _DETECTOR),
    _of_suite(
        RNNClassifier,
        _verify_sequences,
        _TABLE,
        _CLASSES,
        _RECURRENT,
        {"_fixed_length": either(flag, integer(0)), "_n_channels": integer(1)},
    ),
    _of_suite(
        TextRNNClassifier,
        _verify_texts,
        _CLASSES,
        _RECURRENT,
        _TEXTS,
        optional={
            "_ngram_fit": mapping(one_of("n_iter", "loss"), number),
            "n_features_in_": integer(1),
        },
        derived={"vocabulary_": lambda model: model._net.encoder.vocabulary_},
    ),
    _of_suite(
        CNNClassifier,
        _verify_images,
        _TABLE,
        _CLASSES,
        _IMAGES,
        optional={
            "weight_init_": text,
            "head_iter_": either(nothing, integer()),
            "backbone_": plain,
            "skipped_": plain,
        },
    ),
)
