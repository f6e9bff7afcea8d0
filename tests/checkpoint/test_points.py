"""Round trips of the training curves; damage is refused, except for a truncated last line."""

import json

import msgspec
import pytest

from charlstm.checkpoint.points import MOST, POINTS, TrainingCurves, read_points, write_points
from charlstm.checkpoint.state_files import read_state
from tests.checkpoint.damage import DEEP, VALUES, with_value


def test_header_and_points_are_lines_of_json(folder, state):
    header, line = map(json.loads, (folder / POINTS).read_text().splitlines())
    assert header == {"every": 20, "unigram_nats_per_char": 3.1, "notes": ["why"]}
    assert line == msgspec.structs.asdict(state.curves.points[0])
    assert read_points(folder) == state.curves


def test_a_state_has_the_curves_and_the_open_point(tmp_path, config, state, folder):
    assert read_state(folder, config).curves == state.curves


def test_missing_points_read_as_none(tmp_path):
    assert read_points(tmp_path) == TrainingCurves()


def test_truncated_last_line_is_ignored(folder, state):
    curves = msgspec.structs.replace(state.curves, points=state.curves.points * 2)
    write_points(folder, curves)
    content = (folder / POINTS).read_bytes()
    for length in range(content.rindex(b"\n", 0, -1) + 1, len(content)):
        (folder / POINTS).write_bytes(content[:length])
        assert read_points(folder) == state.curves


LINES = [b"5", b"null", b"[]", b"{}", b'{"step": 1}', b"\xff", b"{", DEEP, b"9" * 5000, b'"step"']


@pytest.mark.parametrize("line", LINES, ids=lambda line: ascii(line)[:12])
@pytest.mark.parametrize("first", [False, True])
def test_damaged_line_is_refused(refusal, folder, line, first):
    if first and line == b"{}":
        return  # a header whose values are the default ones
    header, rest = (folder / POINTS).read_bytes().split(b"\n", 1)
    (folder / POINTS).write_bytes(line + b"\n" + rest if first else header + b"\n" + rest + line + b"\n")
    sentence = refusal(lambda: read_points(folder), folder / POINTS)
    assert "is damaged: a line is not a point of a training curve; delete the file to do without its curves" in sentence


VALID = {"step": [0], "seconds": [0, -1, 1.5], "gradient_norm": [None, 0, 1.5], "surprise": []}
"""The values of :data:`VALUES` that a field may have; ``surprise`` is not a field."""


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:12])
@pytest.mark.parametrize("name", VALID)
def test_field_is_read_or_refused(refusal, folder, name, value):
    header, line = (folder / POINTS).read_bytes().splitlines()
    (folder / POINTS).write_bytes(header + b"\n" + with_value(line, (name,), value) + b"\n")
    if (type(value), value) in [(type(valid), valid) for valid in VALID[name]]:
        assert getattr(read_points(folder).points[0], name) == value
    else:
        assert "is damaged: a line is not a point" in refusal(lambda: read_points(folder), folder / POINTS)


def test_more_points_than_are_ever_written_are_refused(refusal, folder, state):
    write_points(folder, msgspec.structs.replace(state.curves, points=state.curves.points * (MOST + 1)))
    assert "is damaged" in refusal(lambda: read_points(folder), folder / POINTS)


@pytest.mark.parametrize("flaw", ["link", "folder", "huge"])
def test_only_an_ordinary_file_of_bounded_size_is_read(refusal, folder, flaw):
    (folder / POINTS).unlink()
    if flaw == "link":
        (folder / POINTS).symlink_to("/etc/passwd")
    elif flaw == "folder":
        (folder / POINTS).mkdir()
    else:
        with (folder / POINTS).open("wb") as file:
            file.truncate(1 << 40)
    refusal(lambda: read_points(folder), folder / POINTS)
