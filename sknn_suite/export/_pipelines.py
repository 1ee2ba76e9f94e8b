"""Pipelines of scikit-learn with our networks in them, by skl2onnx."""

from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from sknn_suite.anomaly import AutoencoderDetector, VAEDetector
from sknn_suite.doors import import_optional
from sknn_suite.encoding import ClassTarget
from sknn_suite.export._agreement import check_agreement
from sknn_suite.export._graph import ML_DOMAIN, ML_OPSET, OPSET
from sknn_suite.export._wrappers import (
    WRAPPERS,
    refuse_other_scores,
    write_wrapper,
)
from sknn_suite.export._write import check_exportable, write_model
from sknn_suite.images import CNNClassifier
from sknn_suite.tabular import MLPClassifier, MLPRegressor

# Those whose rows are tables of numbers, which is what steps of a pipeline pass on.
IN_PIPELINES = (
    MLPClassifier,
    MLPRegressor,
    CNNClassifier,
    AutoencoderDetector,
    VAEDetector,
)

# skl2onnx asks for them in all classifiers. They change nothing here.
OPTIONS = {"zipmap": [True, False, "columns"], "nocl": [True, False]}


def register_converters() -> None:
    """Teach skl2onnx the networks of this package.

    `to_onnx` does so by itself. Call it before you call ``skl2onnx.to_onnx``, for
    options that only skl2onnx has.

    Raises
    ------
    MissingDependencyError
        If skl2onnx is not installed.

    Examples
    --------
    >>> from sknn_suite.export import register_converters
    >>> register_converters()
    """
    skl2onnx = _import_skl2onnx("register_converters")
    for kind in IN_PIPELINES:
        skl2onnx.update_registered_converter(
            kind,
            f"SknnSuite{kind.__name__}",
            _settle_shapes,
            _convert,
            parser=_declare,
            options=OPTIONS,
        )
    for wrapper in WRAPPERS:
        skl2onnx.update_registered_converter(
            wrapper,
            f"SknnSuite{wrapper.__name__}",
            _settle_wrapper,
            _convert_wrapper,
            parser=_declare_wrapper,
            options=OPTIONS,
        )
    skl2onnx.update_registered_parser(FrozenEstimator, _declare_frozen)


def convert_pipeline(model: Any, X: Any, dtype: Any) -> Any:
    """Convert an estimator of scikit-learn, with our networks in it.

    Parameters
    ----------
    model : estimator
        Fitted.
    X : array-like or None
        Some rows, which show the types of columns; None for a table of numbers.
    dtype : dtype
        Type of numbers that are not whole.

    Raises
    ------
    ValueError
        If a step cannot be converted, or the graph computes something else.
    """
    skl2onnx = _import_skl2onnx("to_onnx")
    register_converters()
    types = _types_of(model, X, np.dtype(dtype))
    try:
        made = skl2onnx.convert_sklearn(
            model,
            name="sknn_suite",
            initial_types=types,
            target_opset={"": OPSET, ML_DOMAIN: ML_OPSET},
            options={"zipmap": False},
        )
    except (NotImplementedError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise ValueError(
            f"skl2onnx cannot convert {type(model).__name__}: {reason}. Expected steps "
            "that it knows. Replace the step, or write the network alone."
        ) from error
    check_agreement(made, model, X, np.dtype(dtype))
    return made


def _import_skl2onnx(needed_by: str) -> Any:
    return import_optional("skl2onnx", needed_by=needed_by, extra="onnx")


def _kinds() -> Any:
    return import_optional(
        "skl2onnx.common.data_types", needed_by="to_onnx", extra="onnx"
    )


def _types_of(model: Any, X: Any, dtype: np.dtype) -> list[tuple[str, Any]]:
    """Name and type of each input."""
    kinds = _kinds()
    real = kinds.DoubleTensorType if dtype == np.float64 else kinds.FloatTensorType
    if X is None:
        if not hasattr(model, "n_features_in_") or hasattr(model, "feature_names_in_"):
            raise ValueError(
                f"{type(model).__name__} was fitted on named columns, or does not know "
                "its columns, and X is None. Expected some rows, which show the type "
                "of each column. Pass X=X_train[:5]."
            )
        return [("X", real([None, model.n_features_in_]))]

    def kind_of(values: Any, width: int) -> Any:
        letter = getattr(values.dtype, "kind", "O")
        if letter in "iu":
            return kinds.Int64TensorType([None, width])
        if letter in "bf":
            return real([None, width])
        return kinds.StringTensorType([None, width])

    if hasattr(X, "columns"):
        return [(str(name), kind_of(X[name], 1)) for name in X.columns]
    X = np.asarray(X)
    return [("X", kind_of(X, X.shape[1]))]


# -- what skl2onnx calls -------------------------------------------------------------


def _declare(scope: Any, model: Any, inputs: list, custom_parsers: Any = None) -> list:
    """Declare a network and its outputs."""
    net = check_exportable(model, "to_onnx")
    kinds = _kinds()
    real = kinds.FloatTensorType
    if all(isinstance(one.type, kinds.DoubleTensorType) for one in inputs):
        real = kinds.DoubleTensorType
    if len(inputs) > 1:
        joined = scope.declare_local_operator("SklearnConcat")
        joined.inputs = inputs
        inputs = [scope.declare_local_variable("joined", real())]
        joined.outputs.append(inputs[0])
    operator = scope.declare_local_operator(f"SknnSuite{type(model).__name__}", model)
    operator.inputs = inputs
    if net.target is None:
        names = {"label": kinds.Int64TensorType, "scores": real, "decision": real}
    elif isinstance(net.target, ClassTarget):
        names = {"label": _label_type(net.target.classes_), "probabilities": real}
    else:
        names = {"prediction": real}
    for name, kind in names.items():
        operator.outputs.append(scope.declare_local_variable(name, kind()))
    return operator.outputs


def _label_type(classes: np.ndarray) -> Any:
    kinds = _kinds()
    return {
        "b": kinds.BooleanTensorType,
        "f": kinds.DoubleTensorType,
        "O": kinds.StringTensorType,
        "U": kinds.StringTensorType,
    }.get(classes.dtype.kind, kinds.Int64TensorType)


def _settle_shapes(operator: Any) -> None:
    net = operator.raw_operator._fitted_net()
    kinds = _kinds()
    double = isinstance(operator.inputs[0].type, kinds.DoubleTensorType)
    real = kinds.DoubleTensorType if double else kinds.FloatTensorType
    if net.target is None:
        label, *others = operator.outputs
        label.type = kinds.Int64TensorType([None])
        for output in others:
            output.type = real([None])
    elif isinstance(net.target, ClassTarget):
        classes = net.target.classes_
        several = [len(classes)] if net.target.kind_ == "multilabel" else []
        operator.outputs[0].type = _label_type(classes)([None, *several])
        operator.outputs[1].type = real([None, len(classes)])
    else:
        operator.outputs[0].type = real([None, net.target.n_scores])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    kinds = _kinds()
    rows: Any = {
        kinds.DoubleTensorType: np.float64,
        kinds.Int64TensorType: np.int64,
        kinds.BooleanTensorType: np.bool_,
    }.get(type(operator.inputs[0].type), np.float32)
    answers = np.float64 if rows is np.float64 else np.float32
    model = write_model(operator.raw_operator, answers, rows)
    _integration().add_onnx_graph(scope, operator, container, model)


def _declare_wrapper(
    scope: Any, model: Any, inputs: list, custom_parsers: Any = None
) -> list:
    """Declare the classifiers inside, and the outputs of what is around them."""
    refuse_other_scores(model)
    parse = import_optional("skl2onnx._parse", needed_by="to_onnx", extra="onnx")
    inner = [
        parse._parse_sklearn(scope, one, inputs, custom_parsers)[1]
        for one in WRAPPERS[type(model)].inner(model)
    ]
    operator = scope.declare_local_operator(f"SknnSuite{type(model).__name__}", model)
    operator.inputs = inner
    label = scope.declare_local_variable("label", _label_type(model.classes_)())
    proba = scope.declare_local_variable("probabilities", type(inner[0].type)())
    operator.outputs.extend([label, proba])
    return operator.outputs


def _declare_frozen(
    scope: Any, model: Any, inputs: list, custom_parsers: Any = None
) -> list:
    parse = import_optional("skl2onnx._parse", needed_by="to_onnx", extra="onnx")
    return parse._parse_sklearn(scope, model.estimator, inputs, custom_parsers)


def _settle_wrapper(operator: Any) -> None:
    classes = operator.raw_operator.classes_
    operator.outputs[0].type = _label_type(classes)([None])
    kind = type(operator.inputs[0].type)
    operator.outputs[1].type = kind([None, len(classes)])


def _convert_wrapper(scope: Any, operator: Any, container: Any) -> None:
    double = isinstance(operator.inputs[0].type, _kinds().DoubleTensorType)
    dtype = np.float64 if double else np.float32
    model = write_wrapper(operator.raw_operator, len(operator.inputs), dtype)
    _integration().add_onnx_graph(scope, operator, container, model)


def _integration() -> Any:
    return import_optional(
        "skl2onnx.helpers.integration", needed_by="to_onnx", extra="onnx"
    )
