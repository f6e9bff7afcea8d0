"""Recipe files: the settings of a training in TOML."""

import io
import re
import string
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given as drawn
from hypothesis import settings, strategies

from charlstm.config import setting_name, to_dict
from charlstm.errors import ConfigError
from charlstm.model_training import TrainingSettings
from charlstm.planning.recipe_file import Recipe, read_recipe
from charlstm.planning.recipe_text import _toml, recipe_text
from charlstm.planning.resume_plan import plan_resuming
from charlstm.planning.settings import SETTINGS
from tests.planning.conftest import SMALL


@pytest.fixture
def recipe(tmp_path):
    def make(text):
        path = tmp_path / "r.toml"
        path.write_text(text)
        return read_recipe(path)

    return make


def test_the_settings_of_python_are_those_of_a_recipe():
    assert set(TrainingSettings.__annotations__) == SETTINGS


@pytest.mark.parametrize(
    ("preset", "given"),
    [
        ("quick", {}),
        ("standard", {"units": (32, 16), "epochs": 3.0, "min_count": "auto"}),
        ("best", {"minutes": 5.0, "dropout": 0.25, "drop_connect": 0.0, "patience": 2, "save_every": 3.0}),
        ("classic", {}),
        ("classic", {"encoding": "embedding", "embedding_size": 7}),
        ("standard", {"kernel_initializer": "he_normal", "units": (5,)}),
        ("standard", {"encoding": "embedding", "kernel_initializer": "he_normal"}),
        ("standard", {"use_bias": False, "recurrent_constraint": "max_norm:3", "kernel_regularizer": "l2:0.0001"}),
        ("standard", {"schedule": "constant", "batches": "windows", "targets": "last", "validation": 0.0}),
        ("standard", {"min_count": 1_000}),
        ("standard", {"min_count": 18_000}),
    ],
)
def test_a_printed_recipe_plans_the_same_training(plan, recipe, preset, given):
    first = plan(given=given, preset=preset)
    printed = recipe(recipe_text("tale", first.config, []))
    again = plan(recipe=printed)
    assert again.config == first.config
    assert not any("r.toml" in note for note in again.notes)


def test_a_recipe_of_a_text_with_rare_characters_learns_the_same_ones(plan, recipe, text, tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("".join(chr(0x4E00 + number) for number in range(400)) + 3 * "渡" + text)
    first = plan(path, given=SMALL)
    assert first.config.vocabulary.rare
    assert plan(path, recipe=recipe(recipe_text("many", first.config, []))).config == first.config


def test_a_fine_tuned_model_is_planned_again_with_its_base(plan, begin, recipe, tmp_path):
    begin(plan(given=SMALL, name="base"))
    other = tmp_path / "other.txt"
    other.write_text("a cab had a bed " * 2_000)
    first = plan(other, given={"epochs": 2.0, "dropout": 0.1}, base_name="base")
    text = recipe_text("other", first.config, [])
    assert "# Fine-tuned from base" in text
    assert plan(other, recipe=recipe(text), base_name="base").config == first.config
    with pytest.raises(ConfigError, match="`units` cannot be changed with `base='base'`"):
        plan(other, recipe=recipe("units = 9"), base_name="base")


def test_given_settings_override_the_recipe(plan, recipe):
    printed = recipe('units = 16\ndropout = 0.3\nepochs = 4\nminutes = 2\npreset = "quick"')
    made = plan(given={"units": (8,), "minutes": 9.0}, recipe=printed).config
    assert (printed.preset, made.model.units, made.model.dropout) == ("quick", (8,), 0.3)
    assert (made.training.epochs, made.training.minutes) == (None, 9.0)
    both = plan(recipe=printed).config.training
    assert (both.epochs, both.minutes) == (4, 2)


def test_settings_that_a_recipe_lacks_are_adapted(plan, recipe):
    assert plan(recipe=recipe("epochs = 40")).config == plan(given={"epochs": 40}).config


def test_a_setting_of_the_recipe_without_effect_is_noted(plan, recipe):
    with_it = plan(given={"encoding": "one-hot"}, recipe=recipe('input_encoding = "embedding"\nembedding_size = 9'))
    assert "r.toml: `embedding_size` has no effect with `input_encoding='one-hot'`" in " ".join(with_it.notes)


def test_a_resumed_run_takes_a_recipe_as_given_settings(root, plan, begin, recipe):
    first = plan(given=SMALL, name="tale")
    begin(first)
    same = recipe(recipe_text("tale", first.config, []))
    assert plan_resuming(root, "tale", [], {}, recipe=same).config == first.config
    assert plan_resuming(root, "tale", [], {"epochs": 99.0}, recipe=same).config.training.epochs == 99
    with pytest.raises(ConfigError, match=r"`dropout` cannot be changed when a training is resumed"):
        plan_resuming(root, "tale", [], {}, recipe=recipe("dropout = 0.77"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("untis = [8]", r"there is no setting 'untis' \(did you mean units\?\)"),
        ("batch-size = 8", r"there is no setting 'batch-size' \(did you mean batch_size\?\)"),
        ('encoding = "scalar"', r"'encoding' \(did you mean input_encoding\?\)"),
        ("vocabulary_size = 8", "there is no setting 'vocabulary_size'"),
        ('units = "256"', "units: expected a list of 1 to 64 integers"),
        ("units = [8.5]", "units: expected a list of 1 to 64 integers"),
        ("units = true", "units: expected a list of 1 to 64 integers"),
        ("dropout = nan", "dropout: expected a number of at least 0 and below 1; found nan"),
        ("dropout = true", "dropout: expected a number of at least 0 and below 1; found True"),
        ('dropout = "none"', "dropout: expected a number of at least 0 and below 1; found 'none'"),
        ("dropout = 1979-05-27", "dropout: expected a number"),
        ("min_count = 0", "min_count: expected auto or an integer of at least 1; found 0"),
        ("min_count = [1]", "min_count: expected auto or an integer of at least 1"),
        ('precision = "half"', "precision: expected float32 or bfloat16; found 'half'"),
        ('preset = "quik"', r"preset: expected quick, .* \(did you mean quick\?\)"),
        ("preset = [1]", "preset: expected quick"),
        (
            "[training]\ndropout = 0.1",
            "line 1: a recipe has no headings or groups; found 'training'; write each setting on a line",
        ),
        ("\n[[ training ]]\ndropout = 0.1", "line 2: a recipe has no headings or groups; found 'training'"),
        ("units = 8\ntraining.dropout = 0.1", "line 2: a recipe has no headings or groups; found 'training'"),
        ("dropout = 0.1\ndropout = 0.2", "line 2: 'dropout = 0.2' gives again what an earlier line gives"),
        ("[a]\n[a]", r"line 2: '\[a\]' gives again"),
        ("dropout", "line 1: 'dropout' is not a setting with a value; write one such as units ="),
        ("units = 8\n\nencoding = scalar", "line 3: 'encoding = scalar' is not a setting with a value"),
        ("units = [8,\n", "line 1: 'units = "),
        ("dropout = 0.1\n\0", "line 2: "),
        ("x = " + "[" * 10_000, "brackets are nested too deeply"),
        ("units = 8\n'dropout' = 2", "line 2: dropout: expected a number of at least 0 and below 1"),
        ("units = 8\n\nepochs = -1", "line 3: epochs: expected a number"),
        ("units = 8\n\nepoch = 1", r"line 3: there is no setting 'epoch' \(did you mean epochs\?\)"),
        ("# long\n" * 200_000, "is not a recipe"),
    ],
)
def test_an_invalid_recipe_is_refused_with_its_file(recipe, text, message):
    with pytest.raises(ConfigError, match=r"r\.toml.*" + message) as caught:
        recipe(text)
    assert "--" not in str(caught.value)


def test_a_recipe_is_read_from_stdin(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"units = 9\n")))
    assert read_recipe("-") == Recipe("stdin", None, {"units": (9,)})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"unit = 9\n")))
    with pytest.raises(ConfigError, match=r"^stdin, line 1: there is no setting 'unit'"):
        read_recipe("-")


@pytest.mark.parametrize("path", ["", ".", "nope.toml", "\0"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="give a file of settings"):
        read_recipe(path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# \xe9\n")
    with pytest.raises(ConfigError, match="is not UTF-8; save it as UTF-8"):
        read_recipe(path)


@pytest.mark.parametrize("text", ["", "\n", "\ufeff \r\n"])
def test_a_file_that_a_failed_command_left_empty_is_refused(recipe, tmp_path, text):
    with pytest.raises(ConfigError, match=r"r\.toml is empty: the command that prints the recipe may have failed"):
        recipe(text)


def test_a_recipe_may_have_comments_alone(recipe, tmp_path):
    assert recipe("# all defaults") == Recipe(str(tmp_path / "r.toml"), None, {})
    assert recipe('precision = "auto"\npatience = "none"').settings == {"precision": "auto", "patience": None}


@settings(max_examples=30)
@drawn(
    strategies.one_of(
        strategies.text(min_size=1, max_size=20), strategies.floats(allow_nan=False), strategies.integers(0, 2**63 - 1)
    )
)
def test_toml_reads_back_what_was_written(value):
    line = f"key = {_toml(value)}"
    assert tomllib.loads(line) == {"key": value}
    assert set(line) <= set(string.printable) - set("\n\r\t\v\f")


def test_a_hostile_name_stays_in_its_comment(plan):
    config = plan(given=SMALL).config
    config = replace(config, corpus=replace(config.corpus, name="a.txt\nunits = 1 # \x1b[31m"))
    text = recipe_text("tale\nunits = 3", config, [])
    assert tomllib.loads(text)["units"] == [4, 3]
    assert "\x1b" not in text


def test_every_setting_is_printed_or_has_no_effect(plan):
    config = plan(given=SMALL).config
    printed = set(re.findall("^([a-z_]+) =", recipe_text("tale", config, []), re.MULTILINE))
    fields = {*to_dict(config.model), *to_dict(config.training)} - {"vocabulary_size"}
    assert printed == {"min_count", *map(setting_name, fields)} - {"embedding_size"}
