"""LatentSpaceDisplay."""

import numpy as np
from sklearn.decomposition import PCA

from sknn_suite.plotting._axes import prepare_axes, write_legend
from sknn_suite.plotting._requirements import check_labels_of_rows, require_method

# More colours than this cannot be told apart.
MOST_CLASSES = 10


class LatentSpaceDisplay:
    """Codes of rows in two dimensions.

    Use it to see whether rows of one kind form clusters. Codes with more than two
    components are projected onto their first two principal components.

    Parameters
    ----------
    points : array-like of shape (n_samples, 2)
        The codes, two-dimensional.

    y : array-like of shape (n_samples,), default=None
        Labels or numbers, for colours.

    explained : float, default=1.0
        Fraction of the codes' variance in the two dimensions.

    color_name : str, default=None
        Name of the numbers, for the colour bar.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the points are drawn.

    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    ReconstructionDisplay : Rows and their reconstructions.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import VAEDetector
    >>> from sknn_suite.plotting import LatentSpaceDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = VAEDetector(max_iter=20, random_state=0).fit(X)
    >>> LatentSpaceDisplay.from_estimator(model, X, y).points.shape
    (150, 2)
    """

    def __init__(self, *, points, y=None, explained=1.0, color_name=None):
        self.points = points
        self.y = y
        self.explained = explained
        self.color_name = color_name

    @classmethod
    def from_estimator(cls, estimator, X, y=None, *, ax=None):
        """Draw the codes of rows.

        Parameters
        ----------
        estimator : object
            A fitted estimator with ``transform``.

        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,), default=None
            Labels or numbers, for colours. None means the anomaly scores, if the
            estimator has ``score_samples``.

        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        Returns
        -------
        LatentSpaceDisplay
            The display, drawn.
        """
        require_method(
            estimator,
            ("transform",),
            display=cls.__name__,
            expected="an estimator with codes, such as AutoencoderDetector or PCA",
        )
        codes = np.asarray(estimator.transform(X), dtype=float)
        name = None
        if y is None and hasattr(estimator, "score_samples"):
            y, name = -np.asarray(estimator.score_samples(X)), "anomaly score"
        points, explained = _in_two_dimensions(codes)
        display = cls(
            points=points,
            y=None if y is None else check_labels_of_rows(y, len(codes)),
            explained=explained,
            color_name=name,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        Returns
        -------
        self : LatentSpaceDisplay
            The display.
        """
        ax = prepare_axes(ax, needed_by="LatentSpaceDisplay.plot")
        points = np.asarray(self.points)
        style = {"s": 14, "linewidths": 0, "alpha": 0.8}
        kinds = [] if self.y is None else np.unique(self.y)
        if self.y is None:
            ax.scatter(*points.T, color="C0", **style)
        elif self.color_name is None and len(kinds) <= MOST_CLASSES:
            for i, kind in enumerate(kinds):
                chosen = points[self.y == kind]
                ax.scatter(*chosen.T, color=f"C{i}", label=str(kind), **style)
            place = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
            write_legend(ax, markerscale=1.8, **place)
        else:
            order = np.argsort(self.y)  # the most unusual rows on top
            high = np.quantile(self.y, 0.99)
            shown = ax.scatter(
                *points[order].T, c=self.y[order], cmap="viridis", vmax=high, **style
            )
            ax.figure.colorbar(shown, ax=ax, label=self.color_name or "")
        ax.set_xlabel("code 1")
        ax.set_ylabel("code 2")
        if self.explained < 1:
            ax.set_xlabel("first principal component of the codes")
            ax.set_ylabel("second")
            share = f"{self.explained:.0%} of the codes' variance"
            ax.set_title(share, loc="left", fontsize=10)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _in_two_dimensions(codes):
    """Two columns of codes, and the fraction of their variance in them."""
    if codes.shape[1] == 1:
        return np.column_stack([codes[:, 0], np.zeros(len(codes))]), 1.0
    if codes.shape[1] == 2:
        return codes, 1.0
    projection = PCA(2, svd_solver="full")
    points = projection.fit_transform(codes)
    # Constant codes have no variance to divide.
    return points, float(np.nan_to_num(projection.explained_variance_ratio_).sum())
