"""A linear layer whose weights only the fit draws."""

from torch import nn


class Linear(nn.Linear):
    """``nn.Linear`` without torch's initial weights, which a fit replaces anyway.

    Drawing them takes longer than to build all the rest of a small network, on the
    meta device as well, and reads torch's global generator on others.
    """

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""
