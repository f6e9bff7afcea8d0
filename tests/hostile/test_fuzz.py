"""Mutated files are read or refused with a CharlstmError; nothing else is raised.

The tests mutate files that the package writes, and those in ``seeds``. ``keep.py`` wrote one seed file for each kind of
message of each reader.
"""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charlstm.errors import CharlstmError
from tests.hostile.conftest import FILES, Readers

SEEDS = Path(__file__).parent / "seeds"
READERS = [*FILES, "corpus", "utf-16"]
TOKENS = [
    b"", b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80",
    b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"-Infinity", b"9" * 400, b"18446744073709551616", b"[", b"]" * 50,
    b"[" * 2000, b"{", b"}", b'"', b"\\ud800", b'"__metadata__"', b'"F64"', b'"BOOL"', b"\xff" * 8, b"\0" * 8, b"\x80\x02}q\0.",
    b"\x1f\x8b", b"PK\x03\x04", b"../../etc/passwd", b"/dev/zero", b"1" * 20, b",", b":", b'"sha256"',
]  # fmt: skip
KINDS = ["flip", "put", "insert", "cut", "repeat", "number"]
EDITS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 1 << 20), st.integers(0, 4095)),
    min_size=1,
    max_size=6,
)


def mutated(content: bytes, edits: list[tuple[str, int, int]]) -> bytes:
    """Return a content after edits.

    Args:
        content: The content.
        edits: For each edit its kind, one of :data:`KINDS`, its place, and a number that chooses a token or a length.
    """
    for kind, where, number in edits:
        place = where % (len(content) + 1)
        token, length = TOKENS[number % len(TOKENS)], 1 + number % 40
        if kind == "flip":
            changed = bytes([content[place] ^ 1 << number % 8]) if place < len(content) else b""
            content = content[:place] + changed + content[place + 1 :]
        elif kind == "put":
            content = content[:place] + token + content[place + len(token) :]
        elif kind == "insert":
            content = content[:place] + token + content[place:]
        elif kind == "cut":
            content = content[:place] + content[place + length :] if number % 3 else content[:place]
        elif kind == "repeat":
            content = content[:place] + content[place : place + length] * (1 + number % 7) + content[place + length :]
        else:
            content = content[:place] + (number << (where % 50)).to_bytes(8, "little", signed=False) + content[place + 8 :]
    return content


def seeds(name: str) -> list[bytes]:
    """Return the seed files of a reader."""
    return [path.read_bytes() for path in sorted((SEEDS / name).glob("*"))]


def undamaged(readers: Readers, name: str) -> list[bytes]:
    """Return undamaged contents for a reader."""
    own = {"corpus": "Once upon a time, 渡口 — 😀\r\n".encode() * 3, "utf-16": "Once upon a time, 渡口 😀\r\n".encode("utf-16")}
    contents = [own[name] if name in own else (readers.folder / FILES[name]).read_bytes()]
    if name == "config":  # also without the digest, which would hide other refusals, and with rare characters
        record = {key: value for key, value in json.loads(contents[0]).items() if key != "sha256"}
        rare = {"format_version": 2, "vocabulary": "\nab", "rare": {"characters": "渡🐟", "counts": [2, 1]}}
        corpus = record["corpus"] | {"windows": ["ab"]}
        contents += [json.dumps(record).encode(), json.dumps(record | rare | {"corpus": corpus}).encode()]
    return contents


def originals(readers: Readers, name: str) -> list[bytes]:
    """Return the contents to mutate: undamaged ones and the seed files."""
    return undamaged(readers, name) + seeds(name)


def fuzz(readers: Readers, name: str, examples: int) -> tuple[int, int]:
    """Return how many mutated inputs were read, and how many were refused."""
    contents, counts = originals(readers, name), [0, 0]

    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(contents), EDITS)
    def attempt(content: bytes, edits: list[tuple[str, int, int]]) -> None:
        sentence = ""
        try:
            readers.read(name, mutated(content, edits))
        except CharlstmError as error:
            sentence = str(error)
        counts[bool(sentence)] += 1
        assert len(sentence) < 2_000
        # For a text that cannot be decoded the message has a line for each possible encoding.
        lines = sentence.split("\n")
        assert len(lines) == 1 or (name in ("corpus", "utf-16") and len(lines) <= 6)
        assert all(line.isprintable() for line in lines) or name not in ("corpus", "utf-16")

    attempt()
    return counts[0], counts[1]


@pytest.mark.parametrize("name", READERS)
def test_mutated_input_raises_only_charlstm_error(readers, name, little_memory):
    read, refused = fuzz(readers, name, 300)
    assert read + refused >= 300
    assert refused > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_100_000_mutated_inputs(readers, name, little_memory):
    assert sum(fuzz(readers, name, 100_000 // len(READERS) + 1)) * len(READERS) >= 100_000


@pytest.mark.parametrize("name", READERS)
def test_seed_files_are_refused(readers, name, little_memory):
    assert seeds(name)
    for content in seeds(name):
        with pytest.raises(CharlstmError):
            readers.read(name, content)


PARTS = {
    "config": lambda found: found[1] == '"2026-01-02T03:04:05+00:00"',
    "weights": callable,
    "history": lambda scores: scores == [2.0, 2.0],
    "points": lambda norms: norms == [0.5, 0.5],
    "state": lambda steps: steps == 20,
    "manifest": lambda steps: steps == 20,
    "corpus": lambda corpus: corpus.vocabulary.decode(corpus.ids) == "Once upon a time, 渡口 — 😀\n" * 3,
    "utf-16": lambda corpus: corpus.vocabulary.decode(corpus.ids) == "Once upon a time, 渡口 😀\n",
}
"""For each reader a check of a part of what it reads from undamaged files."""


@pytest.mark.parametrize("name", READERS)
def test_undamaged_files_are_read(readers, name, little_memory):
    contents = undamaged(readers, name)
    assert len(contents) == (3 if name == "config" else 1)
    assert all(PARTS[name](readers.read(name, content)) for content in contents)
