"""LearningRateDisplay."""

from sknn_suite.inspection import find_learning_rate
from sknn_suite.plotting._axes import prepare_axes, write_legend


class LearningRateDisplay:
    """The loss during a learning-rate range test, with the suggested rate.

    Use it to check the suggestion of :func:`~sknn_suite.find_learning_rate`. The loss
    should fall steeply there, and rise only at much higher rates.

    Parameters
    ----------
    rates : array-like of shape (n_steps,)
        Learning rate of each step.

    losses : array-like of shape (n_steps,)
        Smoothed loss of each step.

    suggestion : float
        The suggested rate.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.

    figure_ : matplotlib Figure
        Its figure.

    line_ : matplotlib Line2D
        The loss.

    See Also
    --------
    LossCurveDisplay : Loss of each epoch.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.plotting import LearningRateDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(random_state=0)
    >>> display = LearningRateDisplay.from_estimator(model, X, y)
    >>> len(display.rates) == len(display.losses)
    True
    """

    def __init__(self, *, rates, losses, suggestion):
        self.rates = rates
        self.losses = losses
        self.suggestion = suggestion

    @classmethod
    def from_estimator(cls, estimator, X, y=None, *, ax=None, line_kw=None, **kwargs):
        """Run the range test and plot it.

        Parameters
        ----------
        estimator : estimator or Pipeline
            An estimator of this package; it is cloned.
        X, y : array-likes
            Training data.
        ax : matplotlib Axes, default=None
            Where to draw; None opens a figure.
        line_kw : dict, default=None
            Further arguments of matplotlib's `plot`.
        **kwargs : dict
            Arguments of `find_learning_rate`.

        Returns
        -------
        LearningRateDisplay
            The display.
        """
        test = find_learning_rate(estimator, X, y, **kwargs)
        return cls.from_range_test(test, ax=ax, line_kw=line_kw)

    @classmethod
    def from_range_test(cls, range_test, *, ax=None, line_kw=None):
        """Plot what `find_learning_rate` returned.

        Parameters
        ----------
        range_test : RangeTest
            Rates, losses and the suggestion.
        ax : matplotlib Axes, default=None
            Where to draw; None opens a figure.
        line_kw : dict, default=None
            Further arguments of matplotlib's `plot`.

        Returns
        -------
        LearningRateDisplay
            The display.
        """
        display = cls(
            rates=range_test.rates,
            losses=range_test.losses,
            suggestion=range_test.suggestion,
        )
        return display.plot(ax=ax, line_kw=line_kw)

    def plot(self, *, ax=None, line_kw=None):
        """Plot the numbers.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a figure.
        line_kw : dict, default=None
            Further arguments of matplotlib's `plot`.

        Returns
        -------
        LearningRateDisplay
            The display.
        """
        ax = prepare_axes(ax, needed_by="LearningRateDisplay")
        line = {"color": "C0", "label": "Smoothed loss", **(line_kw or {})}
        (self.line_,) = ax.plot(self.rates, self.losses, **line)
        ax.axvline(
            self.suggestion,
            color="C3",
            linestyle="--",
            label=f"Suggestion: {self.suggestion:.2g}",
        )
        ax.set(xscale="log", xlabel="Learning rate", ylabel="Loss of the batch")
        write_legend(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self
