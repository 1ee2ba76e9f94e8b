"""KeptNet: the net of a partial fit, which the next one continues."""

from dataclasses import replace
from typing import Any, cast

from sknn_suite.doors import copy_random_state
from sknn_suite.training._net import TensorNet
from sknn_suite.training._net_state import state_to_go_on
from sknn_suite.training._plan import FitPlan

# Fields of a plan that must be the same for its net to train the next chunk.
SAME = ("settings", "place", "batch_size", "n_epochs", "planned_epochs")


class KeptNet:
    """A net in memory, so that not every small chunk builds one.

    Its state pickles as plain values. The state stays when the net is taken, so a call
    that fails and copies of the estimator continue from it.

    Parameters
    ----------
    plan : FitPlan
        The plan that it has trained.
    net : TensorNet
        The net.
    """

    def __init__(self, plan: FitPlan, net: TensorNet) -> None:
        self._net = kept = cast(Any, net)
        self._loss, self._network = plan.loss, plan.network
        self._same = [getattr(plan, name) for name in SAME]
        self._state: dict[str, Any] | None = None
        kept.callbacks, kept.callbacks_ = [], []  # they hold the rows of the call
        kept.find_listeners()
        kept.batches_ = kept.valid_raw_ = None

    @staticmethod
    def suits(plan: FitPlan) -> bool:
        """Whether the net of a plan may train more than one chunk."""
        settings = plan.settings
        return (
            settings.solver != "lbfgs"
            and settings.freeze is None
            and settings.averaging is None
            and settings.on_divergence == "raise"
            and plan.augment is None  # it holds the source of an earlier call
            and plan.valid is None
        )

    def state(self) -> dict[str, Any]:
        """State of the net, see `state_to_go_on`."""
        return state_to_go_on(self._net) if self._state is None else self._state

    def __getstate__(self) -> dict[str, Any]:
        return {"_state": self.state(), "_net": None}

    def take(self, plan: FitPlan) -> TensorNet | None:
        """Hand out the net, if it can train `plan`; its state stays."""
        net = self._net
        if net is None or not self._is_for(plan):
            return None
        self._state, self._net = state_to_go_on(net), None
        net.random_state = copy_random_state(plan.random_state)
        net.progress = replace(plan.start.progress)
        net.stop_reason_ = None
        net.initialize_module()
        net.gradient_.generator = net.generator_
        net.initialize_history()
        return net

    def _is_for(self, plan: FitPlan) -> bool:
        """Whether `plan` continues where the net has ended, with the same program."""
        return (
            plan.start.keeps_rate
            and self.suits(plan)
            and self._same == [getattr(plan, name) for name in SAME]
            and self._network == plan.network
            and type(self._loss) is type(plan.loss)
            and _numbers(self._loss) == _numbers(plan.loss)
            and self._has_weights_of(plan)
        )

    def _has_weights_of(self, plan: FitPlan) -> bool:
        """Whether nobody has assigned or changed the weights in between."""
        own = self._net.module_.state_dict()
        return all(
            (own[name].cpu().numpy() == array).all()
            for name, array in plan.weights.items()
        )


def _numbers(loss: Any) -> dict[str, Any]:
    """Collect the plain settings of a loss and of its parts."""
    plain = (bool, int, float, str, tuple, type(None))
    told: dict[str, Any] = {}
    for name, part in loss.named_modules():
        told |= {
            f"{name}.{n}": v for n, v in vars(part).items() if isinstance(v, plain)
        }
    ignored = ("training", "progress")
    return {n: v for n, v in told.items() if n.rpartition(".")[2] not in ignored}
