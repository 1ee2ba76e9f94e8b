"""Findings of a diagnosis: sentences, the weightiest first."""

from typing import NamedTuple

# Findings from the weightiest to the lightest. The scale of the target or of X and
# copies among the validation rows come before what they cause in the layers.
ORDER = (
    "target scale",
    "copies",
    "unscaled columns",
    "large updates",
    "vanishing gradient",
    "dead units",
    "saturated units",
    "wrong labels",
    "few epochs",
    "imbalance",
    "small updates",
    "constant columns",
)

# More sentences are not read.
MOST_SENTENCES = 5


class Finding(NamedTuple):
    """One finding.

    Parameters
    ----------
    kind : str
        A name in `ORDER`.
    sentence : str
        What was found, and what to do.
    """

    kind: str
    sentence: str


def most_important(findings: list[Finding]) -> list[str]:
    """Sort the sentences by the weight of their findings, and keep the first ones."""
    ordered = sorted(findings, key=lambda finding: ORDER.index(finding.kind))
    return [finding.sentence for finding in ordered[:MOST_SENTENCES]]


def name_some(names: list[str]) -> str:
    """Name the first of several things."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def percent(share: float) -> str:
    """Write a share in percent."""
    return f"{100 * share:.0f} %"
