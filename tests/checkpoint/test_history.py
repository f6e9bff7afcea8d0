"""Round trips of the history; a damaged one is refused, except for a truncated last line."""

import json

import pytest

from charlstm.checkpoint.history import HISTORY, best_score, read_history, write_history
from tests.checkpoint.damage import DEEP, VALUES, with_value


def test_best_score_is_the_last_one_marked(evaluation):
    history = [evaluation(step=1), evaluation(step=2), evaluation(step=3, best=False)]
    assert best_score(history) is history[1]
    assert best_score(history[2:]) is None
    assert best_score([]) is None


def test_history_has_a_line_per_evaluation(tmp_path, evaluation):
    lines = [evaluation(step=step, best=step % 2 == 0, nats_per_char=None if step == 3 else 2.0) for step in range(5)]
    write_history(tmp_path, [evaluation(step=99)] * 7)
    write_history(tmp_path, lines)
    assert read_history(tmp_path) == lines
    assert [json.loads(line)["step"] for line in (tmp_path / HISTORY).read_text().splitlines()] == [0, 1, 2, 3, 4]


def test_missing_history_reads_as_empty(tmp_path):
    assert read_history(tmp_path) == []
    write_history(tmp_path, [])
    assert read_history(tmp_path) == []


def test_truncated_last_line_is_ignored(tmp_path, evaluation):
    write_history(tmp_path, [evaluation(step=1), evaluation(step=2)])
    path = tmp_path / HISTORY
    content = path.read_bytes()
    second = content.index(b"\n") + 1
    for length in range(second, len(content)):
        path.write_bytes(content[:length])
        assert [line.step for line in read_history(tmp_path)] == [1]


@pytest.mark.parametrize(
    "line", [b"", b"5", b"null", b"[]", b"{}", b'[["step", 1]]', b'{"step": 1}', b"\xff", b"{", DEEP, b"9" * 5000, b'"step"']
)
@pytest.mark.parametrize("first", [False, True])
def test_damaged_line_is_refused(refusal, folder, line, first):
    intact = (folder / HISTORY).read_bytes()
    (folder / HISTORY).write_bytes(line + b"\n" + intact if first else intact + line + b"\n")
    sentence = refusal(lambda: read_history(folder), folder / HISTORY)
    assert "is damaged: a line is not an evaluation; delete the file to use the model without its history" in sentence


VALID = {"step": [0], "seconds": [0, -1, 1.5], "nats_per_char": [None, 0, -1, 1.5], "best": [True], "surprise": []}
"""The values of :data:`VALUES` that a field may have; ``surprise`` is not a field."""


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:12])
@pytest.mark.parametrize("name", VALID)
def test_field_is_read_or_refused(refusal, folder, name, value):
    line = (folder / HISTORY).read_bytes().splitlines()[0]
    (folder / HISTORY).write_bytes(with_value(line, (name,), value) + b"\n")
    if (type(value), value) in [(type(valid), valid) for valid in VALID[name]]:
        assert getattr(read_history(folder)[0], name) == value
    else:
        assert "is damaged: a line is not an evaluation" in refusal(lambda: read_history(folder), folder / HISTORY)
