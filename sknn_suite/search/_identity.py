"""What a training is, as one short text: the same text, the same bits."""

from typing import Any

import torch
from torch import Tensor

from sknn_suite._version import __version__
from sknn_suite.data import LazyRows, TensorBundle
from sknn_suite.exceptions import DataError
from sknn_suite.training import (
    FitPlan,
    Job,
    KnownTensors,
    digest_of_tensor,
    fingerprint,
)

# Schedules that go on in the same way, whatever the largest number of epochs.
ENDLESS = (
    "adaptive",
    "constant",
    "cyclic",
    "exponential",
    "invscaling",
    "plateau",
    "power",
    "step",
    "warm_restarts",
)

# Fields of a plan that say how long it may train, and what is left of it; not what the
# training is.
_LENGTH = ("n_epochs", "planned_epochs", "pauses", "train", "valid", "random_state")


class RowDigests:
    """Digests of rows; those that several trainings have in common are read once."""

    def __init__(self) -> None:
        self._known = KnownTensors()
        self._digests: dict[int, bytes] = {}

    def __call__(self, bundle: TensorBundle | None) -> bytes | None:
        """Digest of the rows of a bundle; None if there is no bundle."""
        if bundle is None:
            return None
        tensors: list[Tensor | None] = []
        for _, x in sorted(bundle.inputs.items()):
            tensors += x.content() if isinstance(x, LazyRows) else (x,)
        tensors += bundle.target, bundle.weight, bundle.rows
        return b"".join(map(self._of_tensor, tensors))

    def _of_tensor(self, tensor: Tensor | None) -> bytes:
        if tensor is None:
            return digest_of_tensor(None)
        known = self._known(tensor)
        if id(known) not in self._digests:
            self._digests[id(known)] = digest_of_tensor(known)
        return self._digests[id(known)]


def identify(job: Job, digest_rows: RowDigests | None = None) -> str | None:
    """Digest of a training, without its number of epochs unless the epochs read it.

    Parameters
    ----------
    job : Job
        What is trained.
    digest_rows : RowDigests, default=None
        Those of a group of trainings; None makes new ones.

    Returns
    -------
    str or None
        None if the training cannot be told from others, or does not repeat.
    """
    plan = job.plan
    if job.callbacks or job.score is not None or job.keeps_net:
        return None  # they may do anything, or want a net
    if plan.settings.max_time is not None or plan.start.state is not None:
        return None
    parts: dict[str, Any] = {
        name: getattr(plan, name)
        for name in sorted(plan.__dataclass_fields__)
        if name not in _LENGTH
    }
    parts["random_state"] = plan.random_state.get_state(legacy=False)
    parts["versions"] = (__version__, torch.__version__)
    if not can_go_on(plan):
        parts["n_epochs"] = (plan.n_epochs, plan.planned_epochs)
    digest_rows = digest_rows or RowDigests()
    parts["rows"] = digest_rows(plan.train), digest_rows(plan.valid)
    try:
        return fingerprint(parts)
    except DataError:
        return None


def can_go_on(plan: FitPlan) -> bool:
    """Whether its epochs are the first epochs of a plan with a larger `max_iter`."""
    settings = plan.settings
    if settings.solver == "lbfgs" or plan.loss.follows_progress:
        return False
    if plan.n_epochs != plan.planned_epochs or plan.start.progress.earlier:
        return False
    return _schedule_goes_on(settings) and _average_goes_on(settings)


def _schedule_goes_on(settings: Any) -> bool:
    kind = settings.learning_rate
    is_ignored = settings.solver == "adam" and kind in ("invscaling", "adaptive")
    return is_ignored or callable(kind) or kind in ENDLESS


def _average_goes_on(settings: Any) -> bool:
    start = settings.averaging_start
    if settings.averaging is None:
        return True
    if start is None:
        return settings.averaging == "ema"
    return not isinstance(start, float)  # which is a share of all epochs
