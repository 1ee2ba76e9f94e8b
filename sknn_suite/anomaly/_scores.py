"""How unusual a row is: scores that learn what is usual from the training rows.

All are larger for more unusual rows. Scoring is not random, and each row is scored by
itself.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sknn_suite.anomaly._spread import center_and_scale, deviation, far_off
from sknn_suite.anomaly._tails import Tails
from sknn_suite.losses import Distribution, ScaleDistribution, kl_divergence

# Groups of references, and references in a group. A small group rarely holds an
# anomaly; many groups make the mean steady, but over many features few groups are
# enough.
MOST_GROUPS, FEWEST_GROUPS, GROUPS_TIMES_FEATURES = 8, 4, 2048
N_REFERENCES = 32

# Weight of the row's own reconstruction error, next to its two distances. One of the
# distances contains much of it, and the rest is mostly the noise of usual rows.
ERROR_SHARE = 0.125

# Weight of the surprise of single values, next to the distances; in deviations.
SURPRISE_SHARE = 0.3

# Deviations beyond which a logarithm compresses distances, as in `ScaledTable`.
FAR = 3.0

# Deviation of counts and probabilities below which they are constant, up to rounding.
CONSTANT = 1e-6

# Rows from which all but the last standardisation is learnt.
SAMPLE_ROWS = 16384

# Rows from which references are chosen: several for each reference.
CANDIDATES = 4096

# Robust deviations below the median at which a row is explained too well.
TOO_WELL = 3.0


class Seen(NamedTuple):
    """Rows as the nets see them.

    Parameters
    ----------
    x : Tensor of shape (n_samples, n_features)
        The rows, scaled.
    x_hat : Tensor of shape (n_members, n_samples, n_features)
        Their reconstructions.
    outputs : Tensor of shape (n_members, n_samples, n_outputs)
        The decoder's raw outputs.
    codes : Tensor of shape (n_members, n_samples, n_codes)
        Codes; for a VAE means, then logarithms of variances.
    module : Module
        The nets.
    distribution : Distribution
        Rows around their reconstruction.
    """

    x: Tensor
    x_hat: Tensor
    outputs: Tensor
    codes: Tensor
    module: Any
    distribution: Distribution


# Calls a function of `Seen` on all rows, in chunks, and joins its results, whose first
# axis are the rows.
Scan = Callable[[np.ndarray, Callable[[Seen], Tensor]], np.ndarray]


class RowScore:
    """A score; subclasses write `measure`, and what they learn."""

    def fit_score(
        self,
        scan: Scan,
        X: np.ndarray,
        weight: np.ndarray | None,
        random_state: np.random.RandomState,
    ) -> np.ndarray:
        """Learn from the training rows; return their scores."""
        some, some_weight = _sample(X, weight, random_state, SAMPLE_ROWS)
        self.learn(scan, some, some_weight, random_state)
        measured = scan(X, self.measure)
        self.standardize(measured, weight)
        return self.combine(measured)

    def learn(
        self,
        scan: Scan,
        X: np.ndarray,
        weight: np.ndarray | None,
        random_state: np.random.RandomState,
    ) -> None:
        """Learn what `measure` needs, from some of the training rows."""

    def standardize(self, measured: np.ndarray, weight: np.ndarray | None) -> None:
        """Learn what `combine` needs, from the training rows' numbers."""

    def measure(self, seen: Seen) -> Tensor:
        """Numbers of each row from which `combine` makes the score."""
        raise NotImplementedError

    def combine(self, measured: Any) -> Any:
        """Score of each row, from an array or a tensor."""
        return measured

    def features(self, seen: Seen) -> Tensor:
        """Give the contribution of each feature, (n_samples, n_features)."""
        n_features = seen.x.shape[1]
        return (seen.x - seen.x_hat).abs().mean(dim=0) / n_features


class ReconstructionScore(RowScore):
    """Absolute error of the reconstruction, the mean over features and nets."""

    def measure(self, seen: Seen) -> Tensor:
        return self.features(seen).sum(dim=1).double()


class LikelihoodScore(RowScore):
    """Negative log-likelihood, the mean over nets and, for a VAE, over drawn codes.

    References
    ----------
    An & Cho, "Variational Autoencoder based Anomaly Detection using Reconstruction
    Probability", SNU Data Mining Center, 2015.
    """

    def measure(self, seen: Seen) -> Tensor:
        return self.features(seen).sum(dim=1).double()

    def features(self, seen: Seen) -> Tensor:
        distribution, x = seen.distribution, seen.x
        draws = getattr(seen.module, "draws", None)
        if draws is None or len(seen.module.noise) == 0:
            return distribution.neg_log_likelihood(seen.outputs, x).mean(dim=0)
        total = torch.zeros_like(seen.x)
        drawn = draws(seen.codes)
        for latent in drawn:
            outputs = seen.module.decode(latent)
            total += distribution.neg_log_likelihood(outputs, x).mean(dim=0)
        return total / len(drawn)


class TypicalityScore(LikelihoodScore):
    """How far the likelihood is from the usual one, in either direction.

    References
    ----------
    Nalisnick et al., "Detecting Out-of-Distribution Inputs to Deep Generative Models
    Using Typicality", 2019.
    """

    center_: float
    scale_: float

    def standardize(self, measured: np.ndarray, weight: np.ndarray | None) -> None:
        self.center_, self.scale_ = center_and_scale(measured, weight)

    def combine(self, measured: Any) -> Any:
        return abs(measured - self.center_) / self.scale_


class LatentScore(RowScore):
    """How unusual the code is.

    For a VAE the divergence of the code's distribution from the prior, else the squared
    Mahalanobis distance of the code from the training rows'.
    """

    mean_: np.ndarray
    precision_: np.ndarray

    def learn(
        self,
        scan: Scan,
        X: np.ndarray,
        weight: np.ndarray | None,
        random_state: np.random.RandomState,
    ) -> None:
        codes = scan(X, lambda seen: _rows_first(seen.codes))
        self.mean_ = np.average(codes, axis=0, weights=weight)
        covariances = []
        for codes_of_net, mean in zip(codes.transpose(1, 0, 2), self.mean_):
            centred = codes_of_net - mean
            scaled = centred if weight is None else centred * weight[:, None]
            total = len(X) if weight is None else weight.sum()
            covariances.append(scaled.T @ centred / total)
        self.precision_ = np.linalg.pinv(np.stack(covariances), hermitian=True)

    def measure(self, seen: Seen) -> Tensor:
        if hasattr(seen.module, "draws"):
            return kl_divergence(seen.codes).mean(dim=0)
        mean = torch.as_tensor(self.mean_).to(seen.codes)
        centred = seen.codes - mean.unsqueeze(1)
        precision = torch.as_tensor(self.precision_).to(seen.codes)
        return torch.einsum("eni,eij,enj->n", centred, precision, centred) / len(
            precision
        )


class ReferenceScore(RowScore):
    """Distance to a few typical reconstructions, and whether a row fits too well.

    Three parts, each centred and scaled by what the training rows have:

    - the distances of the row and of its reconstruction to the nearest of a few
      reconstructed training rows, and the error of its own reconstruction. The first is
      an error against typical reconstructions, the second the density of the codes
      there, measured after the decoder;
    - how extreme its values are in their columns, see `Tails`; this part only adds, as
      a row in the middle of all columns can still be unusual;
    - how much smaller than usual the residual varies over the features: a row that is
      explained too well, since all its features follow a single cause, is unusual as
      well.

    Distances are measured in deviations: counts and probabilities, which the nets read
    as they are, are scaled for it as real numbers have been already. Otherwise a rare 1
    in a column of zeros would weigh less than a usual 1 elsewhere.

    References are chosen twice: the second time among rows that the first ones did not
    find far off. An outlier among the references hides itself and those alike, which
    is called masking. One such step of reweighting follows other robust estimates as
    well, such as the minimum covariance determinant.

    Attributes
    ----------
    references_ : ndarray of shape (n_members, n_references, n_features)
        The reconstructions, scaled, group by group.

    References
    ----------
    Pang, Ting & Albrecht, "LeSiNN: Detecting Anomalies by Identifying Least Similar
    Nearest Neighbours", ICDM Workshops, 2015.

    Rousseeuw & Van Driessen, "A Fast Algorithm for the Minimum Covariance Determinant
    Estimator", Technometrics 41, 1999.
    """

    references_: np.ndarray

    def learn(
        self,
        scan: Scan,
        X: np.ndarray,
        weight: np.ndarray | None,
        random_state: np.random.RandomState,
    ) -> None:
        suited = GROUPS_TIMES_FEATURES // X.shape[1]
        self.n_groups_ = int(np.clip(suited, FEWEST_GROUPS, MOST_GROUPS))
        x = scan(X, lambda seen: seen.x.double())
        self.center_ = np.average(x, axis=0, weights=weight)
        variance = np.average((x - self.center_) ** 2, axis=0, weights=weight)
        self.unit_ = np.where(variance > CONSTANT**2, np.sqrt(variance), 1.0)
        self.tails_ = Tails().fit(x, weight)
        self.references_ = self._choose(scan, X, weight, random_state)
        residuals = scan(X, lambda seen: _residual(seen).double())
        mean = np.average(residuals, axis=0, weights=weight)
        variance = np.average((residuals - mean) ** 2, axis=0, weights=weight)
        self.residual_scale_ = np.sqrt(variance) + 1e-6
        self._leave_out_outliers(scan, X, weight, random_state)

    def standardize(self, measured: np.ndarray, weight: np.ndarray | None) -> None:
        distance, spread, surprise = measured.T
        self.surprise_center_, self.surprise_scale_ = center_and_scale(surprise, weight)
        self.distance_center_, self.distance_scale_ = center_and_scale(distance, weight)
        center, scale = center_and_scale(spread, weight)
        # Many rows alike make the quartiles meet; their scale must not explode then.
        usual = deviation(spread, weight)
        self.spread_center_ = center
        self.spread_scale_ = max(scale, 0.5 * usual, 0.05 * center, 1e-6)

    def _leave_out_outliers(
        self,
        scan: Scan,
        X: np.ndarray,
        weight: np.ndarray | None,
        random_state: np.random.RandomState,
    ) -> None:
        """Choose the references once more, among rows that are not far off."""
        X, weight = _sample(X, weight, random_state, CANDIDATES)
        measured = scan(X, self.measure)
        self.standardize(measured, weight)
        scores = self.combine(measured)
        usual = scores <= far_off(scores, weight)
        if not usual.all():
            kept = None if weight is None else weight[usual]
            self.references_ = self._choose(scan, X[usual], kept, random_state)

    def _choose(
        self,
        scan: Scan,
        X: np.ndarray,
        weight: np.ndarray | None,
        random_state: np.random.RandomState,
    ) -> np.ndarray:
        """Reconstruct rows chosen by their weights, few of them twice."""
        n_rows = len(X)
        per_group = max(1, min(N_REFERENCES, n_rows // 4))
        n_members = scan(X[:1], lambda seen: _rows_first(seen.x_hat)).shape[1]
        per_member = self.n_groups_ * per_group
        needed = n_members * per_member
        order = random_state.permutation(n_rows)
        until = np.cumsum(np.ones(n_rows) if weight is None else weight[order])
        at = (np.arange(needed) + random_state.uniform()) * until[-1] / needed
        chosen = order[np.minimum(np.searchsorted(until, at, "right"), n_rows - 1)]
        chosen = random_state.permutation(chosen)
        parts = []
        for member, rows in enumerate(chosen.reshape(n_members, per_member)):
            x_hat = scan(
                X[rows], lambda seen: self._scale(seen, _rows_first(seen.x_hat))
            )
            parts.append(x_hat[:, member])
        return np.stack(parts)

    def _scale(self, seen: Seen, values: Tensor) -> Tensor:
        """Convert inputs or outputs of the nets to deviations, if they are not."""
        if isinstance(seen.distribution, ScaleDistribution):
            return values
        center, unit = (
            self._tensor(self.center_, values),
            self._tensor(self.unit_, values),
        )
        z = (values - center) / unit
        size = z.abs()
        return torch.where(size > FAR, z.sign() * (FAR + torch.log1p(size - FAR)), z)

    def measure(self, seen: Seen) -> Tensor:
        n_rows, n_features = seen.x.shape
        n_members = len(seen.x_hat)
        x, all_hat = self._scale(seen, seen.x), self._scale(seen, seen.x_hat)
        # Sums of float32 numbers would have an error of 1e-5 in the score.
        total = x.new_zeros(n_rows, dtype=torch.float64)
        for member, references in enumerate(self._tensor(self.references_, x)):
            x_hat = all_hat[member]
            for rows in (x, x_hat):
                distances = torch.cdist(rows, references, p=1.0)
                groups = distances.view(n_rows, self.n_groups_, -1)
                total += groups.amin(dim=2).double().mean(dim=1)
            total += ERROR_SHARE * (x - x_hat).abs().double().sum(dim=1)
        distance = total / (n_members * n_features * (2 + ERROR_SHARE))
        residual = _residual(seen) / self._tensor(self.residual_scale_, seen.x)
        centred = residual - residual.mean(dim=1, keepdim=True)
        spread = centred.double().square().mean(dim=1).sqrt()
        surprise = self.tails_.measure(seen.x).mean(dim=1)
        return torch.stack([distance, spread, surprise.double()], dim=1)

    def combine(self, measured: Any) -> Any:
        distance, spread, surprise = measured.T
        far = (distance - self.distance_center_) / self.distance_scale_
        too_well = (self.spread_center_ - spread) / self.spread_scale_ - TOO_WELL
        out = (surprise - self.surprise_center_) / self.surprise_scale_
        return far + SURPRISE_SHARE * out.clip(min=0.0) + too_well.clip(min=0.0) ** 2

    def features(self, seen: Seen) -> Tensor:
        n_rows, n_features = seen.x.shape
        n_members = len(seen.x_hat)
        x, all_hat = self._scale(seen, seen.x), self._scale(seen, seen.x_hat)
        total = torch.zeros_like(x)
        for member, references in enumerate(self._tensor(self.references_, x)):
            x_hat = all_hat[member]
            groups = references.view(self.n_groups_, -1, n_features)
            for rows in (x, x_hat):
                distances = torch.cdist(rows, references, p=1.0)
                nearest = distances.view(n_rows, self.n_groups_, -1).argmin(dim=2)
                for group, index in zip(groups, nearest.T):
                    total += (rows - group[index]).abs() / self.n_groups_
            total += ERROR_SHARE * (x - x_hat).abs()
        total /= n_members * n_features * (2 + ERROR_SHARE) * self.distance_scale_
        surprise = self.tails_.measure(seen.x) / (n_features * self.surprise_scale_)
        return total + SURPRISE_SHARE * surprise

    @staticmethod
    def _tensor(array: np.ndarray, like: Tensor) -> Tensor:
        return torch.as_tensor(array).to(like)


SCORES: dict[str, type[RowScore]] = {
    "auto": ReferenceScore,
    "reconstruction": ReconstructionScore,
    "likelihood": LikelihoodScore,
    "latent": LatentScore,
    "typicality": TypicalityScore,
}


def _sample(
    X: np.ndarray,
    weight: np.ndarray | None,
    random_state: np.random.RandomState,
    n_rows: int,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Draw some of the rows, all if there are few."""
    if len(X) <= n_rows:
        return X, weight
    chosen = random_state.permutation(len(X))[:n_rows]
    return X[chosen], None if weight is None else weight[chosen]


def _rows_first(x: Tensor) -> Tensor:
    """(n_members, n_samples, n) to (n_samples, n_members, n), as results are joined."""
    return x.transpose(0, 1)


def _residual(seen: Seen) -> Tensor:
    return seen.x - seen.x_hat.mean(dim=0)
