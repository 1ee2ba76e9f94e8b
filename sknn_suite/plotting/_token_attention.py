"""TokenAttentionDisplay."""

import html

from sknn_suite.doors import import_optional
from sknn_suite.plotting._requirements import check_labels_of_rows, require_method

# Width of a line in characters, and in inches with room at both ends. In wider axes the
# tokens are too far apart.
LINE, WIDTH = 80, 6.3


class TokenAttentionDisplay:
    """Texts with each token coloured by its attention.

    Use it to see which words a `TextRNNClassifier` attends to. A notebook shows the
    display itself. `plot` draws it with matplotlib, and `to_html` returns HTML.

    Parameters
    ----------
    tokens : list of list of (str, float)
        Tokens of each text and their weights, as returned by
        :meth:`TextRNNClassifier.token_weights`.

    titles : list of str, default=None
        A line above each text, for example its predicted class.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the texts are drawn.

    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    PredictionGallery : Texts with wrong or uncertain predictions.

    Examples
    --------
    >>> from sknn_suite.plotting import TokenAttentionDisplay
    >>> display = TokenAttentionDisplay(tokens=[[("so", 0.2), ("good", 0.8)]])
    >>> display.to_html().count("<span")
    2
    """

    def __init__(self, *, tokens, titles=None):
        self.tokens = tokens
        self.titles = titles

    @classmethod
    def from_estimator(cls, estimator, X, y=None, *, ax=None):
        """Draw the attention of texts.

        Parameters
        ----------
        estimator : TextRNNClassifier
            A fitted classifier.

        X : array-like of str
            A few texts.

        y : array-like of shape (n_samples,), default=None
            Their labels, for the titles.

        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        Returns
        -------
        TokenAttentionDisplay
            The display, drawn.
        """
        require_method(
            estimator,
            ("token_weights",),
            display=cls.__name__,
            expected="a TextRNNClassifier with attention",
        )
        proba = estimator.predict_proba(X)
        found = estimator.predict(X)
        truth = [None] * len(proba)
        if y is not None:
            truth = list(check_labels_of_rows(y, len(proba)))
        titles = [
            f"{label}, {p.max():.2f}" + ("" if true is None else f" (is {true})")
            for label, p, true in zip(found, proba, truth)
        ]
        return cls(tokens=estimator.token_weights(X), titles=titles).plot(ax=ax)

    def to_html(self):
        """Return the texts as HTML.

        Returns
        -------
        str
            One paragraph per text, with one span per token.
        """
        paragraphs = []
        for tokens, title in zip(self.tokens, self._titles()):
            head = f"<b>{html.escape(title)}</b><br>" if title else ""
            spans = " ".join(
                f'<span style="background:rgba(230,90,40,{strength:.2f})" '
                f'title="{weight:.3f}">{html.escape(token)}</span>'
                for token, weight, strength in _strengths(tokens)
            )
            paragraphs.append(f"<p>{head}{spans}</p>")
        return "\n".join(paragraphs)

    _repr_html_ = to_html

    def plot(self, ax=None):
        """Draw the texts.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        Returns
        -------
        self : TokenAttentionDisplay
            The display.
        """
        lines = self._lines()
        if ax is None:
            pyplot = import_optional(
                "matplotlib.pyplot",
                needed_by="TokenAttentionDisplay.plot",
                extra="plot",
            )
            size = (WIDTH, 0.3 + 0.24 * len(lines))
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        ax.set_axis_off()
        ax.set_xlim(0, LINE)
        ax.set_ylim(len(lines), 0)
        for height, line in enumerate(lines):
            for start, token, strength in line:
                bold = strength is None
                paint = (0.9, 0.35, 0.15, 0.0 if bold else strength)
                ax.text(
                    start,
                    height + 0.5,
                    token.replace("$", r"\$"),
                    family="monospace",
                    fontsize=9,
                    weight="bold" if bold else "normal",
                    va="center",
                    bbox={"facecolor": paint, "edgecolor": "none", "pad": 1.5},
                )
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _titles(self):
        return [None] * len(self.tokens) if self.titles is None else self.titles

    def _lines(self):
        """Lines of (start, token, strength); titles have no strength."""
        lines = []
        for tokens, title in zip(self.tokens, self._titles()):
            if title:
                lines.append([(0, title, None)])
            line, start = [], 0
            for token, _, strength in _strengths(tokens):
                if start + len(token) > LINE and line:
                    lines.append(line)
                    line, start = [], 0
                line.append((start, token[:LINE], strength))
                start += len(token) + 1
            lines += [line, []]
        return lines[:-1]


def _strengths(tokens):
    """Tokens, weights, and the colour strength of each token, at most one."""
    most = max((weight for _, weight in tokens), default=1.0) or 1.0
    return [(token, weight, weight / most) for token, weight in tokens]
