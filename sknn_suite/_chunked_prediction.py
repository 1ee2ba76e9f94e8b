"""Predictions that go on in smaller chunks where memory ends."""

from typing import Any

import torch

from sknn_suite._arrays import Home, to_numpy
from sknn_suite._memory import RowLimit
from sknn_suite._prediction import PREDICT_ROWS, NetworkPrediction, is_float32


class ChunkedPrediction(NetworkPrediction):
    """Mixin: `NetworkPrediction` that divides rows for which there is no memory."""

    def _raw_scores(self: Any, X: Any, caller: str) -> tuple[torch.Tensor, Home | None]:
        try:
            return super()._raw_scores(X, caller)
        except torch.OutOfMemoryError:
            pass  # its traceback holds tensors until the block is left
        X, home = to_numpy(X)
        X = self._check_rows(X)
        bound = self._bind_module(X.shape[0])
        bundle = self._encoder.transform(X, bound.dtype)

        def scores(rows: slice) -> torch.Tensor:
            return bound.module(**bundle.slice(rows).to(bound.device).inputs).cpu()

        limit = RowLimit(bound.device)
        n_rows = len(bundle)
        if n_rows > 1:
            limit.halve(min(n_rows, PREDICT_ROWS))
        with torch.inference_mode():
            raw = limit.map(scores, n_rows)
        return raw.to(torch.float32 if is_float32(X) else torch.float64), home
