"""GenerativeOverSampler: rows are made by a network that has learnt from all rows."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy

from sknn_suite.checks import check_layer_sizes
from sknn_suite.data import as_tensor
from sknn_suite.doors import Interval, StrOptions, own_random_state
from sknn_suite.encoding import ReversibleTable
from sknn_suite.exceptions import DataError
from sknn_suite.imbalance._labels import Labels
from sknn_suite.imbalance._learning import Effort, EncodedRows, MadeRows
from sknn_suite.imbalance._rows import Rows
from sknn_suite.imbalance._shaped import ShapedSampler
from sknn_suite.parameters import param, parameters


@parameters(group="rows")
class GenerativeOverSampler(ShapedSampler, BaseOverSampler):
    """What samplers share that make rows of small classes by a network.

    Subclasses write `_make`.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        How many rows each class has afterwards, as in imbalanced-learn: with two
        classes a float is the ratio of the small to the large one; "auto" and
        "not majority" make all classes as large as the largest, "minority" only the
        smallest one, and so do "not minority" and "all" for the classes they name; a
        dict has the number of rows of each class, and a callable returns one for y.

    random_state : int, RandomState instance or None, default=None
        Seed of training and of the made rows. NumPy's global generator is never used.

    hidden_layer_sizes : int or array-like of int, default=(128,)
        Number of units in each hidden layer.

    max_iter : int or "auto", default="auto"
        Number of epochs. In an epoch each class comes as often as the largest. "auto"
        makes a number of updates that suits most tables, for any number of rows.

    batch_size : int, default=128
        Rows per batch.

    learning_rate_init : float, default=0.005
        Step size at the peak of the schedule, in (0, inf).

    device : str, default="auto"
        Where to compute: "cpu", "cuda", "cuda:1", "mps"; "auto" takes a GPU if there is
        one and the work is large.
    """

    sampling_strategy: Any = param(
        "auto",
        Interval(Real, 0, 1, closed="right"),
        StrOptions({"auto", "minority", "not minority", "not majority", "all"}),
        Mapping,
        Callable,
    )
    random_state: Any = param(None, "random_state")
    hidden_layer_sizes: int | Sequence[int] = param(
        (128,),
        "array-like",
        Interval(Integral, 1, None, closed="left"),
        group="network",
    )
    max_iter: Any = param(
        "auto",
        StrOptions({"auto"}),
        Interval(Integral, 1, None, closed="left"),
        group="training",
    )
    batch_size: int = param(
        128, Interval(Integral, 1, None, closed="left"), group="training"
    )
    learning_rate_init: float = param(
        5e-3, Interval(Real, 0, None, closed="neither"), group="training"
    )
    device: str = param("auto", str, group="hardware")

    # Updates of max_iter="auto".
    _n_updates = 400

    def _make(
        self,
        data: EncodedRows,
        wanted: np.ndarray,
        random_state: np.random.RandomState,
    ) -> MadeRows:
        """Make `wanted` rows of each class; set `history_`."""
        raise NotImplementedError

    def _fit_resample(
        self, X: Rows, y: Labels, sample_weight: np.ndarray | None
    ) -> tuple[Any, Any, np.ndarray | None]:
        columns = X.columns(type(self).__name__)
        encoder = ReversibleTable().fit(columns, sample_weight)
        data = EncodedRows(
            as_tensor(encoder.transform(columns)),
            y.codes,
            y.classes,
            sample_weight,
            encoder.n_numbers_,
            encoder.block_sizes_,
        )
        wanted = np.array([self.sampling_strategy_.get(c, 0) for c in y.classes])
        self._refuse_lonely(data, wanted)
        made = self._make_any(data, wanted)
        rows = X.with_columns(encoder.inverse_transform(made.x))
        _, first = np.unique(y.codes, return_index=True)
        every = np.arange(X.n + len(made.codes))
        labels = y.rows(np.concatenate([np.arange(X.n), first[made.codes]]))
        weight = None
        if sample_weight is not None:
            weight = np.concatenate([sample_weight, made.weight])
        return rows.take(every), labels, weight

    def _make_any(self, data: EncodedRows, wanted: np.ndarray) -> MadeRows:
        if not wanted.any():  # the classes are balanced, so there is nothing to learn
            self.history_: list[dict[str, Any]] = []
            nothing = np.empty(0)
            return MadeRows(
                np.empty((0, data.x.shape[1])), nothing.astype(int), nothing
            )
        return self._make(data, wanted, own_random_state(self.random_state))

    def _find_strategy(self, X: Rows, labels: Labels) -> dict:
        X.columns(type(self).__name__)  # raises if X is no table
        return check_sampling_strategy(
            self.sampling_strategy, labels.values, self._sampling_type
        )

    def _effort(self) -> Effort:
        return Effort(
            self.max_iter,
            self.batch_size,
            self.learning_rate_init,
            self.device,
            self._n_updates,
        )

    def _sizes(self) -> tuple[int, ...]:
        return check_layer_sizes(self.hidden_layer_sizes)

    def _refuse_lonely(self, data: EncodedRows, wanted: np.ndarray) -> None:
        """Check that there is more than one row to learn a class from."""
        for code in np.flatnonzero(wanted).tolist():
            n_rows = len(data.members(code))
            if n_rows < 2:
                raise DataError(
                    f"The class {data.classes[code].item()!r} has {n_rows} row(s) of "
                    f"weight above zero, from which {type(self).__name__} cannot "
                    "learn how its rows differ. Expected two or more. Add rows of "
                    "this class, copy it with RandomOverSampler, or leave it out of "
                    "sampling_strategy."
                )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = False
        return tags
