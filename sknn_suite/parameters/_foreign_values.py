"""Values as other libraries write them, and what they are here.

scikit-learn's check of parameters says what a parameter must be. Where a value is one
that people bring from another library, a sentence is added that says what it is here.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from numbers import Real
from typing import Any

# By parameter: our value, and the words of others for it in one string. Capitals,
# underscores and an ending "loss" or "lr" do not matter.
_TABLE: list[tuple[str, str, str]] = [
    ("activation", "silu", "swish"),
    ("activation", "identity", "linear none"),
    ("loss", "squared_error", "mse meansquarederror l2 squared"),
    ("loss", "absolute_error", "mae meanabsoluteerror l1"),
    ("loss", "huber", "smoothl1"),
    ("loss", "quantile", "pinball quantileregression"),
    (
        "loss",
        "log_loss",
        "crossentropy binarycrossentropy categoricalcrossentropy bce ce nll "
        "sparsecategoricalcrossentropy bcewithlogits logistic deviance",
    ),
    ("loss", "focal", "binaryfocalcrossentropy"),
    ("learning_rate", "one_cycle", "onecycle 1cycle"),
    ("learning_rate", "plateau", "reducelronplateau reduceonplateau"),
    ("learning_rate", "cosine", "cosineannealing cosinedecay"),
    ("learning_rate", "warm_restarts", "cosineannealingwarmrestarts sgdr"),
    ("learning_rate", "piecewise", "multistep piecewiseconstant"),
    ("learning_rate", "exponential", "exponentialdecay"),
    ("precision", "float32", "fp32 32 float single"),
    ("precision", "float64", "fp64 64 double"),
    ("precision", "bfloat16", "bf16 fp16 16 half mixed amp mixedfloat16 float16"),
    ("weight_init", "glorot", "xavier glorotuniform xavieruniform glorotnormal"),
    ("weight_init", "he", "kaiming henormal heuniform kaiminguniform"),
]
_VALUES = {(name, w): ours for name, ours, words in _TABLE for w in words.split()}

# Numbers to write where another library has an object or a name.
_EXAMPLES = {"alpha": 0.0001, "l1_alpha": 0.0001, "validation_fraction": 0.1}

_FAILED = re.compile(r"The '(\w+)' parameter of ")


def explain_value(error: ValueError, values: Mapping[str, Any], cls: Any) -> str | None:
    """Say what a refused value is here, if it is one of another library's.

    Parameters
    ----------
    error : ValueError
        What scikit-learn's check of parameters raised.
    values : mapping of str to object
        All parameters.
    cls : type
        The class of the estimator.

    Returns
    -------
    str or None
        A sentence to add; None if nothing is known of the value.
    """
    match = _FAILED.match(str(error))
    if match is None or match[1] not in values:
        return None
    name, value = match[1], values[match[1]]
    trap = _first_place(name, values)
    if trap is not None:
        return trap
    if name == "learning_rate" and isinstance(value, Real):
        return (
            "That is the schedule. The size of a step is learning_rate_init: write "
            f"learning_rate_init={value!r}."
        )
    if name == "activation" and isinstance(value, list | tuple):
        return (
            f"All hidden layers of {cls.__name__} have one activation. Write one name, "
            "such as activation='relu'."
        )
    if name == "early_stopping":
        return (
            "It says whether to stop early; when to stop is n_iter_no_change. "
            f"{when_to_stop(value)}"
        )
    if name == "callbacks" and not isinstance(value, str):
        return "Write a list of it: callbacks=[...]."
    if isinstance(value, str):
        ours = _same(name, value, _options(cls, name))
        return None if ours is None else f"Write {name}={ours!r}."
    return None


def our_value(name: str, value: Any) -> Any:
    """Give our word for a value of another library; other values stay as they are."""
    if name == "image_shape":
        return _shape_of_images(value)
    if name in _EXAMPLES and not (isinstance(value, Real) and 0 <= float(value) < 1):
        return _EXAMPLES[name]
    if not isinstance(value, str):
        return value
    usual = value.lower() if name == "solver" else value
    return _VALUES.get((name, _plain(value)), usual)


def when_to_stop(value: Any) -> str:
    """Say how to stop early; the value may be the number of epochs to wait."""
    is_count = isinstance(value, int) and value > 1
    epochs = value if is_count else 10
    return f"Write early_stopping=True, n_iter_no_change={epochs}."


def _shape_of_images(size: Any) -> Any:
    """Complete the size of images to the shape of those with three colours."""
    if isinstance(size, int):
        return (size, size, 3)
    return (*size, 3) if isinstance(size, list | tuple) and len(size) == 2 else size


def _first_place(name: str, values: Mapping[str, Any]) -> str | None:
    """Explain the first place of regressors, where classifiers have the layers."""
    loss, sizes = values.get("loss"), values.get("hidden_layer_sizes")
    if name not in ("loss", "hidden_layer_sizes") or isinstance(loss, str | None):
        return None
    if not (isinstance(loss, int) or hasattr(loss, "__len__")):
        return None
    text = (
        "The first argument without a name is the loss, as in scikit-learn's "
        f"MLPRegressor. Write hidden_layer_sizes={loss!r}"
    )
    return f"{text}, activation={sizes!r}." if isinstance(sizes, str) else f"{text}."


def _options(cls: Any, name: str) -> list[str]:
    """Strings that a parameter may be."""
    constraints = cls._parameter_constraints[name]
    options = [o for c in constraints for o in getattr(c, "options", ())]
    return sorted(option for option in options if isinstance(option, str))


def _same(name: str, value: str, options: list[str]) -> str | None:
    """Find the option that a word means."""
    word = _plain(value)
    ours = _VALUES.get((name, word))
    if ours in options:
        return ours
    plain = {_plain(option): option for option in options}
    close = get_close_matches(word, list(plain), n=1, cutoff=0.8)
    return plain[close[0]] if close else None


def _plain(value: str) -> str:
    word = re.sub(r"[^a-z0-9]", "", value.lower())
    return re.sub(r"(?<=..)(loss|lr)$", "", word) if word != "logloss" else word
