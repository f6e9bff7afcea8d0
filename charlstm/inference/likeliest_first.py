"""A priority queue of items by their log-probabilities."""

import heapq
from itertools import count
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


class LikeliestFirst(Generic[T]):
    """Items with log-probabilities, the likeliest first; of equal ones, the first that was added."""

    def __init__(self) -> None:
        """Start without items."""
        self._heap: list[tuple[float, int, T]] = []
        self._order = count()

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._heap)

    @property
    def greatest(self) -> float:
        """The greatest log-probability; ``-inf`` without items."""
        return -self._heap[0][0] if self._heap else -np.inf

    def greatest_but(self, number: int) -> float:
        """Return the greatest log-probability but for a number of greater ones; ``-inf`` if there are not so many items."""
        return -heapq.nsmallest(number + 1, self._heap)[-1][0] if len(self._heap) > number else -np.inf

    def push(self, logprob: float, item: T) -> None:
        """Add an item."""
        heapq.heappush(self._heap, (-logprob, next(self._order), item))

    def pop(self) -> tuple[float, T]:
        """Remove the likeliest item, and return it with its log-probability."""
        negative, _, item = heapq.heappop(self._heap)
        return -negative, item
