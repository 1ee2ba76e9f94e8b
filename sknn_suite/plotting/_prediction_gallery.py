"""PredictionGallery."""

import textwrap
from numbers import Integral

import numpy as np

from sknn_suite.checks import list_some
from sknn_suite.doors import import_optional
from sknn_suite.exceptions import DataError
from sknn_suite.plotting._requirements import require_method

KINDS = ("most_correct", "most_wrong", "most_uncertain")

# Number of letters of a text to show.
TEXT_WIDTH = 90


def choose_rows(proba, codes, kind, n_per_class):
    """Choose the rows of a gallery, class by class.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities.
    codes : ndarray of shape (n_samples,)
        Index of each row's true class.
    kind : {"most_correct", "most_wrong", "most_uncertain"}
        Rows with the highest probability of their class, rows with the highest
        probability of a wrong class, or rows whose two most probable classes are
        closest.
    n_per_class : int
        Largest number of rows per class.

    Returns
    -------
    list of ndarray
        Row numbers of each class, the most extreme first.
    """
    if kind not in KINDS:
        raise ValueError(
            f"kind={kind!r} is unknown. Expected one of {', '.join(KINDS)}. "
            "Choose one of these."
        )
    own = proba[np.arange(len(codes)), codes]
    right = proba.argmax(axis=1) == codes
    ordered = np.sort(proba, axis=1)
    rank, allowed = {
        "most_correct": (-own, right),
        "most_wrong": (own - ordered[:, -1], ~right),
        "most_uncertain": (ordered[:, -1] - ordered[:, -2], np.full(len(own), True)),
    }[kind]
    chosen = []
    for code in range(proba.shape[1]):
        rows = np.flatnonzero((codes == code) & allowed)
        chosen.append(rows[np.argsort(rank[rows], kind="stable")][:n_per_class])
    return chosen


class PredictionGallery:
    """The images or texts with the best, the worst or the least certain predictions.

    Use it to find wrong labels (the most confident mistakes), classes that look alike,
    and rows worth labelling (the most uncertain ones).

    Parameters
    ----------
    items : list of ndarray or list of list of str
        What to show for each class: images of shape (n, height, width, channels) in
        [0, 1], or texts.

    rows : list of ndarray
        Their row numbers.

    predicted : list of ndarray
        The most probable class of each.

    probabilities : list of ndarray
        Probability of that class.

    classes : array-like of shape (n_classes,)
        The labels.

    kind : str
        Which rows the gallery shows.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Where it is drawn: for images of shape (n_classes, n_per_class), with one row
        per class; for texts of shape (1, 1), with one line per text.

    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    FilterDisplay : Filters of the first layer.
    TokenAttentionDisplay : Attention of a TextRNNClassifier.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_suite import CNNClassifier
    >>> from sknn_suite.plotting import PredictionGallery
    >>> images, labels = load_digits(n_class=3, return_X_y=True)
    >>> model = CNNClassifier(image_shape=(8, 8), max_iter=3, random_state=0)
    >>> gallery = PredictionGallery.from_estimator(
    ...     model.fit(images, labels), images, labels, kind="most_uncertain"
    ... )
    >>> gallery.axes_.shape
    (3, 5)
    """

    def __init__(self, *, items, rows, predicted, probabilities, classes, kind):
        self.items = items
        self.rows = rows
        self.predicted = predicted
        self.probabilities = probabilities
        self.classes = classes
        self.kind = kind

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, kind="most_wrong", n_per_class=5, figure=None
    ):
        """Choose rows by their predictions, and draw them.

        Parameters
        ----------
        estimator : object
            A fitted `CNNClassifier`, or any fitted text classifier with
            `predict_proba`.

        X : array-like or list
            Images or texts, as for `predict`; preferably not the training data.

        y : array-like of shape (n_samples,)
            Their labels.

        kind : {"most_correct", "most_wrong", "most_uncertain"}, default="most_wrong"
            Which rows to show.

        n_per_class : int, default=5
            Largest number of rows per class.

        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        PredictionGallery
            The gallery, drawn.
        """
        _check_columns(n_per_class)
        require_method(
            estimator,
            ("predict_proba", "classes_"),
            display=cls.__name__,
            expected="a classifier of images or texts",
        )
        classes = np.asarray(estimator.classes_)
        labels = np.asarray(y)
        proba = np.asarray(estimator.predict_proba(X))
        if labels.shape != (len(proba),):
            raise DataError(
                f"y has the shape {labels.shape} for {len(proba)} rows. Expected one "
                "label per row. Pass the labels of X."
            )
        unknown = np.setdiff1d(labels, classes)
        if len(unknown):
            raise DataError(
                f"y contains {list_some(unknown)}, which fit has not seen. Expected "
                "elements of classes_. Leave these rows out."
            )
        codes = np.searchsorted(classes, labels)
        rows = choose_rows(proba, codes, kind, n_per_class)
        read = getattr(estimator, "read_images", None)
        if read is None:
            _check_texts(estimator, X)
            read = _read_texts
        gallery = cls(
            items=[read(_take(X, part)) for part in rows],
            rows=rows,
            predicted=[classes[proba[part].argmax(axis=1)] for part in rows],
            probabilities=[proba[part].max(axis=1, initial=0) for part in rows],
            classes=classes,
            kind=kind,
        )
        return gallery.plot(n_per_class=n_per_class, figure=figure)

    def plot(self, *, n_per_class=5, figure=None):
        """Draw the gallery.

        Parameters
        ----------
        n_per_class : int, default=5
            Columns of a gallery of images.

        figure : matplotlib Figure, default=None
            Where to draw; None opens a new one.

        Returns
        -------
        self : PredictionGallery
            The gallery.
        """
        _check_columns(n_per_class)
        shows_texts = isinstance(self.items[0], list)
        if figure is None:
            pyplot = import_optional(
                "matplotlib.pyplot", needed_by="PredictionGallery", extra="plot"
            )
            n_classes = len(self.classes)
            # One column would be narrower than the title.
            size = (max(1.3 * n_per_class + 0.9, 4.2), 1.45 * n_classes + 0.4)
            if shows_texts:
                size = (8.5, 0.9 + 0.3 * self._n_lines())
            figure = pyplot.figure(figsize=size, layout="constrained")
        self.axes_ = (self._draw_texts if shows_texts else self._draw_images)(
            figure, n_per_class
        )
        figure.suptitle(f"{self.kind.replace('_', ' ')}: prediction and probability")
        self.figure_ = figure
        return self

    def _draw_images(self, figure, n_per_class):
        axes = figure.subplots(len(self.classes), n_per_class, squeeze=False)
        for ax in axes.flat:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        for code, label in enumerate(self.classes):
            axes[code, 0].set_ylabel(str(label))
            if len(str(label)) < 4:  # a 6 that lies on its side is hard to read
                upright = {"rotation": 0, "ha": "right", "va": "center"}
                axes[code, 0].yaxis.label.set(**upright)
            for ax, image, predicted, probability in zip(
                axes[code],
                self.items[code],
                self.predicted[code],
                self.probabilities[code],
            ):
                grey = image.shape[2] == 1
                ax.imshow(image[..., 0] if grey else image[..., :3], cmap="gray")
                ax.set_title(f"{predicted} {probability:.0%}", fontsize=8)
        return axes

    def _draw_texts(self, figure, n_per_class):
        axes = figure.subplots(1, 1, squeeze=False)
        ax = axes[0, 0]
        ax.set_axis_off()
        ax.set(xlim=(0, 1), ylim=(self._n_lines(), 0))
        heads = [
            [f"{name} {proba:.0%}" for name, proba in zip(*of_class)]
            for of_class in zip(self.predicted, self.probabilities)
        ]
        longest = max((len(head) for of_class in heads for head in of_class), default=0)
        # A character of 9 points is about 5.5 points wide.
        text_x = 0.04 + 5.5 * longest / (72 * figure.get_figwidth())
        height = 0
        for code, label in enumerate(self.classes):
            ax.text(0, height + 0.5, str(label), fontweight="bold", va="center")
            height += 1
            for text, predicted, head in zip(
                self.items[code], self.predicted[code], heads[code]
            ):
                color = "black" if predicted == label else "C3"
                short = textwrap.shorten(text, TEXT_WIDTH, placeholder=" ...")
                ax.text(0.02, height + 0.5, head, color=color, fontsize=9, va="center")
                ax.text(text_x, height + 0.5, _plain(short), fontsize=9, va="center")
                height += 1
        return axes

    def _n_lines(self):
        """Lines of a gallery of texts: a heading and the texts of each class."""
        return len(self.classes) + sum(map(len, self.items))


def _check_columns(n_per_class):
    is_number = isinstance(n_per_class, Integral) and not isinstance(n_per_class, bool)
    if not is_number or n_per_class < 1:
        raise ValueError(
            f"n_per_class={n_per_class!r} leaves nothing to show. Expected a whole "
            "number of 1 or more. Change it."
        )


def _check_texts(estimator, X):
    """Raise an error for rows that are neither images nor texts."""
    first = _take(X, np.arange(1))
    values = np.asarray(first, dtype=object).reshape(-1)
    if len(values) == 1 and isinstance(values[0], str):
        return
    raise TypeError(
        f"X contains rows for {type(estimator).__name__}, which PredictionGallery "
        "cannot draw. Expected images for a CNNClassifier, or texts. Show other rows "
        "as a table."
    )


def _take(X, rows):
    """Rows of an array, a list, or a column of a table."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if isinstance(X, list | tuple):
        return [X[i] for i in rows]
    return X[rows]


def _read_texts(X):
    """Texts of a list, an array, or the only column of a table."""
    return [str(text) for text in np.asarray(X, dtype=object).reshape(-1)]


def _plain(text):
    """Escape dollars, so that they do not begin a formula."""
    return text.replace("$", r"\$")
