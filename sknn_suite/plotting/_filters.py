"""FilterDisplay."""

import numpy as np

from sknn_suite.doors import import_optional
from sknn_suite.plotting._requirements import require_method


class FilterDisplay:
    """The filters of a network's first convolution, as small images.

    Smooth filters (edges, blobs, colours) show that training worked. Noise means too
    few images, or a learning rate that is too high.

    Parameters
    ----------
    filters : array-like of shape (n_filters, height, width, n_channels)
        The weights.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Where they are drawn.

    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    PredictionGallery : Images by their predictions.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_suite import CNNClassifier
    >>> from sknn_suite.plotting import FilterDisplay
    >>> images, labels = load_digits().images[:100] / 16, load_digits().target[:100]
    >>> model = CNNClassifier([(9, 3)], max_iter=2, random_state=0).fit(images, labels)
    >>> FilterDisplay.from_estimator(model).filters.shape
    (9, 3, 3, 1)
    """

    def __init__(self, *, filters):
        self.filters = filters

    @classmethod
    def from_estimator(cls, estimator, *, figure=None):
        """Draw the filters of a fitted network.

        Parameters
        ----------
        estimator : CNNClassifier
            A fitted image classifier with a convolution.

        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        FilterDisplay
            The display, drawn.
        """
        require_method(
            estimator,
            ("first_filters",),
            display=cls.__name__,
            expected="a CNNClassifier with a convolution",
        )
        return cls(filters=estimator.first_filters()).plot(figure=figure)

    def plot(self, figure=None):
        """Draw the filters, each scaled to its own range.

        Parameters
        ----------
        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        self : FilterDisplay
            The display.
        """
        filters = np.asarray(self.filters)
        n_columns = min(int(np.ceil(np.sqrt(len(filters)))), 12)
        n_rows = -(-len(filters) // n_columns)
        if figure is None:
            pyplot = import_optional(
                "matplotlib.pyplot", needed_by="FilterDisplay", extra="plot"
            )
            size = (0.8 * n_columns, 0.8 * n_rows + 0.3)
            figure = pyplot.figure(figsize=size, layout="constrained")
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, kernel in zip(axes.flat, filters):
            if kernel.shape[2] == 3:
                low, high = kernel.min(), kernel.max()
                ax.imshow((kernel - low) / max(high - low, 1e-12))
            else:
                ax.imshow(kernel.mean(axis=2), cmap="gray")
        self.axes_, self.figure_ = axes, figure
        return self
