"""What classifiers around other classifiers hold: stacks, votes, thresholds."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from sknn_suite.decision import DecisionRule, Recalibrator, ThresholdTuner
from sknn_suite.doors._calibration import (
    CalibratedClassifier,
    SigmoidCalibration,
    TemperatureScaling,
)
from sknn_suite.persistence._checks import (
    all_finite,
    array,
    ascending,
    categories,
    either,
    finite,
    flag,
    instance,
    integer,
    nothing,
    number,
    one_of,
    random_state,
    refuse,
    sequence,
    shape,
)
from sknn_suite.persistence._kinds import Check, Kind
from sknn_suite.persistence._scikit import COLUMNS, kind_of

# Methods of estimators that a stack calls by name, which no file may choose freely.
METHODS = ("predict_proba", "decision_function", "predict")


def _estimator(value: Any) -> None:
    refuse(not isinstance(value, BaseEstimator), "is no estimator")


_ESTIMATORS = sequence(_estimator, most=1000)
_VECTOR = array("f", 1, is_finite=True)


def _verify_classes(inner: Any, classes: np.ndarray) -> None:
    """Refuse a classifier inside that knows other classes than what is around it."""
    known = np.asarray(getattr(inner, "classes_", ()))
    refuse(not np.array_equal(known, classes), "a classifier inside has other classes")


# -- stacks and votes ----------------------------------------------------------------


def _kept(model: Any) -> list[tuple[str, Any]]:
    """Names and estimators that have not been dropped."""
    refuse(type(model.estimators) is not list, "has no list of estimators")
    for pair in model.estimators:
        refuse(
            type(pair) is not tuple or len(pair) != 2, "has an estimator without name"
        )
        refuse(not isinstance(pair[0], str), "has an estimator without name")
        if not isinstance(pair[1], str):
            _estimator(pair[1])
    return [pair for pair in model.estimators if pair[1] != "drop"]


def _verify_inner(model: Any) -> None:
    refuse(len(model.estimators_) != len(_kept(model)), "its estimators differ")
    refuse(not model.estimators_, "has no estimator")


def _verify_stack(model: Any) -> None:
    _verify_inner(model)
    refuse(len(model.stack_method_) != len(model.estimators_), "calls other methods")


def _verify_stacked_classes(model: Any) -> None:
    _verify_stack(model)
    encoder = model._label_encoder
    refuse(type(encoder) is not LabelEncoder, "has several targets")
    refuse(not np.array_equal(encoder.classes_, model.classes_), "has other labels")


def _verify_votes(model: Any) -> None:
    _verify_inner(model)
    if hasattr(model, "le_"):
        same = np.array_equal(model.le_.classes_, model.classes_)
        refuse(not same, "has other labels")
    if model.weights is not None:
        shape(model.weights, len(model.estimators))


def _by_name(model: Any) -> Bunch:
    """Collect the fitted estimators by name, as scikit-learn does."""
    fitted = iter(model.estimators_)
    return Bunch(
        **{
            name: given if isinstance(given, str) else next(fitted)
            for name, given in model.estimators
        }
    )


_STACK: dict[str, Check] = {
    "estimators_": _ESTIMATORS,
    "final_estimator_": _estimator,
    "stack_method_": sequence(one_of(*METHODS)),
    "_n_feature_outs": sequence(integer(1)),
}
_NAMED = {"named_estimators_": _by_name}
_LABELS: dict[str, Check] = {"classes_": categories}

# -- calibration ---------------------------------------------------------------------


def _verify_calibrated(model: Any) -> None:
    refuse(not model.calibrated_classifiers_, "has no classifier")
    for one in model.calibrated_classifiers_:
        same = np.array_equal(one.classes, model.classes_)
        refuse(not same, "a classifier inside has other classes")


def _verify_calibrator(model: Any) -> None:
    n_classes = len(model.classes)
    # Before temperatures, scikit-learn trains on the numbers of classes.
    numbered = model.method == "temperature"
    _verify_classes(
        model.estimator, np.arange(n_classes) if numbered else model.classes
    )
    kind, n = {
        "sigmoid": (SigmoidCalibration, n_classes),
        "isotonic": (IsotonicRegression, n_classes),
        "temperature": (TemperatureScaling, 1),
    }[model.method]
    expected = 1 if n_classes == 2 else n
    refuse(len(model.calibrators) != expected, "its calibrators are of other classes")
    refuse(any(type(one) is not kind for one in model.calibrators), "is of two methods")


def _verify_steps(model: Any) -> None:
    x, y = model.X_thresholds_, model.y_thresholds_
    refuse(not len(x) or len(x) != len(y), "its steps are none")
    refuse(not ascending(x), "its steps are not in ascending order")


def _interpolate(model: Any) -> Any:
    model._build_f(model.X_thresholds_, model.y_thresholds_)
    return model.f_


# -- decisions -----------------------------------------------------------------------


def _verify_tuner(model: Any) -> None:
    n_classes, rule = len(model.classes_), model._rule
    refuse(not model.estimators_, "has no estimator")
    for one in model.estimators_:
        _verify_classes(one, model.classes_)
    kind = "binary" if n_classes == 2 else "multiclass"
    refuse(rule.kind != kind, "its rule is for other classes")
    shape(rule.threshold, *([] if n_classes == 2 else [n_classes]))


def _verify_recalibrator(model: Any) -> None:
    _verify_classes(model.estimator_, model.classes_)
    for shares in (model.trained_shares_, model.true_shares_):
        shape(shares, len(model.classes_))
        refuse(not all_finite(shares) or (shares <= 0).any(), "its shares are none")


_SEED = either(nothing, integer(), random_state)
_FOLDS: dict[str, Check] = {
    "n_splits": integer(2),
    "shuffle": flag,
    "random_state": _SEED,
}

STACKS: tuple[Kind, ...] = (
    kind_of(
        StackingClassifier,
        _verify_stacked_classes,
        _STACK,
        _LABELS,
        {"_label_encoder": instance(LabelEncoder)},
        derived=_NAMED,
    ),
    kind_of(
        StackingRegressor,
        _verify_stack,
        _STACK,
        optional={"stack_method": one_of("predict")},  # no parameter, and always so
        derived=_NAMED,
    ),
    kind_of(
        VotingClassifier,
        _verify_votes,
        {"estimators_": _ESTIMATORS, "le_": instance(LabelEncoder)},
        _LABELS,
        derived=_NAMED,
    ),
    kind_of(
        VotingRegressor, _verify_votes, {"estimators_": _ESTIMATORS}, derived=_NAMED
    ),
    kind_of(
        CalibratedClassifierCV,
        _verify_calibrated,
        {"calibrated_classifiers_": sequence(instance(CalibratedClassifier))},
        _LABELS,
        optional=COLUMNS,
    ),
    Kind(
        CalibratedClassifier,
        "sklearn.calibration.CalibratedClassifier",
        {
            "estimator": _estimator,
            "calibrators": sequence(_estimator),
            "classes": categories,
            "method": one_of("sigmoid", "isotonic", "temperature"),
        },
        verify=_verify_calibrator,
    ),
    Kind(
        SigmoidCalibration,
        "sklearn.calibration.SigmoidCalibration",
        {"a_": finite, "b_": finite},
    ),
    Kind(
        TemperatureScaling,
        "sklearn.calibration.TemperatureScaling",
        {"beta_": either(finite, array("f", 0, is_finite=True))},
    ),
    kind_of(
        IsotonicRegression,
        _verify_steps,
        {
            "X_min_": finite,
            "X_max_": finite,
            "X_thresholds_": _VECTOR,
            "y_thresholds_": _VECTOR,
            "increasing_": flag,
        },
        derived={"f_": _interpolate},
    ),
    # The curve shows how the threshold was chosen, and no prediction reads it.
    Kind(
        ThresholdTuner,
        "sknn_suite.ThresholdTuner",
        {
            "classes_": categories,
            "estimators_": _ESTIMATORS,
            "_rule": instance(DecisionRule),
            "best_score_": either(nothing, number),
            "fold_thresholds_": array("f", (1, 2)),
            "threshold_std_": either(number, array("f", 1)),
        },
        {"feature_names_in_": array("O", 1), **COLUMNS},
        _verify_tuner,
        derived={
            "decision_threshold_": lambda model: model._rule.threshold,
            "decision_curve_": lambda model: None,
        },
    ),
    Kind(
        Recalibrator,
        "sknn_suite.Recalibrator",
        {
            "classes_": categories,
            "estimator_": _estimator,
            "trained_shares_": _VECTOR,
            "true_shares_": _VECTOR,
        },
        {"feature_names_in_": array("O", 1), **COLUMNS},
        _verify_recalibrator,
    ),
    *(
        Kind(cls, f"sklearn.model_selection.{cls.__name__}", _FOLDS)
        for cls in (KFold, StratifiedKFold, GroupKFold, StratifiedGroupKFold)
    ),
    Kind(
        TimeSeriesSplit,
        "sklearn.model_selection.TimeSeriesSplit",
        _FOLDS
        | {
            "max_train_size": either(nothing, integer(1)),
            "test_size": either(nothing, integer(1)),
            "gap": integer(),
        },
    ),
)
