"""Sketches of texts, and the share of a text that occurs in a sketched one, against sets of all runs."""

import re
import textwrap
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from charlstm.text import overlap as module
from charlstm.text.overlap import RUN, SKETCH_HASHES, containment, is_sketch, samples, sketch, smallest_hashes, trained_share
from charlstm.text.vocabulary import RareCharacters, Vocabulary

ROOT = Path(__file__).parents[2]
BOOK = (ROOT / "data" / "ferry-year.txt").read_text()[:250_845]  # the first volume
OTHER = (ROOT / "docs" / "results" / "recipes.md").read_text()


def random_text(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("abcdefg \n渡"), length))


@cache
def sketch_of(text: str) -> bytes:
    vocabulary = Vocabulary.of(text)
    return sketch(vocabulary.encode(text), vocabulary)


def samples_of(text: str) -> tuple[module.Hashes, module.Hashes]:
    vocabulary = Vocabulary.of(text)
    return samples(vocabulary.encode(text), vocabulary)


def sample_of(text: str) -> module.Hashes:
    return samples_of(text)[0]


@cache
def runs(text: str, folded: bool = True) -> set[str]:
    text = re.sub(r"\s+", " ", text) if folded else text
    return {text[start : start + RUN] for start in range(len(text) - RUN + 1)}


def hash_of(run: str) -> int:
    """Return the hash of a run, computed with Python's integers from the definition."""
    codes = [ord(character) for character in run]
    upper = sum(code * pow(0x915F77F5, RUN - 1 - place, 2**32) for place, code in enumerate(codes)) % 2**32
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        upper = (upper ^ upper >> shift) * factor % 2**32
    lower = sum(code * pow(0xD1342543DE82EF95, place + 1, 2**64) for place, code in enumerate(codes)) % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        lower = (lower ^ lower >> shift) * factor % 2**64
    return upper << 32 | lower >> 32


@pytest.mark.parametrize("length", [0, 1, RUN - 1, RUN, RUN + 1, 500, 3_000])
def test_sketch_holds_the_smallest_hashes_of_all_runs(length):
    text = random_text(length)
    expected = sorted({hash_of(run) for run in runs(text)})[:SKETCH_HASHES]
    found = sketch(Vocabulary("\n abcdefg渡").encode(text), Vocabulary("\n abcdefg渡"))
    assert np.frombuffer(found, "<u8").tolist() == expected
    assert is_sketch(found)
    as_it_is = smallest_hashes(Vocabulary("\n abcdefg渡").encode(text), Vocabulary("\n abcdefg渡"), folded=False)
    assert as_it_is.tolist() == sorted({hash_of(run) for run in runs(text, folded=False)})


def test_every_white_space_of_unicode_is_folded():
    spaces = "".join(chr(code) for code in range(0x110000) if chr(code).isspace() and not 0x1C <= code <= 0x1F)
    assert len(spaces) == 25
    for text in (A[:100] + spaces + A[100:], A.replace(" ", "\u3000").replace("\n", "\r\n\t"), *(A + each for each in spaces)):
        assert sketch_of(text.rstrip() + "x") == sketch_of(" ".join(text.split()) + "x")


@pytest.mark.parametrize("block", [1, 7, RUN, 1_000, 1_024, 4_999])
def test_borders_of_blocks_do_not_matter(monkeypatch, block):
    text = random_text(5_000) + "b" * 300
    expected = sketch_of(text)
    monkeypatch.setattr(module, "_BLOCK", block)
    assert sketch_of(text) == expected


def test_sketch_does_not_depend_on_the_vocabulary():
    text = random_text(5_000) + "é"
    rare = Vocabulary("\n abc", RareCharacters("defg", (1, 1, 1, 1)))  # neither é nor 渡 is listed
    for vocabulary in (Vocabulary.of(text + "xyz"), rare):
        assert sketch(vocabulary.encode_any(text), vocabulary) == sketch_of(text)


A, B = random_text(900, 1), random_text(900, 2)


@pytest.mark.parametrize(
    "other",
    [A, A[:450], A[200:700] + B[:500], B, B + A, A + A, A[:30], A[:31] + "xyz", "渡" * 99, ""],
    ids=len,
)
def test_share_is_exact_while_the_sketch_holds_all_runs(other):
    found = containment(sketch_of(A), sample_of(other))
    known, all_runs = runs(A), runs(other)
    assert (found.runs, found.matches) == (len(all_runs), len(all_runs & known))
    assert found.share == len(all_runs & known) / max(1, len(all_runs))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_share_is_estimated_from_a_full_sketch(share):
    long, new = random_text(60_000, 1), random_text(30_000, 2)
    other = long[20_000 : 20_000 + round(30_000 * share)] + new[round(30_000 * share) :]
    found = containment(sketch_of(long), sample_of(other))
    true = len(runs(long) & runs(other)) / len(runs(other))
    assert found.runs == pytest.approx(SKETCH_HASHES * len(runs(other)) / len(runs(long)), rel=0.2)
    assert found.share == pytest.approx(true, abs=4 * (true * (1 - true) / found.runs) ** 0.5)


def test_sample_of_a_long_text_suffices_for_a_short_sketched_text():
    found = containment(sketch_of(A), sample_of(A + random_text(40_000, 2)))
    assert found.runs == module.SAMPLE
    assert found.share == pytest.approx(len(runs(A)) / 40_000, rel=0.5)


SEEN = {
    "the whole": BOOK,
    "a half": BOOK[len(BOOK) // 2 :],
    "without two characters": BOOK[2:],
    "halves exchanged": BOOK[100_000:] + BOOK[:100_000],
    "a chapter": BOOK[150_000:170_000],
    "a chapter in a new text": OTHER + BOOK[150_000:170_000] + OTHER,
    "in lower case, the same between capitals": BOOK[:50_000].lower(),
    "after a new text": "\n".join(OTHER[::-1]) + BOOK,
    "in lines of 25 columns": textwrap.fill(BOOK[:60_000], 25),
    "in paragraphs on one line": re.sub(r"(?<!\n)\n(?!\n)", " ", BOOK[:60_000]),
    "with wide spaces": BOOK[:60_000].replace(" ", "   "),
}
UNSEEN = {
    "another text": OTHER,
    "in capitals": BOOK.upper(),
    "reversed": BOOK[::-1],
    "common phrases": "".join(BOOK[at : at + 24] + OTHER[at : at + 24] for at in range(0, 20_000, 24)),
    "one quotation": OTHER + BOOK[1_000:1_300] + OTHER,
    "shorter than a run": BOOK[:31],
}


@pytest.mark.parametrize("text", SEEN.values(), ids=SEEN)
def test_parts_of_a_text_are_recognised(text):
    true = len(runs(BOOK) & runs(text)) / len(runs(text))
    assert trained_share(sketch_of(BOOK), samples_of(text)) == pytest.approx(true, abs=0.15)


def test_sketch_of_an_earlier_release_estimates_the_true_share_or_less():
    vocabulary = Vocabulary.of(BOOK)
    earlier = smallest_hashes(vocabulary.encode(BOOK), vocabulary, SKETCH_HASHES, folded=False).tobytes()
    for text in (BOOK, BOOK[150_000:170_000], BOOK[100_000:] + BOOK[:100_000]):
        assert trained_share(earlier, samples_of(text)) > 0.95
    assert 0.2 < trained_share(earlier, samples_of(textwrap.fill(BOOK, 25))) <= 1
    assert trained_share(earlier, samples_of(OTHER)) == 0


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_other_texts_are_not_recognised(text):
    assert trained_share(sketch_of(BOOK), samples_of(text)) == 0


def test_one_common_run_is_not_enough():
    line = "-" * RUN
    assert trained_share(sketch_of(A + line), samples_of(line)) == 0
    assert trained_share(sketch_of(A + line), samples_of(line + A[-1])) == 0
    assert trained_share(sketch_of(A + line), samples_of(A[-1] + line)) == 1


@pytest.mark.parametrize(
    "damaged",
    [b"1234567", bytes(16), sketch_of(A)[::-1], bytes(8 * (SKETCH_HASHES + 1))],
    ids=["cut", "equal", "order", "long"],
)
def test_damaged_sketch_is_recognised(damaged):
    assert is_sketch(b"")
    assert is_sketch(sketch_of(A))
    assert not is_sketch(damaged)
