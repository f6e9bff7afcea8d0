"""Texts as messages show them."""

import unicodedata

import pytest

from charlstm.errors import excerpt

CASES = {
    "": '""',
    "The ferry": '"The ferry"',
    "\n\n  The\n  ferry \n": '"The ferry"',
    "\u3000\u3000渡口\u3000一年": '"渡口 一年"',
    "non\u00a0breaking \u2009 blanks": '"non breaking blanks"',
    "\ta\rb\x0bc\x85": r'"\ta\rb\x0bc\x85"',
    "\x1b[31mred\x9b\x00": r'"\x1b[31mred\x9b\x00"',
    "\u202eback\u2066\u2028\ufeff": r'"\u202eback\u2066\u2028\ufeff"',
    "\udce9": r'"\udce9"',
    "👩\u200d👧 می\u200cروم": '"👩\u200d👧 می\u200cروم"',
    "e\u0301a": '"e\u0301a"',
}


@pytest.mark.parametrize(("text", "shown"), CASES.items(), ids=ascii)
def test_excerpt_is_one_line_without_control_characters(text, shown):
    assert excerpt(text, 80) == shown


@pytest.mark.parametrize("columns", [8, 9, 40, 67])
@pytest.mark.parametrize("text", ["The ferry crosses at six. ", "渡口一年", "a渡", "e\u0301\u0302", "\x1b[31m"], ids=ascii)
def test_long_excerpt_is_cut_to_the_columns(text, columns):
    shown = excerpt(text * 100, columns)
    width = sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) == "W" else 1
        for character in shown
    )
    assert columns - 4 <= width <= columns
    assert shown.endswith('…"')
