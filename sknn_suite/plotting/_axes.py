"""The common style of all Displays."""

from typing import Any

from sknn_suite.doors import import_optional


def prepare_axes(ax: Any, *, needed_by: str) -> Any:
    """Return `ax`, or the axes of a new figure, with a light grid and no frame.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Where to draw; None opens a figure with pyplot.
    needed_by : str
        What the user called, for the message when matplotlib is missing.

    Returns
    -------
    matplotlib Axes
        The axes.
    """
    if ax is None:
        pyplot = import_optional("matplotlib.pyplot", needed_by=needed_by, extra="plot")
        _, ax = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.margins(x=0.02)
    return ax


def write_legend(ax: Any, **kwargs: Any) -> None:
    """Draw the legend on a white background, so that lines do not cross it.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes.
    **kwargs : dict
        Arguments of matplotlib's `legend`.
    """
    ax.legend(framealpha=0.9, edgecolor="none", **kwargs)
