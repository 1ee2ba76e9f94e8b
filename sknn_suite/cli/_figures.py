"""Figures of the report, as SVG that takes its colours of text from the page."""

import io
import re
from typing import Any

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from sknn_suite.cli._page import short
from sknn_suite.decision import DecisionCurve
from sknn_suite.doors import import_optional

# Stands for the colour of the page's text, and is replaced.
INK = "#010203"

# Legible on white and on black.
BLUE, ORANGE, GREY = "#3b82c4", "#d9772b", "#8a8f98"

WIDTH, HEIGHT = 4.6, 3.3

# Points of a curve or a cloud that are drawn.
MOST_POINTS = 400

# Figures of the target's values, whose ticks may have many digits.
MANY_DIGITS = ("Predicted and true", "Residuals", "Histogram of residuals")

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sknn_suite",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


class Figures:
    """Draws figures with matplotlib, without a window or global state."""

    def __init__(self) -> None:
        self._figure: Any = import_optional(
            "matplotlib.figure", needed_by="The report", extra="cli"
        )
        self._matplotlib: Any = import_optional(
            "matplotlib", needed_by="The report", extra="cli"
        )

    def draw(self, name: str, paint: Any, height: float = HEIGHT) -> str:
        """Make SVG; `paint` gets the axes, `name` is read by screen readers."""
        with self._matplotlib.rc_context(STYLE):
            figure = self._figure.Figure((WIDTH, height), layout="constrained")
            axes = figure.subplots()
            paint(axes)
            if name in MANY_DIGITS:
                axes.locator_params(axis="x", nbins=5)
            file = io.StringIO()
            figure.savefig(file, format="svg", metadata={"Date": None})
        text = file.getvalue()
        text = text[text.index("<svg") :].replace(INK, "currentColor")
        # Identifiers of several figures on one page must differ.
        key = re.sub(r"\W", "", name)
        text = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{key}-", text)
        text = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", text, count=1)
        text = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", text, count=1)
        return text.replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1)

    # -- scores and columns ----------------------------------------------------------

    def scores(self, names: list[str], means: Any, spreads: Any, title: str) -> str:
        """Mean and spread of each member."""

        def paint(ax: Any) -> None:
            places = np.arange(len(names))[::-1]
            colours = [ORANGE if name == "stack" else BLUE for name in names]
            for place, mean, spread, colour in zip(places, means, spreads, colours):
                ax.errorbar(mean, place, xerr=spread, color=colour, fmt="o", capsize=3)
            ax.set_yticks(places, names)
            ax.locator_params(axis="x", nbins=5)
            ax.margins(y=0.15)
            ax.set_xlabel(title)
            ax.grid(axis="x", color=GREY, alpha=0.3)

        return self.draw("Scores of the members", paint, 0.9 + 0.32 * len(names))

    def bars(self, names: list[str], values: list[float], label: str) -> str:
        """Horizontal bars, the first on top."""

        def paint(ax: Any) -> None:
            shown = [_short(name) for name in names]
            places = np.arange(len(names))[::-1]
            ax.barh(places, values, color=BLUE, height=0.65)
            ax.set_yticks(places, shown)
            ax.set_xlabel(label)
            ax.axvline(0, color=GREY, linewidth=0.8)

        return self.draw("Important columns", paint, 0.9 + 0.27 * len(names))

    # -- two classes -----------------------------------------------------------------

    def roc(self, y: np.ndarray, proba: np.ndarray) -> str:
        """ROC curve."""
        away, found, _ = roc_curve(y, proba)

        def paint(ax: Any) -> None:
            ax.plot(*_thin(away, found), color=BLUE)
            ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
            ax.set_xlabel("false alarms among negatives")
            ax.set_ylabel("found among positives")
            ax.set_title(f"ROC, area {roc_auc_score(y, proba):.3f}")

        return self.draw("ROC curve", paint)

    def precision_recall(self, y: np.ndarray, proba: np.ndarray) -> str:
        """Precision over recall."""
        precision, recall, _ = precision_recall_curve(y, proba)

        def paint(ax: Any) -> None:
            ax.plot(*_thin(recall, precision), color=BLUE)
            ax.axhline(float(np.mean(y)), color=GREY, linewidth=1, linestyle=":")
            ax.set_ylim(0, 1.03)
            ax.set_xlabel("recall")
            ax.set_ylabel("precision")
            value = average_precision_score(y, proba)
            ax.set_title(f"Precision and recall, average {value:.3f}")

        return self.draw("Precision and recall", paint)

    def calibration(self, hit: np.ndarray, proba: np.ndarray) -> str:
        """Observed shares over predicted probabilities, in ten groups of rows."""
        order = np.argsort(proba, kind="stable")
        groups = [g for g in np.array_split(order, min(10, len(order))) if len(g)]
        x = np.array([proba[g].mean() for g in groups])
        y = np.array([hit[g].mean() for g in groups])
        n = np.array([len(g) for g in groups])
        error = np.sqrt(np.maximum(y * (1 - y), 0.25 / n) / n)

        def paint(ax: Any) -> None:
            ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
            ax.errorbar(x, y, yerr=error, color=BLUE, fmt="o-", capsize=2)
            ax.set_xlim(-0.02, 1.02)
            ax.set_ylim(-0.02, 1.02)
            ax.set_xlabel("predicted probability")
            ax.set_ylabel("observed share")
            ax.set_title("Calibration, tenths of the rows")

        return self.draw("Calibration", paint)

    def threshold(self, curve: DecisionCurve, chosen: float) -> str:
        """Precision, recall and the share that is flagged, over thresholds."""

        def paint(ax: Any) -> None:
            x = curve.thresholds
            ax.plot(x, curve.precision, color=BLUE, label="precision")
            ax.plot(x, curve.recall, color=ORANGE, label="recall")
            ax.plot(x, curve.flagged, color=GREY, label="share flagged")
            ax.axvline(chosen, color=INK, linestyle=":", linewidth=1)
            ax.set_xlabel("threshold")
            ax.set_ylim(0, 1.03)
            ax.set_title(f"Threshold {chosen:.3g} (dotted)")
            ax.legend(fontsize=8)

        return self.draw("Threshold curve", paint)

    def criterion(self, curve: DecisionCurve, chosen: float, name: str) -> str:
        """Draw what the threshold was chosen by, over thresholds."""
        kept = np.isfinite(curve.values)

        def paint(ax: Any) -> None:
            ax.plot(curve.thresholds[kept], curve.values[kept], color=BLUE)
            ax.axvline(chosen, color=INK, linestyle=":", linewidth=1)
            ax.set_xlabel("threshold")
            ax.set_ylabel(name)
            ax.set_title(f"{name} over thresholds")

        return self.draw("Criterion curve", paint)

    # -- numbers ---------------------------------------------------------------------

    def truth(self, y: np.ndarray, found: np.ndarray) -> str:
        """Predicted over true numbers."""
        chosen = _some(len(y))

        def paint(ax: Any) -> None:
            ends = [min(y.min(), found.min()), max(y.max(), found.max())]
            ax.plot(ends, ends, color=GREY, linewidth=1, linestyle=":")
            ax.scatter(y[chosen], found[chosen], s=7, color=BLUE, alpha=0.5)
            ax.set_xlabel("true")
            ax.set_ylabel("predicted")
            ax.set_title("Predicted and true")

        return self.draw("Predicted and true", paint)

    def residuals(self, y: np.ndarray, found: np.ndarray) -> str:
        """Residuals over predictions."""
        chosen = _some(len(y))

        def paint(ax: Any) -> None:
            ax.scatter(found[chosen], (y - found)[chosen], s=7, color=BLUE, alpha=0.5)
            ax.axhline(0, color=GREY, linewidth=1)
            ax.set_xlabel("predicted")
            ax.set_ylabel("true - predicted")
            ax.set_title("Residuals")

        return self.draw("Residuals", paint)

    def residual_histogram(self, y: np.ndarray, found: np.ndarray) -> str:
        """How the residuals are distributed, without the outermost hundredth."""
        left = y - found
        low, high = np.quantile(left, [0.005, 0.995])

        def paint(ax: Any) -> None:
            ax.hist(left.clip(low, high), bins=40, color=BLUE)
            ax.set_xlabel("true - predicted")
            ax.set_ylabel("rows")
            ax.set_title(f"Residuals, median {short(float(np.median(left)), 3)}")

        return self.draw("Histogram of residuals", paint)


def _short(name: str) -> str:
    return name if len(name) <= 22 else name[:21] + "…"


def _some(n: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).astype(int))


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen = _some(len(x))
    return x[chosen], y[chosen]
