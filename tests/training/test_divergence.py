"""A loss that becomes NaN where early stopping has kept good weights."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from sknn_suite.exceptions import DivergedError


class Spoil(Callback):
    """Lose the weights before an epoch, once."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            net.flat_.data.fill_(np.nan)


@pytest.fixture
def settings():
    return {"random_state": 0, "early_stopping": True, "max_iter": 5}


def test_training_ends_with_the_best_epochs_weights(
    estimator_class, rows, scores_of, settings
):
    model = estimator_class(**settings, callbacks=[Spoil(4)])
    with pytest.warns(ConvergenceWarning, match="NaN or infinite in epoch 4"):
        model.fit(*rows)
    assert model.n_iter_ == len(model.history_) == 3
    assert model.best_epoch_ <= 3
    assert np.isfinite(scores_of(model, rows.X)).all()
    model.set_params(callbacks=None, warm_start=True, early_stopping=False, max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(*rows)  # goes on with good weights and new momenta
    assert np.isfinite(model.loss_curve_).all()


@pytest.mark.parametrize(
    "changes", [{"callbacks": [Spoil(1)]}, {"early_stopping": False}]
)
def test_without_a_best_epoch_the_error_is_raised(
    estimator_class, rows, settings, changes
):
    model = estimator_class(**{**settings, "callbacks": [Spoil(3)], **changes})
    with pytest.raises(DivergedError, match="Scale X"):
        model.fit(*rows)


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_the_scale_of_numbers_to_predict_is_a_cause(regressor_class, numbers, solver):
    X, y = numbers
    model = regressor_class(solver=solver, random_state=0, callbacks=[Spoil(1)])
    if solver == "lbfgs":
        model.set_params(callbacks=None)
        y = 1e200 * y
    with pytest.raises(DivergedError, match=r"Scale X .* and y \(scale_target=True\)"):
        model.fit(X, y)


def test_a_warning_names_the_scale_of_numbers_to_predict(
    regressor_class, numbers, settings
):
    model = regressor_class(**settings, callbacks=[Spoil(4)])
    with pytest.warns(ConvergenceWarning, match=r"and y \(scale_target=True\)"):
        model.fit(*numbers)


def test_a_scale_that_is_no_cause_is_not_named(
    classifier_class, regressor_class, labels, numbers
):
    spoilt = {"random_state": 0, "callbacks": [Spoil(1)]}
    for model, rows in (
        (classifier_class(**spoilt), labels),
        (regressor_class(**spoilt, scale_target=True), numbers),
    ):
        with pytest.raises(DivergedError, match=r"Scale X \(StandardScaler\), lower"):
            model.fit(*rows)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_predictions_that_are_no_numbers_have_no_score(
    regressor_class, numbers, settings, scoring
):
    class SpoilAfter(Callback):
        def on_batch_end(self, net, training, **kwargs):
            if training and len(net.history) == 5:
                net.flat_.data.fill_(np.nan)

    model = regressor_class(
        **settings, early_stopping_scoring=scoring, callbacks=[SpoilAfter()]
    ).fit(*numbers)
    assert np.isnan(model.validation_scores_[-1])
    assert np.isfinite(model.validation_scores_[:-1]).all()
    assert np.isfinite(model.predict(numbers.X)).all()
