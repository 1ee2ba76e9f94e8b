"""Clock: seconds that have passed, and that are left."""

import math
import time

# Seconds of an idle machine that count towards the delay: a stall at the start says
# little about what is to come.
BEFORE = 2.0


class Clock:
    """Seconds since it was made, and until a limit.

    All that watches the time of an ensemble asks `now` and `worked`, so that a test can
    put other functions there, and does not depend on how busy a machine is.

    Parameters
    ----------
    limit : float or None, default=None
        Seconds; None or inf is no limit.

    Examples
    --------
    >>> from sknn_suite.ensemble._clock import Clock
    >>> clock = Clock(limit=3600)
    >>> clock.spent >= 0, clock.left <= 3600, Clock().left
    (True, True, inf)
    """

    now = staticmethod(time.perf_counter)
    worked = staticmethod(time.process_time)

    def __init__(self, limit: float | None = None) -> None:
        self.began, self._began_work = self.now(), self.worked()
        self.limit = math.inf if limit is None else limit

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self.now() - self.began

    @property
    def left(self) -> float:
        """Seconds until the limit; negative after it."""
        return self.limit - self.spent

    @property
    def delay(self) -> float:
        """How many times as long things take as the processor works on them, >= 1.

        Above one, the machine has other work.
        """
        worked = self.worked() - self._began_work
        return max((BEFORE + self.spent) / (BEFORE + worked), 1.0)
