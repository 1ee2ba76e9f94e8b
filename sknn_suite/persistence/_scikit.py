"""What scikit-learn's linear models, scalers and imputers hold."""

from typing import Any

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    LabelBinarizer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC, LinearSVR

from sknn_suite.persistence._checks import (
    array,
    ascending,
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
    shape,
    text,
)
from sknn_suite.persistence._kinds import Check, Kind

COLUMNS: dict[str, Check] = {"n_features_in_": integer(1)}
MAYBE: dict[str, Check] = {
    "feature_names_in_": array("O", 1),
    "_sklearn_output_config": mapping(
        one_of("transform"), one_of("default", "pandas", "polars", None)
    ),
}

_COEF = array("f", (1, 2), is_finite=True)
_INTERCEPT = either(finite, array("f", 1, is_finite=True))
_MAYBE_VECTOR = either(nothing, array("f", 1))
_COUNT = either(nothing, integer(), array("i", (0, 1)))


def verify_names(model: Any) -> None:
    """Refuse names of columns that are not as many as the columns."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        shape(names, model.n_features_in_)
        refuse(not all(isinstance(n, str) for n in names), "a column has no name")


def columns(*names: str) -> Any:
    """Make a check that attributes, unless None, have one number for each column."""

    def verify(model: Any) -> None:
        verify_names(model)
        for name in names:
            value = getattr(model, name)
            if value is not None:
                shape(value, model.n_features_in_)

    return verify


def _verify_linear(model: Any) -> None:
    verify_names(model)
    coef, n_features = model.coef_, model.n_features_in_
    refuse(coef.shape[-1] != n_features, "its coefficients have other columns")
    rows = 1 if coef.ndim == 1 else len(coef)
    intercept = np.ravel(model.intercept_)
    refuse(len(intercept) not in (1, rows), "its intercepts are of other outputs")
    if hasattr(model, "classes_"):
        n_classes = len(model.classes_)
        expected = (1,) if n_classes == 2 else (n_classes,)
        several = getattr(model, "_label_binarizer", None) is not None
        refuse(rows not in expected and not several, "its classes are not its outputs")


def kind_of(cls: Any, verify: Any, *parts: dict[str, Check], **more: Any) -> Kind:
    """Make the kind of a class of scikit-learn, under its public name."""
    attributes = {name: check for part in parts for name, check in part.items()}
    optional = MAYBE | more.pop("optional", {})
    package = ".".join(cls.__module__.split(".")[:2])
    return Kind(cls, f"{package}.{cls.__name__}", attributes, optional, verify, **more)


def _linear(cls: Any, optional: dict[str, Check], *dropped: str) -> Kind:
    attributes = {"coef_": _COEF, "intercept_": _INTERCEPT}
    return kind_of(
        cls,
        _verify_linear,
        COLUMNS,
        attributes,
        optional=optional,
        tensors=frozenset({"coef_"}),
        dropped=frozenset(dropped),
    )


def _verify_quantiles(scaler: Any) -> None:
    verify_names(scaler)
    n = len(scaler.references_)
    refuse(
        not n or not ascending(scaler.references_, strictly=False), "its shares fall"
    )
    shape(scaler.quantiles_, n, scaler.n_features_in_)


def _verify_components(model: Any) -> None:
    verify_names(model)
    shape(model.components_, None, model.n_features_in_)
    n = len(model.components_)
    for name in ("explained_variance_", "mean_"):
        value = getattr(model, name, None)
        if value is not None:
            shape(value, n if name != "mean_" else model.n_features_in_)


def _verify_missing(model: Any) -> None:
    verify_names(model)
    n = model._n_features
    refuse(n != model.n_features_in_, "its columns are counted in two ways")
    places = model.features_
    wrong = len(places) and (places.min() < 0 or places.max() >= n)
    refuse(wrong, "it names columns that are missing")


def _verify_imputer(model: Any) -> None:
    verify_names(model)
    shape(model.statistics_, model.n_features_in_)
    indicator = model.indicator_
    if indicator is not None:
        same = indicator.n_features_in_ == model.n_features_in_
        refuse(not same, "its columns are counted in two ways")


def _verify_power(model: Any) -> None:
    columns("lambdas_")(model)
    scaler = getattr(model, "_scaler", None)
    if scaler is not None:
        refuse(scaler.n_features_in_ != model.n_features_in_, "its columns differ")


_LINEAR: dict[str, Check] = {
    "n_iter_": _COUNT,
    "classes_": categories,
    "solver_": text,
    "dual_gap_": either(number, array("f")),
    "l1_ratio": finite,
    "rank_": integer(),
    "singular_": array("f", 1),
    "t_": number,
    "C_": plain,
    "l1_ratio_": plain,
    "_expanded_class_weight": array("f", 1),
    "scale_": number,
    "_label_binarizer": instance(LabelBinarizer),
    "alpha_": number,
    "lambda_": number,
    "X_offset_": array("f", 1),
    "X_scale_": array("f", 1),
    "scores_": plain,
    "sigma_": array("f", 2, is_finite=True),
}
_SEEN: dict[str, Check] = {"n_samples_seen_": either(number, array("fi", 1))}
_DTYPE = instance(*{type(np.dtype(t)) for t in "fdOil?"}, type(np.dtype("U1")))
_VECTOR = array("f", 1)


def _numbers(*names: str, check: Check = _VECTOR) -> dict[str, Check]:
    return dict.fromkeys(names, check)


LINEAR: tuple[Kind, ...] = (
    *(
        _linear(cls, _LINEAR)
        for cls in (
            LinearRegression,
            Ridge,
            RidgeClassifier,
            Lasso,
            ElasticNet,
            LogisticRegression,
            SGDRegressor,
            LinearSVC,
            LinearSVR,
        )
    ),
    _linear(BayesianRidge, _LINEAR),
    _linear(RidgeCV, _LINEAR | {"best_score_": number}),
    # Which training rows are outliers: nothing is kept row by row.
    _linear(HuberRegressor, _LINEAR, "outliers_"),
    _linear(SGDClassifier, _LINEAR, "_loss_function_", "loss_function_"),
)

SCALERS: tuple[Kind, ...] = (
    kind_of(
        StandardScaler,
        columns("mean_", "var_", "scale_"),
        COLUMNS,
        _SEEN,
        _numbers("mean_", "var_", "scale_", check=_MAYBE_VECTOR),
    ),
    kind_of(
        MinMaxScaler,
        columns("scale_", "min_"),
        COLUMNS,
        _SEEN,
        _numbers("scale_", "min_", "data_min_", "data_max_", "data_range_"),
    ),
    kind_of(
        MaxAbsScaler,
        columns("max_abs_", "scale_"),
        COLUMNS,
        _SEEN,
        _numbers("max_abs_", "scale_"),
    ),
    kind_of(
        RobustScaler,
        columns("center_", "scale_"),
        COLUMNS,
        _numbers("center_", "scale_", check=_MAYBE_VECTOR),
    ),
    kind_of(Normalizer, verify_names, COLUMNS),
    kind_of(Binarizer, verify_names, COLUMNS),
    kind_of(FunctionTransformer, verify_names, {}, optional=COLUMNS),
    kind_of(
        QuantileTransformer,
        _verify_quantiles,
        COLUMNS,
        {
            "n_quantiles_": integer(1),
            "references_": _VECTOR,
            "quantiles_": array("f", 2),
        },
    ),
    kind_of(
        PowerTransformer,
        _verify_power,
        COLUMNS,
        {"lambdas_": _VECTOR},
        optional={"_scaler": instance(StandardScaler)},
    ),
    kind_of(
        PCA,
        _verify_components,
        COLUMNS,
        {
            "_fit_svd_solver": text,
            "mean_": _VECTOR,
            "noise_variance_": number,
            "n_samples_": integer(),
            "n_components_": integer(0),
            "components_": array("f", 2, is_finite=True),
            "explained_variance_": _VECTOR,
            "explained_variance_ratio_": _VECTOR,
            "singular_values_": _VECTOR,
        },
        tensors=frozenset({"components_"}),
    ),
    kind_of(
        TruncatedSVD,
        _verify_components,
        COLUMNS,
        {
            "components_": array("f", 2, is_finite=True),
            "explained_variance_": _VECTOR,
            "explained_variance_ratio_": _VECTOR,
            "singular_values_": _VECTOR,
        },
        tensors=frozenset({"components_"}),
    ),
    kind_of(VarianceThreshold, columns("variances_"), COLUMNS, _numbers("variances_")),
    kind_of(LabelEncoder, lambda model: None, {"classes_": categories}),
    kind_of(
        LabelBinarizer,
        lambda model: None,
        {"y_type_": text, "sparse_input_": flag, "classes_": categories},
    ),
)

IMPUTERS: tuple[Kind, ...] = (
    kind_of(
        MissingIndicator,
        _verify_missing,
        COLUMNS,
        {"_precomputed": flag, "_n_features": integer(1), "features_": array("i", 1)},
    ),
    kind_of(
        SimpleImputer,
        _verify_imputer,
        COLUMNS,
        {
            "_fit_dtype": _DTYPE,
            "_fill_dtype": _DTYPE,
            "indicator_": either(nothing, instance(MissingIndicator)),
            "statistics_": array("fiObuU", 1),
        },
    ),
)
