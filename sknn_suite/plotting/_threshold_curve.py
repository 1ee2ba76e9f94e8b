"""ThresholdCurveDisplay."""

import numpy as np
from sklearn.metrics import precision_recall_curve
from sklearn.utils.validation import column_or_1d

from sknn_suite.checks import list_some
from sknn_suite.decision import Capacity, CostMatrix, find_threshold
from sknn_suite.doors import rows_of
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

    curve : DecisionCurve, default=None
        What `scoring` says of each threshold.

    criterion : Criterion, default=None
        What `scoring` stands for.

    fold_thresholds : ndarray of shape (n_folds,), default=None
        The best threshold of each fold, drawn as a band.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curves are drawn.

    figure_ : matplotlib Figure
        Its figure.

    lines_ : list of matplotlib Line2D
        The curves: precision, recall, F1, and what `scoring` adds.

    cost_ax_ : matplotlib Axes or None
        The axis of costs, at the right.

    band_ : matplotlib Patch or None
        From the smallest to the largest of `fold_thresholds`.

    chosen_line_ : matplotlib Line2D or None
        The line at the threshold in use.

    See Also
    --------
    sklearn.metrics.PrecisionRecallDisplay : Precision against recall.
    sknn_suite.decision.ThresholdTuner : Chooses a threshold.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.decision import ThresholdTuner
    >>> from sknn_suite.plotting import ThresholdCurveDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), MLPClassifier((10,), tol=0.01))
    >>> tuned = ThresholdTuner(model, scoring=[[0, 1], [5, 0]], cv=2).fit(X, y)
    >>> costs = tuned.scoring
    >>> display = ThresholdCurveDisplay.from_estimator(tuned, X, y, scoring=costs)
    >>> display.chosen == tuned.decision_threshold_
    True
    """

    def __init__(
        self,
        *,
        thresholds,
        precision,
        recall,
        f1,
        chosen=None,
        positive_label=None,
        curve=None,
        criterion=None,
        fold_thresholds=None,
    ):
        self.thresholds = thresholds
        self.precision = precision
        self.recall = recall
        self.f1 = f1
        self.chosen = chosen
        self.positive_label = positive_label
        self.curve = curve
        self.criterion = criterion
        self.fold_thresholds = fold_thresholds

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        positive_label=None,
        scoring=None,
        sample_weight=None,
        ax=None,
        **kwargs,
    ):
        """Draw the curves of a fitted classifier; use held-out rows.

        Parameters
        ----------
        estimator : object
            A fitted classifier with `predict_proba`. With two classes, the plot marks
            the threshold of a `ThresholdTuner`, of `decision_threshold` and of a
            `TunedThresholdClassifierCV`, and 0.5 for other classifiers.

        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,)
            Their labels.

        positive_label : object, default=None
            With more than two classes: the class that is drawn against the rest. With
            two, None is the second.

        scoring : str, callable, criterion or array-like, default=None
            What else to draw, see :func:`~sknn_suite.decision.find_threshold`: a cost
            matrix draws the cost per row on an axis at the right, `Capacity` the share
            of flagged rows, another scorer its value.

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
            If there are more than two classes and none is named.
        """
        require_method(
            estimator,
            ("predict_proba", "classes_"),
            display=cls.__name__,
            expected="a classifier",
        )
        at = _find_class(estimator, positive_label)
        proba = np.asarray(estimator.predict_proba(X))
        chosen = _threshold_of(estimator) if len(estimator.classes_) == 2 else None
        if chosen is not None and at == 0:
            chosen = 1 - chosen
        return cls.from_predictions(
            check_labels_of_rows(y, len(proba)),
            proba[:, at],
            chosen=chosen,
            positive_label=estimator.classes_[at],
            scoring=scoring,
            sample_weight=sample_weight,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_cv_results(
        cls,
        cv_results,
        X,
        y,
        *,
        positive_label=None,
        scoring="f1",
        sample_weight=None,
        ax=None,
        **kwargs,
    ):
        """Draw the curves of rows out of fold, and how far the folds agree.

        Parameters
        ----------
        cv_results : dict
            What :func:`sklearn.model_selection.cross_validate` returns with
            ``return_estimator=True`` and ``return_indices=True``.

        X : array-like of shape (n_samples, n_features)
            The rows that it got.

        y : array-like of shape (n_samples,)
            Their labels.

        positive_label : object, default=None
            See `from_estimator`.

        scoring : str, callable, criterion or array-like, default="f1"
            What the best threshold is judged by, see
            :func:`~sknn_suite.decision.find_threshold`. The plot marks the best
            threshold of all rows left out, and those of the folds as a band.

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
            If estimators or indices are missing.
        """
        missing = [name for name in ("estimator", "indices") if name not in cv_results]
        if missing:
            raise DataError(
                f"cv_results has no {' and no '.join(missing)}. Expected the result of "
                "cross_validate with its estimators and indices. Call it with "
                "return_estimator=True and return_indices=True."
            )
        y = column_or_1d(y)
        weight = None if sample_weight is None else column_or_1d(sample_weight)
        folds = []
        for model, rows in zip(cv_results["estimator"], cv_results["indices"]["test"]):
            at = _find_class(model, positive_label)
            positive_label = model.classes_[at]
            score = np.asarray(model.predict_proba(rows_of(X, rows)))[:, at]
            given = None if weight is None else weight[rows]
            folds.append((y[rows] == positive_label, score, given))
        positive, scores, weights = zip(*folds)
        weights = None if weight is None else np.concatenate(weights)
        each = [find_threshold(*f[:2], scoring, sample_weight=f[2]) for f in folds]
        return cls.from_predictions(
            np.concatenate(positive),
            np.concatenate(scores),
            scoring=scoring,
            sample_weight=weights,
            fold_thresholds=np.array([choice.threshold for choice in each]),
            positive_label=True,
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
        scoring=None,
        sample_weight=None,
        fold_thresholds=None,
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
            The threshold in use. None draws the best one by `scoring`, and no line
            without.

        positive_label : object, default=None
            The positive class; 1 if the labels are {0, 1} or {-1, 1}.

        scoring : str, callable, criterion or array-like, default=None
            What else to draw, see :func:`~sknn_suite.decision.find_threshold`: a cost
            matrix draws the cost per row on an axis at the right, `Capacity` the share
            of flagged rows, another scorer its value.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        fold_thresholds : array-like of shape (n_folds,), default=None
            The best threshold of each fold, drawn as a band.

        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        **kwargs : dict
            Arguments of matplotlib's `plot` for the curves.

        Returns
        -------
        ThresholdCurveDisplay
            The display, drawn.
        """
        y_true = column_or_1d(y_true)
        precision, recall, thresholds = precision_recall_curve(
            y_true,
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
        curve = criterion = None
        if scoring is not None:
            label = 1 if positive_label is None else positive_label
            choice = find_threshold(
                y_true == label, y_score, scoring, sample_weight=sample_weight
            )
            curve, criterion = choice.curve, choice.criterion
            chosen = choice.threshold if chosen is None else chosen
        display = cls(
            thresholds=thresholds,
            precision=precision,
            recall=recall,
            f1=f1,
            chosen=chosen,
            positive_label=positive_label,
            curve=curve,
            criterion=criterion,
            fold_thresholds=fold_thresholds,
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
        self.cost_ax_ = self.band_ = self.chosen_line_ = None
        if self.curve is not None:
            self._add_curve(ax, kwargs)
        if self.fold_thresholds is not None:
            self._add_band(ax)
        # An infinite threshold flags nothing, or everything, and has no place.
        if self.chosen is not None and np.isfinite(self.chosen):
            self._mark_chosen(ax)
        ax.set_ylim(0, 1.03)
        ax.set_xlabel("decision threshold")
        of = "" if self.positive_label is None else f" for class {self.positive_label}"
        ax.set_ylabel(f"precision, recall, F1{of}")
        self._write_legend(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _write_legend(self, ax):
        # A rare class leaves no free place within the axes: the curves are everywhere.
        handles = ax.get_legend_handles_labels()[0]
        if self.cost_ax_ is not None:
            handles += self.cost_ax_.get_lines()
            ax = self.cost_ax_
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncols": 2}
        place["borderaxespad"] = 3.8  # below the label of the axis
        write_legend(ax, handles=handles, **place)

    def _add_curve(self, ax, kwargs):
        """Draw what `scoring` says of each threshold."""
        values, label = self.curve.values, str(self.criterion)
        style = {"drawstyle": "steps-pre", "color": "C3"} | kwargs
        if isinstance(self.criterion, Capacity):
            values, label = self.curve.flagged, "flagged rows"
        elif isinstance(self.criterion, CostMatrix):
            values, label = -values, "cost per row"
            ax = self.cost_ax_ = ax.twinx()
            ax.spines["top"].set_visible(False)
            ax.set_ylabel(label, color=style["color"])
        values = np.where(np.isfinite(values), values, np.nan)  # what is not allowed
        self.lines_ += ax.plot(
            self.curve.thresholds, values, **style | {"label": label}
        )
        if self.cost_ax_ is not None:
            ax.set_ylim(0 if values.min() >= 0 else None, None)

    def _add_band(self, ax):
        finite = np.asarray(self.fold_thresholds, dtype=float)
        finite = finite[np.isfinite(finite)]
        if len(finite):
            self.band_ = ax.axvspan(
                finite.min(), finite.max(), color="0.85", label="best of each fold"
            )

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


def _find_class(estimator, positive_label):
    """Find the column of the class that is drawn against the rest."""
    classes = list(estimator.classes_)
    if positive_label is None:
        if len(classes) == 2:
            return 1
        raise DataError(
            f"{type(estimator).__name__} has {len(classes)} classes. "
            "Expected two, or the name of the one that is drawn against the rest. "
            f"Pass positive_label, such as {classes[-1]!r}."
        )
    if positive_label not in classes:
        raise DataError(
            f"positive_label={positive_label!r} is no class of "
            f"{type(estimator).__name__}. Expected one of {list_some(classes)}. "
            "Change it."
        )
    return classes.index(positive_label)


def _threshold_of(estimator):
    """Threshold that a classifier of two classes uses."""
    for name in ("decision_threshold_", "best_threshold_"):
        if getattr(estimator, name, None) is not None:
            return getattr(estimator, name)
    return 0.5
