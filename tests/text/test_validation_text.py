"""A validation text of the user's own."""

import hashlib

import pytest

from charlstm.errors import ConfigError, CorpusError, EncodingError, UnknownCharacterError
from charlstm.text.validation_text import read_validation_text
from charlstm.text.vocabulary import RareCharacters, Vocabulary

KNOWN = Vocabulary("\n 'adeflo")


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(text, on_unknown="error", vocabulary=KNOWN):
        (tmp_path / "held.txt").write_text(text, encoding="utf-8")
        return read_validation_text(["held.txt"], "utf-8", vocabulary, on_unknown)

    return make


def test_known_characters_are_encoded(read):
    found = read("a leaf fed a doe")
    assert KNOWN.decode(found.ids) == "a leaf fed a doe"
    assert (found.name, found.paths, found.notes) == ("held.txt", ("held.txt",), ())
    assert found.fingerprint == hashlib.sha256(b"a leaf fed a doe").hexdigest()


def test_files_are_read_as_one_text(read, tmp_path):
    read("a leaf")
    (tmp_path / "more.txt").write_text("fed a doe")
    found = read_validation_text(["held.txt", "more.txt"], "utf-8", KNOWN, "error")
    assert KNOWN.decode(found.ids) == "a leaf\nfed a doe"
    assert found.name == "held.txt + more.txt"


@pytest.mark.parametrize("encoding", ["utf-16", "cp1251"])
def test_the_text_encoding_is_that_of_the_corpus_too(tmp_path, encoding):
    (tmp_path / "held.txt").write_text("Паром пришёл утром.\n" * 100, encoding=encoding)
    with pytest.raises(EncodingError) as error:
        read_validation_text([str(tmp_path / "held.txt")], "utf-8", KNOWN, "error")
    assert error.value.args[-1].startswith("`text_encoding` is for the corpus too: if that is utf-8, convert this")


def test_an_unknown_character_is_an_error_that_names_the_file_and_the_choices(read):
    with pytest.raises(
        UnknownCharacterError, match=r"held\.txt has characters that the text to train on lacks, 'x'.*`on_unknown='replace'`"
    ):
        read("a leaf x")


@pytest.mark.parametrize(
    ("on_unknown", "expected", "done"),
    [("skip", "a doell", "left out: '’'"), ("replace", "a doe'll", "replaced by the nearest known ones: ’ → '")],
)
def test_unknown_characters_are_left_out_or_replaced_with_a_note(read, on_unknown, expected, done):
    found = read("a doe’ll", on_unknown)
    assert KNOWN.decode(found.ids) == expected
    assert found.fingerprint == hashlib.sha256("a doe’ll".encode()).hexdigest()
    assert found.notes == (f"held.txt has characters that the text to train on lacks; {done}.",)


def test_a_placeholder_stands_for_unknown_characters(read):
    vocabulary = Vocabulary(KNOWN.characters, RareCharacters("x", (1,)))
    found = read("a xy", vocabulary=vocabulary)
    assert len(found.ids) == 4
    assert (found.ids[2:] >= len(vocabulary)).all()
    assert len(read("a xy", "skip", vocabulary).ids) == 2


def test_texts_without_two_known_characters_are_refused(read):
    with pytest.raises(CorpusError, match=r"held\.txt has 1 character that the model knows, and a score needs two"):
        read("axyz", "skip")
    with pytest.raises(CorpusError, match="is empty"):
        read("")


def test_standard_input_is_refused(read):
    with pytest.raises(ConfigError, match="give a file, not standard input"):
        read_validation_text(["-"], "utf-8", KNOWN, "error")
