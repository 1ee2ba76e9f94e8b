"""The parameters of recurrent networks."""

from collections.abc import Sequence
from numbers import Integral, Real

from sknn_suite.doors import Interval, StrOptions
from sknn_suite.modules import CELLS, POOLINGS
from sknn_suite.parameters import OneCycleParameters, param, parameters


@parameters
class RecurrentParameters(OneCycleParameters):
    """Recurrent layers with attention and other poolings over the steps of a row.

    Parameters
    ----------
    hidden_sizes : int, array-like of int or "auto", default="auto"
        Units of each recurrent layer, in each direction. Each layer runs on the one
        below; the last is pooled, and those before by attention alone. "auto" takes 32,
        for numbers in one layer, for texts in two, of which the first has 64 if there
        are more than a million tokens.

    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Kind of recurrent cell. "gru" is a quarter faster, "rnn" forgets soonest.

    bidirectional : bool, default=True
        Whether layers run in both directions.

    pooling : str or array-like of str, default=("attention", "mean", "max")
        How steps become one vector: any of "attention", "mean", "max" and "last", side
        by side.

    dense_size : int or "auto", default="auto"
        Units of the dense layer behind the poolings; 0 for none.

    batch_norm : bool, default=False
        Whether the dense layer is batch-normalised.

    dropout : float, default=0.0
        Probability, in [0, 1), that a number before or behind the dense layer is set to
        zero in a training step.

    spatial_dropout : float, default=0.0
        Probability, in [0, 1), that a channel of the input is set to zero in all steps
        of a row.

    recurrent_dropout : float, default=0.0
        Probability, in [0, 1), that a unit's state is not passed on from step to step;
        one draw for all steps of a batch.

    n_networks : int or "auto", default="auto"
        Networks that train side by side, each from initial weights of its own, and
        whose raw scores are averaged. Each makes predictions a little better, the
        second most, and takes as long as the first. `max_grad_norm` limits the
        gradient of each. "auto" takes one; of fewer than 8,000 texts, from which a
        network learns more by chance, two.

    max_bptt : int or None, default=None
        Steps through which gradients flow back, for long rows; None for all.

    max_iter : int or "auto", default="auto"
        Largest number of epochs (passes over the data). "auto" suits the number of
        rows.
    """

    hidden_sizes: int | str | Sequence[int] = param(
        "auto",
        StrOptions({"auto"}),
        "array-like",
        Interval(Integral, 1, None, closed="left"),
    )
    cell: str = param("lstm", StrOptions(set(CELLS)))
    bidirectional: bool = param(True, "boolean")
    pooling: str | Sequence[str] = param(
        ("attention", "mean", "max"), StrOptions(set(POOLINGS)), "array-like"
    )
    dense_size: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 0, None, closed="left")
    )
    batch_norm: bool = param(False, "boolean")
    dropout: float = param(0.0, Interval(Real, 0, 1, closed="left"))
    spatial_dropout: float = param(0.0, Interval(Real, 0, 1, closed="left"))
    recurrent_dropout: float = param(0.0, Interval(Real, 0, 1, closed="left"))
    n_networks: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
    max_bptt: int | None = param(None, Interval(Integral, 1, None, closed="left"), None)
    max_iter: int | str = param(  # type: ignore[assignment]
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
