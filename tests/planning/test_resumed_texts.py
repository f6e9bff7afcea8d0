"""The text of a resumed run: found again in any form, and never confused with a different text."""

import io
import os
import sys
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.state_files import read_state, write_state
from charlstm.errors import CheckpointError, CorpusError
from charlstm.planning.resume_plan import plan_resuming, plan_worker
from charlstm.text.corpus import read_corpus
from tests.planning.conftest import SMALL


def test_a_moved_text_is_found_by_its_new_path(begun, root, story, tmp_path, monkeypatch):
    moved = story.rename(tmp_path / "moved.txt")
    with pytest.raises(CheckpointError) as error:
        plan_resuming(root, "story", [], {})
    assert str(error.value).startswith(f"resuming story needs its text: {story} does not exist")
    assert "`resume='story'`" in str(error.value)
    monkeypatch.chdir(tmp_path)
    plan = plan_resuming(root, "story", ["moved.txt"], {})
    np.testing.assert_array_equal(plan.ids, begun.ids)
    assert plan.paths == (str(moved),)


@pytest.mark.parametrize(("line_end", "encoding"), [("\r\n", "utf-8-sig"), ("\n", "utf-16"), ("\r\n", "latin-1")])
def test_line_ends_and_encodings_do_not_change_the_text(begun, root, story, text, line_end, encoding):
    story.write_bytes(text.replace("\n", line_end).encode(encoding))
    plan = plan_resuming(root, "story", [], {}, encoding)
    np.testing.assert_array_equal(plan.ids, begun.ids)
    assert plan.text_encoding == encoding


@pytest.mark.parametrize("plan_again", [plan_resuming, plan_worker])
@pytest.mark.parametrize("strange", ["é", "ÿx", "渡", "\U0001f6a3"], ids=ascii)
def test_a_text_with_unknown_characters_is_refused(begun, root, story, text, strange, plan_again):
    story.write_text(text + strange)
    config = read_config(root / "story")
    fingerprint = sha256((text + strange).encode()).hexdigest()
    write_config(root / "story", replace(config, corpus=replace(config.corpus, fingerprint=fingerprint)))
    with pytest.raises(CheckpointError, match="is not the text that story is trained on"):
        plan_again(root, "story", [], {})


@pytest.fixture
def old_story(story, text):
    """Return the story as cp1252, with bytes that mean other characters in latin-1 and are invalid in UTF-8."""
    told = "“Zoë” – 5 €\n" + text
    story.write_bytes(told.encode("cp1252"))
    return told


def test_the_saved_text_encoding_is_used(plan, begin, root, old_story):
    made = plan(given=SMALL, text_encoding="cp1252")
    begin(made)
    resumed = plan_resuming(root, "story", [], {})
    assert resumed.text_encoding == "cp1252"
    assert resumed.config.vocabulary.decode(resumed.ids) == old_story
    np.testing.assert_array_equal(resumed.ids, made.ids)


def test_a_given_text_encoding_overrides_the_saved_one(plan, begin, root, story, old_story):
    begin(plan(given=SMALL, text_encoding="cp1252"))
    with pytest.raises(CheckpointError, match=r"needs its text: .*story\.txt is not utf-8"):
        plan_resuming(root, "story", [], {}, "utf-8")
    with pytest.raises(CheckpointError, match="is not the text that story is trained on"):
        plan_resuming(root, "story", [], {}, "latin-1")
    story.write_text(old_story, "utf-8")
    with pytest.raises(CheckpointError):
        plan_resuming(root, "story", [], {})
    resumed = plan_resuming(root, "story", [], {}, "utf-8")
    assert resumed.text_encoding == "utf-8"
    assert resumed.config.vocabulary.decode(resumed.ids) == old_story


UNREADABLE = {
    "cp1251": ("Паром пришёл утром.\n" * 1_500).encode("cp1251"),
    "UTF-16": "The ferry crosses at six.\n".encode("utf-16"),
    "gzip": b"\x1f\x8b\x08\x00",
    "cut off": "渡口".encode()[:-1],
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("plan_again", [plan_resuming, plan_worker])
def test_given_text_that_cannot_be_read_is_reported_as_in_a_new_run(begun, root, tmp_path, content, plan_again):
    path = tmp_path / "other.txt"
    path.write_bytes(content)
    with pytest.raises(CorpusError) as new:
        read_corpus([path])
    with pytest.raises(CorpusError) as error:
        plan_again(root, "story", [str(path)], {})
    assert error.value.args == new.value.args


def test_saved_text_that_cannot_be_read_keeps_its_table(begun, root, story):
    story.write_bytes(UNREADABLE["cp1251"])
    with pytest.raises(CheckpointError) as error:
        plan_resuming(root, "story", [], {})
    first, *readings, advice = error.value.args
    assert first.startswith(f"resuming story needs its text: {story} is not utf-8: ")
    assert any("Паром пришёл утром." in reading for reading in readings)
    assert advice == "name the one that looks right with `text_encoding`"
    assert not [line for line in error.value.args if "resume=" in line]


def test_a_moved_text_is_read_in_the_saved_encoding(plan, begin, root, story, old_story, tmp_path):
    begin(plan(given=SMALL, text_encoding="cp1252"))
    moved = story.rename(tmp_path / "moved.txt")
    resumed = plan_resuming(root, "story", [str(moved)], {})
    assert (resumed.paths, resumed.text_encoding) == ((str(moved),), "cp1252")
    assert resumed.config.vocabulary.decode(resumed.ids) == old_story


def test_standard_input_is_read_again(plan, begin, root, text, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    begin(plan("-", given=SMALL))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    resumed = plan_resuming(root, "stdin", [], {})
    assert resumed.config.vocabulary.decode(resumed.ids) == text
    assert resumed.paths == ("-",)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every file name is Unicode")
def test_a_file_name_that_is_not_unicode_is_found_again(plan, begin, root, story):
    named = story.rename(story.with_name("caf\udce9.txt"))
    begin(plan(named, given=SMALL, name="story"))
    resumed = plan_resuming(root, "story", [], {})
    assert resumed.paths == (str(named),)
    assert resumed.config.corpus.name == "caf\\udce9.txt"


@pytest.mark.parametrize("changed", [lambda text: text + "!", lambda text: text[:-1], lambda text: text.replace("a", "b", 1)])
def test_another_text_is_refused(begun, root, story, text, changed):
    story.write_text(changed(text))
    assert story.read_text() != text
    with pytest.raises(CheckpointError) as error:
        plan_resuming(root, "story", [], {})
    sentence = str(error.value)
    assert sentence.startswith("story.txt is not the text that story is trained on (story.txt, SHA-256 ")
    assert begun.config.corpus.fingerprint[:12] in sentence
    assert "`base='story'`" in sentence


@pytest.mark.parametrize(
    ("key", "value"),
    [("text_encoding", ""), ("text_encoding", "klingon"), ("text_encoding", "a\0b"), ("paths", ("a\0b",)), ("paths", ("",))],
    ids=ascii,
)
def test_a_saved_state_that_names_no_text_is_refused(begun, root, key, value):
    state = read_state(begun.folder, begun.config)
    write_state(begun.folder, replace(state, progress=replace(state.progress, **{key: value})))
    with pytest.raises(CheckpointError, match="`resume='story'`"):
        plan_resuming(root, "story", [], {})


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files on Windows")
@pytest.mark.parametrize("path", ["/dev/zero", "fifo", "/proc/self/mem", "/proc/kmsg", "/sys/power/state", "empty"])
def test_saved_paths_are_read_only_if_they_are_files(begun, root, tmp_path, path):
    os.mkfifo(tmp_path / "fifo")  # reading it would block forever
    (tmp_path / "empty").touch()
    path = str(tmp_path / path)
    state = read_state(begun.folder, begun.config)
    write_state(begun.folder, replace(state, progress=replace(state.progress, paths=(path,))))
    with pytest.raises(CheckpointError, match=f"needs its text: {path} is not a text file; give the text"):
        plan_resuming(root, "story", [], {})


@pytest.mark.parametrize("pattern", ["*.txt", "stor[y].txt", "**/*", "/dev/z*o"])
def test_saved_paths_are_not_expanded_as_patterns(begun, root, story, pattern):
    state = read_state(begun.folder, begun.config)
    path = str(story.parent / pattern)
    write_state(begun.folder, replace(state, progress=replace(state.progress, paths=(path,))))
    with pytest.raises(CheckpointError) as error:
        plan_resuming(root, "story", [], {})
    assert f"needs its text: {path} does not exist; give the text" in str(error.value)
    assert plan_resuming(root, "story", [str(story.with_name("*.txt"))], {}).paths == (str(story),)


def test_a_worker_reads_the_same_text_without_the_lock(begun, root, story):
    with training_lock(begun.folder):
        helping = plan_worker(root, "story", [], {})
    assert helping.config == begun.config
    assert helping.start is None
    np.testing.assert_array_equal(helping.ids, begun.ids)
    story.write_text("another text")
    with pytest.raises(CheckpointError, match="is not the text that story is trained on"):
        plan_worker(root, "story", [], {})
