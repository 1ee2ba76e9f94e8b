"""What classifiers and regressors share: a target beside the rows, and `fit`."""

from typing import Any

import numpy as np
import torch
from sklearn.callback import with_callbacks

from sknn_suite.checks import check_weights
from sknn_suite.doors import fit_context, to_numpy
from sknn_suite.estimator._base import NeuralEstimator, transactional
from sknn_suite.estimator._rows import Rows
from sknn_suite.parameters import parameters


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


@parameters
class SupervisedEstimator(NeuralEstimator):
    """An estimator that learns a target."""

    @transactional
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
            The rows: numbers, finite.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: labels (a 0/1 matrix for several labels per row) or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0: 2 counts like the row twice, 0 like no row.
        X_val, y_val : array-likes, default=None
            Validation rows of one's own, like X and y. Their loss and score are in
            `history_`; with early_stopping=True they decide when training ends, and
            no rows of X are set aside.
        sample_weight_val : array-like, default=None
            Weight of each validation row, >= 0.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay together when validation rows are set aside. Where
            none are (without early_stopping, with X_val, by lbfgs), groups make no
            difference, so that one search can try fits with and without.

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
        return self._fit(
            X,
            y,
            sample_weight,
            validation=validation,
            groups=groups,
            resume=self._continues_fit(),
        )

    def _continues_fit(self) -> bool:
        return self.warm_start and self.__sklearn_is_fitted__()

    def _check_rows_and_target(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[Any, np.ndarray]:
        """Check X and y against each other; what X may be is the kind of data's."""
        raise NotImplementedError

    def _learn_target(self, y: np.ndarray, *, resume: bool, partial: bool) -> None:
        raise NotImplementedError

    def _combine_weights(
        self, sample_weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        return sample_weight

    def _weigh_validation_rows(
        self, sample_weight: np.ndarray | None, y: np.ndarray
    ) -> np.ndarray | None:
        """Weigh the user's own validation rows as those split off would be."""
        return sample_weight

    def _check_training_rows(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        X, y = self._check_rows_and_target(X, y, reset=not resume)
        self._learn_target(y, resume=resume, partial=partial)
        weight = self._combine_weights(check_weights(sample_weight, X), y)
        return Rows(X, y, weight)

    def _check_validation_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        if X is None or y is None:
            raise ValueError(
                "Only one of X_val and y_val was given. Expected both, or none. "
                "Pass the other one too."
            )
        X, _ = to_numpy(X)
        X, y = self._check_rows_and_target(X, y, reset=False)
        self._learn_target(y, resume=True, partial=True)
        weight = self._weigh_validation_rows(check_weights(sample_weight, X), y)
        return Rows(X, y, weight)

    def _encode_target(self, y: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
        return self._target.transform(y, dtype)

    @property
    def _n_outputs(self) -> int:
        return self._target.n_outputs
