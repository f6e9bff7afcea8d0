"""Bounded reading of JSON files."""

import pytest

from charlstm.checkpoint.config_file import CONFIG, read_config
from charlstm.checkpoint.history import HISTORY, read_history
from charlstm.checkpoint.json_files import parse_json


@pytest.mark.parametrize(("name", "read"), [(CONFIG, read_config), (HISTORY, read_history)], ids=[CONFIG, HISTORY])
def test_file_of_a_terabyte_is_refused_unread(refusal, folder, name, read):
    with (folder / name).open("ab") as file:
        file.truncate(1 << 40)
    assert "has 1,099,511,627,776 bytes; expected at most 16,777,216" in refusal(lambda: read(folder), folder / name)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_lacks_are_refused(constant):
    with pytest.raises(ValueError, match=f"^{constant} is not valid JSON$"):
        parse_json(f'{{"a": [1, {constant}]}}')
