"""Random generators of one fit, separate from the global generators."""

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


def torch_generator(
    random_state: np.random.RandomState, device: torch.device
) -> torch.Generator:
    """Return a torch generator on `device`, seeded from `random_state`."""
    seed = int(random_state.randint(np.iinfo(np.int32).max))
    generator = torch.Generator(device=device)
    generator.manual_seed(seed)
    return generator
