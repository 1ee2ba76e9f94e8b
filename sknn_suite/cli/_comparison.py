"""The result table of one part of the demo."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One step of a job, measured for sknn_suite and for the other package.

    Parameters
    ----------
    step : str
        Name of the step.
    ours, theirs : sequence of float
        One value per measure.
    """

    step: str
    ours: Sequence[float]
    theirs: Sequence[float]


@dataclass(frozen=True)
class Comparison:
    """The result of one part of the demo; `str` gives the table.

    Parameters
    ----------
    title : str
        The job, in one line.
    other : str
        The other package.
    measures : sequence of str
        Names of the measured values. The last one is "seconds"; it is summed.
    rows : sequence of Row
        The steps.
    remark : str, default=""
        How to read the table.
    pictures : list of Path, default=[]
        The saved files.

    Examples
    --------
    >>> from sknn_suite.cli._comparison import Comparison, Row
    >>> rows = [Row("fit", (0.9, 1.5), (0.8, 3.0)), Row("tune", (0.9, 1.0), (0.8, 2.0))]
    >>> "-" in str(Comparison("A job", "scikit-learn", ("F1", "seconds"), rows))
    True
    """

    title: str
    other: str
    measures: Sequence[str]
    rows: Sequence[Row]
    remark: str = ""
    pictures: list[Path] = field(default_factory=list)

    def __str__(self) -> str:
        first = max(len(row.step) for row in self.rows)
        widths = [max(len(name), 5) + 1 for name in self.measures]
        half = sum(widths)
        header = "".join(
            name.rjust(width) for name, width in zip(self.measures, widths)
        )
        rule = "-" * (first + 2 * (half + 2))
        lines = [
            self.title,
            rule,
            " " * first + f"  {'sknn_suite':>{half}}  {self.other:>{half}}",
            " " * first + f"  {header}  {header}",
            rule,
        ]
        for row in self.rows:
            cells = (_format(values, widths) for values in (row.ours, row.theirs))
            lines.append(row.step.ljust(first) + "".join(f"  {cell}" for cell in cells))
        ours = sum(row.ours[-1] for row in self.rows)
        theirs = sum(row.theirs[-1] for row in self.rows)
        total = f"  {ours:{half}.1f}  {theirs:{half}.1f}"
        lines += [rule, "all steps".ljust(first) + total]
        if self.remark:
            lines.append(self.remark)
        return "\n".join(lines)


def _format(values: Sequence[float], widths: Sequence[int]) -> str:
    digits = [3] * (len(values) - 1) + [1]
    return "".join(
        f"{value:{width}.{n}f}" for value, width, n in zip(values, widths, digits)
    )
