"""Histories of training runs: what is read, what differs, and damage that costs no more than itself."""

import shutil
from dataclasses import replace

import pytest

from charlstm import prepare_corpus
from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.config_records import ValidationRecord
from charlstm.checkpoint.history import HISTORY
from charlstm.checkpoint.lineage import lineage
from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.points import POINTS
from charlstm.checkpoint.state_files import write_state
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.errors import CheckpointError
from charlstm.evaluation.run_history import compare_runs
from tests.histories import STEPS, make_run


def test_a_run_has_its_scores_points_notes_and_findings(tmp_path):
    (run,) = compare_runs([make_run(tmp_path / "one")]).runs
    assert (run.checkpoint, run.steps, run.epochs, run.seconds, run.status) == ("one", STEPS, 4.0, 40.0, "finished")
    assert (run.nats_per_char, run.best_epoch, run.unigram_nats_per_char) == (1.8, 4.0, 3.1)
    assert [line.nats_per_char for line in run.evaluations] == [2.5, 2.0, 1.8]
    assert run.points.every == 2
    assert run.points.step == list(range(2, STEPS + 1, 2))
    assert {len(values) for values in run.points.to_dict().values() if isinstance(values, list)} == {STEPS // 2}
    assert run.notes == ["Dropout is 0, since `dropout=0` was given."]
    assert [finding.kind for finding in run.findings] == ["improving"]
    assert run.settings["units"] == [8]
    assert run.settings["num_evaluations"] == 10
    assert "vocabulary_size" not in run.settings


def test_different_settings_have_one_value_for_each_run(tmp_path):
    runs = [make_run(tmp_path / name, dropout=dropout, epochs=4.0) for name, dropout in {"a": 0.0, "b": 0.5, "c": 0.0}.items()]
    found = compare_runs(runs)
    assert found.different_settings == {"dropout": [0.0, 0.5, 0.0]}
    assert not found.different_texts
    assert [run.checkpoint for run in found.runs] == ["a", "b", "c"]


def test_runs_scored_on_different_parts_of_a_text_are_not_comparable(tmp_path):
    assert compare_runs([make_run(tmp_path / "a"), make_run(tmp_path / "b", validation=0.2)]).different_texts


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path):
    folders = [make_run(tmp_path / place) for place in ("x/a/one", "x/b/one", "x/b/two", "y/a/one")]
    found = compare_runs([*folders, folders[1]])
    assert [run.label for run in found.runs] == ["x/a/one", "b/one", "two", "y/a/one"]
    assert [run.checkpoint for run in found.runs] == ["one", "one", "two", "one"]


def test_the_text_of_a_score_is_named_and_different_texts_have_different_names(tmp_path):
    folders = [make_run(tmp_path / name, validation=share) for name, share in {"a": 0.1, "b": 0.1, "c": 0.2, "d": 0.0}.items()]
    config = read_config(folders[1])
    write_config(folders[1], replace(config, corpus=replace(config.corpus, fingerprint="0b" * 32)))
    first, second, third, none = (run.scored_on for run in compare_runs(folders).runs)
    assert first.startswith("the last 10 % of ")
    assert second == f"{first.partition(' (')[0]} (SHA-256 0b0b0b0b0b0b…)"
    assert third == first.partition(" (")[0].replace("10", "20")
    assert none == "nothing"


@pytest.mark.parametrize(("path", "text"), [("tale.txt", ""), ("-", "'TEXT', "), ("gone.txt", "'TEXT', ")])
def test_an_interrupted_run_says_how_it_is_resumed(tmp_path, monkeypatch, path, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tale.txt").write_text("Once")
    for root, place in {"checkpoints": "", "else`where": ", checkpoints='else\\x60where'"}.items():
        folder = make_run(tmp_path / root / "one", epochs=8)
        progress = TrainingProgress(
            steps=STEPS, seconds=40.0, loss_sum=0.0, loss_count=0, poor=0, halvings=0, began=1.0, paths=(path,),
            text_encoding="utf-8", surroundings={},
        )  # fmt: skip
        write_state(folder, TrainingState(arrays={}, best={}, history=(), progress=progress))
        (run,) = compare_runs([folder.relative_to(tmp_path)]).runs
        assert run.status == "interrupted"
        assert [(each.kind, bool(each.advice)) for each in run.findings] == [("interrupted", True), ("improving", False)]
        assert run.findings[0].found == "It was interrupted at epoch 4.0, before the end of its 8 epochs."
        assert run.findings[0].advice == f"Resume it with: `charlstm.train({text}resume='one'{place})`"


@pytest.mark.parametrize(("path", "own"), [("own.txt", ""), ("gone.txt", ", validation_file='TEXT'")])
def test_an_interrupted_run_needs_only_the_texts_that_are_gone(tmp_path, monkeypatch, path, own):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.txt").write_text("Once")
    (tmp_path / "tale.txt").write_text("Once upon a time")
    prepare_corpus("tale.txt", tmp_path / "prepared")
    folder = make_run(tmp_path / "checkpoints" / "one", epochs=8, validation=0.0)
    record = ValidationRecord(name="own.txt", fingerprint="0a" * 32, characters=4)
    write_config(folder, replace(read_config(folder), validation_text=record))
    progress = TrainingProgress(
        steps=STEPS, seconds=40.0, loss_sum=0.0, loss_count=0, poor=0, halvings=0, began=1.0,
        paths=(str(tmp_path / "prepared"),), validation_paths=(path,), text_encoding="utf-8", surroundings={},
    )  # fmt: skip
    write_state(folder, TrainingState(arrays={}, best={}, history=(), progress=progress))
    (run,) = compare_runs([folder]).runs
    assert run.findings[0].advice == f"Resume it with: `charlstm.train(resume='one'{own})`"


def test_a_fine_tuned_run_is_not_told_to_change_its_units(tmp_path):
    folder = make_run(tmp_path / "tuned", (2.2, 1.8, 2.0, 2.3), (2.1, 1.5, 1.0, 0.5))
    (before,) = compare_runs([folder]).runs
    config = read_config(folder)
    write_config(folder, replace(config, bases=lineage(config, "base")))
    (after,) = compare_runs([folder]).runs
    assert ["`units`" in run.findings[0].advice for run in (before, after)] == [True, False]


def test_runs_are_comparable_if_they_share_their_validation_text(tmp_path):
    for name, fingerprint in {"a": "0a" * 32, "b": "0a" * 32, "c": "0b" * 32}.items():
        folder = make_run(tmp_path / name, validation=0.0)
        record = ValidationRecord(name=f"{name}.txt", fingerprint=fingerprint, characters=99)
        write_config(folder, replace(read_config(folder), validation_text=record))
    found = compare_runs([tmp_path / "a", tmp_path / "b"])
    assert not found.different_texts
    assert found.different_settings == {"validation_file": ["a.txt", "b.txt"]}
    assert compare_runs([tmp_path / "a", tmp_path / "c"]).different_texts
    assert compare_runs([tmp_path / "a", make_run(tmp_path / "d", validation=0.0)]).different_texts


@pytest.mark.parametrize("share", [0.0, 0.02, 1.0])
def test_a_score_on_a_text_that_was_trained_on_is_marked(tmp_path, share):
    folder = make_run(tmp_path / "one")
    own = ValidationRecord(name="mine.txt", fingerprint="0c" * 32, characters=100, trained_share=share)
    write_config(folder, replace(read_config(folder), validation_text=own))
    found = [finding.found for finding in compare_runs([folder]).runs[0].findings if finding.kind == "seen"]
    said = f"About {100 * share:.0f} % of mine.txt was trained on: the score is better than on new text."
    assert found == ([said] if share else [])


def test_which_of_three_runs_overfits_can_be_read(tmp_path):
    good, over, short = (2.5, 1.9, 1.895, 1.89), (2.2, 1.8, 2.0, 2.3), (2.9, 2.8, 2.6, 2.4)
    curves = {
        "good": (good, (2.6, 1.95, 1.92, 1.9)),
        "over": (over, (2.1, 1.5, 1.0, 0.5)),
        "short": (short, (3.0, 2.8, 2.6, 2.4)),
    }
    found = compare_runs([make_run(tmp_path / name, *curve) for name, curve in curves.items()])
    assert [run.findings[0].kind for run in found.runs] == ["settled", "overfitting", "improving"]
    assert "`dropout`" in found.runs[1].findings[0].advice
    assert "`epochs`" in found.runs[2].findings[0].advice


@pytest.mark.parametrize("name", [HISTORY, POINTS])
@pytest.mark.parametrize("content", [b"{\n", b"\xff\n", b'{"step": -1}\n{}\n'])
def test_damage_is_a_warning_of_its_run(tmp_path, name, content):
    damaged, intact = make_run(tmp_path / "damaged"), make_run(tmp_path / "intact")
    (damaged / name).write_bytes(content)
    first, second = compare_runs([damaged, intact]).runs
    assert len(first.warnings) == 1
    assert str(damaged / name) in first.warnings[0]
    assert bool(first.evaluations) == (name == POINTS)
    assert bool(first.points.step) == (name == HISTORY)
    assert second.warnings == []


def test_an_old_checkpoint_has_no_points_and_no_warning(tmp_path):
    folder = make_run(tmp_path / "old")
    (folder / POINTS).unlink()
    (run,) = compare_runs([folder]).runs
    assert (run.points.every, run.points.step, run.warnings, run.unigram_nats_per_char) == (0, [], [], None)
    assert run.steps == STEPS


def test_a_locked_run_is_training_and_gets_no_advice_to_train_longer(tmp_path):
    folder = make_run(tmp_path / "live")
    with training_lock(folder):
        (run,) = compare_runs([folder]).runs
    assert run.status == "training"
    assert [(finding.kind, finding.advice) for finding in run.findings] == [("improving", "")]
    assert compare_runs([folder]).runs[0].status == "finished"  # its state is gone, so that it cannot be resumed


def test_what_is_no_checkpoint_is_refused(tmp_path):
    folder = make_run(tmp_path / "one")
    shutil.rmtree(folder)
    with pytest.raises(CheckpointError):
        compare_runs([folder])
