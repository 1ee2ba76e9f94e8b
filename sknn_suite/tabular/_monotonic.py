"""Columns with which predictions rise, or fall."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sknn_suite.encoding import MixedTableEncoder
from sknn_suite.estimator import FittedNet
from sknn_suite.exceptions import DataError
from sknn_suite.modules import NOT_READ, Network
from sknn_suite.training import FitPlan

# Kinds of columns that have an order.
ORDERED = ("number", "boolean")


def constraints(given: Any, names: list[str]) -> dict[str, int]:
    """Read `monotonic_cst`: the columns that are bound, each with 1 or -1.

    Raises
    ------
    DataError
        If it names no column, has another length than X, or other numbers.

    Examples
    --------
    >>> from sknn_suite.tabular._monotonic import constraints
    >>> constraints([0, 1, -1], ["name", "area", "age"])
    {'area': 1, 'age': -1}
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        if len(given) != len(names):
            raise DataError(
                f"monotonic_cst has {len(given)} values, but X has {len(names)} "
                "columns. Expected one per column, or a dictionary of names. Change "
                "its length."
            )
        given = dict(zip(names, given))
    for name, sign in given.items():
        if name not in names:
            raise DataError(
                f"monotonic_cst has {name!r}, which is no column of X. Expected names "
                f"of its {len(names)} columns. Correct it, or leave it out."
            )
        if isinstance(sign, bool) or sign not in (-1, 0, 1):
            raise DataError(
                f"monotonic_cst has {sign!r} for column {name!r}. Expected 1, where "
                "predictions rise with the column, -1, where they fall, or 0. Change "
                "it."
            )
    return {name: int(sign) for name, sign in given.items() if sign}


def check_constraints(of: Any, kind: str) -> None:
    """Refuse constraints for several classes, whose probabilities have a sum."""
    if of.monotonic_cst is not None and kind == "multiclass":
        raise DataError(
            "monotonic_cst does not go with three or more classes: if one probability "
            "rises, others fall. Expected two classes, or several labels. Leave it "
            "out, or fit a model per class."
        )


def signs_of_inputs(
    encoder: MixedTableEncoder, bound: Mapping[str, int]
) -> tuple[int, ...]:
    """Signs of the numbers and flags that an encoder makes; empty if none is bound.

    Raises
    ------
    DataError
        If a column that is bound has no order.
    """
    kinds, numbers = encoder.kinds_, encoder.numbers_
    for name in bound:
        if kinds[name] in (*ORDERED, "constant", "duplicate"):
            continue
        raise DataError(
            f"monotonic_cst binds column {name!r}, which is read as a {kinds[name]}. "
            "Expected a number or a boolean. Leave it out, or name it in "
            "numeric_features if it is one."
        )
    of_columns = np.array([bound.get(name, 0) for name in kinds])
    if not of_columns.any():
        return ()
    signs = {name: of_columns[own] for name, own in encoder.origins.items()}
    of_numbers, of_flags = signs["numbers"], signs["flags"]
    # Ranks of the values other than the most frequent one begin at the bottom again,
    # wherever this is; and a flag says only that a value is another. A gap is no value,
    # so that scores may jump there.
    n_scaled = len(of_numbers) - len(numbers.heavy_)
    twins = of_numbers[n_scaled:]
    twins[numbers.is_mostly_one_ & (twins != 0)] = NOT_READ
    n_plain, n_gaps = int(numbers.is_plain_.sum()), int(numbers.has_gaps_.sum())
    of_flags[n_plain : n_plain + n_gaps] = 0
    other = of_flags[n_plain + n_gaps : n_plain + n_gaps + len(numbers.mostly_one_)]
    other[other != 0] = NOT_READ
    return tuple(np.concatenate([of_numbers, of_flags]).tolist())


def without_signs(
    plan: FitPlan, net: FittedNet, module: Any
) -> tuple[FitPlan, FittedNet]:
    """Return a plan and its net as a pack without constraints, which its weights meet.

    Parameters
    ----------
    plan : FitPlan
        The plan.
    net : FittedNet
        The net.
    module : nn.Module
        A module of the plan, with the weights of the net.
    """
    plain = {
        name: tensor.detach().cpu().numpy().astype(net.weights[name].dtype)
        for name, tensor in module.plain_weights().items()
    }
    return (
        plan.change(network=_unsigned(plan.network)),
        replace(net, network=_unsigned(net.network), weights=net.weights | plain),
    )


def _unsigned(network: Network) -> Network:
    return Network(network.kind, network.config | {"signs": ()})
