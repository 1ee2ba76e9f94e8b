"""PredictionGallery."""

import textwrap

import numpy as np
from sklearn.utils.validation import column_or_1d

from sknn_suite._optional import import_optional

CHOICES = ("mistakes", "uncertain", "confident")


class PredictionGallery:
    """The rows that tell most about a classifier, with what it made of them.

    Use it to find wrong labels (the most confident mistakes) and rows worth labelling
    (the most uncertain ones). It works for every classifier of texts that has
    `predict_proba`.

    Parameters
    ----------
    rows : ndarray of int
        Numbers of the rows that are shown, the most telling first.

    texts : list of str
        What stands in them.

    predicted, proba : ndarray of shape (n_shown,)
        The predicted label, and its probability.

    y : ndarray of shape (n_shown,), default=None
        The labels.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the gallery is drawn.

    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    TokenAttentionDisplay : What a TextRNNClassifier looks at.

    Examples
    --------
    >>> from sknn_suite import TextRNNClassifier
    >>> from sknn_suite.plotting import PredictionGallery
    >>> X, y = ["so good", "so bad", "good", "bad"] * 5, [1, 0, 1, 0] * 5
    >>> model = TextRNNClassifier(hidden_sizes=8, random_state=0).fit(X, y)
    >>> gallery = PredictionGallery.from_estimator(
    ...     model, ["good", "bad good"], [1, 0], show="uncertain", plot=False
    ... )
    >>> sorted(gallery.texts)
    ['bad good', 'good']
    """

    def __init__(self, *, rows, texts, predicted, proba, y=None):
        self.rows = rows
        self.texts = texts
        self.predicted = predicted
        self.proba = proba
        self.y = y

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, show="mistakes", n_rows=10, ax=None, plot=True
    ):
        """Choose rows by a classifier's probabilities, and draw them.

        Parameters
        ----------
        estimator : object
            A fitted classifier.

        X : array-like of str
            The texts.

        y : array-like of shape (n_samples,), default=None
            Their labels; needed for mistakes.

        show : {"mistakes", "uncertain", "confident"}, default="mistakes"
            Rows whose label is another than predicted, the most confident first; rows
            whose two best classes are nearest; or rows whose best class is surest.

        n_rows : int, default=10
            Most rows that are shown.

        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        PredictionGallery
            The gallery.
        """
        if show not in CHOICES or (show == "mistakes" and y is None):
            raise ValueError(
                f"show={show!r} with y={'None' if y is None else 'given'} chooses no "
                f"rows. Expected one of {', '.join(CHOICES)}, and labels for mistakes. "
                "Pass y, or choose show='uncertain'."
            )
        proba = np.asarray(estimator.predict_proba(X), dtype=float)
        classes = np.asarray(estimator.classes_)
        predicted = classes[proba.argmax(axis=1)]
        best = np.sort(proba, axis=1)
        order = np.argsort(-best[:, -1], kind="stable")
        if show == "uncertain":
            order = np.argsort(best[:, -1] - best[:, -2], kind="stable")
        if y is not None:
            y = column_or_1d(y)
        if show == "mistakes":
            order = order[predicted[order] != y[order]]
        rows = order[:n_rows]
        texts = [x[0] if not isinstance(x, str) else x for x in np.asarray(X, object)]
        gallery = cls(
            rows=rows,
            texts=[texts[i] for i in rows],
            predicted=predicted[rows],
            proba=best[rows, -1],
            y=None if y is None else y[rows],
        )
        return gallery.plot(ax=ax) if plot else gallery

    def plot(self, ax=None):
        """Draw the gallery.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        Returns
        -------
        self : PredictionGallery
            The gallery.
        """
        if ax is None:
            pyplot = import_optional(
                "matplotlib.pyplot", needed_by="PredictionGallery.plot", extra="plot"
            )
            height = 0.5 + 0.45 * max(len(self.rows), 1)
            _, ax = pyplot.subplots(figsize=(9, height))
        ax.set_axis_off()
        ax.set_xlim(0, 1)
        ax.set_ylim(max(len(self.rows), 1), 0)
        labels = [None] * len(self.rows) if self.y is None else self.y
        for height, (text, found, p, label) in enumerate(
            zip(self.texts, self.predicted, self.proba, labels)
        ):
            right = label is None or label == found
            head = f"{found} {p:.2f}" + ("" if right else f", is {label}")
            color = "black" if right else "C3"
            short = textwrap.shorten(text, 90, placeholder=" ...").replace("$", r"\$")
            ax.text(0, height + 0.5, head, color=color, fontsize=9, va="center")
            ax.text(0.27, height + 0.5, short, fontsize=9, va="center")
        self.ax_, self.figure_ = ax, ax.figure
        return self
