"""Tests of the scoring pass: every character but the first is counted once, after its own context."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.text.scoring import MAX_LOGITS, MAX_NATS, ScoredChunk, ScoringPass, clip_nats, scoring_pass
from charlstm.text.windows import denormalise

LENGTHS = [2, 3, 127, 128, 129, 130, 257, 512, 513, 1024, 1025, 1026, 5000, 32_769, 33_333, 40_000]


def numbered(length: int, **options: int) -> ScoringPass:
    """Return a pass over a text in which each character id equals its position."""
    return ScoringPass(np.arange(length, dtype=np.uint32), length, **options)


def counted_places(scoring: ScoringPass) -> np.ndarray:
    return np.sort(np.concatenate([chunk.y[chunk.counted == 1] for chunk in scoring.chunks()]))


def pasts(scoring: ScoringPass) -> Iterator[tuple[list[int], int]]:
    """Yield each counted character, after the characters that its row has read since the zero state."""
    read: list[list[int]] = [[] for _ in range(scoring.rows)]
    for chunk in scoring.chunks():
        places = denormalise(chunk.x, scoring.vocabulary_size)
        for row in range(scoring.rows):
            if chunk.kept[row, 0] == 0:
                read[row] = []
            for position, place in enumerate(places[row].tolist()):
                read[row].append(place)
                if chunk.counted[row, position]:
                    yield read[row], int(chunk.y[row, position])


@pytest.mark.parametrize("length", LENGTHS)
def test_every_character_but_the_first_is_counted_once(length):
    scoring = numbered(length)
    np.testing.assert_array_equal(counted_places(scoring), np.arange(1, length))
    assert scoring.characters == length - 1


@given(st.integers(2, 5000), st.sampled_from([1, 16, 100, 128]), st.integers(0, 4), st.integers(1, 9))
@settings(max_examples=60)
def test_characters_are_counted_once_for_any_chunks_and_rows(length, chunk, warm_chunks, most_rows):
    scoring = numbered(length, chunk=chunk, warm=chunk * warm_chunks, most_rows=most_rows)
    np.testing.assert_array_equal(counted_places(scoring), np.arange(1, length))


@pytest.mark.parametrize("length", [2, 129, 1025, 1500, 3333, 12_000])
@pytest.mark.parametrize(("chunk", "warm"), [(128, 256), (64, 64), (100, 500), (128, 0)])
def test_a_counted_character_follows_its_own_context(length, chunk, warm):
    for past, target in pasts(numbered(length, chunk=chunk, warm=warm)):
        assert past[-1] == target - 1
        assert past[0] == past[-1] - len(past) + 1  # the length of a contiguous context; the next test checks every position
        assert len(past) >= min(target, warm + 1)


def test_a_context_has_no_gap():
    for past, target in pasts(numbered(1100, chunk=50, warm=100)):
        assert past == list(range(past[0], target))


def test_first_row_has_the_whole_context():
    first = [(past[0], len(past), target) for past, target in pasts(numbered(1500)) if target <= 700]
    assert first == [(0, target, target) for target in range(1, 701)]


def test_warm_up_is_not_counted():
    chunks = list(numbered(10_000).chunks())
    assert [chunk.counted.any() for chunk in chunks[:3]] == [False, False, True]
    assert chunks[0].kept.tolist() == [[0.0]] * 19
    assert chunks[1].kept.tolist() == chunks[2].kept.tolist() == [[0.0]] + [[1.0]] * 18
    assert chunks[3].kept.all()


@pytest.mark.parametrize(("length", "rows"), [(2, 1), (1024, 1), (1025, 2), (32_768, 63), (32_769, 64), (10**6, 64)])
def test_short_texts_have_fewer_rows(length, rows):
    assert numbered(length).rows == rows


def test_shapes_and_types():
    chunk = next(numbered(2000).chunks())
    assert [part.shape for part in chunk] == [(3, 128, 1), (3, 128), (3, 128), (3, 1)]
    assert [part.dtype for part in chunk] == [np.float32, np.int32, np.float32, np.float32]
    assert ScoredChunk._fields == ("x", "y", "counted", "kept")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_targets_are_the_ids_of_the_text(dtype):
    ids = np.random.default_rng(0).integers(0, 200, 3000).astype(dtype)
    scoring = ScoringPass(ids, 200)
    targets = np.concatenate([chunk.y[chunk.counted == 1] for chunk in scoring.chunks()])
    np.testing.assert_array_equal(np.bincount(targets, minlength=200), np.bincount(ids[1:], minlength=200))
    ahead = np.concatenate([denormalise(chunk.x, 200)[chunk.counted == 1] for chunk in scoring.chunks()])
    assert sorted(zip(ahead.tolist(), targets.tolist(), strict=True)) == sorted(pairwise(ids.tolist()))


@pytest.mark.parametrize(
    ("vocabulary_size", "length", "chunk"),
    [
        (65, 10**6, 128),
        (16_384, 10**6, 128),
        (16_385, 10**6, 64),
        (16_385, 1_000, 128),
        (60_000, 10**6, 32),
        (1_114_112, 10**6, 1),
    ],
)
def test_chunk_bounds_the_logits_and_divides_the_warm_up(vocabulary_size, length, chunk):
    scoring = scoring_pass(np.broadcast_to(np.uint8(0), length), vocabulary_size)
    assert scoring.chunk == chunk
    assert scoring.warm % chunk == 0
    assert scoring.rows * chunk * vocabulary_size <= MAX_LOGITS
    assert (scoring.rows, scoring.warm) == (ScoringPass(scoring.ids, 65).rows, ScoringPass(scoring.ids, 65).warm)


def read_by(scoring: ScoringPass, cost) -> np.ndarray:
    """Return the nats of a pass for a model whose cost depends on the character and on the length of its context."""
    read, rows = [], np.zeros(scoring.rows)
    for chunk in scoring.chunks():
        rows *= chunk.kept[:, 0]
        before = rows[:, None] + np.arange(1, scoring.chunk + 1)
        read.append(cost(chunk.y, before))
        rows = before[:, -1]
    return np.concatenate(read, 1)


MEMORIES = {
    "none": (lambda y, before: y % 7, True),
    "of 200 characters": (lambda y, before: y % 7 + np.minimum(before, 200), True),
    "of 300 characters, little of it": (lambda y, before: y % 7 + 1e-4 * np.minimum(before, 300), True),
    "of 500 characters": (lambda y, before: y % 7 + 1e-2 * np.minimum(before, 500), False),
    "of everything": (lambda y, before: y % 7 + 1e-3 * before, False),
    "of everything, that overflows": (lambda y, before: np.where(before > 600, np.nan, y % 7), False),
    "that grows": (lambda y, before: 1.1**before, False),
}


@pytest.mark.parametrize("length", [1_025, 5_000, 40_000])
@pytest.mark.parametrize("memory", MEMORIES)
def test_rows_agree_if_the_memory_fits_the_warm_up(length, memory):
    cost, agrees = MEMORIES[memory]
    scoring = numbered(length)
    with np.errstate(over="ignore", invalid="ignore"):
        assert scoring.agrees(read_by(scoring, cost)) == agrees


def test_a_single_row_always_agrees():
    assert numbered(1_000).agrees(read_by(numbered(1_000), lambda y, before: before * np.nan))
    whole = numbered(40_000).in_one_piece()
    assert (whole.rows, whole.ahead) == (1, 0)
    np.testing.assert_array_equal(counted_places(whole), np.arange(1, 40_000))


def test_surprisals_are_bounded_by_the_smallest_float32():
    found = clip_nats(np.array([0.0, 87.3, 87.4, 1e87, np.inf, np.nan]))
    np.testing.assert_allclose(found, [0.0, 87.3, MAX_NATS, MAX_NATS, MAX_NATS, MAX_NATS])
    assert np.float32(np.exp(-MAX_NATS)) == np.finfo(np.float32).tiny
    assert clip_nats(np.array([1e30], np.float32)).dtype == np.float32


@pytest.mark.parametrize("length", LENGTHS)
def test_number_of_chunks_is_known_in_advance(length):
    for scoring in (ScoringPass(np.zeros(length, np.uint8), 2), ScoringPass(np.zeros(length, np.uint8), 2, chunk=32)):
        assert scoring.pieces == sum(1 for _ in scoring.chunks())


def places_read(scoring: ScoringPass, wrong: int | None = None) -> np.ndarray:
    """Return the nats of a pass, ``[S, T]``: the position of each character, or infinity after the end of the text.

    Args:
        scoring: The pass.
        wrong: Position on which rows disagree.
    """
    offset = np.arange(-scoring.warm, scoring.pieces * scoring.chunk - scoring.warm)
    place = np.arange(scoring.rows)[:, None] * scoring.part + offset
    nats = np.where(place < scoring.characters, place.astype(float), np.inf)
    if wrong is not None:
        nats[::2][place[::2] == wrong] = -1e9
    return nats


@pytest.mark.parametrize("length", [1025, 1026, 1100, 5000, 33_333])
def test_rows_agree_on_equal_surprisals(length):
    scoring = numbered(length)
    assert scoring.agrees(places_read(scoring))
    for row in range(1, scoring.rows):
        first, last = row * scoring.part, min(row * scoring.part + scoring.ahead, scoring.characters) - 1
        assert not scoring.agrees(places_read(scoring, wrong=first)), row
        assert not scoring.agrees(places_read(scoring, wrong=last)), row
    assert numbered(100).agrees(np.full((1, 256 + 99), np.nan))  # a single row has no other row to compare


def test_rare_characters_are_read_and_counted_as_the_placeholder():
    ids = np.random.default_rng(0).integers(0, 9, 3_000)
    strange = np.where(ids == 8, 1_000_000, ids)
    for ours, theirs in zip(ScoringPass(ids, 9).chunks(), ScoringPass(strange, 9).chunks(), strict=True):
        np.testing.assert_array_equal(ours.x, theirs.x)
        np.testing.assert_array_equal(ours.y, theirs.y)
