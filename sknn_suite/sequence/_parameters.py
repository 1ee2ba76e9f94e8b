"""The parameters of recurrent networks."""

from collections.abc import Sequence
from numbers import Integral, Real

from sknn_suite.doors import Interval, StrOptions
from sknn_suite.modules import CELLS, POOLINGS
from sknn_suite.parameters import OneCycleParameters, param, parameters


@parameters(group="network")
class RecurrentParameters(OneCycleParameters):
    """Recurrent layers with attention and other poolings over the steps of a row.

    Parameters
    ----------
    hidden_sizes : int, array-like of int or "auto", default="auto"
        Number of units in each recurrent layer, per direction. Each layer reads the
        output of the layer below; all poolings read the last layer, and attention also
        the layers before. "auto" is one layer of 32 units for numbers. For texts it is
        two layers of 32 units, or of 64 and 32 for more than a million tokens. Raise it
        when the model underfits.

    n_networks : int or "auto", default="auto"
        Number of networks that train side by side. Each starts from its own initial
        weights, and their raw scores are averaged. Each further network makes
        predictions a little better, the second one most, and takes as long as the
        first. `max_grad_norm` limits the gradient of each network. "auto" is two for
        fewer than 8,000 texts, where results depend more on chance, and one otherwise.

    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Type of recurrent cell. "gru" is a quarter faster than "lstm"; "rnn" has the
        shortest memory.

    bidirectional : bool, default=True
        Whether layers read each row in both directions.

    pooling : str or array-like of str, default=("attention", "mean", "max")
        How the steps of a row become one vector: one or several of "attention",
        "mean", "max" and "last", whose results are concatenated.

    dense_size : int or "auto", default="auto"
        Number of units in the dense layer after the poolings; 0 leaves it out.

    batch_norm : bool, default=False
        Whether the dense layer is batch-normalised.

    dropout : float, default=0.0
        Probability, in [0, 1), that an input or output of the dense layer is set to
        zero in a training step. Raise it when the model overfits.

    spatial_dropout : float, default=0.0
        Probability, in [0, 1), that an input channel is set to zero in all steps of a
        row in a training step.

    recurrent_dropout : float, default=0.0
        Probability, in [0, 1), that the state of a unit is not passed on to the next
        step. All steps of a batch share one draw.

    max_bptt : int or None, default=None
        Number of steps through which gradients flow back; None is all. Set it for long
        rows.

    max_iter : int or "auto", default="auto"
        Largest number of epochs (passes over the data). "auto" depends on the number of
        rows.

    Attributes
    ----------
    hidden_sizes_ : tuple of int
        Number of units in each recurrent layer, per direction.

    dense_size_ : int
        Number of units in the dense layer.

    n_networks_ : int
        Number of networks.
    """

    hidden_sizes: int | str | Sequence[int] = param(
        "auto",
        StrOptions({"auto"}),
        "array-like",
        Interval(Integral, 1, None, closed="left"),
    )
    n_networks: int | str = param(
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
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
    dropout: float = param(
        0.0, Interval(Real, 0, 1, closed="left"), group="regularisation"
    )
    spatial_dropout: float = param(
        0.0, Interval(Real, 0, 1, closed="left"), group="regularisation"
    )
    recurrent_dropout: float = param(
        0.0, Interval(Real, 0, 1, closed="left"), group="regularisation"
    )
    max_bptt: int | None = param(
        None, Interval(Integral, 1, None, closed="left"), None, group="rare"
    )
    max_iter: int | str = param(  # type: ignore[assignment]
        "auto", StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")
    )
