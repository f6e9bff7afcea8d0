"""``charlstm prepare``, and the commands that use what it prepares."""

import gzip
import json
import signal
import subprocess
import sys

import pytest

from charlstm.text.preparation import LOCK, prepare_corpus
from tests.cases import slow
from tests.cli.conftest import SMALL, TEXT
from tests.text.prepared import write_texts


@pytest.fixture
def files(tmp_path):
    """Write texts of more than 256 distinct characters, one of them compressed, in the current folder."""
    names = [path.name for path in write_texts(tmp_path)]
    (tmp_path / "z.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    return [*names, "z.txt.gz"]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != LOCK)


def test_files_are_prepared_and_checked(charlstm, tmp_path, files):
    result = charlstm("prepare", *files, "--to", "prepared")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "prepared: 6 files, " in result.stderr
    assert "Train with: charlstm train prepared" in result.stderr
    assert names_in(tmp_path / "prepared") == ["corpus.json", "files.jsonl", "ids.u16"]
    result = charlstm("prepare", "--check", "prepared")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "ids of 2 bytes: intact." in result.stderr
    (tmp_path / "prepared" / "ids.u16").write_bytes(bytes((tmp_path / "prepared" / "ids.u16").stat().st_size))
    result = charlstm("prepare", "--check", "prepared")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "charlstm: prepared is damaged" in result.stderr


def test_json_tells_what_was_prepared(charlstm, files):
    first, again, checked = (
        json.loads(charlstm(*command, "--json").stdout)
        for command in (2 * [("prepare", *files, "--to", "prepared")] + [("prepare", "--check", "prepared")])
    )
    assert (first["corpus"], first["files"], first["id_bytes"]) == ("prepared", 6, 2)
    for each in (first, again, checked):
        del each["seconds"]
    assert first == again == checked


@pytest.mark.slow
def test_a_model_from_a_prepared_corpus_has_the_bits_of_one_from_its_files(charlstm, tmp_path, files):
    options = [*SMALL, "--min-count", "3", "--validation-split", "0.2", "--random-seed", "3"]
    assert charlstm("prepare", *files, "--to", "prepared").exit_code == 0
    for name, corpus in (("plain", files), ("same", ["prepared"])):
        result = charlstm("train", *corpus, "--name", name, *options)
        assert result.exit_code == 0, result.stderr
    plain, same = (tmp_path / "checkpoints" / name for name in ("plain", "same"))
    assert (plain / "model.safetensors").read_bytes() == (same / "model.safetensors").read_bytes()
    config, other = (json.loads((folder / "config.json").read_text()) for folder in (plain, same))
    for each in (config, other):
        del each["created"], each["sha256"]
    assert config == other

    # What reads the text again finds the prepared corpus, even without the files.
    for file in files:
        (tmp_path / file).unlink()
    result = charlstm("train", "--resume", "same", "--epochs", "0.04")
    assert result.exit_code == 0, result.stderr
    found = charlstm("evaluate", "--checkpoint", "same", "--sample", "20", "--json")
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)["characters"] > 100
    compared = charlstm("compare", "--checkpoint", "same", "--length", "10", "--json")
    assert "nats_per_char" in json.loads(compared.stdout)["modes"]["stateful"], compared.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "expected the text files to prepare; found none"),
        (["a.txt"], "expected --to with the folder for the prepared corpus; found none"),
        (["a.txt", "--check", "prepared"], "--check takes the folder of a prepared corpus alone"),
        (["--check"], "--check: expected a value; found none"),
    ],
)
def test_incomplete_commands_are_usage_errors(charlstm, files, arguments, expected):
    result = charlstm("prepare", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in result.stderr


def test_a_bad_file_among_good_ones_is_named(refusal, tmp_path, files):
    (tmp_path / "bad.txt").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(40))
    assert "bad.txt is a Linux program (ELF); give plain text" in refusal("prepare", *files, "bad.txt", "--to", "prepared")
    assert "prepared is not completely prepared" in refusal("train", "prepared")
    assert "no-such.txt does not exist" in refusal("prepare", "no-such.txt", "--to", "other")
    assert "standard input cannot be prepared" in refusal("prepare", "-", "--to", "other")


def test_a_prepared_corpus_is_not_prepared_again(refusal, files):
    prepare_corpus(files, "prepared")
    expected = "prepared is already prepared; train on it, or prepare the files themselves"
    for sources in (["prepared"], ["a.txt", "prepared"]):
        assert expected in refusal("prepare", *sources, "--to", "other")


def test_a_prepared_corpus_has_no_text_encoding(refusal, files):
    prepare_corpus(files, "prepared")
    expected = "prepared is a prepared corpus, which has no text encoding; leave out --text-encoding"
    for encoding in ("latin-1", "utf-8"):
        assert expected in refusal("train", "prepared", "--text-encoding", encoding, *SMALL)


def test_no_command_ignores_a_text_encoding_of_a_prepared_corpus(charlstm, refusal, files, checkpoint):
    prepare_corpus(files, "prepared")
    expected = "prepared is a prepared corpus, which has no text encoding; leave out --text-encoding"
    for command in ("evaluate prepared", "evaluate --corpus prepared", "compare --corpus prepared",
                    "export --to a.html --corpus prepared", "generate --words prepared"):  # fmt: skip
        assert expected in refusal(*command.split(), "--text-encoding", "latin-1")
    checked = charlstm("prepare", "--check", "prepared", "--text-encoding", "utf-8")
    assert checked.exit_code == 2
    assert "remove the files, --to and --text-encoding" in checked.stderr


def test_many_remarks_are_counted(charlstm, tmp_path):
    (tmp_path / "many").mkdir()
    for number in range(30):
        (tmp_path / "many" / f"{number:02}.txt").write_bytes(b"one\r\ntwo\n")
    result = charlstm("prepare", "many", "--to", "prepared")
    assert result.stderr.count("has different line ends") == 19  # after the note on the folder
    assert "and 11 more notes" in result.stderr


@pytest.mark.parametrize("number", [slow(signal.SIGINT), signal.SIGTERM, slow(signal.SIGHUP)])
def test_a_signal_stops_and_the_same_command_continues(tmp_path, number):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(TEXT)
    arguments = ["prepare", "a.txt", "b.txt", "--to", "prepared"]
    interrupt_in_the_second_file = (
        "import os, sys; from charlstm.cli import main; from charlstm.text.id_writer import IdWriter;"
        "add = IdWriter.add;"
        f"IdWriter.add = lambda self, text: os.kill(os.getpid(), {number:d}) if self.length else add(self, text);"
        f"sys.argv[1:] = {arguments}; main()"
    )
    stopped, ended = (
        subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        for command in (["-c", interrupt_in_the_second_file], ["-m", "charlstm", *arguments])
    )
    assert stopped.returncode == 128 + number
    assert "The same command continues after the last complete file." in stopped.stderr
    assert ended.returncode == 0
    assert "1 of 2 files are already in prepared; continuing after" in ended.stderr
