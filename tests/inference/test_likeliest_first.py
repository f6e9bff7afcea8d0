"""The queue of items by their log-probabilities: sorting is the oracle."""

import random

import numpy as np

from charlstm.inference.likeliest_first import LikeliestFirst


def test_items_leave_in_the_order_of_a_stable_sort():
    generator = random.Random(1)
    items = [(-float(generator.randrange(20)), number) for number in range(200)]  # many are equally likely
    queue = LikeliestFirst[int]()
    for logprob, number in items:
        queue.push(logprob, number)
    assert [queue.pop() for _ in range(len(queue))] == sorted(items, key=lambda item: -item[0])
    assert len(queue) == 0


def test_the_greatest_but_some_is_that_of_the_sorted_items():
    logprobs = [-3.0, -1.0, -2.0, -1.0]
    queue = LikeliestFirst[str]()
    for logprob in logprobs:
        queue.push(logprob, "item")
    assert queue.greatest == -1.0
    assert [queue.greatest_but(number) for number in range(5)] == [-1.0, -1.0, -2.0, -3.0, -np.inf]


def test_an_empty_queue_has_nothing_likely():
    queue = LikeliestFirst[str]()
    assert queue.greatest == queue.greatest_but(0) == -np.inf
