"""LatentSMOTE: rows between neighbours in the code of an autoencoder."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from sknn_suite.data import as_tensor
from sknn_suite.doors import Interval, StrOptions
from sknn_suite.imbalance._generative import GenerativeOverSampler
from sknn_suite.imbalance._learning import EncodedRows, MadeRows, apply, learn
from sknn_suite.imbalance._neighbours import refuse_few_rows
from sknn_suite.losses import AutoencoderLoss
from sknn_suite.modules import Network
from sknn_suite.parameters import param, parameters

# Longest code of n_components="auto".
LONGEST_CODE = 64


@parameters
class LatentSMOTE(GenerativeOverSampler):
    """SMOTE between the codes of an autoencoder, decoded.

    An autoencoder learns to reconstruct all rows. A new row lies between the codes of a
    row and one of its neighbours in the same class, and is decoded. Use it for images,
    where a mean of two pixels is no pixel of an image, and for mixed tables. For tables
    of numbers it seldom beats SMOTE, and SMOTE seldom beats class weights: compare.

    Parameters
    ----------
    k_neighbors : int, default=5
        Number of nearest rows of the same class, in the code, one of which is mixed in.

    n_components : int or "auto", default="auto"
        Length of the code. "auto" is half the number of encoded columns, at most 64.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows that were made of each class.

    sample_weight_ : ndarray of shape (n_new_samples,) or None
        Weights of the new rows, if `fit_resample` was given weights: those of made rows
        are mixed by the same coefficients as their codes.

    n_components_ : int
        Length of the code.

    history_ : list of dict
        One record per epoch: epoch, train_loss, learning_rate, seconds.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    VAEOverSampler : Draws rows from a distribution that it has learnt.
    AnyShape : Flattens images for this sampler, and shapes what it makes.

    Notes
    -----
    Made numbers stay in the range of their column, and are whole where all of it is.
    A gap is a value of its own: rows with gaps have neighbours, and made rows may have
    gaps. Rows of weight zero are not mixed.

    References
    ----------
    Dablain, Krawczyk & Chawla, "DeepSMOTE: Fusing Deep Learning and SMOTE for
    Imbalanced Data", IEEE TNNLS 34, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_classification
    >>> from sknn_suite.imbalance import LatentSMOTE
    >>> X, y = make_classification(300, weights=[0.9], flip_y=0, random_state=0)
    >>> X_new, y_new = LatentSMOTE(random_state=0).fit_resample(X, y)
    >>> np.bincount(y), np.bincount(y_new)
    (array([271,  29]), array([271, 271]))
    """

    k_neighbors: int = param(
        5, Interval(Integral, 1, None, closed="left"), group="rows"
    )
    n_components: int | str = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        group="network",
    )

    def _make(
        self,
        data: EncodedRows,
        wanted: np.ndarray,
        random_state: np.random.RandomState,
    ) -> MadeRows:
        members = [data.members(code) for code in range(len(data.classes))]
        refuse_few_rows(
            data.classes,
            np.array([len(rows) for rows in members]),
            dict(zip(data.classes.tolist(), wanted.tolist())),
            "k_neighbors",
            self.k_neighbors,
        )
        n_inputs, sizes = data.x.shape[1], self._sizes()
        self.n_components_ = self.n_components
        if isinstance(self.n_components, str):
            self.n_components_ = min(max(-(-n_inputs // 2), 2), LONGEST_CODE)
        config = {
            "n_inputs": n_inputs,
            "n_components": int(self.n_components_),
            "hidden_layer_sizes": sizes,
            "decoder_hidden_layer_sizes": sizes[::-1],
        }
        distribution = data.distribution(learns_scale=False)
        loss = AutoencoderLoss(distribution, n_inputs, int(self.n_components_))
        inputs = {"x": data.x}
        module: Any
        module, self.history_ = learn(
            Network("autoencoder", config),
            loss,
            inputs,
            data,
            self._effort(),
            random_state,
        )
        device = next(module.parameters()).device
        codes = apply(
            module,
            lambda rows: module.encode(data.x[rows].to(device)[None])[0],
            len(data.x),
        )
        points = [
            _between(codes, rows, n, self.k_neighbors, random_state)
            for rows, n in zip(members, wanted.tolist())
        ]
        mixed, pairs, shares = (np.concatenate(parts) for parts in zip(*points))
        latent = as_tensor(mixed)
        x = apply(
            module,
            lambda rows: distribution.mean(
                module.decode(latent[rows].to(device)[None])[0]
            ),
            len(latent),
        )
        weight = np.ones(len(x))
        if data.weight is not None:
            weight = (data.weight[pairs] * shares).sum(axis=1)
        return MadeRows(x, np.repeat(np.arange(len(wanted)), wanted), weight)


def _between(
    codes: np.ndarray,
    rows: np.ndarray,
    n_made: int,
    k: int,
    random_state: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose points between rows and their neighbours.

    Returns
    -------
    points, pairs, shares : ndarrays of shape (n_made, n_components), (n_made, 2) twice
        The points, the two rows that each lies between, and the part of each.
    """
    if n_made == 0:
        return codes[:0], np.empty((0, 2), dtype=int), np.empty((0, 2))
    neighbours = NearestNeighbors(n_neighbors=k + 1).fit(codes[rows])
    near = neighbours.kneighbors(codes[rows], return_distance=False)[:, 1:]
    first = random_state.randint(len(rows), size=n_made)
    second = near[first, random_state.randint(k, size=n_made)]
    step = random_state.uniform(size=n_made)
    shares = np.stack([1 - step, step], axis=1)
    pairs = rows[np.stack([first, second], axis=1)]
    points = (codes[pairs] * shares[:, :, None]).sum(axis=1)
    return points.astype(codes.dtype), pairs, shares
