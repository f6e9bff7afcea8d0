"""Tests of the ids of prepared corpora against arrays of the same ids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.errors import CorpusError
from charlstm.text import prepared_ids
from charlstm.text.frequencies import occurrences
from charlstm.text.prepared_ids import CorpusSummary, PreparedIds

NO_HASHES = (np.empty(0, np.uint64), np.empty(0, np.int64))


def both(stored, table) -> tuple[PreparedIds, np.ndarray]:
    """Return ids of a prepared corpus, and an array of the same ids."""
    stored, table = np.array(stored, np.uint8), np.array(table, np.uint16)
    summary = CorpusSummary(np.bincount(stored, minlength=len(table)), *NO_HASHES, complete=True)
    return PreparedIds(stored, table, summary), table[stored]


IDS, ARRAY = both([0, 1, 2, 0, 3, 3, 1, 0, 2, 2], [7, 5, 0, 9])


@pytest.mark.parametrize(
    "index",
    [
        slice(2, 7), slice(None), slice(-3, None), slice(5, 2), slice(0, 99), 4, -1, slice(None, None, 2),
        slice(None, None, -1), np.array([[1, 2], [3, 0]]), np.arange(10) % 3 == 0, (None, slice(2, 5)), np.array([], int),
    ],
    ids=str,
)  # fmt: skip
def test_an_index_reads_what_it_reads_from_an_array(index):
    assert np.array_equal(IDS[index], ARRAY[index])
    assert len(IDS[2:9][1:-1]) == len(ARRAY[2:9][1:-1])
    assert np.array_equal(IDS[2:9][1:-1], ARRAY[2:9][1:-1])


def test_its_measures_are_those_of_an_array():
    assert (len(IDS), IDS.shape, IDS.dtype, IDS.itemsize, IDS.ndim) == (10, (10,), np.uint16, 2, 1)
    assert IDS.nbytes == 10
    assert IDS.size == np.size(IDS) == ARRAY.size
    assert IDS[2:5].size == 3


def test_its_values_are_read_as_those_of_an_array():
    assert IDS[1:8].tolist() == ARRAY[1:8].tolist()
    copy = IDS.copy()
    copy[:] = 1
    assert isinstance(copy, np.ndarray)
    assert IDS.tolist() == ARRAY.tolist()
    assert repr(IDS) == "<10 uint16 ids in the file of a prepared corpus>"


def test_extremes_are_those_of_an_array_and_are_read_in_blocks(monkeypatch):
    monkeypatch.setattr(prepared_ids, "_BLOCK", 3)
    for part in (slice(None), slice(2, 3), slice(1, 8)):
        prepared, array = IDS[part], ARRAY[part]
        assert (prepared.max(), prepared.min()) == (array.max(), array.min())
        assert (np.max(prepared), np.min(prepared, axis=0)) == (array.max(), array.min())
        assert np.max(prepared, initial=1, where=array < 9) == np.max(array, initial=1, where=array < 9)
    assert IDS.max().dtype == np.uint16
    out = np.empty((), np.uint16)
    assert np.min(IDS, out=out) is out
    assert out == 0
    with pytest.raises(ValueError, match="zero-size array"):
        IDS[:0].max()
    read = []
    monkeypatch.setattr(PreparedIds, "_check", lambda self, stored: read.append(np.size(stored)))
    IDS.max()
    assert read == [3, 3, 3, 1]


def test_operators_and_functions_read_it():
    assert (IDS >= 7).tolist() == (ARRAY >= 7).tolist()
    assert np.minimum(IDS, 5).tolist() == np.minimum(ARRAY, 5).tolist()
    assert IDS.astype(np.int32).dtype == np.int32
    assert np.asarray(IDS, np.intp).tolist() == ARRAY.tolist()
    assert np.flatnonzero(IDS[3:] == 7).tolist() == np.flatnonzero(ARRAY[3:] == 7).tolist()


def test_slices_read_nothing_and_translations_are_composed():
    translated = IDS[2:8].translated(np.arange(100, 110, dtype=np.uint32))
    assert isinstance(translated, PreparedIds)
    assert np.array_equal(translated, ARRAY[2:8] + 100)
    assert np.asarray(translated).dtype == np.uint32


@given(st.lists(st.integers(0, 4), min_size=1, max_size=50), st.integers(0, 50), st.integers(0, 50))
def test_occurrences_are_those_of_an_array(stored, start, stop):
    prepared, array = both(stored, [3, 1, 4, 0, 2])
    for size in (3, 5, 9):
        assert occurrences(prepared[start:stop], size).tolist() == occurrences(array[start:stop], size).tolist()


def test_an_id_without_a_character_is_reported():
    summary = CorpusSummary(np.array([2, 2]), *NO_HASHES, complete=True)
    ids = PreparedIds(np.array([0, 1, 0, 1, 7], np.uint8), np.array([0, 1], np.uint8), summary)
    assert ids[:2].astype(int).tolist() == [0, 1]
    for read in (
        lambda: ids[4],
        lambda: ids[np.array([4])],
        lambda: np.asarray(ids),
        ids[3:].stored_counts,
        ids[:4].stored_counts,
    ):
        with pytest.raises(CorpusError, match="the prepared corpus is damaged"):
            read()
