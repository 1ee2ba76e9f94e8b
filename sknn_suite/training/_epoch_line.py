"""What `verbose` shows: one line an epoch."""

import sys
from typing import Any

from skorch.callbacks import Callback

from sknn_suite.training._net import TensorNet


class EpochLine(Callback):
    """Write one line an epoch, and why training ended, to standard output."""

    def on_epoch_end(self, net: TensorNet, **kwargs: Any) -> None:
        row = net.history[-1]
        parts = [f"Iteration {row['epoch']}, loss = {row['train_loss']:.8f}"]
        if "valid_score" in row:
            parts.append(f"validation score = {row['valid_score']:.6f}")
        if "lr" in row:
            parts.append(f"learning rate = {row['lr']:.3g}")
        parts.append(f"{row['dur']:.2f} s")
        sys.stdout.write(", ".join(parts) + "\n")

    def on_train_end(self, net: TensorNet, **kwargs: Any) -> None:
        if net.stop_reason_ is not None:
            sys.stdout.write(net.stop_reason_ + "\n")
