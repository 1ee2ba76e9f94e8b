"""ThresholdCurveDisplay."""

import numpy as np
from sklearn.metrics import precision_recall_curve
from sklearn.utils.validation import column_or_1d

from sknn_suite.exceptions import DataError
from sknn_suite.plotting._axes import prepare_axes, write_legend
from sknn_suite.plotting._requirements import check_labels_of_rows, require_method


class ThresholdCurveDisplay:
    """Precision, recall and F1 of a binary classifier against its threshold.

    Use it to see the effect of another decision threshold. A row counts as positive if
    its score is at least the threshold. Create it with :meth:`from_estimator` or
    :meth:`from_predictions`. The attributes hold the numbers.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        Decision thresholds in ascending order: the scores that occur.

    precision : ndarray of shape (n_thresholds,)
        Fraction of the found rows that are positive, in [0, 1].

    recall : ndarray of shape (n_thresholds,)
        Fraction of the positive rows that are found, in [0, 1].

    f1 : ndarray of shape (n_thresholds,)
        Harmonic mean of precision and recall.

    chosen : float, default=None
        The threshold in use. None draws no line.

    positive_label : object, default=None
        The positive class.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curves are drawn.

    figure_ : matplotlib Figure
        Its figure.

    lines_ : list of matplotlib Line2D
        The curves: precision, recall, F1.

    chosen_line_ : matplotlib Line2D or None
        The line at the threshold in use.

    See Also
    --------
    sklearn.metrics.PrecisionRecallDisplay : Precision against recall.
    sklearn.model_selection.TunedThresholdClassifierCV : Chooses a threshold.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import TunedThresholdClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.plotting import ThresholdCurveDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), MLPClassifier((10,), tol=0.01))
    >>> tuned = TunedThresholdClassifierCV(model, cv=0.2, random_state=0)
    >>> display = ThresholdCurveDisplay.from_estimator(tuned.fit(X, y), X, y)
    >>> float(display.chosen) == float(tuned.best_threshold_)
    True
    """

    def __init__(
        self, *, thresholds, precision, recall, f1, chosen=None, positive_label=None
    ):
        self.thresholds = thresholds
        self.precision = precision
        self.recall = recall
        self.f1 = f1
        self.chosen = chosen
        self.positive_label = positive_label

    @classmethod
    def from_estimator(cls, estimator, X, y, *, sample_weight=None, ax=None, **kwargs):
        """Draw the curves of a fitted binary classifier; use held-out rows.

        Parameters
        ----------
        estimator : object
            A fitted binary classifier with `predict_proba`. The plot marks the
            threshold of a `TunedThresholdClassifierCV`, and 0.5 for other classifiers.

        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,)
            Their labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        **kwargs : dict
            Arguments of matplotlib's `plot` for the curves.

        Returns
        -------
        ThresholdCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the classifier does not have exactly two classes.
        """
        require_method(
            estimator,
            ("predict_proba", "classes_"),
            display=cls.__name__,
            expected="a classifier of two classes",
        )
        if len(estimator.classes_) != 2:
            raise DataError(
                f"{type(estimator).__name__} has {len(estimator.classes_)} classes. "
                "Expected two, because a threshold decides between two. "
                "Fit one class against the rest."
            )
        proba = np.asarray(estimator.predict_proba(X))
        return cls.from_predictions(
            check_labels_of_rows(y, len(proba)),
            proba[:, 1],
            chosen=getattr(estimator, "best_threshold_", 0.5),
            positive_label=estimator.classes_[1],
            sample_weight=sample_weight,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_score,
        *,
        chosen=None,
        positive_label=None,
        sample_weight=None,
        ax=None,
        **kwargs,
    ):
        """Draw the curves from labels and scores.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.

        y_score : array-like of shape (n_samples,)
            Scores of the positive class: probabilities or decision values.

        chosen : float, default=None
            The threshold in use. None draws no line.

        positive_label : object, default=None
            The positive class; 1 if the labels are {0, 1} or {-1, 1}.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        **kwargs : dict
            Arguments of matplotlib's `plot` for the curves.

        Returns
        -------
        ThresholdCurveDisplay
            The display, drawn.
        """
        precision, recall, thresholds = precision_recall_curve(
            column_or_1d(y_true),
            y_score,
            pos_label=positive_label,
            sample_weight=sample_weight,
        )
        # The last pair, precision 1 at recall 0, belongs to no threshold.
        precision, recall = precision[:-1], recall[:-1]
        total = precision + recall
        f1 = np.divide(
            2 * precision * recall, total, out=np.zeros_like(total), where=total > 0
        )
        display = cls(
            thresholds=thresholds,
            precision=precision,
            recall=recall,
            f1=f1,
            chosen=chosen,
            positive_label=positive_label,
        )
        return display.plot(ax=ax, **kwargs)

    def values_at(self, threshold):
        """Return precision, recall and F1 at a threshold.

        Parameters
        ----------
        threshold : float
            The threshold. Above the largest score no row is found, and all are zero.

        Returns
        -------
        tuple of float
            Precision, recall, F1.
        """
        at = np.searchsorted(self.thresholds, threshold)
        if at == len(self.thresholds):
            return 0.0, 0.0, 0.0
        return float(self.precision[at]), float(self.recall[at]), float(self.f1[at])

    def plot(self, ax=None, **kwargs):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        **kwargs : dict
            Arguments of matplotlib's `plot` for the curves.

        Returns
        -------
        self : ThresholdCurveDisplay
            The display.
        """
        ax = prepare_axes(ax, needed_by="ThresholdCurveDisplay.plot")
        self.lines_ = []
        for values, label in [
            (self.precision, "precision"),
            (self.recall, "recall"),
            (self.f1, "F1"),
        ]:
            # A threshold gives the same decisions as the next larger score.
            style = {"drawstyle": "steps-pre", "label": label} | kwargs
            self.lines_ += ax.plot(self.thresholds, values, **style)
        self.chosen_line_ = None
        if self.chosen is not None:
            self._mark_chosen(ax)
        ax.set_ylim(0, 1.03)
        ax.set_xlabel("decision threshold")
        of = "" if self.positive_label is None else f" for class {self.positive_label}"
        ax.set_ylabel(f"precision, recall, F1{of}")
        write_legend(ax, loc="lower center")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _mark_chosen(self, ax):
        precision, recall, f1 = self.values_at(self.chosen)
        self.chosen_line_ = ax.axvline(
            self.chosen,
            color="0.25",
            linestyle=":",
            label=(
                f"chosen {self.chosen:.3f}: precision {precision:.3f}, "
                f"recall {recall:.3f}, F1 {f1:.3f}"
            ),
        )
        for line, value in zip(self.lines_, (precision, recall, f1)):
            ax.plot(self.chosen, value, "o", color=line.get_color())
