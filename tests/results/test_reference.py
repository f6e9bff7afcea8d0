"""Tests of docs/reference/json.md, which is made from the types of the results."""

import re
from pathlib import Path

import msgspec
import pytest

from charlstm.results.commands import RESULTS
from charlstm.results.json_record import JsonRecord
from charlstm.results.reference import attributes, json_page

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "json.md"


def records(kind: type = JsonRecord) -> list[type[JsonRecord]]:
    return [found for each in kind.__subclasses__() for found in (each, *records(each))]


def test_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == json_page(), "run `make reference`"


@pytest.mark.parametrize("record", records(), ids=lambda record: record.__name__)
def test_every_field_is_documented(record):
    assert list(attributes(record)) == list(record.__struct_fields__)
    assert all(meaning.endswith((".", "`).")) for meaning in attributes(record).values())


@pytest.mark.parametrize("command", RESULTS)
def test_every_key_is_on_the_page_and_in_the_schema(command):
    schema = msgspec.json.schema(RESULTS[command])
    page = json_page()
    for definition in schema["$defs"].values():
        assert all(f"| `{key}` |" in page for key in definition["properties"])


def test_links_lead_to_a_heading():
    page = json_page()
    headings = {heading.lower() for heading in re.findall(r"^### (\w+)$", page, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", page)) == headings
