"""Random numbers that are a function of the random seed and of what they are for."""

import numpy as np


def random_stream(random_seed: int, *place: int) -> np.random.Generator:
    """Return the generator for one place, such as an epoch.

    NumPy cuts a seed of more than 32 bits into several numbers, of which the second would look like a place of a smaller seed.
    So large seeds get their places as a spawn key, which NumPy keeps apart; smaller ones have the numbers that they always had.

    >>> random_stream(5, 1).integers(100) == generator(5 + 2**32, 0).integers(100)
    np.False_
    """
    if random_seed < 2**32:
        return np.random.default_rng([random_seed, *place])
    return np.random.default_rng(np.random.SeedSequence(random_seed, spawn_key=place))
