"""Tests of folders and patterns: their files in order, and the notes on them."""

import pytest

from charlstm.errors import CorpusError
from charlstm.text import sources
from charlstm.text.corpus import read_corpus, read_text
from charlstm.text.sources import expand_sources, label_of


@pytest.fixture
def books(tmp_path):
    """Make a folder of texts among other files."""
    folder = tmp_path / "books"
    (folder / "more").mkdir(parents=True)
    (folder / "notes.txt").mkdir()
    for name in ["b.txt", "a.TXT", "c.md", ".hidden.txt", "more/d.txt", "10.txt"]:
        (folder / name).write_text(name[:-4] + "\n")
    return folder


def files(*paths) -> tuple[list[str], list[str]]:
    """Return the files that the paths stand for, and the notes on them."""
    told: list[str] = []
    return list(expand_sources(paths, told.append)), told


def test_a_folder_stands_for_its_text_files(books):
    for path in (books, f"{books}/"):
        found, told = files(path)
        assert found == [str(books / name) for name in ["10.txt", "a.TXT", "b.txt"]]
        assert told[0] == f"{path}: 3 files, 10.txt, a.TXT, b.txt."


@pytest.mark.parametrize("name", ["d.txt", "d.TXT", "d.txt.gz"])
def test_texts_in_the_folders_inside_a_folder_are_said_to_be_left_out(books, name):
    (books / "more" / "d.txt").rename(books / "more" / name)
    for path in (books, f"{books}/"):
        (note,) = files(path)[1][1:]
        assert note == f"The texts in folders inside {path}, such as more, are left out; '{books}/**/*.txt' includes them."


@pytest.mark.parametrize("name", ["more/d.md", "more/.hidden.txt", ".more/d.txt"])
def test_folders_without_texts_are_not_mentioned(books, name):
    (books / ".more").mkdir()
    (books / "more" / "d.txt").rename(books / name)
    assert len(files(books)[1]) == 1


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", ["10.txt", "b.txt"]),
        ("*", ["10.txt", "a.TXT", "b.txt", "c.md"]),
        ("[ab].*", ["a.TXT", "b.txt"]),
        ("?.md", ["c.md"]),
        ("**/*.txt", ["10.txt", "b.txt", "more/d.txt"]),
        ("more/*", ["more/d.txt"]),
    ],
)
def test_a_pattern_stands_for_the_files_that_match_it(books, monkeypatch, pattern, names):
    found, told = files(f"{books}/{pattern}")
    assert found == [str(books / name) for name in names]
    assert told[0].startswith(f"{books}/{pattern}: {len(names)} file")
    monkeypatch.chdir(books)
    assert files(pattern)[0] == names


@pytest.mark.parametrize("name", ["part[1].txt", "what?.txt", "*.txt"])
def test_an_existing_file_is_not_read_as_a_pattern(tmp_path, name):
    (tmp_path / name).write_text("ab")
    (tmp_path / "part1.txt").write_text("cd")
    assert files(tmp_path / name) == ([str(tmp_path / name)], [])


def test_other_paths_are_unchanged(tmp_path):
    assert files("-", "a.txt", "no/such file", "") == (["-", "a.txt", "no/such file", ""], [])


@pytest.mark.parametrize("name", ["more", "books/more/../notes.txt"])
def test_a_folder_without_texts_is_refused_with_advice(books, name):
    folder = books / "empty"
    folder.mkdir()
    with pytest.raises(CorpusError) as error:
        files(folder)
    assert f"{folder} is a directory with no .txt file in it" in str(error.value)
    assert f"'{folder}/**/*.txt'" in str(error.value)


@pytest.mark.parametrize("pattern", ["*.html", "[xyz]*", "no such folder/*", "notes*"])
def test_a_pattern_without_a_match_is_refused(books, pattern):
    with pytest.raises(CorpusError, match="matches no file; check the folder and the pattern"):
        files(f"{books}/{pattern}")


def test_many_files_have_a_note_of_one_line(tmp_path):
    for number in range(500):
        (tmp_path / f"{number:03}.txt").touch()
    assert files(tmp_path)[1] == [f"{tmp_path}: 500 files, 000.txt, 001.txt, 002.txt, 003.txt, …, 499.txt."]


def test_a_folder_is_read_as_one_text(books):
    corpus = read_corpus([books])
    assert corpus.vocabulary.decode(corpus.ids) == read_text(books) == read_text(f"{books}/*[tT]") == "10\na\nb\n"
    assert corpus.paths == tuple(str(books / name) for name in ["10.txt", "a.TXT", "b.txt"])
    assert len(corpus.notes) == 2


def test_more_files_than_the_open_file_limit_are_read(books, monkeypatch):
    monkeypatch.setattr(sources, "KEPT_OPEN", 1)
    assert read_text(books) == "10\na\nb\n"
    corpus = read_corpus([books, books / "c.md"])
    assert corpus.vocabulary.decode(corpus.ids) == "10\na\nb\n\n"


def test_line_ends_in_file_names_do_not_break_messages(tmp_path):
    (tmp_path / "one\ntwo.txt").write_text("text")
    told = []
    expand_sources([str(tmp_path)], told.append)
    assert told == [f"{tmp_path}: 1 file, one␊two.txt."]
    assert label_of("one\r\ntwo") == "one␍␊two"
