"""Tests of batches: windows, order, targets, and carried states."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import CorpusError
from charlstm.text.batches import Batch, BatchSource, StreamBatches, WindowBatches, batch_source
from charlstm.text.windows import denormalise


def numbered(
    length: int, seq_len: int, batch_size: int, batches: str = "windows", targets: str = "last", **options: float
) -> BatchSource:
    """Return the batches of a text in which each character id equals its position."""
    model = ModelConfig(vocabulary_size=max(2, length), seq_len=seq_len, targets=targets)
    training = TrainingConfig(batches=batches, batch_size=batch_size, **options)
    return batch_source(np.arange(length, dtype=np.uint32), model, training)


def places(batch: Batch, length: int) -> np.ndarray:
    """Return the text positions of the batch's windows, ``[B, T]``, after checking that each window is contiguous."""
    read = denormalise(batch.x, length)
    np.testing.assert_array_equal(read, read[:, :1] + np.arange(read.shape[1]))
    return read


def starts(source: BatchSource, length: int, windows: int) -> list[int]:
    """Return the first positions of the first ``windows`` windows of the endless sequence."""
    batch_size = len(source.batch(0).x)
    found = [places(source.batch(step), length)[:, 0] for step in range(-(-windows // batch_size))]
    return np.concatenate(found)[:windows].tolist()


@given(st.integers(1, 20), st.integers(1, 60), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=60)
def test_an_epoch_of_windows_has_every_window_once(seq_len, samples, batch_size, random_seed):
    length = seq_len + samples
    source = numbered(length, seq_len, batch_size, random_seed=random_seed)
    assert source.steps_per_epoch == samples / batch_size
    found = starts(source, length, 3 * samples)
    for epoch in range(3):
        assert sorted(found[epoch * samples : (epoch + 1) * samples]) == list(range(samples))


def test_order_depends_on_epoch_and_random_seed():
    first = starts(numbered(110, 10, 7), 110, 200)
    other = starts(numbered(110, 10, 7, random_seed=1), 110, 100)
    assert first[:100] != first[100:]
    assert first[:100] != other


@pytest.mark.parametrize("batches", ["windows", "streams"])
def test_last_target_is_the_next_character(batches):
    source = numbered(500, 10, 6, batches)
    for step in range(20):
        batch = source.batch(step)
        np.testing.assert_array_equal(batch.y, places(batch, 500)[:, -1] + 1)


@pytest.mark.parametrize("batches", ["windows", "streams"])
def test_targets_everywhere_are_the_window_shifted_by_one(batches):
    source = numbered(500, 10, 6, batches, "every")
    for step in range(20):
        batch = source.batch(step)
        np.testing.assert_array_equal(batch.y, places(batch, 500) + 1)


@given(st.integers(1, 20), st.integers(1, 300), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=60)
def test_end_to_end_windows_do_not_overlap_within_an_epoch(seq_len, more, batch_size, random_seed):
    length = seq_len + more
    source = numbered(length, seq_len, batch_size, "windows", "every", random_seed=random_seed)
    samples = (length - 1) // seq_len  # as many as fit, each with a next character
    assert source.steps_per_epoch == samples / batch_size
    found = starts(source, length, 3 * samples)
    for epoch in range(3):
        ordered = sorted(found[epoch * samples : (epoch + 1) * samples])
        assert ordered == list(range(ordered[0], ordered[0] + samples * seq_len, seq_len))


def test_origin_of_end_to_end_windows_takes_every_offset():
    # 99 characters to start from, nine windows of ten: the origin is one of 0 ... 9.
    source = numbered(100, 10, 9, "windows", "every")
    origins = [int(places(source.batch(step), 100).min()) for step in range(200)]
    assert set(origins) == set(range(10))


def test_windows_start_from_the_zero_state():
    for targets in ("last", "every"):
        batch = numbered(100, 10, 4, "windows", targets).batch(5)
        assert batch.kept.tolist() == [[0.0]] * 4


@given(st.integers(1, 12), st.integers(1, 7), st.integers(0, 200), st.integers(0, 99))
@settings(max_examples=60)
def test_streams_are_contiguous_within_an_epoch(seq_len, batch_size, more, random_seed):
    length = seq_len * batch_size + 1 + more
    source = numbered(length, seq_len, batch_size, "streams", "every", random_seed=random_seed, state_reset=0)
    steps = (length - 1) // (seq_len * batch_size)
    assert source.steps_per_epoch == steps
    for epoch in range(2):
        read = [source.batch(epoch * steps + place) for place in range(steps)]
        whole = np.concatenate([places(batch, length) for batch in read], axis=1)
        np.testing.assert_array_equal(whole, whole[:, :1] + np.arange(steps * seq_len))
        # The rows adjoin without a gap, so no character is read twice in an epoch.
        np.testing.assert_array_equal(whole.ravel(), whole[0, 0] + np.arange(whole.size))
        assert [batch.kept.tolist() for batch in read] == [[[float(place > 0)]] * batch_size for place in range(steps)]


def test_origin_of_streams_takes_every_offset():
    # 107 characters to start from, streams take 100 of them: the origin is one of 0 ... 7.
    source = numbered(108, 10, 5, "streams", "every")
    origins = [int(places(source.batch(step), 108)[0, 0]) for step in range(0, 300, 2)]
    assert set(origins) == set(range(8))


def test_streams_are_reset_with_the_given_probability():
    source = numbered(20_001, 10, 20, "streams", state_reset=0.3)
    kept = np.concatenate([source.batch(step).kept for step in range(1, 100)])
    assert set(kept.ravel()) == {0.0, 1.0}
    assert kept.mean() == pytest.approx(0.7, abs=0.05)
    assert len({tuple(source.batch(step).kept.ravel()) for step in range(1, 30)}) > 20


@pytest.mark.parametrize(("state_reset", "kept"), [(0.0, 1.0), (1.0, 0.0)])
def test_streams_are_never_or_always_reset(state_reset, kept):
    source = numbered(2001, 10, 20, "streams", state_reset=state_reset)
    assert all((source.batch(step).kept == kept).all() for step in range(1, 10))


@pytest.mark.parametrize("batches", ["windows", "streams"])
@pytest.mark.parametrize("targets", ["last", "every"])
def test_a_batch_depends_only_on_its_number(batches, targets):
    def make() -> BatchSource:
        return numbered(1000, 10, 8, batches, targets, random_seed=3, state_reset=0.5)

    one, other, steps = make(), make(), [0, 1, 12, 13, 200, 10**9]
    forwards = [one.batch(step) for step in steps]
    backwards = [other.batch(step) for step in reversed(steps)][::-1]
    for first, second in zip(forwards, backwards, strict=True):
        for a, b in zip(first, second, strict=True):
            np.testing.assert_array_equal(a, b)


def test_another_random_seed_resets_other_streams():
    def resets(random_seed: int) -> list[float]:
        source = numbered(20_001, 10, 20, "streams", state_reset=0.5, random_seed=random_seed)
        return source.batch(1).kept.ravel().tolist()

    assert resets(1) == resets(1) != resets(2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize(("targets", "y_shape"), [("last", (4,)), ("every", (4, 5))])
def test_shapes_and_types_do_not_depend_on_the_id_type(dtype, targets, y_shape):
    ids = np.random.default_rng(0).integers(0, 200, 300).astype(dtype)
    model = ModelConfig(vocabulary_size=200, seq_len=5, targets=targets)
    batch = batch_source(ids, model, TrainingConfig(batches="windows", batch_size=4)).batch(3)
    assert [part.shape for part in batch] == [(4, 5, 1), y_shape, (4, 1)]
    assert [part.dtype for part in batch] == [np.float32, np.int32, np.float32]
    reference = batch_source(ids.astype(np.uint32), model, TrainingConfig(batches="windows", batch_size=4)).batch(3)
    np.testing.assert_array_equal(batch.x, reference.x)
    np.testing.assert_array_equal(batch.y, reference.y)


def test_batches_do_not_modify_the_text():
    ids = np.arange(100, dtype=np.uint8)
    ids.flags.writeable = False
    model = ModelConfig(vocabulary_size=100, seq_len=5)
    for batches in ("windows", "streams"):
        batch = batch_source(ids, model, TrainingConfig(batches=batches, batch_size=3)).batch(0)
        assert not np.shares_memory(batch.y, ids)
        batch.x[:] = 0


@pytest.mark.parametrize(("batches", "kind"), [("windows", WindowBatches), ("streams", StreamBatches)])
def test_batch_kind_follows_the_setting(batches, kind):
    assert isinstance(numbered(1000, 10, 8, batches), kind)


@pytest.mark.parametrize(
    ("make", "has", "needs"),
    [
        (lambda: numbered(40, 10, 4, "streams"), 40, 41),
        (lambda: numbered(2, 100, 32, "streams"), 2, 3201),
        (lambda: numbered(10, 10, 4, "windows"), 10, 11),
        (lambda: numbered(10, 10, 4, "windows", "every"), 10, 11),
    ],
)
def test_a_text_too_short_for_one_batch_is_refused(make: Callable[[], BatchSource], has: int, needs: int):
    with pytest.raises(CorpusError) as error:
        make()
    sentence = str(error.value)
    assert f"has {has} characters to train on" in sentence
    assert f"need {needs:,};" in sentence
    assert "give a longer text" in sentence
    assert "lower `" in sentence


@pytest.mark.parametrize(
    ("length", "seq_len", "batch_size", "said"),
    [
        (
            10,
            16,
            1,
            "10 characters to train on, but 1 stream of windows of 16 needs 17; give a longer text, or lower `seq_len`",
        ),
        (
            10,
            1,
            10,
            "10 characters to train on, but 10 streams of windows of 1 need 11; give a longer text, or lower `batch_size`",
        ),
        (10, 4, 4, "but 4 streams of windows of 4 need 17; give a longer text, or lower `batch_size` or `seq_len`"),
        (10, 16, 12, "but 12 streams of windows of 16 need 193; give a longer text, or lower `batch_size` and `seq_len`"),
        (1, 4, 4, "has 1 character to train on, but 4 streams of windows of 4 need 17; give a longer text"),
    ],
)
def test_the_advice_for_a_short_text_is_what_can_help(length, seq_len, batch_size, said):
    with pytest.raises(CorpusError) as error:
        numbered(length, seq_len, batch_size, "streams")
    assert str(error.value).endswith(said)


@pytest.mark.parametrize(("length", "batches", "rows"), [(41, "streams", 4), (11, "windows", 1)])
@pytest.mark.parametrize("targets", ["last", "every"])
def test_a_text_of_the_minimum_length_is_accepted(length, batches, rows, targets):
    source = numbered(length, 10, 4, batches, targets)
    for step in range(3):
        assert set(places(source.batch(step), length)[:, 0].tolist()) == {10 * row for row in range(rows)}


@pytest.mark.parametrize("batches", ["streams", "windows"])
def test_one_left_over_character_gives_two_origins(batches):
    ids = np.arange(14, dtype=np.uint8)
    model = ModelConfig(vocabulary_size=14, seq_len=6 if batches == "streams" else 12, targets="every")
    training = TrainingConfig(batches=batches, batch_size=2 if batches == "streams" else 1)
    source = batch_source(ids, model, training)
    steps = round(source.steps_per_epoch)
    origins = {int(denormalise(source.batch(epoch * steps).x, 14)[0, 0]) for epoch in range(30)}
    assert origins == {0, 1}


@pytest.mark.parametrize("targets", ["last", "every"])
@pytest.mark.parametrize("batches", ["windows", "streams"])
def test_rare_characters_are_the_placeholder_in_windows_and_targets(targets, batches):
    ids = np.random.default_rng(0).integers(0, 9, 400).astype(np.uint32)
    strange = np.where(ids == 8, 1_000_000 + np.arange(400), ids)
    model = ModelConfig(vocabulary_size=9, seq_len=7, targets=targets)
    training = TrainingConfig(batches=batches, batch_size=5)
    for ours, theirs in zip(*(batch_source(each, model, training).batch(3) for each in (ids, strange)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
