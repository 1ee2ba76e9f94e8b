"""What the members of an ensemble for mixed tables differ in."""

from dataclasses import dataclass
from typing import Any

import numpy as np

# Units of the widest hidden layers, with few training rows and with many.
FEW_ROWS, NARROW, WIDE = 3000, 128, 256

# Middle of the deviations of the frequencies of waves, and the factor to the limits. A
# wave of 1 has a period as long as the middle half of a column. Which one suits depends
# on the table, so that the members differ widely, and the better ones are chosen.
WAVE_SCALE, WAVE_SPREAD = 0.3, 8.0


@dataclass(frozen=True)
class Members:
    """Settings of each member, those with more layers first.

    Parameters
    ----------
    sizes : tuple of tuple of int
        Units of the hidden layers.
    dropout : tuple of float
        Probability that a unit is dropped.
    rates : tuple of float
        Factor of the learning rate.
    scales : tuple of float
        Deviation of the frequencies of the waves that embed numbers.
    """

    sizes: tuple[tuple[int, ...], ...]
    dropout: tuple[float, ...]
    rates: tuple[float, ...]
    scales: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.sizes)

    def shown(self) -> dict[str, Any]:
        """One list or array per setting, as in scikit-learn's ``cv_results_``."""
        return {
            "hidden_layer_sizes": list(self.sizes),
            "dropout": np.array(self.dropout),
            "rate_factor": np.array(self.rates),
            "wave_scale": np.array(self.scales),
        }


def draw_members(
    n_members: int,
    hidden_layer_sizes: tuple[int, ...] | None,
    n_rows: int,
    random_state: np.random.RandomState,
) -> Members:
    """Draw settings around good values; a single member has these values.

    Parameters
    ----------
    n_members : int
        Number of members.
    hidden_layer_sizes : tuple of int or None
        Units that all members have; None draws depth and width.
    n_rows : int
        Training rows.
    random_state : RandomState
        Source of the numbers.
    """
    width = NARROW if n_rows < FEW_ROWS else WIDE
    if n_members == 1:
        own = hidden_layer_sizes or (width,) * 3
        return Members((own,), (0.15,), (1.0,), (WAVE_SCALE,))
    # Middles of equal parts of [-1, 1]: two members are no extremes.
    spread = (2 * np.arange(n_members) + 1) / n_members - 1

    def shuffled() -> np.ndarray:
        return random_state.permutation(spread)

    depths = 3 + np.round(shuffled()).astype(int)  # 2 to 4, half of them 3
    sizes = [(width,) * depth for depth in depths]
    if hidden_layer_sizes is not None:
        sizes = [hidden_layer_sizes] * n_members
    dropout = 0.15 + 0.15 * shuffled()
    rates = 2.0 ** shuffled()
    scales = WAVE_SCALE * WAVE_SPREAD ** shuffled()
    order = sorted(range(n_members), key=lambda m: -len(sizes[m]))
    return Members(
        tuple(sizes[m] for m in order),
        tuple(dropout.round(3).tolist()),
        tuple(rates.round(3).tolist()),
        tuple(scales.round(3).tolist()),
    )
