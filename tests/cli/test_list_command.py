"""``charlstm list``."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.config_records import ValidationRecord
from charlstm.config import ModelConfig


@pytest.fixture
def shelf(tmp_path, make_checkpoint):
    """Make three checkpoints: an old one, the newest, and one without a score."""
    root = tmp_path / "checkpoints"
    make_checkpoint(root / "tale", created="2026-01-02T10:00:00+00:00", nats_per_char=2 * math.log(2))
    config = ModelConfig(vocabulary_size=30, seq_len=40, units=(20, 10))
    make_checkpoint(root / "saga", config, created="2026-02-03T10:00:00+00:00", corpus="a.txt + b.txt", nats_per_char=1.0)
    make_checkpoint(root / "begun", created="2025-01-02T10:00:00+00:00")
    return root


@pytest.fixture
def listed(charlstm):
    """Return the checkpoints from the JSON."""

    def run(*arguments):
        result = charlstm("list", "--json", *arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout)["checkpoints"]

    return run


def test_table_is_newest_first_on_stdout(charlstm, shelf):
    result = charlstm("list")
    assert (result.exit_code, result.stderr) == (0, "")
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["checkpoint", "bits/char", "LSTM", "parameters", "window", "corpus", "created"]
    # saga: 4 (30 x 20 + 20 x 20 + 20) + 4 (20 x 10 + 10 x 10 + 10) + (10 + 1) x 30 parameters
    # the others: 4 (30 x 16 + 16 x 16 + 16) + (16 + 1) x 30
    assert [row.split() for row in rows] == [
        ["saga", "1.443", "20+10", "5,650", "40", "a.txt", "+", "b.txt", "2026-02-03"],
        ["tale", "2.000", "16", "3,518", "12", "story.txt", "2026-01-02"],
        ["begun", "-", "16", "3,518", "12", "story.txt", "2025-01-02"],
    ]


def test_the_columns_of_the_table_are_aligned(charlstm, shelf):
    head, *rows = charlstm("list").stdout.splitlines()
    for column in ("bits/char", "LSTM", "parameters", "window", "corpus", "created"):
        place = head.index(column)
        assert all(row[place - 2 : place] == "  " and row[place] != " " for row in rows)


def test_json_has_the_same_numbers(listed, shelf):
    saga, tale, begun = listed()
    assert saga == {
        "checkpoint": "saga",
        "corpus": "a.txt + b.txt",
        "created": "2026-02-03T10:00:00+00:00",
        "parameters": 5650,
        "units": [20, 10],
        "seq_len": 40,
        "vocabulary": 30,
        "steps": 7,
        "nats_per_char": 1.0,
        "bits_per_char": 1 / math.log(2),
    }
    assert (tale["checkpoint"], tale["bits_per_char"]) == ("tale", pytest.approx(2))
    assert (begun["checkpoint"], begun["nats_per_char"], begun["bits_per_char"], begun["steps"]) == ("begun", None, None, 0)


def test_score_is_that_of_the_best_weights(listed, shelf):
    history = shelf / "tale" / "history.jsonl"
    worse = json.loads(history.read_text()) | {"step": 9, "nats_per_char": 5.0, "best": False}
    history.write_text(history.read_text() + json.dumps(worse) + "\n")
    row = next(row for row in listed() if row["checkpoint"] == "tale")
    assert (row["nats_per_char"], row["steps"]) == (2 * math.log(2), 7)


def test_score_of_any_size_is_short(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "tale", nats_per_char=1e300)
    assert " 1.4e+300 " in charlstm("list").stdout


@pytest.mark.parametrize("folder", ["checkpoints", "other"])
def test_empty_folder_advises_training(charlstm, listed, tmp_path, folder):
    (tmp_path / "other").mkdir()
    result = charlstm("list", "--checkpoints", folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"There is no checkpoint in {folder}; train one with `charlstm train corpus.txt`.\n"
    assert listed("--checkpoints", folder) == []


def test_a_score_on_a_text_that_was_trained_on_is_marked(charlstm, shelf):
    config = read_config(shelf / "saga")
    own = ValidationRecord(name="mine.txt", fingerprint="0c" * 32, characters=100, trained_share=0.5)
    write_config(shelf / "saga", replace(config, validation_text=own))
    said = "saga: About 50 % of mine.txt was trained on: the score is better than on new text.\n"
    assert charlstm("list").stderr == charlstm("list", "--json").stderr == said


def test_a_folder_with_damaged_checkpoints_alone_is_not_called_empty(charlstm, tmp_path, make_checkpoint):
    (make_checkpoint(tmp_path / "checkpoints" / "tale") / "config.json").write_text("{")
    result = charlstm("list")
    assert "tale/config.json is damaged" in result.stderr
    assert "There is no checkpoint" not in result.stderr


def test_other_files_and_folders_are_not_checkpoints(listed, shelf):
    (shelf / "notes.txt").write_text("x")
    (shelf / "empty").mkdir()
    assert [row["checkpoint"] for row in listed()] == ["saga", "tale", "begun"]


def broken_history(folder: Path) -> None:
    (folder / "history.jsonl").write_text("no evaluation\n")


def history_folder(folder: Path) -> None:
    (folder / "history.jsonl").unlink()
    (folder / "history.jsonl").mkdir()


DAMAGE = {
    "no JSON": lambda folder: (folder / "config.json").write_text("{"),
    "no configuration": lambda folder: (folder / "config.json").write_text("[]"),
    "not even text": lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe\x00"),
    "newer format": lambda folder: (folder / "config.json").write_text('{"format_version": 99}'),
    "truncated weights": lambda folder: (folder / "model.safetensors").write_bytes(b""),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "broken history": broken_history,
    "a folder for a history": history_folder,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_checkpoint_does_not_hide_others(charlstm, shelf, damage):
    damage(shelf / "tale")
    result, table = charlstm("list", "--json"), charlstm("list")
    assert (result.exit_code, table.exit_code) == (0, 0)
    names = [row["checkpoint"] for row in json.loads(result.stdout)["checkpoints"]]
    assert [name for name in names if name != "tale"] == ["saga", "begun"]
    assert [line.split()[0] for line in table.stdout.splitlines()][1] == "saga"


@pytest.mark.parametrize("character", ["\u202e", "\u2067", "\u200e", "\u2060", "\u061c", "\x1b"], ids=ascii)
def test_names_cannot_reorder_or_hide_the_line(charlstm, tmp_path, make_checkpoint, character):
    make_checkpoint(tmp_path / "checkpoints" / f"tale{character}", corpus=f"story{character}.txt")
    table = charlstm("list").stdout
    assert "tale" in table
    assert "story" in table
    for shown in (table, charlstm("generate", "--length", "1").stderr, charlstm("compare", "--length", "2").stdout):
        assert character not in shown


@pytest.mark.parametrize("length", [300, 5_000, 100_000])
def test_long_corpus_name_is_shortened_everywhere(charlstm, tmp_path, make_checkpoint, length):
    make_checkpoint(tmp_path / "checkpoints" / "tale", corpus="x" * length)
    for command in ("list", "generate --length 1", "compare --length 2", "inspect step"):
        result = charlstm(*command.split())
        assert "xxx…" in result.stdout + result.stderr or command == "inspect step"
        assert "x" * 201 not in result.stdout + result.stderr


def test_joiners_in_names_are_kept(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "tale", corpus="👩\u200d👧 می\u200cخواهم.txt")
    assert "👩\u200d👧 می\u200cخواهم.txt" in charlstm("list").stdout


def test_non_ascii_names_are_shown_unchanged(charlstm, listed, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "渡し船", corpus="fähre.txt")
    assert "渡し船" in charlstm("list").stdout
    assert listed()[0]["corpus"] == "fähre.txt"
    assert "渡し船" in charlstm("list", "--json").stdout


@pytest.mark.parametrize("command", ["list", "generate"])
@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("file", "the folder of checkpoints, file, is not a folder"),
        ("missing", "the folder of checkpoints, missing, does not exist"),
        ("checkpoints/tale", "checkpoints/tale is a checkpoint, not a folder of checkpoints; the folder is --checkpoints /"),
    ],
)
def test_wrong_folder_of_checkpoints_is_refused(refusal, tmp_path, make_checkpoint, command, folder, said):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    (tmp_path / "file").write_text("text")
    if (command, folder) == ("generate", "missing"):
        said = "found no trained checkpoint in missing"
    assert refusal(command, "--checkpoints", folder).startswith(said)


def test_a_folder_name_that_is_too_long_needs_a_shorter_one(refusal):
    name = "x" * 300
    assert refusal("list", "--checkpoints", name) == f"{name} cannot be used (File name too long); choose a shorter name"
