"""Initial weights from another estimator."""

from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sknn_suite.doors import warn_user
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.training import load_weights


def init_from(module: nn.Module, source: Any) -> list[str]:
    """Copy a fitted estimator's weights into `module` where names and shapes match.

    A part of the source's network matches by its own names as well: the parameter
    ``encoder.linears.0.weight`` of an autoencoder is ``linears.0.weight`` here.

    Returns
    -------
    list of str
        The names that matched.
    """
    if isinstance(source, FrozenEstimator):
        source = source.estimator
    try:
        check_is_fitted(source)
    except NotFittedError as error:
        raise NotFittedError(
            f"init_from={type(source).__name__} is not fitted. Expected a fitted "
            "estimator; the copies of a search are not. Wrap it in "
            "sklearn.frozen.FrozenEstimator to keep its fit."
        ) from error
    theirs: dict[str, Any] = {}
    for name, array in source._fitted_net().weights.items():
        theirs.setdefault(name.partition(".")[2], array)
        theirs[name] = array
    own = module.state_dict()
    matched = {
        name: theirs[name]
        for name, tensor in own.items()
        if name in theirs and theirs[name].shape == tuple(tensor.shape)
    }
    load_weights(module, matched)
    if not matched:
        warn_user(
            f"init_from={type(source).__name__} has no weights that match by name and "
            "shape. Training starts from random weights. Give both the same first "
            "hidden_layer_sizes.",
            SuiteWarning,
        )
    return list(matched)
