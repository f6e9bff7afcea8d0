"""Units in which results are stated."""

import math
from collections.abc import Mapping


def bits(nats: float) -> float:
    """Bits from nats.

    >>> bits(math.log(8))
    3.0
    """
    return nats / math.log(2)


def count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Parameters in weights of these shapes.

    >>> count({"kernel": (8, 40), "recurrent_kernel": (10, 40), "bias": (40,)})
    760
    """
    return sum(math.prod(shape) for shape in shapes.values())
