"""Findings of a diagnosis: sentences, the weightiest first."""

from typing import NamedTuple

# Findings from the weightiest to the lightest. The scale of the target or of X and
# copies among the validation rows come before what they cause in the layers. With few
# epochs nothing else can be judged; at a slow end there is little left to learn.
ORDER = (
    "target scale",
    "copies",
    "unscaled columns",
    "large updates",
    "few epochs",
    "vanishing gradient",
    "dead units",
    "saturated units",
    "early end",
    "overfitting",
    "wrong labels",
    "slow end",
    "imbalance",
    "small updates",
    "constant columns",
)

# Findings that make others doubtful: a network that has hardly begun to learn shows no
# wrong labels, and one that learns rows by heart needs no more epochs.
HIDES = {
    "overfitting": {"few epochs", "slow end"},
    "few epochs": {"wrong labels"},
    "wrong labels": {"slow end"},
}

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
    """Sort the sentences by the weight of their findings, and keep the first ones.

    Findings that another one makes doubtful are left out.
    """
    kinds = {finding.kind for finding in findings}
    hidden: set[str] = set()
    for kind, others in HIDES.items():
        if kind in kinds - hidden:
            hidden |= others
    told = [finding for finding in findings if finding.kind not in hidden]
    ordered = sorted(told, key=lambda finding: ORDER.index(finding.kind))
    return [finding.sentence for finding in ordered[:MOST_SENTENCES]]


def name_some(names: list[str]) -> str:
    """Name the first of several things."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def percent(share: float) -> str:
    """Write a share in percent."""
    return f"{100 * share:.0f} %"
