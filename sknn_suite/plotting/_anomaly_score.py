"""AnomalyScoreDisplay."""

import numpy as np

from sknn_suite.plotting._axes import prepare_axes, write_legend
from sknn_suite.plotting._requirements import check_labels_of_rows, require_method


class AnomalyScoreDisplay:
    """Histogram of anomaly scores, with the threshold.

    Use it to choose `contamination`: a threshold in a gap between the many and the few
    is safe. It works for every outlier detector with scikit-learn's methods. The
    attributes hold the numbers. Rows beyond the threshold are drawn one by one.

    Parameters
    ----------
    scores : array-like of shape (n_samples,)
        Anomaly score of each row, larger for more unusual rows: ``-score_samples(X)``.

    threshold : float, default=None
        Score above which rows are outliers. None draws no threshold.

    is_outlier : array-like of bool of shape (n_samples,), default=None
        Which rows are known outliers.

    estimator_name : str, default=None
        Name for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the histogram is drawn.

    figure_ : matplotlib Figure
        Its figure.

    threshold_line_ : matplotlib Line2D or None
        The line at the threshold.

    See Also
    --------
    ReconstructionDisplay : Rows and their reconstructions.
    LatentSpaceDisplay : Codes of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_suite import VAEDetector
    >>> from sknn_suite.plotting import AnomalyScoreDisplay
    >>> X = np.random.RandomState(0).normal(size=(100, 4))
    >>> model = VAEDetector(contamination=0.05, random_state=0).fit(X)
    >>> display = AnomalyScoreDisplay.from_estimator(model, X)
    >>> int((display.scores > display.threshold).sum())
    5
    """

    def __init__(self, *, scores, threshold=None, is_outlier=None, estimator_name=None):
        self.scores = scores
        self.threshold = threshold
        self.is_outlier = is_outlier
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, outlier_label=None, ax=None, name=None, bins=60
    ):
        """Draw the scores of rows.

        Parameters
        ----------
        estimator : object
            A fitted outlier detector.

        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Labels of the rows, for colours.

        outlier_label : object, default=None
            Value of y that means outlier. None means -1 if it occurs, else 1.

        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        name : str, default=None
            Name for the title; None takes the class.

        bins : int, default=60
            Number of bars in the histogram.

        Returns
        -------
        AnomalyScoreDisplay
            The display, drawn.
        """
        require_method(
            estimator,
            ("score_samples",),
            display=cls.__name__,
            expected="an outlier detector, such as AutoencoderDetector",
        )
        scores = -np.asarray(estimator.score_samples(X), dtype=float)
        is_outlier = None
        if y is not None:
            y = check_labels_of_rows(y, len(scores))
            if outlier_label is None:
                outlier_label = -1 if (y == -1).any() else 1
            is_outlier = y == outlier_label
        offset = getattr(estimator, "offset_", None)
        display = cls(
            scores=scores,
            threshold=None if offset is None else -float(offset),
            is_outlier=is_outlier,
            estimator_name=type(estimator).__name__ if name is None else name,
        )
        return display.plot(ax=ax, bins=bins)

    def plot(self, ax=None, *, bins=60):
        """Draw the histogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        bins : int, default=60
            Number of bars in the histogram.

        Returns
        -------
        self : AnomalyScoreDisplay
            The display.
        """
        ax = prepare_axes(ax, needed_by="AnomalyScoreDisplay.plot")
        scores = np.asarray(self.scores, dtype=float)
        # A few extreme rows would squeeze all others into one bar.
        wide = np.ptp(scores) > 50 * (np.quantile(scores, 0.9) - np.median(scores))
        if wide:
            ax.set_xscale("symlog", linthresh=_linear_part(scores))
        edges = _edges(scores, bins, ax.get_xscale())
        outliers = self.is_outlier
        usual = np.ones(len(scores), bool) if outliers is None else ~outliers
        label = "rows" if outliers is None else "inliers"
        ax.hist(scores[usual], edges, color="C0", alpha=0.75, label=label)
        if outliers is not None and outliers.any():
            ax.hist(scores[~usual], edges, color="C3", alpha=0.9, label="outliers")
        ax.set_yscale("symlog", linthresh=1)
        ax.set_ylim(bottom=0)
        self.threshold_line_ = None
        if self.threshold is not None:
            n_beyond = int((scores > self.threshold).sum())
            self.threshold_line_ = ax.axvline(
                self.threshold,
                color="black",
                linestyle="--",
                linewidth=1.2,
                label=f"threshold, {n_beyond:,} of {len(scores):,} beyond",
            )
        ax.set_xlabel("anomaly score, -score_samples")
        ax.set_ylabel("rows")
        # Above the legend, because narrow axes have no room beside it.
        ax.set_title(self.estimator_name or "", loc="left", pad=24)
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3}
        write_legend(ax, fontsize="small", **place)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _linear_part(scores):
    """Half-width of the linear middle of the axis, which covers most rows."""
    return max(float(np.quantile(np.abs(scores), 0.9)), 1e-12)


def _edges(scores, bins, scale):
    low, high = float(scores.min()), float(scores.max())
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    if scale == "linear":
        return np.linspace(low, high, bins + 1)
    width = _linear_part(scores)

    def bend(x):
        beyond = np.log10(np.maximum(np.abs(x) / width, 1.0))
        return np.sign(x) * (np.minimum(np.abs(x) / width, 1.0) + beyond)

    grid = np.linspace(bend(low), bend(high), bins + 1)
    size = np.abs(grid)
    edges = np.sign(grid) * width * np.where(size <= 1, size, 10 ** (size - 1))
    edges[0], edges[-1] = low, high  # without rounding, or the last row is lost
    return edges
