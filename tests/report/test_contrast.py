"""Tests that text is readable on all colours of the pages, by the contrast ratio of WCAG 2."""

import re
from pathlib import Path

import pytest

import charlstm

BASE = (Path(charlstm.__file__).parent / "report" / "pages" / "base.html").read_text(encoding="utf-8")
BLOCKS = re.findall(r":root \{(.*?)\}", BASE, re.DOTALL)
MODES = dict(zip(("light", "dark", "print"), BLOCKS, strict=True))


def colour(mode: str, name: str) -> tuple[float, ...]:
    value = re.search(rf"--{name}: ([^;}}]*)", MODES[mode])[1].strip()
    if value.startswith("#"):
        digits = value[1:] if len(value) == 7 else "".join(2 * digit for digit in value[1:])
        return tuple(int(digits[place : place + 2], 16) for place in (0, 2, 4))
    return tuple(map(float, value.split()))


def luminance(rgb: tuple[float, ...]) -> float:
    linear = [v / 12.92 if (v := channel / 255) <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for channel in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_formula_gives_published_values():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shade", ["above", "below"])
def test_text_on_every_shade_is_readable(mode, shade):
    ink, paper, full = (colour(mode, name) for name in ("ink", "paper", shade))
    for share in range(101):
        behind = tuple(share / 100 * a + (1 - share / 100) * b for a, b in zip(full, paper, strict=True))
        assert contrast(ink, behind) >= 4.5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["ink", "faint", "stateless", "stateful"])
def test_text_on_the_background_is_readable(mode, name):
    assert contrast(colour(mode, name), colour(mode, "paper")) >= 4.5
