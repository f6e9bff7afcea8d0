"""``charlstm inspect recipe`` and ``charlstm train --recipe``."""

import tomllib
from pathlib import Path

import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.planning.recipe_file import read_recipe
from charlstm.planning.training_plan import plan_training
from tests.cli.story_training import SMALL, STORY

ROOT = Path(__file__).parents[2]


@pytest.fixture
def story(tmp_path):
    (tmp_path / "story.txt").write_text(STORY)


@pytest.mark.usefixtures("idle_training", "story")
def test_a_recipe_is_read_from_a_pipe(charlstm, tmp_path):
    result = charlstm("train", "story.txt", "--recipe", "-", *SMALL, "--name", "one", stdin="dropout = 0.125\n")
    assert result.exit_code == 0
    assert "stdin: windows of 8" in result.stderr
    assert read_config(tmp_path / "checkpoints" / "one").model.dropout == 0.125


@pytest.mark.usefixtures("idle_training", "story")
@pytest.mark.parametrize("nothing", ["", "\n"])
def test_nothing_from_a_pipe_is_not_a_recipe(charlstm, nothing):
    result = charlstm("train", "story.txt", "--recipe", "-", *SMALL, stdin=nothing)
    assert result.exit_code == 1
    assert "stdin is empty: the command that prints the recipe may have failed" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-",), "the text and --recipe cannot both be read from stdin"),
        (("story.txt", "--sweep", "units=8,9"), "--sweep reads the recipe for each training; give a file"),
        (
            ("story.txt", "--cluster", "localhost:1,localhost:2", "--rank", "0"),
            "several processes cannot read one standard input",
        ),
    ],
)
def test_a_recipe_and_something_else_cannot_share_a_pipe(charlstm, story, options, message):
    result = charlstm("train", *options, "--recipe", "-", stdin="dropout = 0.125\n")
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_printed_recipe_is_toml_alone_on_stdout(charlstm, tale):
    printed = charlstm("inspect", "recipe")
    assert (printed.exit_code, printed.stderr) == (0, "")
    assert printed.stdout.startswith("# Recipe of tale, printed by charlstm ")
    assert tomllib.loads(printed.stdout)["units"] == [16]


def test_the_recipe_of_the_shipped_model_plans_its_training_again(charlstm, tmp_path):
    shipped = ROOT / "checkpoints" / "ferry"
    printed = charlstm("inspect", "recipe", "--checkpoint", str(shipped)).stdout
    assert f"\n{printed.partition(chr(10))[2]}```" in (ROOT / "docs" / "guides" / "training.md").read_text(encoding="utf-8")
    (tmp_path / "ferry.toml").write_text(printed)
    config, text = read_config(shipped), str(ROOT / "data" / "ferry-year.txt")
    plan = plan_training(
        tmp_path / "c", [text], {}, preset="standard", recipe=read_recipe("ferry.toml"), created=config.created, name="ferry"
    )
    assert (plan.config.model, plan.config.training, plan.config.corpus) == (config.model, config.training, config.corpus)
    assert plan.config.vocabulary == config.vocabulary


@pytest.mark.parametrize("option", ["--json", "--keras", "--text=The fox", "--unit=0", "--page=p.html"])
def test_other_options_of_inspect_have_no_place_in_a_recipe(charlstm, tale, option):
    result = charlstm("inspect", "recipe", option)
    assert result.exit_code == 2
    assert "give no options but --checkpoint and --checkpoints" in result.stderr


@pytest.mark.usefixtures("idle_training", "story")
def test_options_override_a_recipe_that_overrides_the_preset(charlstm, tmp_path):
    (tmp_path / "r.toml").write_text('preset = "quick"\nunits = 9\ndropout = 0.125\nbatch_size = 2\n')
    result = charlstm("train", "story.txt", "--recipe", "r.toml", *SMALL, "--name", "one")
    assert result.exit_code == 0
    assert "r.toml: windows of 8" in result.stderr
    config = read_config(tmp_path / "checkpoints" / "one")
    assert (config.model.units, config.model.dropout, config.training.batch_size) == ((8,), 0.125, 4)
    assert config.training.weight_average == 0.99  # quick's

    again = charlstm("train", "story.txt", "--recipe", "r.toml", *SMALL, "--name", "one", "--resume-if-exists")
    assert again.exit_code == 0
    assert "one has finished its 0.2 epochs" in again.stderr


@pytest.mark.usefixtures("story")
def test_an_unknown_key_is_one_error_with_the_nearest_name(charlstm, refusal, tmp_path):
    (tmp_path / "r.toml").write_text("droput = 0.1\n")
    assert refusal("train", "story.txt", "--recipe", "r.toml") == (
        "r.toml, line 1: there is no setting 'droput' (did you mean dropout?); a printed recipe has all settings"
    )
    assert not (tmp_path / "checkpoints").exists()
