"""Names of checkpoints: valid ones, and those derived from file names."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charlstm.checkpoint.folder import available_names, check_name, check_new
from charlstm.errors import CheckpointError
from tests.checkpoint.conftest import create

GOOD = ["a", "ferry-2", "Война_и_мир", "渡口一年", "v1.2", "9", "x" * 200, "con-man", "nulls", "two words"]


BAD = ["", ".", "..", ".hidden", "-rf", " a", "a ", "a.", "a/b", "/a", "a\\b", "C:", "a*", "a?", 'a"', "<a>", "a|b", "a\n"]


@pytest.mark.parametrize("name", GOOD, ids=ascii)
def test_valid_name_is_used_unchanged(tmp_path, name):
    assert check_name(name) == name
    assert create(tmp_path, name).name == name
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "name", [*BAD, "\x7f", "\u202efoo", "a\u2028b", "\ufeffa", "\x9b31m", "a\0", "x" * 201, "渡" * 67], ids=ascii
)
def test_name_invalid_on_any_system_is_refused(tmp_path, name):
    for attempt in (lambda: check_name(name), lambda: check_new(tmp_path, name), lambda: create(tmp_path, name)):
        with pytest.raises(CheckpointError) as error:
            attempt()
        assert str(error.value).startswith(f"{name!r} cannot name a checkpoint; use letters")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["CON", "con", "nul", "Aux", "PRN", "com1", "LPT9", "nul.txt", "con.a.b"])
def test_name_of_a_windows_device_is_refused(name):
    with pytest.raises(CheckpointError, match="cannot name a checkpoint"):
        check_name(name)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("novel", "novel"),
        ("my novel, part 1", "my-novel-part-1"),
        ("../../etc/passwd", "etc-passwd"),
        ("--draft--", "draft"),
        (".config", "config"),
        ("渡口一年", "渡口一年"),
        ("", "model"),
        ("...", "model"),
        ("con", "con-model"),
        ("caf\udce9", "caf"),
        ("a" * 100, "a" * 100),
        ("a" * 101, "a" * 100),
        ("é" * 51, "é" * 50),
        ("渡" * 34, "渡" * 33),  # 99 bytes, because a character takes 3
        ("a" + "é" * 50, "a" + "é" * 49),
    ],
    ids=ascii,
)
def test_default_name_is_derived_from_the_file_name(tmp_path, stem, name):
    assert next(available_names(tmp_path, stem)) == name


def test_used_name_gets_a_number(tmp_path, make):
    for expected in ["story", "story-2", "story-3"]:
        assert next(available_names(tmp_path, "story")) == expected
        make(expected)
    (tmp_path / "story-4").write_text("a file uses a name too")
    assert next(available_names(tmp_path, "story")) == "story-5"


@given(st.text())
@example("\U00020000" * 60)
@example("nul")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_default_name_is_valid(tmp_path, stem):
    assert check_name(next(available_names(tmp_path, stem)))
