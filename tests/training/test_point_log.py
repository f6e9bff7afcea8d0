"""The training curves in bounded memory: means over equal numbers of steps, the same after a restart."""

import math

import msgspec
import numpy as np
import pytest

from charlstm.checkpoint.points import decode_curves, encode_curves
from charlstm.training.point_log import PointLog, header_of, log_of

LOSSES = np.random.default_rng(0).uniform(1, 3, 9_000)


def made(steps: int, log: PointLog | None = None, first: int = 1, norm: float = 0.5) -> PointLog:
    log = log or PointLog()
    for step in range(first, steps + 1):
        log.add(
            step=step,
            epoch=step / 100,
            seconds=0.1 * step,
            learning_rate=1 / step,
            loss=float(LOSSES[step - 1]),
            gradient_norm=norm,
            characters=1_000 if step > 1 else 0,
            duration=0.1 if step % 2 else 0.4,
        )
    return log


@pytest.mark.parametrize(
    ("steps", "every", "points"),
    [(3, 1, 3), (999, 1, 999), (1_000, 2, 500), (1_999, 2, 999), (2_000, 4, 500), (9_000, 16, 562)],
)
def test_a_long_run_has_500_to_1000_points(steps, every, points):
    log = made(steps)
    assert (log.header.every, len(log.points)) == (every, points)
    assert [point.step for point in log.points] == list(range(every, steps + 1, every))


@pytest.mark.parametrize("steps", [5, 1_500, 5_003])
def test_points_are_means_over_their_steps(steps):
    log = made(steps)
    every, number = log.header.every, len(log.points)
    expected = LOSSES[: number * every].reshape(number, every).mean(axis=1)
    np.testing.assert_allclose([point.train_nats_per_char for point in log.points], expected)
    assert {point.gradient_norm for point in log.points} == {0.5}
    assert log.open.steps == steps - number * every
    if every > 1:
        assert log.points[-1].characters_per_second == pytest.approx(1_000 / 0.25)
    assert log.points[0].characters_per_second == pytest.approx({1: None}.get(every, log.points[0].characters_per_second))


@pytest.mark.parametrize("cut", [1, 7, 999, 1_000, 1_001, 2_345])
def test_a_run_that_is_saved_and_continued_has_one_unbroken_curve(cut):
    saved = decode_curves(encode_curves(made(cut).curves()))
    assert made(2_500, log_of(saved), cut + 1).curves() == made(2_500).curves()


def test_an_infinite_norm_is_null_and_not_in_later_points():
    log = made(2, made(1, norm=math.inf), first=2)
    assert [point.gradient_norm for point in log.points] == [None, 0.5]
    assert all(point.gradient_norm is None for point in made(1_000, norm=math.nan).points)


def test_notes_that_are_not_utf_8_or_too_long_can_be_written():
    header = header_of(3.0, ["\udcff.txt", "x" * 20_000, *["y"] * 200])
    assert msgspec.json.decode(msgspec.json.encode(header), type=type(header)) == header
    assert (header.notes[0], len(header.notes[1]), len(header.notes)) == ("\\udcff.txt", 10_000, 100)
