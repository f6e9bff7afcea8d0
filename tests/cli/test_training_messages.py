"""What a training says of its text before it, and of its model at the end."""

from dataclasses import replace

import pytest

from charlstm.cli.resume_command import checkpoint_command
from charlstm.cli.training_messages import describe_plan, say_end
from charlstm.config import ModelConfig
from charlstm.planning.training_plan import plan_training
from charlstm.training.events import Finished
from tests.cli.planned_training import evaluation
from tests.conftest import ALPHABET


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"nothing_trained": True}, "Nothing was trained: starting took the rest of 1 minute; raise --minutes."),
        ({}, "Done in 9 s."),
    ],
)
def test_a_training_without_time_for_a_step_is_not_done(plan, capsys, ended, said):
    end = Finished(evaluation(1, 2.0, best=True), 1, 9.0, 0.0, interrupted=False, stopped_early=False, **ended)
    say_end(replace(plan, config=replace(plan.config, training=replace(plan.config.training, minutes=1.0))), end)
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize(("nats", "told"), [(9.0, True), (1.0, False)])
def test_a_model_no_better_than_letter_frequencies_says_so(plan, capsys, nats, told):
    say_end(plan, Finished(evaluation(1, nats, best=True), 1, 9.0, 0.0, interrupted=False, stopped_early=False))
    said = capsys.readouterr().err
    assert ("no better than letter frequencies: 9.0000 nats/char; the unigram baseline has" in said) == told
    assert ("Train longer with more --minutes." in said) == told


def test_name_of_a_text_is_printed_on_one_line(plan, capsys):
    corpus = replace(plan.config.corpus, name="a\nb.txt")
    describe_plan("quick", replace(plan, config=replace(plan.config, corpus=corpus)))
    assert capsys.readouterr().err.startswith("a␊b.txt: 2,160 characters, 20 distinct; ")


def test_a_plan_of_fine_tuning_has_the_characters_of_the_text_and_the_model(plan, capsys, tmp_path, make_checkpoint):
    config = ModelConfig(vocabulary_size=len(ALPHABET), seq_len=12, units=(8,))
    make_checkpoint(tmp_path / "checkpoints" / "tale", config)
    (tmp_path / "abc.txt").write_text("abcab " * 400)
    given = {"epochs": 1.0}
    paths = [str(tmp_path / "abc.txt")]
    describe_plan(
        "quick",
        plan_training(tmp_path / "checkpoints", paths, given, preset="quick", created="2026-01-01", base_name="tale"),
    )
    said = capsys.readouterr().err
    assert said.startswith("abc.txt: 2,400 characters, 4 distinct; ")
    assert f"Starting from tale in {tmp_path / 'checkpoints'}." in said.replace("\n", "")
    describe_plan("quick", plan)
    assert "Starting from" not in capsys.readouterr().err


@pytest.mark.parametrize("columns", [20, 60, 200])
def test_a_command_to_copy_is_not_broken(plan, monkeypatch, capsys, columns):
    monkeypatch.setattr("charlstm.cli.terminal.columns", lambda _: columns)
    say_end(plan, Finished(evaluation(1, 2.0, best=True), 1, 9.0, 0.0, interrupted=False, stopped_early=False))
    lines = capsys.readouterr().err.splitlines()
    command = checkpoint_command(plan, "generate", "--checkpoint")
    assert lines[-1] == (command if columns < 200 else f"Done in 9 s. Generate with: {command}")
