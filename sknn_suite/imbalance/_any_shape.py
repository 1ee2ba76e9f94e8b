"""AnyShape: a sampler of imbalanced-learn on rows of any shape."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.utils import get_tags

from sknn_suite.doors import HasMethods, StrOptions, own_random_state
from sknn_suite.exceptions import DataError
from sknn_suite.images import change_copies, strengths_for_copies
from sknn_suite.imbalance._labels import Labels
from sknn_suite.imbalance._mixing import Mixed, mix
from sknn_suite.imbalance._neighbours import refuse_few
from sknn_suite.imbalance._rows import ArrayRows, FrameRows, Rows
from sknn_suite.imbalance._shaped import ShapedSampler
from sknn_suite.parameters import param, parameters

# Largest seed of a sampler, as scikit-learn draws them.
LARGEST_SEED = np.iinfo(np.int32).max


@parameters(group="rows")
class AnyShape(MetaEstimatorMixin, ShapedSampler):
    """Any sampler of imbalanced-learn, on images, texts, sequences and data frames.

    A sampler that copies or drops rows does so by number, and rows may be anything. One
    that mixes rows, such as SMOTE, gets flat numbers: images are flattened, and get
    their shape, dtype and range back; the numbers of a mixed data frame are scaled, its
    categories one-hot, and the mixed rows decoded. Texts and paths have nothing to mix,
    which an error says.

    Parameters
    ----------
    sampler : sampler or None, default=None
        What resamples, such as ``SMOTE(k_neighbors=3)``. None is a RandomOverSampler.

    augment : str, list or None, default=None
        Random changes of the copies of images, so that no two are the same: "side_on"
        for upright photographs, "top_down" for pictures from above, or a list of names
        and (name, strength) pairs as in `CNNClassifier`, without "mixup" and "cutmix".
        None copies exactly.

    random_state : int, RandomState instance or None, default=None
        Seed of `augment`, and of a sampler that has no seed.

    Attributes
    ----------
    sampler_ : sampler
        The fitted sampler.

    sampling_strategy_ : dict
        What the sampler wants of each class.

    sample_indices_ : ndarray of shape (n_new_samples,)
        Numbers of the chosen rows, if the sampler copies or drops rows.

    sample_weight_ : ndarray of shape (n_new_samples,) or None
        Weights of the new rows, if `fit_resample` was given weights: those of the
        copied rows, or mixed by the coefficients that mixed the rows.

    n_features_in_ : int
        Number of features, if X is a table.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are all strings.

    See Also
    --------
    LatentSMOTE : Mixes codes in place of rows, which suits images.

    Notes
    -----
    A sampler that reads labels only sees the numbers of the rows. One that looks for
    neighbours among rows to be dropped, such as NearMiss, gets flat numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from imblearn.over_sampling import SMOTE
    >>> from sknn_suite.imbalance import AnyShape
    >>> images = np.random.RandomState(0).randint(0, 256, (60, 8, 8, 3), np.uint8)
    >>> y = np.repeat([0, 1], [50, 10])
    >>> more, y_more = AnyShape(SMOTE(random_state=0)).fit_resample(images, y)
    >>> more.shape, more.dtype.name
    ((100, 8, 8, 3), 'uint8')
    >>> texts = ["spam"] * 2 + ["ham"] * 3
    >>> AnyShape(random_state=0).fit_resample(texts, [1, 1, 0, 0, 0])[0][-1]
    'spam'
    """

    sampler: Any = param(None, HasMethods(["fit_resample"]), None, kw_only=False)
    augment: str | Sequence | None = param(
        None, StrOptions({"side_on", "top_down"}), list, tuple, None
    )
    random_state: Any = param(None, "random_state")

    _sampling_type = "bypass"

    def _fit_resample(
        self, X: Rows, y: Labels, sample_weight: np.ndarray | None
    ) -> tuple[Any, Any, np.ndarray | None]:
        random_state = own_random_state(self.random_state)
        strengths = self._check_augment(X)
        self.sampler_ = self._seeded(random_state)
        self.__dict__.pop("sample_indices_", None)
        way = way_of(self.sampler_)
        if isinstance(self.sampler_, ShapedSampler):
            return self._pass_on(X, y, sample_weight)
        if way == "mixes":
            return self._mix(X, y, sample_weight)
        numbers = np.arange(X.n, dtype=np.float64)[:, None]
        if way == "rows":
            numbers = X.flat(type(self.sampler_).__name__)
        self.sampler_.fit_resample(numbers, y.values)
        chosen = np.asarray(self.sampler_.sample_indices_)
        self.sample_indices_ = chosen
        rows = X.take(chosen)
        if strengths:
            _, first = np.unique(chosen, return_index=True)
            is_copy = np.ones(len(chosen), dtype=bool)
            is_copy[first] = False
            rows = np.array(rows)
            rows[is_copy] = change_copies(rows[is_copy], strengths, random_state)
        weight = None if sample_weight is None else sample_weight[chosen]
        return rows, y.rows(chosen), weight

    def _mix(
        self, X: Rows, y: Labels, sample_weight: np.ndarray | None
    ) -> tuple[Any, Any, np.ndarray | None]:
        name = type(self.sampler_).__name__
        _refuse_categorical(self.sampler_, X)
        flat = X.flat(name)
        refuse_few(self.sampler_, y, self.sampling_strategy_)
        if getattr(self.sampler_, "shrinkage", None) is None:
            return _rebuild(X, y, mix(self.sampler_, flat, y.values, sample_weight))
        # Copies with noise: the rows are moved, and their weights are not.
        mixed = mix(self.sampler_, flat, y.values, None)
        rows, labels, _ = _rebuild(X, y, mixed)
        chosen = self.sampler_.sample_indices_
        return rows, labels, None if sample_weight is None else sample_weight[chosen]

    def _pass_on(
        self, X: Rows, y: Labels, sample_weight: np.ndarray | None
    ) -> tuple[Any, Any, np.ndarray | None]:
        """Let a sampler of this package make rows; it takes weights and frames."""
        sampler = self.sampler_
        if isinstance(X, FrameRows):
            more = sampler.fit_resample(X.X, y.y, sample_weight)
            return *more, sampler.sample_weight_
        flat = X.flat(type(sampler).__name__)
        rows, labels = sampler.fit_resample(flat, y.values, sample_weight)
        made = rows[X.n :]
        mixed = Mixed(np.arange(len(rows)), made, labels, sampler.sample_weight_)
        return _rebuild(X, y, mixed)

    def _find_strategy(self, X: Rows, labels: Labels) -> dict:
        if way_of(self._inner()) != "labels" and not isinstance(X, FrameRows):
            X.flat(type(self._inner()).__name__)  # raises if there are no numbers
        rows = np.arange(len(labels.values), dtype=np.float64)[:, None]
        sampler = self._seeded(own_random_state(0)).fit(rows, labels.values)
        return getattr(sampler, "sampling_strategy_", {})

    def _seeded(self, random_state: np.random.RandomState) -> Any:
        """Clone the sampler, with a seed if it has none: no global one is used."""
        sampler = clone(self._inner())
        seeds = {
            name: random_state.randint(LARGEST_SEED)
            for name, value in sorted(sampler.get_params().items())
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        return sampler.set_params(**seeds)

    def _inner(self) -> Any:
        return RandomOverSampler() if self.sampler is None else self.sampler

    def _check_augment(self, X: Rows) -> dict[str, float]:
        strengths = strengths_for_copies(self.augment)
        if not strengths:
            return {}
        name = type(self._inner()).__name__
        is_image = isinstance(X, ArrayRows) and X.X.ndim in (3, 4)
        if not is_image or X.X.dtype.kind not in "iuf":
            raise DataError(
                f"augment={self.augment!r} changes pixels, and X has none. Expected "
                "an array of images, (n_samples, height, width[, n_channels]). Read "
                "the images, or set augment=None."
            )
        if way_of(self._inner()) == "mixes":
            raise ValueError(
                f"augment={self.augment!r} changes copies, and {name} makes rows by "
                "mixing. Expected a sampler that copies rows. Choose "
                "RandomOverSampler, or set augment=None."
            )
        return strengths

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._inner())
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.string = inner.input_tags.string
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.three_d_array = True
        tags.sampler_tags.sample_indices = way_of(self._inner()) != "mixes"
        return tags


def way_of(sampler: Any) -> str:
    """Say what a sampler does, by its tags.

    Returns
    -------
    {"labels", "rows", "mixes"}
        "labels" chooses rows by their labels, "rows" by their values; "mixes" makes
        new ones.
    """
    tags = get_tags(sampler)
    chooses = getattr(getattr(tags, "sampler_tags", None), "sample_indices", False)
    if not chooses or getattr(sampler, "shrinkage", None):  # shrinkage adds noise
        return "mixes"
    return "labels" if tags.input_tags.string else "rows"


def _rebuild(X: Rows, y: Labels, mixed: Mixed) -> tuple[Any, Any, np.ndarray | None]:
    """Rows and labels in the user's types."""
    rows = X.with_made(mixed.made).take(mixed.order)
    return rows, y.rows(y.examples(mixed.labels)), mixed.weight


def _refuse_categorical(sampler: Any, X: Rows) -> None:
    """Refuse samplers that want to be told which columns are categories."""
    if isinstance(X, FrameRows) and "categorical_features" in sampler.get_params():
        raise ValueError(
            f"{type(sampler).__name__} is told by number which columns are "
            "categories, and AnyShape encodes a data frame first. Expected a sampler "
            "for numbers. Use AnyShape(SMOTE()), which mixes categories too, or "
            f"{type(sampler).__name__} without AnyShape."
        )
