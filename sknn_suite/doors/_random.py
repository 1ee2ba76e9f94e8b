"""Random generators of one fit, separate from the global generators."""

import copy
from typing import Any

import numpy as np
import torch


def own_random_state(
    random_state: int | np.random.RandomState | None,
) -> np.random.RandomState:
    """Return the generator that drives one fit.

    An int gives a new generator each time. A RandomState is used (and advanced)
    directly. None draws fresh entropy from the operating system. scikit-learn uses
    NumPy's global generator for None; we do not, so that no call changes global state.
    """
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if random_state is None:
        return np.random.RandomState(np.random.MT19937(np.random.SeedSequence()))
    return np.random.RandomState(random_state)


def copy_random_state(random_state: np.random.RandomState) -> np.random.RandomState:
    """Return a generator that continues as `random_state` would.

    ``copy.deepcopy`` takes several times as long: it draws entropy for a seed, and
    spreads it over the state that it then replaces.
    """
    state = random_state.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        return copy.deepcopy(random_state)
    no_seed: Any = _NoSeed()
    copied = np.random.RandomState(np.random.MT19937(no_seed))
    copied.set_state(state)
    return copied


class _NoSeed(np.random.bit_generator.ISeedSequence):
    """Seed of a generator whose state is set at once."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        """Return zeros."""
        return np.zeros(n_words, dtype)


def torch_generator(
    random_state: np.random.RandomState, device: torch.device
) -> torch.Generator:
    """Return a torch generator on `device`, seeded from `random_state`."""
    seed = int(random_state.randint(np.iinfo(np.int32).max))
    generator = torch.Generator(device=device)
    generator.manual_seed(seed)
    return generator
