"""One line about a long fit that says nothing itself."""

import logging
import time
from typing import Any

from skorch.callbacks import Callback

from sknn_suite.doors import is_first_call, waits_for_one_fit
from sknn_suite.training._net import TensorNet

LOGGER = logging.getLogger("sknn_suite")

# A fit is long if more seconds than this are left.
LONG = 60.0

# Epochs are timed until they have taken this many seconds: short ones vary.
TIMED = 1.0

# Callbacks of libraries that show progress; the libraries' others do not.
_REPORTERS = ("skorch.callbacks.logging", "sklearn.callback._progressbar")


class SignOfLife(Callback):
    """Log how long a long fit will take, once, after its first epoch.

    Parameters
    ----------
    name : str
        Name of the estimator.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def on_train_begin(self, net: TensorNet, **kwargs: Any) -> None:
        self.n_epochs_ = 0
        self.first_ = self.seconds_ = 0.0
        self.is_over_ = False
        self.began_ = time.perf_counter()

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        if self.is_over_:
            return
        each = net.row_["dur"]
        self.n_epochs_ += 1
        self.seconds_ += each
        if self.n_epochs_ == 1:
            self.first_ = each
        if self.seconds_ < TIMED:
            return
        self.is_over_ = True
        if self.n_epochs_ > 1:
            # The first epoch also allocates memory, and chooses kernels.
            each = (self.seconds_ - self.first_) / (self.n_epochs_ - 1)
        left = (net.max_epochs - net.epoch_) * each
        limit = net.recipe.max_time
        if limit is not None:
            left = min(left, limit - (time.perf_counter() - self.began_))
        if left <= LONG or net.stop_reason_ is not None or not waits_for_one_fit():
            return
        if not is_first_call():
            return
        LOGGER.warning(
            "%s: %d epochs of %s each, up to %s left. Set %sverbose=True to watch it.",
            self.name,
            net.max_epochs,
            _write(each),
            _write(left),
            "max_time to end it sooner, or " if limit is None else "",
        )


def reports(callback: Any) -> bool:
    """Whether a callback of the user's may show progress.

    Those of skorch and scikit-learn are known; any other may do so.
    """
    if isinstance(callback, tuple):
        _, callback = callback
    module = (callback if isinstance(callback, type) else type(callback)).__module__
    if module.partition(".")[0] in ("skorch", "sklearn"):
        return module.startswith(_REPORTERS)
    return True


def _write(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
