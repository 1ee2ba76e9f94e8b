"""What CrossFit estimators, their stacks and balanced ensembles hold.

Of the training rows nothing is written: neither their numbers nor predictions for them.
"""

import os
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sknn_suite.decision import DecisionRule
from sknn_suite.ensemble import (
    CrossFitClassifier,
    CrossFitRegressor,
    CrossFitStackingClassifier,
    CrossFitStackingRegressor,
)
from sknn_suite.ensemble.parts import Labels, Numbers, OutOfFold, SeenRows, Splits
from sknn_suite.imbalance import BalancedEnsembleClassifier
from sknn_suite.persistence._checks import (
    array,
    categories,
    either,
    finite,
    instance,
    integer,
    mapping,
    nothing,
    number,
    refuse,
    sequence,
    shape,
    text,
)
from sknn_suite.persistence._kinds import Check, Kind

_SCORES = array("f", 1)
_SHARES = array("f", 1, is_finite=True)

# Methods of combining fold models that read the sorted scores.
_RANKS = "ranks"


def _estimator(value: Any) -> None:
    refuse(not isinstance(value, BaseEstimator), "is no estimator")


_ESTIMATORS = sequence(_estimator, most=1000)
_COLUMN = either(text, integer(-(1 << 31), 1 << 31), instance(bool, np.bool_))
_COLUMNS = either(_COLUMN, sequence(_COLUMN), instance(slice), array("iubOU", 1))


def _verify_names(model: Any) -> None:
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        shape(names, model.n_features_in_)


def _refuse_other_classes(inner: Any, model: Any) -> None:
    if hasattr(model, "classes_"):
        known = np.asarray(getattr(inner, "classes_", ()))
        same = np.array_equal(known, model.classes_)
        refuse(not same, "a model inside has other classes")


def _verify_rule(model: Any) -> None:
    if hasattr(model, "classes_") and model._rule is not None:
        n_classes = len(model.classes_)
        kind = "binary" if n_classes == 2 else "multiclass"
        refuse(model._rule.kind != kind, "its rule is for other classes")
        shape(model._rule.threshold, *([] if n_classes == 2 else [n_classes]))


# -- one model for each fold ---------------------------------------------------------


def _without_rows(model: Any) -> OutOfFold:
    """Keep what ranks are read from, if they are."""
    return OutOfFold.left_out(model._oof.folds if model.combine == _RANKS else [])


def _path(model: Any) -> Any:
    return None if model.checkpoint is None else os.fspath(model.checkpoint)


def _verify_folds(model: Any) -> None:
    _verify_names(model)
    _verify_rule(model)
    refuse(not model.estimators_, "has no estimator")
    for one in model.estimators_:
        _refuse_other_classes(one, model)
    n = len(model.estimators_)
    for values in (model.fold_scores_, model._seconds):
        shape(values, n)
    shape(model._n_rows, n, 2)
    if model.combine == _RANKS:
        refuse(len(model._oof.folds) != n, "its ranks are of other folds")
        for fold in model._oof.folds:
            shape(fold, None, len(model.classes_))
            refuse(not len(fold), "a fold has no ranks")


def _target(model: Any) -> Any:
    return Labels(model.classes_) if hasattr(model, "classes_") else Numbers()


_FOLDS: dict[str, Check] = {
    "estimators_": _ESTIMATORS,
    "fold_scores_": _SCORES,
    "scoring_": text,
    "_seconds": _SCORES,
    "_n_rows": array("i", 2),
    "_oof": instance(OutOfFold),
}
_DECIDED: dict[str, Check] = {
    "classes_": categories,
    "_rule": either(nothing, instance(DecisionRule)),
    "best_score_": either(nothing, number),
}
_SHOWN: dict[str, Check] = {
    "n_features_in_": integer(1),
    "feature_names_in_": array("O", 1),
}
_DROPPED = frozenset({"splits_", "_row_labels"})
_DERIVED = {"_target": _target, "_row_labels": lambda model: None}
_DECISION = {
    "decision_threshold_": lambda model: model._rule and model._rule.threshold,
    "decision_curve_": lambda model: None,
}

# -- stacks --------------------------------------------------------------------------


def _verify_stack(model: Any) -> None:
    _verify_names(model)
    _verify_rule(model)
    refuse(not model.members_, "has no member")
    for member in model.members_.values():
        _refuse_other_classes(member, model)
    for one in model._final_models:
        _refuse_other_classes(one, model)
    n = len(next(iter(model.members_.values())).fold_scores_)
    for values in (model.fold_scores_, model.mean_fold_scores_):
        shape(values, n)
    refuse(not model.columns_.keys() <= model.members_.keys(), "columns have no member")
    weights = model.weights_
    if weights is None:
        refuse(not model._final_models, "has no final step")
        return
    refuse(weights.keys() != model.members_.keys(), "its weights are of other members")
    shifts, total = model._shifts, sum(weights.values())
    if shifts is not None:
        shape(shifts, len(getattr(model, "classes_", ())))
    wrong = min(weights.values()) < 0 or not (total > 0 or shifts is not None)
    refuse(wrong, "its weights are none")


def _nothing_seen(model: Any) -> SeenRows:
    return SeenRows(np.zeros(0, np.uint64), np.zeros((0, 1)), None)


def _stack_of(member: type) -> dict[str, Check]:
    return {
        "members_": mapping(text, instance(member)),
        "weights_": either(nothing, mapping(text, finite)),
        "_shifts": either(nothing, _SHARES),
        "columns_": mapping(text, _COLUMNS),
        "fold_scores_": _SCORES,
        "mean_fold_scores_": _SCORES,
        "scoring_": text,
        "final_step_": text,
        "_final_models": _ESTIMATORS,
        "_extra_seconds": finite,
        "_oof": instance(OutOfFold),
    }


_OF_TRAINING = frozenset(
    {"_y", "_weight", "_splits", "_nest", "_without"}
    | {"_scoring", "_wanted", "_final_params", "_row_labels"}
)
_WRITTEN_STACK = {"_oof": lambda model: OutOfFold.left_out([]), "checkpoint": _path}


def _kind(cls: Any, attributes: dict[str, Check], verify: Any, **more: Any) -> Kind:
    name = f"sknn_suite.{cls.__name__}"
    decided = issubclass(cls, CrossFitClassifier | CrossFitStackingClassifier)
    dropped = more.pop("dropped")
    derived = more.pop("derived")
    if decided:
        attributes = attributes | _DECIDED
        derived = derived | _DECISION
    return Kind(
        cls,
        name,
        attributes,
        _SHOWN,
        verify,
        dropped=dropped,
        derived=derived,
        **more,
    )


# -- balanced ensembles --------------------------------------------------------------


def _verify_balanced(model: Any) -> None:
    _verify_names(model)
    n_classes = len(model.classes_)
    refuse(not model.estimators_, "has no estimator")
    refuse(
        len(model.estimators_) != len(model._member_shares),
        "its shares are of other members",
    )
    for one in model.estimators_:
        _refuse_other_classes(one, model)
    every = (*model._member_shares, model.trained_shares_, model.true_shares_)
    for shares in every:
        shape(shares, n_classes)
        refuse((shares <= 0).any(), "its shares are none")


_of_folds = partial(
    _kind,
    verify=_verify_folds,
    dropped=_DROPPED,
    derived=_DERIVED,
    written={"_oof": _without_rows, "checkpoint": _path},
)
_of_stacks = partial(
    _kind,
    verify=_verify_stack,
    dropped=_OF_TRAINING,
    derived=_DERIVED | {"_seen": _nothing_seen},
    written=_WRITTEN_STACK,
)

OUT_OF_FOLD: tuple[Kind, ...] = (
    Kind(
        Splits,
        "sknn_suite.Splits",
        {"pairs": sequence(nothing, most=0), "n_rows": integer(0, 0)},
    ),
    Kind(
        OutOfFold,
        "sknn_suite.OutOfFold",
        {"splits": instance(Splits), "folds": sequence(array("f", 2), most=1000)},
    ),
    _of_folds(CrossFitClassifier, _FOLDS),
    _of_folds(CrossFitRegressor, _FOLDS),
    _of_stacks(CrossFitStackingClassifier, _stack_of(CrossFitClassifier)),
    _of_stacks(CrossFitStackingRegressor, _stack_of(CrossFitRegressor)),
    Kind(
        BalancedEnsembleClassifier,
        "sknn_suite.BalancedEnsembleClassifier",
        {
            "classes_": categories,
            "estimators_": _ESTIMATORS,
            "trained_shares_": _SHARES,
            "true_shares_": _SHARES,
            "_member_shares": sequence(_SHARES, most=1000),
        },
        _SHOWN,
        _verify_balanced,
        dropped=frozenset({"estimators_samples_"}),
    ),
)
