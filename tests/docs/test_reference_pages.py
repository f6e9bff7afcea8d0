"""The pages of the reference that are made from the help of the commands and from docstrings."""

import re

import pytest

import charlstm
from docs.reference_pages import FOLDER, commands_page, python_page


@pytest.mark.parametrize(("page", "make"), [("commands.md", commands_page), ("python.md", python_page)])
def test_page_is_up_to_date(page, make):
    assert (FOLDER / page).read_text(encoding="utf-8") == make(), "run `make reference`"


def test_every_public_name_has_a_section_with_text():
    sections = dict(re.findall(r"^## charlstm\.(\w+)\n(.*?)(?=^## |\Z)", python_page(), re.MULTILINE | re.DOTALL))
    assert list(sections) == charlstm.__all__
    assert all(len(section.split()) > 10 for section in sections.values())


def test_every_argument_of_a_function_is_described():
    for heading in ("charlstm.load", "charlstm.train", "charlstm.compare", "charlstm.read_corpus"):
        section = python_page().partition(f"## {heading}\n")[2].partition("\n## ")[0]
        signature, text = re.findall(r"```python\n(.*?)```(.*)", section, re.DOTALL)[0]
        names = re.findall(r"[(, ](\w+): ", signature)
        assert names
        assert all(f"- `{name}`: " in text or f"- `**{name}`: " in text for name in names), heading
