"""to_torch: a fitted model as a plain module."""

from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from torch import nn

from sknn_suite.encoding import ClassTarget
from sknn_suite.export._mixed_modules import MixedModel
from sknn_suite.export._modules import (
    Classes,
    ImageModel,
    Numbers,
    ScoreModel,
    SequenceModel,
    TableModel,
    TextModel,
)
from sknn_suite.export._write import DETECTORS, check_exportable


def to_torch(model: BaseEstimator) -> nn.Module:
    """Make a plain torch module of a fitted model, with scaling and link inside.

    It takes and gives tensors: the inputs of `to_onnx` in the same order, and returns
    probabilities of the classes, predictions, or the scores of `score_samples`. It runs
    in ``torch.compile`` and ``torch.export``, with any number of rows and steps. The
    weights are copies, in evaluation mode, without gradients.

    Tensors hold no strings, so mixed tables come as up to four of them: ``numbers``,
    ``dates``, ``categories`` (codes) and ``texts`` (shares of n-grams). A reader in the
    user guide makes them from a data frame and the module's ``description``.

    Parameters
    ----------
    model : estimator
        A fitted estimator of this package.

    Returns
    -------
    nn.Module
        The module, on the CPU, in the type in which the model was fitted. Move it with
        ``to``.

    Raises
    ------
    ValueError
        If the model has no such module.

    See Also
    --------
    to_onnx : A graph that needs no torch.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.export import to_torch
    >>> X = np.random.RandomState(0).normal(size=(90, 4))
    >>> model = MLPClassifier(max_iter=500, random_state=0).fit(X, X[:, 0] > 0)
    >>> module = to_torch(model)
    >>> proba = module(torch.from_numpy(X[:3]))
    >>> bool(np.allclose(proba, model.predict_proba(X[:3]), atol=1e-6))
    True
    """
    while hasattr(model, "best_estimator_"):
        model = model.best_estimator_
    if isinstance(model, Pipeline) and len(model.steps) == 1:
        model = model.steps[0][1]
    net = check_exportable(model, "to_torch")
    if net.network.kind in DETECTORS:
        made: nn.Module = ScoreModel(net, model._scores)
    else:
        made = _MODELS[net.network.kind](model, net)
    return made.eval().requires_grad_(False)


def _answers(model: Any, net: Any) -> nn.Module:
    kind = Classes if isinstance(net.target, ClassTarget) else Numbers
    return kind(model.out_activation_, net.target)


def _image(model: Any, net: Any) -> nn.Module:
    module = net.module()
    model._task(model).adapt(module, net.network)
    flat = None
    if model._pixel_unit is None:
        flat = (*model.image_shape_, model.data_format == "channels_first")
    return ImageModel(module, _answers(model, net), flat)


def _sequence(model: Any, net: Any) -> nn.Module:
    if net.module().embedding is not None:
        return TextModel(net, _answers(model, net))
    return SequenceModel(net, _answers(model, net))


_MODELS: dict[str, Callable[[Any, Any], nn.Module]] = {
    "image": _image,
    "mlp": lambda model, net: TableModel(net, _answers(model, net)),
    "sequence": _sequence,
    "tabular_pack": lambda model, net: MixedModel(net, _answers(model, net)),
}
