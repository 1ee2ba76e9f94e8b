"""ReconstructionDisplay."""

import numpy as np

from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError
from sknn_suite.plotting._requirements import require_method


class ReconstructionDisplay:
    """Rows and their reconstructions.

    Use it to see what an autoencoder can and cannot reconstruct. Rows are drawn as
    images if there is an `image_shape`, else as lines over the features.

    Parameters
    ----------
    originals, reconstructions : array-like of shape (n_rows, n_features)
        The rows, and their reconstructions.

    scores : array-like of shape (n_rows,), default=None
        Anomaly score of each row, for its title.

    image_shape : tuple of int, default=None
        (height, width) of the rows as images.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2, n_rows) or (n_rows,)
        Where the rows are drawn. For images, originals are above reconstructions.

    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    AnomalyScoreDisplay : Histogram of anomaly scores.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_suite import AutoencoderDetector
    >>> from sknn_suite.plotting import ReconstructionDisplay
    >>> X = load_digits().data[:100]
    >>> model = AutoencoderDetector(max_iter=5, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(
    ...     model, X[:3], image_shape=(8, 8)
    ... )
    >>> display.axes_.shape
    (2, 3)
    """

    def __init__(self, *, originals, reconstructions, scores=None, image_shape=None):
        self.originals = originals
        self.reconstructions = reconstructions
        self.scores = scores
        self.image_shape = image_shape

    @classmethod
    def from_estimator(cls, estimator, X, *, image_shape=None, figure=None):
        """Draw rows and their reconstructions.

        Parameters
        ----------
        estimator : object
            A fitted estimator with ``reconstruct``, or with ``transform`` and
            ``inverse_transform``, such as PCA.

        X : array-like of shape (n_rows, n_features)
            The rows, at most about a dozen.

        image_shape : tuple of int, default=None
            (height, width) of the rows as images.

        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        ReconstructionDisplay
            The display, drawn.
        """
        own = hasattr(estimator, "reconstruct")
        require_method(
            estimator,
            ("reconstruct",) if own else ("transform", "inverse_transform"),
            display=cls.__name__,
            expected="an estimator that decodes its codes, such as AutoencoderDetector",
        )
        if own:
            reconstructions = estimator.reconstruct(X)
        else:
            reconstructions = estimator.inverse_transform(estimator.transform(X))
        scores = None
        if hasattr(estimator, "score_samples") and hasattr(estimator, "offset_"):
            scores = -np.asarray(estimator.score_samples(X))
        display = cls(
            originals=np.asarray(X, dtype=float),
            reconstructions=np.asarray(reconstructions, dtype=float),
            scores=scores,
            image_shape=image_shape,
        )
        return display.plot(figure=figure)

    def plot(self, figure=None):
        """Draw the rows.

        Parameters
        ----------
        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        self : ReconstructionDisplay
            The display.
        """
        originals = np.asarray(self.originals, dtype=float)
        reconstructions = np.asarray(self.reconstructions, dtype=float)
        n_rows, n_features = originals.shape
        images = self.image_shape is not None
        if images and np.prod(self.image_shape) != n_features:
            raise DataError(
                f"image_shape={self.image_shape} does not fit rows of {n_features} "
                "features. Expected height times width to be that number. "
                "Pass another image_shape, or None to draw lines."
            )
        if figure is None:
            pyplot = import_optional(
                "matplotlib.pyplot", needed_by="ReconstructionDisplay", extra="plot"
            )
            size = (1.15 * n_rows + 0.8, 2.9) if images else (8, 1.7 * n_rows + 0.5)
            figure = pyplot.figure(figsize=size, layout="constrained")
        draw = self._draw_images if images else self._draw_lines
        self.axes_ = draw(figure, originals, reconstructions)
        self.figure_ = figure
        return self

    def _title(self, i):
        return "" if self.scores is None else f"{self.scores[i]:.1f}"

    def _draw_images(self, figure, originals, reconstructions):
        axes = figure.subplots(2, len(originals), squeeze=False)
        grey = {"cmap": "gray_r", "vmin": originals.min(), "vmax": originals.max()}
        for row, rows in zip(axes, (originals, reconstructions)):
            for ax, image in zip(row, rows):
                ax.imshow(image.reshape(self.image_shape), **grey)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_color("0.8")
        for i, ax in enumerate(axes[0]):
            ax.set_title(self._title(i), fontsize=9)
        axes[0, 0].set_ylabel("original")
        axes[1, 0].set_ylabel("reconstruction")
        if self.scores is not None:
            figure.suptitle("anomaly score of each row", fontsize=9, x=0.01, ha="left")
        return axes

    def _draw_lines(self, figure, originals, reconstructions):
        axes = figure.subplots(len(originals), 1, squeeze=False, sharex=True)[:, 0]
        at = np.arange(originals.shape[1])
        for i, ax in enumerate(axes):
            ax.fill_between(at, originals[i], reconstructions[i], color="C1", alpha=0.3)
            ax.plot(at, originals[i], "o-", ms=3, lw=1, color="C0", label="original")
            style = {"ms": 3, "lw": 1, "color": "C1", "label": "reconstruction"}
            ax.plot(at, reconstructions[i], "s-", **style)
            ax.spines[["top", "right"]].set_visible(False)
            if self.scores is not None:
                ax.set_title(f"anomaly score {self._title(i)}", loc="left", fontsize=9)
        axes[-1].set_xlabel("feature")
        axes[0].legend(loc="lower right", ncols=2, bbox_to_anchor=(1, 1), frameon=False)
        return axes
