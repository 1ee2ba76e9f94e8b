"""StackDisplay: what the members of a stack can do, and what each adds."""

from typing import Any

import numpy as np

from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError
from sknn_suite.plotting._axes import prepare_axes
from sknn_suite.plotting._requirements import require_method


class StackDisplay:
    """Members of a stack: scores with spread, weights, what each adds, agreement.

    Parameters
    ----------
    scores : dict of str to ndarray of shape (n_folds,)
        Out-of-fold score in each fold: of each member, of their "mean", of the "stack".

    weights : dict of str to float or None
        Weights of the members; None if there are none.

    gains : dict of str to float
        How much worse the stack's score would be without each member.

    correlation : array-like of shape (n_members, n_members)
        Correlation of the members' errors.

    scoring : str, default="score"
        Name of the score.

    Attributes
    ----------
    axes_ : list of matplotlib Axes
        Scores, weights, gains and correlations.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    sknn_suite.ensemble.CrossFitStackingClassifier : What it draws.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sknn_suite.ensemble import CrossFitStackingClassifier
    >>> from sknn_suite.plotting import StackDisplay
    >>> X, y = make_classification(random_state=0)
    >>> members = [("line", LogisticRegression()), ("bayes", GaussianNB())]
    >>> stack = CrossFitStackingClassifier(members).fit(X, y)
    >>> display = StackDisplay.from_estimator(stack)
    >>> [ax.get_title(loc="left") for ax in display.axes_]
    ['scores out of fold', 'weights', 'what each adds', 'correlation of errors']
    """

    def __init__(
        self,
        *,
        scores: dict[str, Any],
        weights: dict[str, float] | None,
        gains: dict[str, float],
        correlation: Any,
        scoring: str = "score",
    ) -> None:
        self.scores = {name: np.asarray(values) for name, values in scores.items()}
        self.weights = weights
        self.gains = gains
        self.correlation = np.asarray(correlation)
        self.scoring = scoring

    @classmethod
    def from_estimator(cls, estimator, *, axes=None):
        """Draw a fitted stack.

        Parameters
        ----------
        estimator : CrossFitStackingClassifier or CrossFitStackingRegressor
            The stack.

        axes : sequence of four matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        Returns
        -------
        StackDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If it is no stack.
        """
        require_method(
            estimator,
            ("add", "members_", "gains_"),
            display=cls.__name__,
            expected="a stack of sknn_suite.ensemble",
        )
        scores = {n: m.fold_scores_ for n, m in estimator.members_.items()}
        scores["mean"] = estimator.mean_fold_scores_
        scores["stack"] = estimator.fold_scores_
        display = cls(
            scores=scores,
            weights=estimator.weights_,
            gains=estimator.gains_,
            correlation=estimator.error_correlation_,
            scoring=estimator.scoring_,
        )
        return display.plot(axes=axes)

    def plot(self, axes=None):
        """Draw scores, weights, gains and correlations.

        Parameters
        ----------
        axes : sequence of four matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        Returns
        -------
        self : StackDisplay
            The display.

        Raises
        ------
        ValueError
            If there are not four axes.
        """
        if axes is None:
            axes = self._open()
        axes = list(np.ravel(axes))
        if len(axes) != 4:
            raise DataError(
                f"axes holds {len(axes)} axes. Expected four. Pass "
                "plt.subplots(2, 2)[1], or None."
            )
        for ax in axes:
            prepare_axes(ax, needed_by="StackDisplay.plot")
        self._draw_scores(axes[0])
        self._draw_bars(axes[1], self.weights, "weights", "{:.2f}")
        self._draw_bars(axes[2], self.gains, "what each adds", "{:+.2g}")
        self._draw_correlation(axes[3])
        self.axes_, self.figure_ = axes, axes[0].figure
        return self

    def _open(self):
        pyplot = import_optional(
            "matplotlib.pyplot", needed_by="StackDisplay.plot", extra="plot"
        )
        height = 2.2 + 0.5 * len(self.scores)
        _, axes = pyplot.subplots(2, 2, figsize=(10, height), layout="constrained")
        return axes

    def _draw_scores(self, ax):
        """Draw each fold as a dot, the mean as a line with one standard deviation."""
        for place, (name, values) in enumerate(self.scores.items()):
            known = values[~np.isnan(values)]
            color = "C0" if name == "stack" else "0.45" if name == "mean" else "C1"
            ax.plot(known, np.full(len(known), place), "o", color=color, alpha=0.35)
            spread = known.std(ddof=1) if len(known) > 1 else 0.0
            ax.errorbar(
                known.mean(),
                place,
                xerr=spread,
                fmt="|",
                markersize=14,
                markeredgewidth=2,
                color=color,
                capsize=3,
            )
        self._name_rows(ax, list(self.scores))
        ax.set_xlabel(f"{self.scoring}: folds, mean and spread")
        ax.set_title("scores out of fold", loc="left")

    def _draw_bars(self, ax, values, title, text):
        ax.set_title(title, loc="left")
        if not values:
            why = "a level was trained" if title == "weights" else "a single member"
            ax.text(0.5, 0.5, why, ha="center", transform=ax.transAxes, color="0.4")
            ax.set_axis_off()
            return
        numbers = np.array(list(values.values()))
        ax.barh(range(len(numbers)), numbers, height=0.6, color="C0")
        ax.axvline(0, color="0.4", linewidth=0.8)
        for place, value in enumerate(numbers):
            # At the right, where no name of a member is.
            at = (max(value, 0.0), place)
            ax.annotate(
                text.format(value), at, (5, 0), textcoords="offset points", va="center"
            )
        ax.margins(x=0.25)
        if numbers.min() >= 0:
            ax.set_xlim(0, max(1.25 * numbers.max(), 1e-12))
        self._name_rows(ax, list(values))
        ax.set_xlabel("share" if title == "weights" else f"change of {self.scoring}")

    def _draw_correlation(self, ax):
        names = [name for name in self.scores if name not in ("mean", "stack")]
        ax.grid(visible=False)
        ax.imshow(self.correlation, vmin=-1, vmax=1, cmap="RdBu_r", aspect="auto")
        for (i, j), value in np.ndenumerate(self.correlation):
            color = "white" if abs(value) > 0.6 else "black"
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", color=color)
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(names)), names)
        ax.set_title("correlation of errors", loc="left")

    @staticmethod
    def _name_rows(ax, names):
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
