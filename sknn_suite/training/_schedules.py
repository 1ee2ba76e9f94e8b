"""The learning rate of each step: a table of rates, warm-up, and the loss."""

from collections.abc import Callable
from typing import Any

from sknn_suite.training._rates import (
    SCHEDULES,
    Length,
    RateTable,
    make_scheduler,
    make_shadow,
)

# scikit-learn's "adaptive" divides the rate by this, and ends below that.
ADAPTIVE_FACTOR = 5.0
ADAPTIVE_MIN_RATE = 1e-6


class Schedule:
    """The learning rate of each step.

    Parameters
    ----------
    kind : str or callable
        A name in `SCHEDULES`, "constant", "adaptive", "invscaling", or a function of
        the number of finished epochs, which returns the factor of `rate`.
    rate : float
        learning_rate_init.
    length : Length
        How long training may last.
    warmup : float
        Epochs over which the rate rises linearly from near zero, on top of `kind`.
    params : dict
        Arguments of the builder.
    power_t, t : float and int
        Exponent of "invscaling", and rows seen by earlier calls.

    Attributes
    ----------
    scheduled : float
        The rate without warm-up.
    """

    def __init__(
        self,
        kind: str | Callable[[int], float],
        rate: float,
        length: Length,
        *,
        warmup: float = 0,
        params: dict | None = None,
        power_t: float = 0.5,
        t: int = 0,
    ) -> None:
        self.kind = kind
        self.rate = rate
        self.warmup_steps = round(warmup * length.n_batches)
        self.power_t = power_t
        self.t = t
        self.n_steps = self.n_epochs = 0
        self.n_planned = length.n_steps
        self.was_scaled = False
        self._factor = 1.0
        self._rates: RateTable | None = None
        self._plateau: Any = None  # torch's scheduler, which the loss drives
        self.per_batch = isinstance(kind, str) and SCHEDULES.get(kind, (0, False))[1]
        if kind == "plateau":
            self._plateau = make_scheduler(
                kind, make_shadow(rate), length, params or {}
            )
        elif kind not in ("constant", "adaptive", "invscaling"):
            self._rates = RateTable(kind, rate, length, params or {})
        self.scheduled = rate if self._rates is None else self._rates(0)

    @property
    def is_constant(self) -> bool:
        """Whether no step within an epoch changes the rate."""
        return not self.per_batch and self.n_steps > self.warmup_steps

    @property
    def ends(self) -> bool:
        """Whether the schedule is planned for all epochs, and ends at a small rate."""
        return self.kind in ("cosine", "log_cosine", "one_cycle")

    @property
    def changes(self) -> bool:
        """Whether the rate ever differs from learning_rate_init."""
        return self.kind != "constant" or self.warmup_steps > 0 or self.was_scaled

    @property
    def current(self) -> float:
        """The rate of the next step."""
        if self.n_steps >= self.warmup_steps:
            return self.scheduled
        return self.scheduled * (self.n_steps + 1) / (self.warmup_steps + 1)

    def after_batch(self, share: float = 0.0) -> None:
        """Move on by a step; a schedule that ends, by more if time is short.

        Parameters
        ----------
        share : float, default=0.0
            Share of the time limit that is over.
        """
        self.n_steps += 1
        if self.per_batch:
            place = self.n_steps
            if self.ends:
                # So that it ends at a small rate, although epochs are left out.
                place = max(place, min(int(share * self.n_planned), self.n_planned - 1))
            self._look_up(place)

    def after_epoch(self, n_rows: int, monitored: float) -> None:
        """Move on by an epoch.

        Parameters
        ----------
        n_rows : int
            Training rows of the epoch.
        monitored : float
            What "plateau" watches: smaller is better.
        """
        self.t += n_rows
        self.n_epochs += 1
        if self.kind == "invscaling":
            self.scheduled = self.rate / (self.t + 1) ** self.power_t
        elif self._plateau is not None:
            self._plateau.step(monitored)
            self.scheduled = self._plateau.optimizer.param_groups[0]["lr"]
        elif not self.per_batch:
            self._look_up(self.n_epochs)

    def _look_up(self, number: int) -> None:
        if self._rates is not None:
            self.scheduled = self._rates(number) * self._factor

    def lower(self) -> bool:
        """Follow "adaptive": divide the rate by 5; True if it is too small to go on."""
        if self.scheduled <= ADAPTIVE_MIN_RATE:
            return True
        self.scheduled /= ADAPTIVE_FACTOR
        return False

    def scale(self, factor: float) -> None:
        """Scale this and all later rates."""
        self.rate *= factor
        self.scheduled *= factor
        self._factor *= factor
        self.was_scaled = True
        if self._plateau is not None:
            self._plateau.optimizer.param_groups[0]["lr"] *= factor

    def state_dict(self) -> dict[str, Any]:
        """State to continue from, in plain values."""
        state: dict[str, Any] = {
            "t": self.t,
            "n_steps": self.n_steps,
            "n_epochs": self.n_epochs,
            "rate": self.rate,
            "scheduled": self.scheduled,
            "was_scaled": self.was_scaled,
            "factor": self._factor,
        }
        if self._plateau is not None:
            plain = int | float | bool | list | None
            own = self._plateau.state_dict().items()
            state["plateau"] = {
                n: value for n, value in own if isinstance(value, plain)
            }
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.t = state["t"]
        self.n_steps = state["n_steps"]
        self.n_epochs = state["n_epochs"]
        self.rate = state["rate"]
        self.scheduled = state["scheduled"]
        self.was_scaled = state["was_scaled"]
        self._factor = state["factor"]
        if self._plateau is not None:
            self._plateau.load_state_dict(state["plateau"])
            self._plateau.optimizer.param_groups[0]["lr"] = self.scheduled
