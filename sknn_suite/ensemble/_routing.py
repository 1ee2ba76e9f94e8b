"""Arguments of fit: which of them go to the estimator, and which to the splitter."""

import inspect
from typing import Any

from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import has_fit_parameter

from sknn_suite.exceptions import DataError

# Validation rows, which belong to no fold.
_VALIDATION = ("X_val", "y_val", "sample_weight_val")

# Where meta-estimators of scikit-learn keep the one estimator that they pass on to.
_INNER = ("estimator", "regressor", "classifier")


def route(
    caller: Any,
    members: dict[str, Any],
    sample_weight: Any,
    params: dict[str, Any],
) -> tuple[dict[str, dict], dict]:
    """Say which arguments each member gets, and which the splitter.

    With metadata routing, as requested. Without it, weights go to what learns in each
    member, which in pipelines is the last step, and `groups` to the splitter.

    Parameters
    ----------
    caller : estimator
        Whose `fit` was called.
    members : dict of str to estimator
        What it fits.
    sample_weight : array-like or None
        Weights of the rows.
    params : dict
        Other arguments.

    Returns
    -------
    fit_params : dict of str to dict
        Arguments of each member's `fit`.
    split_params : dict
        Those of the splitter.

    Raises
    ------
    ValueError
        If a member takes no weights, or an argument has no place to go.
    """
    if get_config()["enable_metadata_routing"]:
        given = dict(params)
        if sample_weight is not None:
            given["sample_weight"] = sample_weight
        if not given:
            return {name: {} for name in members}, {}
        routed = process_routing(caller, "fit", **given)
        split = routed.splitter.split if "splitter" in routed else {}
        return {name: dict(routed[name].fit) for name in members}, dict(split)
    _refuse_validation_rows(members, params)
    split = {name: value for name, value in params.items() if name == "groups"}
    others = {name: value for name, value in params.items() if name != "groups"}
    if others and len(members) > 1:
        raise DataError(
            f"fit got {', '.join(sorted(others))}, and has {len(members)} members. "
            "Expected sample_weight or groups. For other arguments, turn metadata "
            "routing on, with sklearn.set_config(enable_metadata_routing=True), and "
            "let each member request what it needs."
        )
    found = {}
    for name, member in members.items():
        found[name] = dict(others)
        if sample_weight is not None:
            found[name][_weight_argument(name, member)] = sample_weight
    return found, split


def _refuse_validation_rows(members: dict[str, Any], params: dict[str, Any]) -> None:
    """Refuse validation rows, unless one network takes them."""
    own = [name for name in params if name in _VALIDATION]
    takers = [inspect.signature(member.fit).parameters for member in members.values()]
    if not own or (len(takers) == 1 and all(name in takers[0] for name in own)):
        return
    named = ", ".join(own)
    raise DataError(
        f"fit got {named}, which no member takes: each fold is scored by the rows that "
        "it leaves out, and early_stopping=True holds rows of the training part out by "
        f"itself. Expected no validation rows. Leave {named} out."
    )


def _weight_argument(name: str, member: Any) -> str:
    argument = weight_argument(member)
    if argument is None:
        raise DataError(
            f"{name} takes no sample_weight: {member!r}. Expected members that learn "
            "from weighted rows. Leave the weights or the member out; with metadata "
            "routing on, it may go without weights."
        )
    return argument


def weight_argument(estimator: Any) -> str | None:
    """Name the argument of fit that brings weights to what learns; None without one."""
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        inner = weight_argument(last)
        return None if inner is None else f"{step}__{inner}"
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    arguments = inspect.signature(estimator.fit).parameters.values()
    if any(argument.kind is argument.VAR_KEYWORD for argument in arguments):
        for place in _INNER:
            inner = getattr(estimator, place, None)
            if hasattr(inner, "fit"):
                return weight_argument(inner)
    return None
