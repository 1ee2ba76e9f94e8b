"""AnomalyDetector: what autoencoders as outlier detectors share."""

from sklearn.callback import with_callbacks
from sklearn.utils.metaestimators import available_if

from sknn_suite.anomaly._coding import CodingHalf
from sknn_suite.anomaly._parameters import DetectorParameters
from sknn_suite.doors import fit_context
from sknn_suite.estimator import Call, can_partial_fit, refuse_early_stopping
from sknn_suite.parameters import parameters, words_of_fit


@parameters
class AnomalyDetector(DetectorParameters, CodingHalf):
    """Autoencoders side by side that score rows and give their codes."""

    @words_of_fit
    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None, *, X_val=None):
        """Train on the rows of X, and learn which scores are usual.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows: numbers, finite, in any units. Some may be outliers. Sparse rows,
            such as one-hot columns, are made dense for training.
        y : Ignored
            Present for scikit-learn's API.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0: 2 counts like the row twice, 0 like no row.
        X_val : array-like or sparse matrix of shape (n_validation_samples, \
                n_features), default=None
            Your own validation rows. Their loss is in `history_`. With
            early_stopping=True they decide which epoch's weights are kept, and all
            rows of X are trained on.

        Returns
        -------
        self : object
            The trained detector.

        Raises
        ------
        ValueError
            If X or a parameter cannot be used; the detector is left as it was.
        """
        validation = None if X_val is None else (X_val, None, None)
        resume = self.warm_start and self.__sklearn_is_fitted__()
        return self._fit(Call(X, None, sample_weight, validation, resume=resume))

    @available_if(can_partial_fit)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train one more epoch on the given rows, with the optimiser's state kept.

        The first call learns scaling and distribution; each call learns the usual
        scores and the threshold from its own rows. The learning rate is constant if the
        schedule needs a whole fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : Ignored
            Present for scikit-learn's API.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, >= 0.

        Returns
        -------
        self : object
            The detector.
        """
        refuse_early_stopping(self)
        resume = self.__sklearn_is_fitted__()
        return self._fit(Call(X, None, sample_weight, resume=resume, n_epochs=1))
