"""Values of options: times, costs and shares. No library is needed to read them."""

import re

from sknn_suite.cli._faults import UsageError

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def read_time(text: str) -> float:
    """Seconds of a time such as "90", "90s", "5m" or "1h".

    Raises
    ------
    UsageError
        If it is no time.
    """
    found = re.fullmatch(r"(\d+\.?\d*)\s*([smh]?)", text.strip().lower())
    if not found or float(found[1]) <= 0:
        raise UsageError(
            f"--time {text} is no time. Expected a number of seconds, or one with s, m "
            "or h. Write 300, 5m or 1h."
        )
    return float(found[1]) * UNITS[found[2]]


def read_costs(text: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Costs of true and false negatives and positives, from "fn=10,fp=1".

    Returns
    -------
    tuple of tuple of float
        A row for each true class, a column for each decision.

    Raises
    ------
    UsageError
        If they are none.
    """
    pairs = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    try:
        found = {name.strip().lower(): float(value) for name, value in pairs.items()}
    except ValueError:
        found = {}
    if not {"fn", "fp"} <= found.keys() <= {"fn", "fp", "tn", "tp"}:
        raise UsageError(
            f"--costs {text!r} are no costs. Expected that of a missed row (fn) and of "
            'a false alarm (fp). Write --costs "fn=10,fp=1".'
        )
    return (
        (found.get("tn", 0.0), found["fp"]),
        (found["fn"], found.get("tp", 0.0)),
    )


def read_share(text: str) -> float:
    """Share of odd rows, above 0 and below 0.5.

    Raises
    ------
    UsageError
        If it is none.
    """
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 0.5:
        raise UsageError(
            f"--share {text} is no share of odd rows. Expected a number between 0 and "
            "0.5. Write 0.001 for one row in a thousand."
        )
    return share
