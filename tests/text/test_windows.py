"""Tests of windows as views, and of exact normalisation."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from charlstm.errors import CorpusError
from charlstm.text.corpus import read_corpus
from charlstm.text.vocabulary import id_dtype
from charlstm.text.windows import denormalise, model_ids, normalise, split, windows


@pytest.mark.parametrize(("length", "seq_len"), [(2, 1), (11, 10), (12, 10), (50, 7)])
def test_every_window_with_a_next_character_is_included(length, seq_len):
    ids = np.random.default_rng(0).integers(0, 9, length).astype(np.uint8)
    expected = [ids[start : start + seq_len].tolist() for start in range(length - seq_len)]
    assert windows(ids, seq_len).tolist() == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_windows_are_views(dtype):
    ids = np.arange(200, dtype=dtype)
    cut = windows(ids, 100)
    assert cut.dtype == dtype
    assert np.shares_memory(cut, ids)
    assert cut.strides == (ids.itemsize, ids.itemsize)
    ids[42] = 7
    assert cut[42, 0] == cut[0, 42] == 7


def test_windows_of_a_mapped_text_are_views_too(tmp_path):
    ids = np.memmap(tmp_path / "ids", np.uint8, "w+", shape=(50,))
    assert np.shares_memory(windows(ids, 5), ids)


@pytest.mark.parametrize(("length", "seq_len"), [(0, 1), (1, 1), (10, 10), (3, 100)])
def test_a_text_too_short_for_one_window_is_refused(length, seq_len):
    with pytest.raises(CorpusError) as error:
        windows(np.zeros(length, np.uint8), seq_len)
    sentence = str(error.value)
    assert f"has {length} character{'s' * (length != 1)} to train on" in sentence
    assert f"need {seq_len + 1};" in sentence
    assert ("lower `seq_len`" in sentence) == (length > 1)  # no window helps a text without a next character


def test_the_shape_is_samples_by_window_by_one():
    x = normalise(windows(np.arange(20, dtype=np.uint8), 6), 20)
    assert (x.shape, x.dtype) == ((14, 6, 1), np.float32)


@pytest.mark.parametrize("size", [2, 3, 256, 257, 65_537, 1_114_112])
def test_normalised_value_is_the_id_over_the_size_rounded_once(size):
    ids = np.unique(np.random.default_rng(0).integers(0, size, 200)).astype(id_dtype(size))
    x = normalise(ids, size)[..., 0]
    for number, id_ in zip(x.tolist(), ids.tolist(), strict=True):
        error = abs(Fraction(number) - Fraction(id_, size))
        assert error <= Fraction(float(np.spacing(np.float32(number)))) / 2
        assert 0 <= number < 1


SIZES = [2, 3, 5, 7, 10, 49, 96, 100, 255, 256, 257, 1000, 4093, 65_535, 65_536, 65_537, 99_991, 524_287, 524_288, 999_983]


@pytest.mark.parametrize("size", [*SIZES, 1_048_575, 1_048_577, 1_114_111, 1_114_112])
def test_denormalise_inverts_normalise(size):
    ids = np.arange(size, dtype=id_dtype(size))
    np.testing.assert_array_equal(denormalise(normalise(ids, size), size), ids)


@given(st.integers(2, 1_114_112))
@settings(max_examples=60)
def test_denormalise_inverts_normalise_for_any_size(size):
    ids = np.arange(size, dtype=id_dtype(size))
    np.testing.assert_array_equal(denormalise(normalise(ids, size), size), ids)


def test_rounding_x_times_v_gives_the_id():
    # Computed in float32 throughout, as any framework would.
    ids = np.arange(1_114_112, dtype=np.uint32)
    product = normalise(ids, 1_114_112)[..., 0] * np.float32(1_114_112)
    assert product.dtype == np.float32
    np.testing.assert_array_equal(np.round(product), ids)


@given(st.integers(0, 3000), st.floats(0, 0.9))
def test_the_held_out_tail_is_the_rest_of_the_text(length, share):
    ids = np.arange(length, dtype=np.uint16)
    learnt, held_out = split(ids, share)
    assert len(held_out) == round(length * share)
    assert np.concatenate([learnt, held_out]).tolist() == list(range(length))


def test_both_parts_are_views():
    ids = np.arange(100, dtype=np.uint8)
    assert [len(part) for part in split(ids, 0.1)] == [90, 10]
    assert all(np.shares_memory(part, ids) for part in split(ids, 0.1))


def test_ids_beyond_the_vocabulary_become_the_last_id():
    ids = np.array([0, 5, 6, 7, 1_500_000], np.uint32)
    assert model_ids(ids, 7).tolist() == [0, 5, 6, 6, 6]
    np.testing.assert_array_equal(denormalise(normalise(ids, 7), 7), [0, 5, 6, 6, 6])
    assert model_ids(np.array([3], np.uint8), 70_000).tolist() == [3]


def test_windows_of_a_corpus_are_views_of_its_normalised_text(tmp_path):
    (tmp_path / "tale.txt").write_text("the quick brown fox " * 30)
    corpus = read_corpus(tmp_path / "tale.txt")
    x, y = corpus.windows(seq_len=12)
    n = len(corpus.ids)
    assert (x.shape, x.dtype, y.shape) == ((n - 12, 12, 1), np.float32, (n - 12,))
    assert np.shares_memory(x[0], x[5])
    np.testing.assert_array_equal(x[..., 0], sliding_window_view(corpus.ids[:-1] / np.float32(len(corpus.vocabulary)), 12))
    np.testing.assert_array_equal(y, corpus.ids[12:])
    assert corpus.vocabulary.decode(denormalise(x[7], len(corpus.vocabulary))) == ("the quick brown fox " * 30)[7:19]
    with pytest.raises(ValueError, match="read-only"):
        x[0, 0] = 1


@pytest.mark.parametrize("step", [1, 3, 1_000])
def test_windows_of_a_corpus_predict_one_or_every_character(tmp_path, step):
    (tmp_path / "tale.txt").write_text("the quick brown fox " * 30)
    corpus = read_corpus(tmp_path / "tale.txt")
    x, last = corpus.windows(10, step=step)
    again, every = corpus.windows(10, targets="every", step=step)
    np.testing.assert_array_equal(x, again)
    assert len(x) == len(last) == len(every) == -(-(len(corpus.ids) - 10) // step)
    np.testing.assert_array_equal(every[:, -1], last)
    np.testing.assert_array_equal(every[:, :-1], denormalise(x[:, 1:], len(corpus.vocabulary)))


def test_a_corpus_shorter_than_a_window_is_refused(tmp_path):
    (tmp_path / "tale.txt").write_text("abc")
    with pytest.raises(CorpusError, match="a window of 3 and its next character need 4"):
        read_corpus(tmp_path / "tale.txt").windows(3)
