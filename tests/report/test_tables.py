"""Tests of the tables of a comparison."""

import pytest

from charlstm.report.records import comparison_result
from charlstm.report.tables import distinct_cell, numbers_table, sample_phrase, windows_table
from charlstm.results.scores import CountsRecord
from tests.evaluation.conftest import compared
from tests.report.conftest import typed


def rows(table) -> dict[str, list[str]]:
    return {label: cells for label, *cells in table[1]}


def test_numbers_by_mode_and_of_the_evaluation_text(record):
    table = numbers_table(typed(record))
    assert table[0] == ["stateless", "stateful", "measured text"]
    shown, modes = rows(table), record["modes"]
    assert shown["nats per character"][1] == f"{modes['stateful']['nats_per_char']:.4f}"
    assert shown["bits per character"][0].startswith(f"{modes['stateless']['bits_per_char']:.4f} ± 0.")
    assert shown["characters per second"] == ["1,000", "1,000", "–"]  # the clock advances a millisecond per call
    assert shown["milliseconds to the first"][:2] == ["1.0", "1.0"]
    assert shown["LSTM cell steps per character"] == ["6.0", "1.0", "–"]
    assert shown["memory of the state"] == ["432 B", "72 B", "–"]
    assert shown["distinct 4-grams"][2] == f"{record['measured']['beginning']['distinct_4_grams']:.1%}"
    assert shown["new substrings of 8"] == ["100%", "100%", "100%"]
    assert shown["longest copied passage"][1] == f"{modes['stateful']['longest_copy']['characters']} characters"


def test_loop_is_shown_with_period_and_position(record):
    record["modes"]["stateful"]["loop"] = {"period": 7, "start": 119}
    assert rows(numbers_table(typed(record)))["loop"][:2] == ["none", "7 characters, from 120"]


def test_unmeasured_rows_are_left_out(make_network):
    table = numbers_table(comparison_result("tale", compared(make_network(), measured=False, learnt=False)))
    assert table[0] == ["stateless", "stateful"]
    assert rows(table)["bits per character"] == ["–", "–"]
    assert not any("new" in label or "copied" in label for label in rows(table))


def test_sweep_has_a_row_per_window_and_a_stateful_one(record, make_network):
    table = windows_table(typed(record))
    assert [row[0] for row in table[1]] == ["window of 3", "window of 6", "window of 9", "stateful"]
    assert rows(table)["window of 3"][0].startswith(f"{record['contexts']['3']['bits_per_char']:.4f} ± ")
    assert rows(table)["window of 3"][2] == "3.0"
    assert windows_table(comparison_result("tale", compared(make_network()))) is None


@pytest.mark.parametrize(("characters", "shown"), [(0, "–"), (3, "–"), (4, "100.0%")])
def test_short_text_has_no_distinct_4_grams(characters, shown):
    counts = CountsRecord(characters_counted=characters, distinct_4_grams=1.0, loop=None, new=None, longest_copy=None)
    assert distinct_cell(counts) == shown


@pytest.mark.parametrize(
    ("sample", "characters", "said"),
    [(1, 2, "at all 1 place"), (99, 100, "at all 99 places"), (98, 100, "at 98 places drawn at random")],
)
def test_positions_are_called_random_only_for_a_sample(sample, characters, said):
    assert sample_phrase(sample, characters) == said
