"""Randomness that belongs to one fit: the global generators are never touched."""

import numpy as np
import torch


def own_random_state(
    random_state: int | np.random.RandomState | None,
) -> np.random.RandomState:
    """Return the generator that drives one fit.

    An int gives a new generator each time, a RandomState is used (and advanced) as it
    is, None draws fresh entropy from the operating system. scikit-learn answers None
    with NumPy's global generator; we do not, so that no call changes global state.
    """
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if random_state is None:
        return np.random.RandomState(np.random.MT19937(np.random.SeedSequence()))
    return np.random.RandomState(random_state)


def torch_generator(
    random_state: np.random.RandomState, device: torch.device
) -> torch.Generator:
    """Return a torch generator on `device`, seeded from `random_state`."""
    seed = int(random_state.randint(np.iinfo(np.int32).max))
    generator = torch.Generator(device=device)
    generator.manual_seed(seed)
    return generator
