"""LossCurveDisplay."""

import re

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn_suite.exceptions import DataError
from sknn_suite.plotting._axes import prepare_axes, write_legend

# Attributes in which scikit-learn's meta-estimators keep their one fitted estimator.
_FITTED_INSIDE = ("best_estimator_", "estimator_", "regressor_")


class LossCurveDisplay:
    """Loss and validation score of each epoch.

    Use it to see whether training has converged (the loss is flat at the end), jumps
    (lower `learning_rate_init`) or overfits (the validation loss rises while the
    training loss falls). Create it with :meth:`from_estimator`. The attributes hold the
    numbers.

    Parameters
    ----------
    train_loss : array-like of shape (n_epochs,)
        Loss of the training rows in each epoch, penalty included; nan where unknown.

    valid_loss : array-like of shape (n_epochs,), default=None
        Loss of the validation rows, without penalty; None without validation rows.

    valid_score : array-like of shape (n_epochs,), default=None
        Score of the validation rows; None without validation rows.

    learning_rate : array-like of shape (n_epochs,), default=None
        Learning rate of each epoch; None if there is none, as for lbfgs.

    estimator_name : str, default=None
        Prefix of the line names in the legend, for plots of several fits.

    loss_name : str, default=None
        Name of the loss, for the axis label.

    score_name : str, default=None
        Name of the score, for the axis label.

    Attributes
    ----------
    train_loss, valid_loss, valid_score, learning_rate : ndarray or None
        The numbers, one per epoch.

    ax_ : matplotlib Axes
        Where the losses are drawn.

    score_ax_ : matplotlib Axes or None
        Where the score is drawn, with its own axis on the right.

    figure_ : matplotlib Figure
        The figure of `ax_`.

    lines_ : list of matplotlib Line2D
        The lines: training loss, validation loss, validation score.

    See Also
    --------
    ThresholdCurveDisplay : Precision, recall and F1 against the decision threshold.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_suite import MLPClassifier
    >>> from sknn_suite.plotting import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> display.train_loss.shape == (model.n_iter_,)
    True
    >>> float(display.valid_score.max()) == model.best_validation_score_
    True
    """

    def __init__(
        self,
        *,
        train_loss,
        valid_loss=None,
        valid_score=None,
        learning_rate=None,
        estimator_name=None,
        loss_name=None,
        score_name=None,
    ):
        self.train_loss = train_loss
        self.valid_loss = valid_loss
        self.valid_score = valid_score
        self.learning_rate = learning_rate
        self.estimator_name = estimator_name
        self.loss_name = loss_name
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        ax=None,
        score_ax=None,
        name=None,
        log_scale=False,
        line_kw=None,
        score_kw=None,
    ):
        """Draw the loss curve of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator of sknn_suite, or an MLP of scikit-learn. It may be the
            last step of a Pipeline, or inside a search, a tuned threshold or a
            transformed target.

        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        score_ax : matplotlib Axes, default=None
            Where to draw the score; None gives `ax` a second axis. Pass the
            `score_ax_` of another display to compare two trainings.

        name : str, default=None
            Prefix of the line names in the legend.

        log_scale : bool, default=False
            Whether the loss axis is logarithmic. Use it if the loss falls by more than
            a factor of a hundred.

        line_kw : dict, default=None
            Arguments of matplotlib's `plot` for the losses.

        score_kw : dict, default=None
            Arguments of matplotlib's `plot` for the score.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator records no loss per epoch.
        """
        check_is_fitted(estimator)
        trained = _find_trained(estimator)
        history = _read_history(trained)
        display = cls(
            **{key: _column(history, key) for key in _COLUMNS},
            estimator_name=name,
            loss_name=_name_loss(trained),
            score_name=_name_score(trained),
        )
        return display.plot(
            ax=ax,
            score_ax=score_ax,
            log_scale=log_scale,
            line_kw=line_kw,
            score_kw=score_kw,
        )

    def plot(
        self,
        ax=None,
        *,
        score_ax=None,
        name=None,
        log_scale=False,
        line_kw=None,
        score_kw=None,
    ):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a new figure.

        score_ax : matplotlib Axes, default=None
            Where to draw the score; None gives `ax` a second axis.

        name : str, default=None
            Prefix of the line names; None means `estimator_name`.

        log_scale : bool, default=False
            Whether the loss axis is logarithmic.

        line_kw : dict, default=None
            Arguments of matplotlib's `plot` for the losses.

        score_kw : dict, default=None
            Arguments of matplotlib's `plot` for the score.

        Returns
        -------
        self : LossCurveDisplay
            The display.
        """
        ax = prepare_axes(ax, needed_by="LossCurveDisplay.plot")
        name = self.estimator_name if name is None else name
        prefix = "" if name is None else f"{name}: "
        self.lines_ = []
        losses = {"training": self.train_loss, "validation": self.valid_loss}
        for what, values in losses.items():
            if values is not None:
                style = {"label": f"{prefix}{what} loss"} | (line_kw or {})
                self.lines_ += ax.plot(_epochs(values), values, **style)
        of = "" if self.loss_name is None else f" ({self.loss_name})"
        ax.set_xlabel("epoch")
        ax.set_ylabel(f"loss per row{of}")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if log_scale:
            ax.set_yscale("log")
        elif all(_is_nowhere_negative(line.get_ydata()) for line in self.lines_):
            # The axis starts at zero, and a second display may still widen it.
            ax.update_datalim([(1, 0)])
            self.lines_[0].sticky_edges.y.append(0)
            ax.autoscale_view()
        self.ax_, self.score_ax_, self.figure_ = ax, None, ax.figure
        if self.valid_score is not None:
            self._plot_score(score_ax, prefix, score_kw)
        self._write_legend()
        return self

    def _plot_score(self, score_ax, prefix, score_kw):
        colour = f"C{len(self.ax_.get_lines())}"
        if score_ax is None:
            score_ax = self.ax_.twinx()
            score_ax.spines[["top", "left", "bottom"]].set_visible(False)
            score_ax.spines["right"].set_color(colour)
            score_ax.tick_params(axis="y", colors=colour)
            score_ax.set_ylabel(
                f"validation {self.score_name or 'score'}", color=colour
            )
        scores = np.asarray(self.valid_score, dtype=float)
        label = f"{prefix}validation {self.score_name or 'score'}"
        style = {"color": colour, "linestyle": "--"}
        if np.isfinite(scores).any():
            best = int(np.where(np.isfinite(scores), scores, -np.inf).argmax())
            label += f", best {scores[best]:.3f} in epoch {best + 1}"
            style |= {"marker": "o", "markevery": [best]}
        else:
            label += ", never finite"
            score_ax.set_yticks([])
        style["label"] = label
        self.lines_ += score_ax.plot(
            _epochs(self.valid_score), self.valid_score, **style | (score_kw or {})
        )
        self.score_ax_ = score_ax

    def _write_legend(self):
        lines = self.ax_.get_lines()
        if self.score_ax_ is None:
            write_legend(self.ax_, handles=lines, loc="upper right")
            return
        # Losses fall and scores rise, so there is no free place within the axes.
        lines = [*lines, *self.score_ax_.get_lines()]
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncols": 2}
        place["borderaxespad"] = 3.8  # below the label of the axis
        write_legend(self.score_ax_, handles=lines, **place)


# Words in the names of scorers, and their usual spelling.
_SPELLINGS = {"^neg": "negative", "r2": "R²", "roc auc": "ROC AUC", "f1": "F1"}

_COLUMNS = ("train_loss", "valid_loss", "valid_score", "learning_rate")


def _find_trained(estimator):
    """Unwrap an estimator until an inner one has records of its epochs."""
    outer = type(estimator).__name__
    while not (hasattr(estimator, "history_") or hasattr(estimator, "loss_curve_")):
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
            continue
        inside = [name for name in _FITTED_INSIDE if hasattr(estimator, name)]
        several = getattr(estimator, "estimators_", None)
        if not inside and several is not None:
            raise DataError(
                f"{outer} has {len(several)} fitted models, each with a loss of its "
                "own. Expected one. Draw each with the same ax: for one in "
                "model.estimators_: LossCurveDisplay.from_estimator(one, ax=ax)."
            )
        if not inside:
            raise DataError(
                f"{outer} has no loss per epoch. Expected an estimator with history_ "
                "or loss_curve_. Pass a neural network that was trained epoch by epoch."
            )
        estimator = getattr(estimator, inside[0])
    return estimator


def _read_history(trained):
    """Return the records of the epochs; scikit-learn's MLP has two lists instead."""
    if hasattr(trained, "history_"):
        return trained.history_
    history = [{"train_loss": loss} for loss in trained.loss_curve_]
    scores = getattr(trained, "validation_scores_", None) or ()
    for record, score in zip(history, scores):
        record["valid_score"] = score
    return history


def _column(history, key):
    """Collect one number per epoch: nan if an epoch has none, None if no epoch has."""
    if not any(key in record for record in history):
        return None
    return np.array([record.get(key, np.nan) for record in history], dtype=float)


def _name_loss(trained):
    loss = getattr(trained, "loss", None)
    return loss.replace("_", " ") if isinstance(loss, str) else None


def _name_score(trained):
    """Name what early stopping watches: a scorer, or the estimator's own score."""
    scoring = getattr(trained, "early_stopping_scoring", None)
    if scoring is None:
        if is_classifier(trained):
            return "accuracy"
        return "R²" if is_regressor(trained) else "negative loss"
    if scoring == "loss":
        return "negative loss"
    if isinstance(scoring, str):
        name = scoring
    else:  # a scorer that make_scorer made says so, or any function
        made = re.match(r"make_scorer\((\w+)(.*)", repr(scoring))
        name = getattr(scoring, "__name__", "score") if made is None else made[1]
        if made is not None and "greater_is_better=False" in made[2]:
            name = f"neg_{name}"
    name = "score" if name == "<lambda>" else name.replace("_", " ").strip()
    for plain, spelling in _SPELLINGS.items():
        name = re.sub(rf"\b{plain}\b", spelling, name)
    return name


def _is_nowhere_negative(values):
    return not (np.asarray(values, dtype=float) < 0).any()


def _epochs(values):
    return np.arange(1, len(values) + 1)
