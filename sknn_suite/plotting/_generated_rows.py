"""GeneratedRowsDisplay."""

import numpy as np
from sklearn.decomposition import PCA

from sknn_suite.doors import import_optional, rows_of
from sknn_suite.encoding import ReversibleTable
from sknn_suite.exceptions import DataError
from sknn_suite.plotting._axes import prepare_axes, write_legend
from sknn_suite.plotting._column_pairs import (
    MADE,
    REAL,
    columns_of,
    is_table_frame,
    pair_columns,
)
from sknn_suite.plotting._requirements import require_method

# Panels of columns.
MOST_COLUMNS = 8

# Points of each kind in the scatter plot, and images of each kind.
MOST_POINTS, MOST_IMAGES, IMAGES_PER_LINE = 1000, 20, 10


class GeneratedRowsDisplay:
    """Real rows of a class beside those that a sampler has made.

    Use it before you trust made rows: tables are compared column by column, and in two
    dimensions; images are drawn. The columns shown are those that differ most.

    Parameters
    ----------
    real, made : data frame or array-like
        Rows of one class: tables with the same columns, or images of shape
        (n_images, height, width[, n_channels]).

    names : list of str, default=None
        Names of the columns of arrays.

    label : object, default=None
        The class, for the title.

    Attributes
    ----------
    differences_ : dict of str to float
        For tables: how far the columns differ, most first; the largest difference of
        their distribution functions, or of categories half the sum of differences.

    axes_ : list of matplotlib Axes
        Where the columns, or the images, are drawn.

    ax_ : matplotlib Axes or None
        Where a table is shown in two dimensions.

    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    LatentSpaceDisplay : Codes of rows in two dimensions.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite.imbalance import VAEOverSampler
    >>> from sknn_suite.plotting import GeneratedRowsDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> sampler = VAEOverSampler(max_iter=20, random_state=0)
    >>> display = GeneratedRowsDisplay.from_sampler(sampler, X[:120], y[:120])
    >>> len(display.real), len(display.made), len(display.axes_)
    (20, 30, 4)
    """

    def __init__(self, *, real, made, names=None, label=None):
        self.real = real
        self.made = made
        self.names = names
        self.label = label

    @classmethod
    def from_sampler(cls, sampler, X, y, *, label=None, figure=None):
        """Let a sampler make rows, and draw them beside the real ones.

        Parameters
        ----------
        sampler : sampler
            An over-sampler, such as `VAEOverSampler` or SMOTE. It is fitted.

        X : data frame or array-like
            The rows.

        y : array-like of shape (n_samples,)
            Their labels.

        label : object, default=None
            The class to show; None is the one of which most rows are made.

        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        GeneratedRowsDisplay
            The display, drawn.
        """
        require_fit_resample(sampler, cls.__name__)
        n, labels = len(y), np.asarray(y)
        X_new, y_new = sampler.fit_resample(X, y)
        made_labels = np.asarray(y_new)[n:]
        if not len(made_labels):
            raise DataError(
                f"{type(sampler).__name__} has made no rows. Expected a sampler that "
                "makes rows, and a class that is smaller than others. Change the "
                "sampler or its sampling_strategy."
            )
        if label is None:
            found, counts = np.unique(made_labels, return_counts=True)
            label = found[counts.argmax()]
        made = n + np.flatnonzero(made_labels == label)
        return cls.from_arrays(
            rows_of(X, np.flatnonzero(labels == label)),
            rows_of(X_new, made),
            label=label,
            figure=figure,
        )

    @classmethod
    def from_arrays(cls, real, made, *, names=None, label=None, figure=None):
        """Draw made rows beside real ones.

        Parameters
        ----------
        real, made : data frame or array-like
            Rows of one class: tables with the same columns, or images of shape
            (n_images, height, width[, n_channels]).

        names : list of str, default=None
            Names of the columns of arrays.

        label : object, default=None
            The class, for the title.

        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        GeneratedRowsDisplay
            The display, drawn.
        """
        for name, rows in (("real", real), ("made", made)):
            if not len(rows):
                raise DataError(
                    f"{name} has no rows. Expected one or more of each. Choose "
                    "another class."
                )
        return cls(real=real, made=made, names=names, label=label).plot(figure=figure)

    def plot(self, figure=None):
        """Draw the rows.

        Parameters
        ----------
        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        self : GeneratedRowsDisplay
            The display.
        """
        shows_images = not is_table_frame(self.real) and np.ndim(self.real) > 2
        self.ax_ = None
        if shows_images:
            self._plot_images(figure)
        else:
            self._plot_table(figure)
        return self

    # -- tables ----------------------------------------------------------------------

    def _plot_table(self, figure):
        pairs = pair_columns(self.real, self.made, self.names)
        pairs = sorted(pairs, key=lambda pair: -pair.difference)
        self.differences_ = {pair.name: pair.difference for pair in pairs}
        shown = pairs[:MOST_COLUMNS]
        # The scatter plot has two by two cells beside those of the columns.
        n_lines = 2
        n_wide = max(-(-len(shown) // n_lines), 1)
        if figure is None:
            size = (4.6 + 2.1 * n_wide, 4.4)
            figure = _new_figure(size)
        grid = figure.add_gridspec(
            n_lines, n_wide + 1, width_ratios=[2.1] + [1.0] * n_wide
        )
        self.ax_ = prepare_axes(figure.add_subplot(grid[:, 0]), needed_by="")
        self._plot_points(self.ax_)
        self.axes_ = []
        for i, pair in enumerate(shown):
            line, place = divmod(i, n_wide)
            ax = prepare_axes(figure.add_subplot(grid[line, 1 + place]), needed_by="")
            pair.draw(ax)
            self.axes_.append(ax)
        figure.suptitle(self._title("rows"), fontsize=11)
        self.figure_ = figure

    def _title(self, what):
        of = "" if self.label is None else f" of class {self.label!s}"
        return f"{len(self.real)} real and {len(self.made)} made {what}{of}"

    def _plot_points(self, ax):
        real, made = (
            columns_of(self.real, self.names),
            columns_of(self.made, self.names),
        )
        table = ReversibleTable().fit(real)
        x, x_made = table.transform(real), table.transform(made)
        n = min(2, *x.shape)
        if len(x) < 2 or not x.std():
            ax.set_axis_off()
            return
        projection = PCA(n, svd_solver="full").fit(x)
        style = {"linewidths": 0, "alpha": 0.55}
        for rows, color, name, size in (
            (x_made, MADE, "made", 10),
            (x, REAL, "real", 16),  # on top, since they are fewer
        ):
            points = projection.transform(rows[_spread(len(rows), MOST_POINTS)])
            points = np.column_stack([points, np.zeros((len(points), 2 - n))])
            ax.scatter(*points.T, color=color, s=size, label=name, **style)
        ax.set_xticks([])
        ax.set_yticks([])
        share = projection.explained_variance_ratio_.sum()
        ax.set_xlabel("first principal component of the real rows")
        ax.set_ylabel("second")
        ax.set_title(f"all columns ({share:.0%} of the variance)", fontsize=10)
        write_legend(ax, markerscale=2.0, loc="best")

    # -- images ----------------------------------------------------------------------

    def _plot_images(self, figure):
        real, made = np.asarray(self.real), np.asarray(self.made)
        blocks = [images[_spread(len(images), MOST_IMAGES)] for images in (real, made)]
        low, high = float(real.min()), float(real.max())
        widest = min(max(map(len, blocks)), IMAGES_PER_LINE)
        lines = [-(-len(images) // widest) for images in blocks]
        if figure is None:
            figure = _new_figure((0.85 * widest + 0.6, 0.9 * sum(lines) + 1.2))
        figure.suptitle(self._title("images"), fontsize=11)
        parts = figure.subfigures(2, 1, height_ratios=lines)
        self.axes_ = []
        for part, images, n_lines, name in zip(
            parts, blocks, lines, ("real", "made"), strict=True
        ):
            axes = part.subplots(n_lines, widest, squeeze=False)
            part.suptitle(name, x=0.01, ha="left", fontsize=10)
            for ax in axes.flat:
                ax.set_axis_off()
            for ax, image in zip(axes.flat, images):
                pixels = (image.astype(float) - low) / ((high - low) or 1.0)
                pixels = np.clip(pixels, 0, 1)
                if pixels.ndim == 3 and pixels.shape[2] != 3:
                    pixels = pixels[..., 0]
                ax.imshow(pixels, cmap="gray", vmin=0, vmax=1)
                self.axes_.append(ax)
        self.figure_ = figure


def require_fit_resample(sampler, display):
    """Check that an object makes rows.

    Raises
    ------
    TypeError
        If it has no `fit_resample`.
    """
    if not hasattr(sampler, "fit_resample"):
        require_method(
            sampler,
            ("fit_resample",),
            display=display,
            expected="a sampler, such as VAEOverSampler or SMOTE",
        )


def _new_figure(size):
    pyplot = import_optional(
        "matplotlib.pyplot", needed_by="GeneratedRowsDisplay", extra="plot"
    )
    return pyplot.figure(figsize=size, layout="constrained")


def _spread(n, most):
    """Numbers of at most so many rows, evenly spread."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(int)
