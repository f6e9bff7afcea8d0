"""Checkpoints that name or link to foreign files, which no command may open."""

import json
import os
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.state_files import write_state
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from tests.cli.conftest import TEXT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows, and pipes are not files")


@pytest.fixture
def opened(monkeypatch):
    """Record the resolved paths of opened files."""
    seen: list[str] = []
    watching = [True]

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching[0] and event == "open" and isinstance(arguments[0], str | os.PathLike):
            seen.append(os.path.realpath(arguments[0]))

    sys.addaudithook(note)
    yield seen
    watching[0] = False


@pytest.fixture
def secret(tmp_path_factory):
    """Make a file of the user with exactly the checkpoint's training text."""
    path = tmp_path_factory.mktemp("home") / "secret.txt"
    path.write_text(TEXT)
    return path


def named(folder: Path, name: str) -> None:
    config = read_config(folder)
    write_config(folder, replace(config, corpus=replace(config.corpus, name=name)))


def with_state(folder: Path, *paths: str, text_encoding: str = "utf-8") -> None:
    progress = TrainingProgress(
        steps=1, seconds=1.0, loss_sum=1.0, loss_count=1, poor=0, halvings=0, began=1.0,
        paths=paths, text_encoding=text_encoding, surroundings={},
    )  # fmt: skip
    write_state(folder, TrainingState(arrays={}, best={}, history=(), progress=progress))


NAMES = ["/proc/kmsg", "/dev/zero", "{secret}", "../{up}/secret.txt", "sub/../secret.txt", "tale.txt + {secret}", "-", ".", ""]


@pytest.mark.parametrize("name", NAMES)
def test_corpus_name_cannot_leave_the_folder(charlstm, tale, tmp_path, secret, opened, name):
    (tmp_path / "sub").mkdir()
    (tmp_path / "tale.txt").write_text(TEXT)
    (tmp_path / "secret.txt").symlink_to(secret)
    up = os.path.relpath(secret.parent, tmp_path.parent)
    named(tale, name.format(secret=secret, up=up))
    evaluated = charlstm("evaluate", stdin=TEXT)
    assert (evaluated.exit_code, evaluated.stdout) == (1, "")
    assert "is neither here nor in data/; say where it is with --corpus" in evaluated.stderr
    assert charlstm("compare", "--length", "5").exit_code == 0
    assert charlstm("list").exit_code == 0
    assert not {str(secret), "/proc/kmsg", "/dev/zero"} & set(opened)


@pytest.mark.parametrize("command", ["evaluate", "compare --length 5", "evaluate other.txt --dynamic"])
@pytest.mark.parametrize("path", ["{secret}", "/proc/kmsg", "/dev/zero", "../{up}/secret.txt"])
def test_path_in_a_saved_state_is_not_opened(charlstm, tale, tmp_path, secret, opened, command, path):
    (tmp_path / "other.txt").write_text("fox and dog")
    with_state(tale, path.format(secret=secret, up=os.path.relpath(secret.parent, tmp_path.parent)))
    told = charlstm(*command.split())
    assert "say where it is with --corpus (its training read " in told.stderr
    assert told.exit_code == (0 if command.startswith("compare") else 1)
    assert not {str(secret), "/proc/kmsg", "/dev/zero"} & set(opened)


@pytest.mark.parametrize("where", ["", "data/"])
@pytest.mark.parametrize("name", ["moved.txt", "a + b.txt", "caf\udce9.txt"])
def test_text_is_found_by_its_file_name(charlstm, tale, tmp_path, where, name):
    (tmp_path / "data").mkdir()
    (tmp_path / where / name).write_text(TEXT)
    with_state(tale, f"/nowhere/{name}")
    assert json.loads(charlstm("evaluate", "--json").stdout)["characters"] == 100


def test_text_is_found_in_its_text_encoding(charlstm, tale, tmp_path):
    text = TEXT.replace("q", "é")
    (tmp_path / "tale.txt").write_bytes(text.encode("cp1252"))
    config = read_config(tale)
    record = replace(config.corpus, fingerprint=sha256(text.encode()).hexdigest())
    characters = "".join(sorted(config.vocabulary.characters.replace("q", "é")))
    windows = ("The brown fox",)
    write_config(tale, replace(config, vocabulary=type(config.vocabulary)(characters), corpus=replace(record, windows=windows)))
    assert charlstm("evaluate").exit_code == 1
    with_state(tale, "/nowhere/tale.txt", text_encoding="cp1252")
    assert json.loads(charlstm("evaluate", "--json").stdout)["characters"] == 100


def test_a_corpus_of_several_files_is_found_by_their_names(charlstm, tale, tmp_path):
    (tmp_path / "data").mkdir()
    end = TEXT.index("\n", 500) + 1
    (tmp_path / "data" / "one.txt").write_text(TEXT[:end])
    (tmp_path / "data" / "two.txt").write_text(TEXT[end:])
    named(tale, "one.txt + two.txt")
    assert json.loads(charlstm("evaluate", "--json").stdout)["text"] == "the held-out end of one.txt + two.txt"


PUT = {
    "link to a file without end": lambda path: path.symlink_to("/proc/kmsg"),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "link to another checkpoint": lambda path: path.symlink_to(path.parent.parent / "good" / path.name),
    "named pipe": os.mkfifo,
    "folder": Path.mkdir,
}


@pytest.mark.parametrize("put", PUT.values(), ids=PUT)
@pytest.mark.parametrize("file", ["config.json", "history.jsonl", "model.safetensors"])
def test_special_files_are_refused_and_hide_no_checkpoint(charlstm, tmp_path, make_checkpoint, put, file):
    make_checkpoint(tmp_path / "checkpoints" / "good", nats_per_char=1.0)
    bad = make_checkpoint(tmp_path / "checkpoints" / "bad", nats_per_char=1.0)
    (bad / file).unlink()
    put(bad / file)
    for arguments in ([], ["--json"]):
        listed = charlstm("list", *arguments)
        assert listed.exit_code == 0
        assert "good" in listed.stdout
        assert "bad" not in listed.stdout
        assert f"{file} is a" in listed.stderr
    (tmp_path / "other.txt").write_text("fox and dog")
    for command in ("generate", "evaluate other.txt", "compare", "inspect", "train other.txt --from"):
        if file == "history.jsonl":
            break  # only the list reads it
        refused = charlstm(*command.split(), *(["bad"] if command.endswith("--from") else ["--checkpoint", "bad"]))
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert f"{file} is a" in refused.stderr
        assert "not an ordinary file" in refused.stderr


def test_circular_links_are_skipped(charlstm, tmp_path, make_checkpoint):
    root = tmp_path / "checkpoints"
    make_checkpoint(root / "good")
    (root / "loop").symlink_to("loop")
    (root / "up").symlink_to(root)
    (root / "here").symlink_to(".")
    (root / "system").symlink_to("/proc/self")
    (root / "pipe").mkdir()
    os.mkfifo(root / "pipe" / "config.json")
    listed = charlstm("list")
    assert (listed.exit_code, listed.stdout.splitlines()[1].split()[0]) == (0, "good")
    assert len(listed.stdout.splitlines()) == 2
    assert len(listed.stderr.splitlines()) == 1


def test_checkpoint_may_be_a_link_to_a_folder(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "elsewhere" / "tale")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "link").symlink_to(tmp_path / "elsewhere" / "tale")
    assert "link" in charlstm("list").stdout
    assert charlstm("generate", "--checkpoint", "link", "--length", "5").exit_code == 0


@pytest.mark.parametrize("named", [(), ("--corpus", "tale.txt")], ids=["found", "named"])
@pytest.mark.parametrize("strange", ["é", "ÿx", "渡"], ids=ascii)
def test_text_with_unknown_characters_is_not_the_corpus(charlstm, tale, tmp_path, strange, named):
    text = TEXT + strange
    (tmp_path / "tale.txt").write_text(text)
    config = read_config(tale)
    fingerprint = sha256(text.encode()).hexdigest()
    write_config(tale, replace(config, corpus=replace(config.corpus, fingerprint=fingerprint, characters=len(text))))
    result = charlstm("evaluate", "--sample", "20", *named)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--corpus" in result.stderr
