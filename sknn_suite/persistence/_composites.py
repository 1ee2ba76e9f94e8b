"""What scikit-learn's pipelines and their kin hold: other estimators."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from sknn_suite.persistence._checks import (
    MOST,
    flag,
    integer,
    mapping,
    plain,
    refuse,
    sequence,
    text,
)
from sknn_suite.persistence._kinds import Check, Kind
from sknn_suite.persistence._scikit import COLUMNS, kind_of, verify_names


def _estimator(value: Any) -> None:
    refuse(not isinstance(value, BaseEstimator), "is no estimator")


def _step(value: Any) -> None:
    refuse(
        not isinstance(value, BaseEstimator)
        and not (value is None or (isinstance(value, str) and len(value) < 20)),
        "holds a step that is none",
    )


def _steps(steps: Any, size: int) -> None:
    refuse(type(steps) is not list, "has no list of steps")
    for step in steps:
        refuse(type(step) is not tuple or len(step) != size, "has a step that is none")
        text(step[0])
        _step(step[1])


def _columns(value: Any, n_features: int) -> None:
    """Refuse columns that are missing; names are looked up in the rows."""
    if isinstance(value, str | make_column_selector):
        return
    if isinstance(value, slice):
        for end in (value.start, value.stop, value.step):
            refuse(
                end is not None and not isinstance(end, str | int), "has odd columns"
            )
        return
    places = value.tolist() if isinstance(value, np.ndarray) else value
    for place in places if isinstance(places, list) else [places]:
        if not isinstance(place, str | bool | np.bool_):
            integer(-n_features, n_features - 1)(place)


def verify_pipeline(pipeline: Any) -> None:
    """Refuse steps that are none."""
    _steps(pipeline.steps, 2)
    pipeline._validate_names([name for name, _ in pipeline.steps])


def _verify_union(union: Any) -> None:
    _steps(union.transformer_list, 2)


def _verify_transformer(model: Any) -> None:
    verify_names(model)
    n = model.n_features_in_
    for steps in (model.transformers, model.transformers_):
        _steps(steps, 3)
        for _, _, columns in steps:
            _columns(columns, n)
    for columns in model._columns:
        _columns(columns, n)
    refuse(len(model._columns) > len(model.transformers), "has columns of no step")
    remainder = model._remainder
    refuse(type(remainder) is not tuple or len(remainder) != 3, "has no remainder")
    _step(remainder[1])
    _columns(remainder[2], n)
    for places in model._transformer_to_input_indices.values():
        for place in places:
            integer(0, n - 1)(place)
    for ends in model.output_indices_.values():
        refuse(type(ends) is not slice, "has output columns that are none")
        for end in (ends.start, ends.stop):
            integer(0, MOST)(end)


_TRANSFORMERS: dict[str, Check] = {
    "_columns": sequence(lambda value: None),
    "_transformer_to_input_indices": mapping(text, sequence(integer())),
    "_remainder": lambda value: None,
    "sparse_output_": flag,
    "transformers_": lambda value: None,
    "output_indices_": mapping(text, lambda value: None),
}


def _nothing(model: Any) -> None:
    """Accept it: its parameters have been checked."""


COMPOSITES: tuple[Kind, ...] = (
    kind_of(Pipeline, verify_pipeline),
    kind_of(FeatureUnion, _verify_union, optional=COLUMNS),
    kind_of(
        ColumnTransformer,
        _verify_transformer,
        COLUMNS,
        _TRANSFORMERS,
        optional={"_transformers_feature_names_out": plain},
    ),
    kind_of(FrozenEstimator, lambda model: _estimator(model.estimator)),
    kind_of(
        TransformedTargetRegressor,
        _nothing,
        {
            "_training_dim": integer(1),
            "transformer_": _estimator,
            "regressor_": _estimator,
        },
        optional=COLUMNS,
    ),
    kind_of(
        FixedThresholdClassifier,
        _nothing,
        {"estimator_": _estimator},
        optional=COLUMNS,
    ),
    Kind(
        make_column_selector,
        "sklearn.compose.make_column_selector",
        {
            "pattern": plain,
            "dtype_include": lambda v: None,
            "dtype_exclude": lambda v: None,
        },
    ),
)
