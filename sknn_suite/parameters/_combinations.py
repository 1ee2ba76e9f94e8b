"""Errors for parameters that would have no effect together with others.

A search tries all values of one parameter with all values of another. So a parameter
whose text says "for X only" (`focal_gamma`, `momentum`, `ema_decay`) may be set even if
X is not chosen, as in scikit-learn. An error is raised where a user could expect an
effect: ``mixup`` with ``solver="lbfgs"``, or ``activation`` of a network whose
activations are fixed.
"""

from collections.abc import Iterable
from numbers import Number
from typing import Any

from sknn_suite.parameters._training import TrainingParameters
from sknn_suite.parameters._values import refuse_values

# Parameters that solver="lbfgs" cannot use, and the reason. Those that scikit-learn's
# lbfgs ignores (batch_size, momentum, early_stopping, ...) are ignored here too.
_NOT_BY_LBFGS = {
    "averaging": "takes no steps to average over",
    "mixup": "evaluates the same rows each time",
    "augment": "evaluates the same rows each time",
    "max_norm": "finds a minimum without limits",
    "max_grad_norm": "measures its steps itself",
    "max_grad_value": "measures its steps itself",
    "warmup": "measures its steps itself",
    "body_rate": "measures its steps itself",
    "accumulate": "takes all rows at once",
    "batch_sampling": "takes all rows at once",
    "on_divergence": "has no learning rate to halve",
    "unfreeze_every": "finds a minimum of the same weights throughout",
    "schedule_params": "measures its steps itself",
}

# Schedules that scikit-learn knows, and ignores for lbfgs.
_SCHEDULES_OF_SCIKIT_LEARN = ("constant", "invscaling", "adaptive")

# Parameters of word tokens, which other tokenizers do not read.
_OF_WORDS = (
    "punctuation",
    "numbers",
    "urls",
    "mentions",
    "hashtags",
    "emoji",
    "repeated_letters",
)

# Parameters for a network that is trained already.
_OF_BACKBONES = ("finetune", "body_rate", "head_iter")

# Parameters for images in files.
_OF_FILES = ("resize", "cache_size", "on_bad_image")

# Networks for images by the parameters that they do not read. Residual networks and
# "inception" always have batch norm, so that batch_norm=True is true of them.
_NOT_READ_BY = {
    "airbench": ("hidden_layer_sizes", "activation", "dropout"),
    "alexnet": ("hidden_layer_sizes", "activation", "batch_norm"),
    "inception": ("hidden_layer_sizes", "activation"),
    "layers": ("hidden_layer_sizes",),
    "lenet5": ("hidden_layer_sizes",),
    "mlp": (),
    "module": (
        "hidden_layer_sizes",
        "activation",
        "dropout",
        "batch_norm",
        "weight_init",
    ),
    "resnet_small": ("hidden_layer_sizes",),
    "simple": ("hidden_layer_sizes",),
}
_NOT_READ_BY_OTHERS = ("hidden_layer_sizes", "activation")  # resnet18, vgg11, ...


def refuse_combinations(parameters: Any) -> None:
    """Refuse values that cannot be used, or that have no effect beside others.

    Parameters
    ----------
    parameters : object
        Anything that has the training parameters as attributes, and those of its kind
        of data where it has any.

    Raises
    ------
    ValueError
        If one cannot be used, or is not at its default and would be ignored.
    """
    refuse_values(parameters)
    if _value(parameters, "solver") == "lbfgs":
        _refuse_for_lbfgs(parameters)
    _refuse_for_loss(parameters)
    if _value(parameters, "embeddings") is None:
        _refuse(
            parameters,
            ["embedding_rate"],
            "without embeddings, whose vectors it would fine-tune",
            "embeddings",
        )
    tokenizer = _value(parameters, "tokenizer")
    kind = getattr(tokenizer, "kind", "word")
    if not isinstance(kind, str):
        what = "on your own tokenizer, which gets texts as they are"
        _refuse(tokenizer, ("lowercase", *_OF_WORDS), what, "kind='word'")
    elif kind == "char":
        what = "on kind='char', whose tokens are single characters"
        _refuse(tokenizer, _OF_WORDS, what, "kind='word'")
    if _value(parameters, "backbone") is None:
        what = "without a backbone, a network that is trained already"
        _refuse(parameters, _OF_BACKBONES, what, "backbone")
    elif _value(parameters, "finetune") == "head":
        what = "with finetune='head', which trains the last layer alone"
        unread = ("freeze", "unfreeze_every")
        _refuse(parameters, unread, what, "finetune='full'")


def refuse_for_network(parameters: Any, network: str) -> None:
    """Refuse parameters that a network for images does not read, by its name.

    Raises
    ------
    ValueError
        If one is not at its default and would be ignored.
    """
    shown = "your own module" if network == "module" else f"{network!r}"
    if network == "layers":
        shown = "a list of layers"
    unread = not_read_by(network)
    what = f"on {shown}, a network that does not read it"
    _refuse(parameters, unread, what, "another architecture")


def not_read_by(network: str) -> tuple[str, ...]:
    """Names of the parameters that a network for images does not read, by its name."""
    return _NOT_READ_BY.get(network, _NOT_READ_BY_OTHERS)


def refuse_for_arrays(parameters: Any) -> None:
    """Refuse parameters for image files, where X is an array.

    Raises
    ------
    ValueError
        If one is not at its default and would be ignored.
    """
    what = "on arrays of pixels, only on image files"
    _refuse(parameters, _OF_FILES, what, "a list of paths as X")


def _refuse_for_lbfgs(parameters: Any) -> None:
    for name, why in _NOT_BY_LBFGS.items():
        if not _is_default(parameters, name):
            raise ValueError(
                f"{name}={_value(parameters, name)!r} does not go with solver='lbfgs', "
                f"which {why}. Expected {_default(parameters, name)!r}. Choose a "
                f"stochastic solver, such as 'adam', or leave {name} out."
            )
    schedule = _value(parameters, "learning_rate")
    known = isinstance(schedule, str) and schedule in _SCHEDULES_OF_SCIKIT_LEARN
    if not known and not _is_default(parameters, "learning_rate"):
        raise ValueError(
            f"learning_rate={schedule!r} does not go with solver='lbfgs', which "
            "measures its steps itself. Expected 'constant'. Choose a stochastic "
            "solver, such as 'adam', or leave learning_rate out."
        )
    rates = _value(parameters, "learning_rate_init")
    if hasattr(rates, "__len__") and not isinstance(rates, str):
        raise ValueError(
            f"learning_rate_init={rates!r} does not go with solver='lbfgs', which has "
            "no rates of layers. Expected one number; lbfgs ignores it. Choose a "
            "stochastic solver, or set freeze to leave layers as they are."
        )


def _refuse_for_loss(parameters: Any) -> None:
    """Refuse what a loss of numbers cannot use."""
    loss = _value(parameters, "loss")
    scale = _value(parameters, "scale_target")
    if loss == "poisson" and scale not in (None, False, "auto"):
        raise ValueError(
            f"scale_target={scale!r} does not go with loss='poisson', which learns the "
            "logarithm of the mean of counts as they are. Expected False. Choose "
            "another loss, or leave scale_target out."
        )
    if loss != "quantile":
        what = f"on loss={loss!r}, which predicts no quantile"
        names = ["calibrated"]
        if not isinstance(_value(parameters, "quantile"), Number):
            names.append("quantile")  # one number may stay, as focal_gamma may
        _refuse(parameters, names, what, "loss='quantile'")
    elif _predicts_columns(parameters):
        scoring = _value(parameters, "early_stopping_scoring")
        if isinstance(scoring, str) and scoring != "loss":
            raise ValueError(
                f"early_stopping_scoring={scoring!r} does not go with "
                f"quantile={_value(parameters, 'quantile')!r}, which predicts a column "
                "per quantile. Expected None, 'loss' or a function of (estimator, X, "
                "y). Leave early_stopping_scoring out: the usual score knows quantiles."
            )


def _predicts_columns(parameters: Any) -> bool:
    quantile = _value(parameters, "quantile")
    return not isinstance(quantile, Number) and len(quantile) > 1


def _refuse(parameters: Any, names: Iterable[str], what: str, needs: str) -> None:
    for name in names:
        if not _is_default(parameters, name):
            raise ValueError(
                f"{name}={_value(parameters, name)!r} has no effect {what}. Expected "
                f"its default, {_default(parameters, name)!r}. Leave {name} out, or "
                f"choose {needs}."
            )


def _value(parameters: Any, name: str) -> Any:
    return getattr(parameters, name, _default(parameters, name))


def _default(parameters: Any, name: str) -> Any:
    """Default of a parameter, None where there is no such parameter."""
    return getattr(type(parameters), name, getattr(TrainingParameters, name, None))


def _is_default(parameters: Any, name: str) -> bool:
    value, default = _value(parameters, name), _default(parameters, name)
    if value is None or value is default:  # None says "leave it out" of any parameter
        return True
    if isinstance(value, Number | str):
        return isinstance(default, Number | str) and value == default
    return isinstance(value, list | tuple) and list(value) == _as_list(default)


def _as_list(value: Any) -> list | None:
    return list(value) if isinstance(value, list | tuple) else None
