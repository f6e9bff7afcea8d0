"""Independent random number streams from one random seed."""

import numpy as np


def random_stream(random_seed: int, *key: int) -> np.random.Generator:
    """Return the random number generator of one stream.

    NumPy splits a seed of more than 32 bits into several words. The second word would act like the key of a smaller seed.
    So a large seed passes its key as a spawn key, which NumPy keeps apart. A smaller seed keeps the list form: changing it
    would change the numbers of every existing training.

    Args:
        random_seed: The seed.
        key: Integers that select the stream, such as the epoch.

    >>> random_stream(5, 1).integers(100) == random_stream(5 + 2**32, 0).integers(100)
    np.False_
    """
    if random_seed < 2**32:
        return np.random.default_rng([random_seed, *key])
    return np.random.default_rng(np.random.SeedSequence(random_seed, spawn_key=key))
