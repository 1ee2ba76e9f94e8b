"""What classifiers and regressors share: `fit` with a target beside the rows."""

from typing import Any

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import with_callbacks

from sknn_suite.doors import fit_context, to_home
from sknn_suite.estimator._base import NeuralEstimator
from sknn_suite.estimator._fit import Call
from sknn_suite.estimator._fitted import FittedNet
from sknn_suite.parameters import parameters, words_of_fit


def can_partial_fit(estimator: NeuralEstimator) -> bool:
    """Whether the solver takes rows in parts; raises AttributeError if it does not."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


def refuse_early_stopping(estimator: NeuralEstimator) -> None:
    """Refuse to set validation rows aside in partial_fit."""
    if estimator.early_stopping:
        raise ValueError(
            "partial_fit does not support early_stopping=True. "
            "Expected early_stopping=False, since partial_fit sees one part of "
            "the data. Set it, and watch a validation set of your own."
        )


def refuse_without_features(net: FittedNet) -> int:
    """Count the inputs of a network's last layer; refuse a network that has none."""
    if net.n_features is None:
        raise ValueError(
            "transform needs a network with a linear last layer, whose inputs are the "
            "features. Expected an nn.Linear in it. Pass a module for images as "
            "backbone, which adds one."
        )
    return net.n_features


@parameters
class SupervisedEstimator(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, NeuralEstimator
):
    """An estimator that learns a target, and gives features as a transformer."""

    @words_of_fit
    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        groups=None,
    ):
        """Train on X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows: numbers, finite; for `TabularClassifier` and `TabularRegressor`
            columns of any kind, with gaps.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: numbers, or labels (a 0/1 matrix for several labels per row).
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0: 2 counts like the row twice, 0 like no row.
        X_val, y_val : array-likes, default=None
            Your own validation rows, like X and y. Their loss and score are in
            `history_`. With early_stopping=True they decide when training ends, and
            all rows of X are trained on, as always for mixed tables.
        sample_weight_val : array-like, default=None
            Weight of each validation row, >= 0.
        groups : array-like of shape (n_samples,), default=None
            Group of each row. When validation rows are set aside, rows of one group
            stay together. When no rows are set aside (without early_stopping, with
            X_val, or with lbfgs), groups have no effect, so one search can try fits
            with and without early stopping.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If X, y or a parameter cannot be used; the estimator is left as it was.
        DivergedError
            If the loss becomes NaN or infinite; the estimator is left as it was.
        """
        validation = None
        if sample_weight_val is not None and X_val is None:
            raise ValueError(
                "sample_weight_val was given without X_val and y_val. "
                "Expected all three, or none. Pass the rows that it weights."
            )
        if X_val is not None or y_val is not None:
            validation = (X_val, y_val, sample_weight_val)
        resume = self.warm_start and self.__sklearn_is_fitted__()
        return self._fit(Call(X, y, sample_weight, validation, groups, resume))

    def transform(self, X):
        """Compute the inputs of the last layer: features for any other estimator.

        They are the outputs of the last hidden layer, after its activation. Networks
        that were trained side by side give theirs side by side.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows, as for `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            The features, dense. Those of training rows know the target: an estimator
            that is fitted on them trusts them more than it should.
        """
        rows, home = self._rows_to_predict(X, "transform")
        net = self._fitted_net()
        refuse_without_features(net)
        found = net.features(rows, self.device, self._task(self).adapt)
        return to_home(found.numpy(), home)

    @property
    def _n_features_out(self) -> int:
        return refuse_without_features(self._fitted_net())

    def _partial_fit(
        self, X: Any, y: Any, sample_weight: Any, classes: Any = None
    ) -> "SupervisedEstimator":
        """Train one epoch more on the given rows."""
        refuse_early_stopping(self)
        resume = self.__sklearn_is_fitted__()
        call = Call(X, y, sample_weight, resume=resume, n_epochs=1, classes=classes)
        self._fit(call)
        return self
