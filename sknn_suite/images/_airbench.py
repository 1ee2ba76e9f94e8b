"""AirbenchTask: the network for small photographs that is made for speed on GPUs."""

from typing import Any

import numpy as np

from sknn_suite.data import as_tensor
from sknn_suite.encoding import PatchEncoder
from sknn_suite.images._recipes import (
    SOME_ROWS,
    Recipe,
    batch_of_convolutions,
    epochs_of_convolutions,
)
from sknn_suite.images._task import ImageTask

RECIPE = Recipe(
    {"muon": 0.2, "sgd": 0.5, "adam": 0.005},
    lambda n_rows: 1024 if n_rows >= SOME_ROWS else batch_of_convolutions(n_rows),
    lambda n_rows: min(epochs_of_convolutions(n_rows), 50),
    solver="muon",
    label_smoothing=0.2,
)

# Parameters that are not trained: whitening, and scales that the next layer can do.
FIXED = ("network.whiten.weight", "*.norm1.weight", "*.norm2.weight")


class AirbenchTask(ImageTask):
    """Images for `AirbenchNet`, whose first layer whitens what patches have in common.

    References
    ----------
    Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv 2404.00498, 2024.
    """

    def encoder(self) -> PatchEncoder:
        return PatchEncoder()

    def draw(
        self, module: Any, encoder: Any, random_state: np.random.RandomState
    ) -> None:
        super().draw(module, encoder, random_state)
        module.network.whiten_with(as_tensor(encoder.patches_))

    def _recipe(self) -> Recipe:
        return RECIPE

    def recipe(self, n_rows: int, *, partial: bool) -> dict[str, Any]:
        settings = super().recipe(n_rows, partial=partial)
        return settings if self.of.freeze is not None else settings | {"freeze": FIXED}
