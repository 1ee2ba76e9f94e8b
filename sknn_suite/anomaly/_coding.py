"""CodingHalf: codes and reconstructions of a fitted detector."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted
from torch import Tensor

from sknn_suite.anomaly._scoring import ScoringHalf
from sknn_suite.device import map_rows
from sknn_suite.doors import to_home, to_numpy


class CodingHalf(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ScoringHalf):
    """The transformer half of a detector; `AnomalyDetector` trains it."""

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def transform(self, X):
        """Compute codes of rows with the first network; for a VAE, their means.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            The codes.
        """
        X, home = self._rows_to_predict(X, "transform")
        codes = self._scan(X, lambda seen: seen.codes[0, :, : self.n_components_])
        return to_home(codes.astype(X.dtype, copy=False), home)

    def inverse_transform(self, X):
        """Decode codes into rows with the first network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes, as `transform` returns them.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The decoded rows, in the units of the training rows.
        """
        check_is_fitted(self)
        codes, home = to_numpy(X)
        codes = check_array(codes, dtype=(np.float64, np.float32))
        if codes.shape[1] != self.n_components_:
            raise ValueError(
                f"X has {codes.shape[1]} columns, but {type(self).__name__} has codes "
                f"of length {self.n_components_}. Expected codes as transform gives "
                "them. Pass these, or rows to reconstruct."
            )
        rows = self._decode(codes, lambda outputs, kind: kind.mean(outputs))
        return to_home(rows.astype(codes.dtype, copy=False), home)

    def reconstruct(self, X):
        """Reconstruct rows: the mean over all networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The reconstructions, in the units of X.
        """
        X, home = self._rows_to_predict(X, "reconstruct")
        x_hat = self._scan(X, lambda seen: seen.x_hat.mean(dim=0))
        rows = self._net.encoder.inverse_transform(x_hat)
        return to_home(rows.astype(X.dtype, copy=False), home)

    def _decode(
        self, codes: np.ndarray, read: Callable[[Tensor, Any], Tensor]
    ) -> np.ndarray:
        """Decode codes with the first net and `read` the raw outputs, in chunks."""
        bound = self._fitted_net().bind(len(codes), self.device)
        module: Any = bound.module
        distribution = self._scores.distribution

        def decode(rows: slice) -> Tensor:
            chunk = torch.from_numpy(codes[rows])
            latent = chunk.to(bound.device, bound.dtype)
            latent = latent.expand(module.n_members, *latent.shape)
            means = read(module.decode(latent)[0], distribution)
            return distribution.as_input(means).cpu()

        x = map_rows(lambda: decode, len(codes), bound.device, work=bound.largest)
        return self._net.encoder.inverse_transform(x.numpy())
