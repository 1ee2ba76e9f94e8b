"""Random generators of one fit, separate from the global generators."""

import copy

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
    """Copy a generator; for the usual kind this is faster than ``copy.deepcopy``."""
    state = random_state.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        return copy.deepcopy(random_state)
    copied = np.random.RandomState(np.random.MT19937(0))
    copied.set_state(state)
    return copied


def torch_generator(
    random_state: np.random.RandomState, device: torch.device
) -> torch.Generator:
    """Return a torch generator on `device`, seeded from `random_state`."""
    seed = int(random_state.randint(np.iinfo(np.int32).max))
    generator = torch.Generator(device=device)
    generator.manual_seed(seed)
    return generator
