"""What AutoClassifier and AutoRegressor hold: models of several kinds, and scores."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sknn_suite.decision import DecisionRule
from sknn_suite.encoding import ColumnKinds, MixedTableEncoder
from sknn_suite.ensemble import AutoClassifier, AutoRegressor
from sknn_suite.ensemble.parts import (
    FIELDS,
    Labels,
    MixedCodes,
    Numbers,
    OutOfFold,
    Splits,
    TableLine,
    TableTrees,
    TextLine,
    TreeTables,
)
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
from sknn_suite.persistence._kinds import Check, Kind

_FLOATS = array("f", None)


def _estimator(value: Any) -> None:
    refuse(not isinstance(value, BaseEstimator), "is no estimator")


def _nodes(value: Any) -> None:
    mapping(one_of(*FIELDS), array("iuf", 1))(value)
    right = value.keys() == FIELDS.keys() and all(
        value[name].dtype == dtype for name, dtype in FIELDS.items()
    )
    refuse(not right, "are no nodes of trees")


def _words(value: Any) -> None:
    array("u", 2)(value)
    refuse(value.dtype != np.uint32 or value.shape[1] != 8, "is no table of bits")


def _verify_tables(tables: TreeTables) -> None:
    for values in tables.categories:
        refuse(not (np.diff(values) > 0).all(), "its categories do not rise")
        refuse(not len(values), "a column has no category")
    tables.verify()


def _verify_trees(model: Any) -> None:
    tables, codes = model.tables_, model.codes_
    encoder = codes.encoder_
    n_numbers = sum(kind in ("number", "boolean") for kind in encoder.kinds_.values())
    width = len(encoder.categories_.levels_) + n_numbers
    width += sum(map(len, encoder.dates_.parts_)) + encoder.strings_.n_numbers
    refuse(tables.n_features != width, "its columns are counted in two ways")
    refuse(len(tables.categories) > codes.n_categories, "it has other categories")
    n_outputs = len(tables.baseline)
    wanted = 1
    if model.is_label:
        several = model.kind == "forest" or model.n_classes_ > 2
        wanted = model.n_classes_ if several else 1
        wanted -= model.kind == "forest"
    refuse(n_outputs != wanted, "its outputs are counted in two ways")


def _splits(model: Any) -> Splits:
    """Folds again, from the number of each row's fold."""
    fold = model._fold
    pairs = [
        (np.flatnonzero(fold != i), np.flatnonzero(fold == i))
        for i in range(int(fold.max()) + 1)
    ]
    return Splits(pairs, len(fold))


def _oof(model: Any) -> OutOfFold:
    splits = _splits(model)
    return OutOfFold(splits, [model._stacked[test] for _, test in splits.pairs])


def _rule(model: Any) -> DecisionRule | None:
    threshold = model.decision_threshold_
    if threshold is None:
        return None
    kind = "binary" if len(model.classes_) == 2 else "multiclass"
    return DecisionRule(kind, threshold, value=model.best_score_)


def _verify(model: Any) -> None:
    names = getattr(model, "feature_names_in_", None)
    refuse(
        names is not None and len(names) != model.n_features_in_,
        "its columns are counted in two ways",
    )
    refuse(
        len(model.column_kinds_) != model.n_features_in_,
        "its columns are counted in two ways",
    )
    known = {*model.column_kinds_}
    refuse(
        not {*model._columns, *model._texts, *model._images} <= known,
        "it reads a column that it does not have",
    )
    refuse(model.members_.keys() != model._reads.keys(), "its members have no rows")
    refuse(not model.members_.keys() <= model.weights_.keys(), "a member has no weight")
    refuse(not all(model.members_.values()), "a member has no model")
    n_outputs = len(model.classes_) if hasattr(model, "classes_") else 1
    shape(model._stacked, len(model._fold), n_outputs)
    shape(model._true, len(model._fold))
    refuse(len(model._fold) and model._fold.min() < -1, "it has a fold that is none")
    if hasattr(model, "classes_"):
        codes = model._true
        right = ((codes >= 0) & (codes < n_outputs)).all()
        refuse(not right, "it has a class that is none")
        threshold = model.decision_threshold_
        if isinstance(threshold, np.ndarray):
            shape(threshold, n_outputs)


_TABLE_ROW: Check = either(number, sequence(number))
_FITTED: dict[str, Check] = {
    "members_": mapping(text, sequence(_estimator, most=1000)),
    "weights_": mapping(text, finite),
    "failures_": mapping(text, plain),
    "column_kinds_": instance(ColumnKinds),
    "scoring_": text,
    "interrupted_": flag,
    "notes_": plain,
    "feature_importances_": array("f", 1),
    "n_features_in_": integer(1),
    "_columns": sequence(plain),
    "_texts": sequence(plain),
    "_images": sequence(plain),
    "_reads": mapping(text, one_of("table", "texts", "images")),
    "_table": mapping(text, mapping(text, _TABLE_ROW)),
    "_true": array("if", 1),
    "_fold": array("i", 1),
    "_stacked": _FLOATS,
}
_MAYBE: dict[str, Check] = {"feature_names_in_": array("O", 1)}
_DROPPED = frozenset({"decision_curve_", "_rule", "_oof", "_target", "_row_labels"})
_DERIVED = {"_oof": _oof, "_row_labels": lambda model: None}

_TRAINED_BY: dict[str, Check] = {"codes_": instance(MixedCodes)}

AUTOMATIC: tuple[Kind, ...] = (
    Kind(
        MixedCodes,
        "sknn_suite.MixedCodes",
        {"encoder_": instance(MixedTableEncoder)},
    ),
    Kind(
        TreeTables,
        "sknn_suite.TreeTables",
        {
            "nodes": _nodes,
            "starts": array("i", 1),
            "outputs": array("i", 1),
            "baseline": array("f", 1, is_finite=True),
            "lefts": _words,
            "categories": sequence(array("f", 1, is_finite=True)),
            "n_features": integer(1),
        },
        verify=_verify_tables,
    ),
    Kind(
        TableTrees,
        "sknn_suite.TableTrees",
        _TRAINED_BY | {"tables_": instance(TreeTables), "n_classes_": integer()},
        verify=_verify_trees,
    ),
    Kind(TableLine, "sknn_suite.TableLine", _TRAINED_BY | {"model_": _estimator}),
    Kind(
        TextLine,
        "sknn_suite.TextLine",
        {"words_": _estimator, "letters_": _estimator, "model_": _estimator},
    ),
    Kind(
        AutoClassifier,
        "sknn_suite.AutoClassifier",
        _FITTED
        | {
            "classes_": categories,
            "decision_threshold_": either(nothing, number, array("f", 1)),
            "best_score_": either(nothing, number),
        },
        _MAYBE,
        _verify,
        dropped=_DROPPED,
        derived=_DERIVED
        | {
            "_target": lambda model: Labels(model.classes_),
            "_rule": _rule,
        },
    ),
    Kind(
        AutoRegressor,
        "sknn_suite.AutoRegressor",
        _FITTED,
        _MAYBE,
        _verify,
        dropped=_DROPPED,
        derived=_DERIVED | {"_target": lambda model: Numbers()},
    ),
)
