"""Planning a new training run: the recipe, the record of the text, and the errors. Nothing is written."""

import hashlib
import io
import sys

import pytest

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import CheckpointError, ConfigError, CorpusError
from charlstm.planning.environment import fastest_precision
from charlstm.planning.presets import PRESETS
from charlstm.text.vocabulary import RareCharacters, Vocabulary

SMALL = {"units": (4, 3), "seq_len": 16, "batch_size": 4, "epochs": 3.0}


FITTED = {
    "quick": {"dropout", "drop_connect"},
    "standard": {"dropout", "drop_connect", "input_rate_multiplier"},  # more than eight epochs
    "best": {"dropout", "drop_connect", "input_rate_multiplier"},
    "classic": set(),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_unchanged_on_a_long_text_except_for_its_epochs(plan, root, text, preset):
    made = plan(preset=preset)
    settings = {**vars(TrainingConfig()), **vars(ModelConfig(vocabulary_size=len(set(text))))}
    settings |= {"precision": fastest_precision(TrainingConfig.batch_size, ModelConfig.encoding), **PRESETS[preset]}
    found = {key: getattr(made.config.model, key, getattr(made.config.training, key, None)) for key in settings}
    fitted = {key for key in settings if found[key] != settings[key]}
    assert fitted == FITTED[preset]
    assert len(made.notes) == 1  # epochs and time
    assert made.start is None
    assert not root.exists()


def test_classic_plan_is_exactly_the_tutorials_recipe(plan, text):
    config = plan(preset="classic").config
    assert config.model == ModelConfig(
        vocabulary_size=len(set(text)), encoding="scalar", seq_len=100, units=(256,), targets="last", dropout=0.2
    )
    assert config.training == TrainingConfig(
        batches="windows",
        batch_size=128,
        schedule="constant",
        learning_rate=1e-3,
        clip_norm=0.0,
        weight_average=0.0,
        epochs=20,
        evaluations=20,
    )


def test_the_users_settings_override_the_preset(plan):
    config = plan(given={"units": (9,), "seq_len": 33, "learning_rate": 0.5, "encoding": "scalar"}).config
    assert (config.model.units, config.model.seq_len, config.model.encoding) == ((9,), 33, "scalar")
    assert config.training.learning_rate == 0.5
    assert config.training.weight_average == PRESETS["standard"]["weight_average"]


@pytest.mark.parametrize(
    ("given", "epochs", "minutes"),
    [({}, PRESETS["standard"]["epochs"], 10.0), ({"epochs": 3}, 3, None), ({"minutes": 2}, None, 2)],
)
def test_a_budget_of_the_user_replaces_the_presets(plan, given, epochs, minutes):
    training = plan(given=given).config.training
    assert (training.epochs, training.minutes) == (epochs, minutes)


def test_two_budgets_are_refused(plan):
    with pytest.raises(ConfigError, match="`epochs` or after `minutes`"):
        plan(given={"epochs": 3, "minutes": 2})


def test_config_records_the_text(plan, story, text):
    made = plan()
    assert made.config.corpus.name == "story.txt"
    assert made.config.corpus.fingerprint == hashlib.sha256(text.encode()).hexdigest()
    assert made.config.corpus.characters == len(made.ids) == len(text)
    assert made.config.vocabulary.characters == "".join(sorted(set(text)))
    assert made.config.vocabulary.decode(made.ids) == text
    assert made.config.created == "2026-01-02T03:04:05+00:00"
    assert made.paths == (str(story),)
    assert made.text_encoding == "utf-8"


def test_a_short_text_gets_a_smaller_recipe_with_notes(plan, tmp_path, text):
    path = tmp_path / "short.txt"
    path.write_text(text[:9_000])
    made, preset = plan(path, preset="best"), PRESETS["best"]
    batch_size, seq_len = made.config.training.batch_size, made.config.model.seq_len
    assert 64 * batch_size * seq_len < 8_100 <= 128 * batch_size * seq_len
    assert made.notes[:2] == (
        "For a text this short, `preset='standard'` is the better start.",
        "Only the last 900 characters are scored: the standard error is about 0.073 nats/char.",
    )
    assert made.notes[2:-1] == (
        f"The text is short for this recipe: `batch_size` is {batch_size} instead of {preset['batch_size']}.",
        f"The text is short for this recipe: `seq_len` is {seq_len} instead of {preset['seq_len']}.",
    )
    assert " epochs, " in made.notes[-1]


def test_the_users_batch_shape_is_not_reduced(plan, tmp_path, text):
    path = tmp_path / "short.txt"
    path.write_text(text[:20_000])
    made = plan(path, given={"seq_len": 100})
    assert (made.config.training.batch_size, made.config.model.seq_len) == (2, 100)
    assert len(made.notes) == 3  # the error of the score, the batch size, epochs and time
    path.write_text(text[:3000])
    with pytest.raises(CorpusError, match="2,700 characters to train on, but 32 streams of windows of 100 need 3,201"):
        plan(path, given={"seq_len": 100, "batch_size": 32})


def test_without_held_out_text_everything_is_learned(plan, tmp_path, text):
    path = tmp_path / "exact.txt"
    path.write_text(text[: 64 * PRESETS["standard"]["batch_size"] * PRESETS["standard"]["seq_len"] + 1])
    assert len(plan(path, given={"validation": 0.0}).notes) == 1
    assert len(plan(path).notes) == 2


def test_a_checkpoint_is_named_after_the_file_or_by_the_user(plan, root, story, tmp_path, text, monkeypatch):
    other = tmp_path / "my draft (2).txt"
    other.write_text(text)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert plan().folder == root / "story"
    assert plan(other, story).folder == root / "my-draft-2"
    assert plan(name="Ferry").folder == root / "Ferry"
    (root / "story").mkdir(parents=True)
    assert plan().folder == root / "story-2"


def test_standard_input_can_be_trained_on(plan, root, text, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    made = plan("-")
    assert made.folder == root / "stdin"
    assert made.paths == ("-",)
    assert made.config.vocabulary.decode(made.ids) == text


def test_paths_are_stored_as_absolute_paths(plan, tmp_path, story, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert plan("story.txt").paths == (str(story),)


def test_the_text_is_read_in_its_text_encoding(plan, tmp_path, text):
    path = tmp_path / "old.txt"
    path.write_bytes(("é" + text).encode("latin-1"))
    made = plan(path, text_encoding="latin-1")
    assert "é" in made.config.vocabulary.characters
    assert made.text_encoding == "latin-1"


@pytest.mark.parametrize(
    ("given", "options", "kind", "found"),
    [
        ({}, {"name": "a/b"}, CheckpointError, "'a/b' cannot name a checkpoint"),
        ({"batch_size": 0}, {}, ConfigError, "batch_size: expected an integer from 1 to 1,000,000; found 0"),
        ({"validation": 1.5}, {}, ConfigError, "validation_split: expected a number from 0 to 0.9; found 1.5"),
        ({"units": ()}, {}, ConfigError, "units: expected a list of 1 to 64 integers"),
        ({"batch_size": 40_000}, {}, CorpusError, "40,000 streams of windows of"),
        ({"batches": "windows", "seq_len": 360_000}, {}, CorpusError, "a window of 360000 and its next character need 360,001"),
        ({}, {"base_name": "nobody"}, CheckpointError, "checkpoint 'nobody' does not exist"),
        ({"units": (5,)}, {"base_name": "nobody"}, ConfigError, "`units` cannot be changed with `base='nobody'`"),
        ({"activation": "relu"}, {"base_name": "nobody"}, ConfigError, "`activation` cannot be changed with `base='nobody'`"),
    ],
)
def test_invalid_plans_are_refused_and_nothing_is_written(plan, root, given, options, kind, found):
    with pytest.raises(kind) as error:
        plan(given=given, **options)
    assert found in str(error.value)
    assert not root.exists()


def test_a_taken_name_is_refused_before_the_text_is_read(plan, root):
    (root / "taken").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="already exists and was not changed"):
        plan("missing.txt", name="taken")


def test_a_missing_text_is_refused(plan, root):
    with pytest.raises(CorpusError, match=r"missing\.txt does not exist"):
        plan("missing.txt")
    assert not root.exists()


@pytest.mark.parametrize("validation", [0.0001, 0.00006, 0.00014])
def test_one_character_cannot_be_held_out(plan, tmp_path, text, validation):
    path = tmp_path / "short.txt"
    path.write_text(text[:10_000])
    with pytest.raises(ConfigError, match=f"`validation_split={validation:g}` would hold out one of 10,000 characters"):
        plan(path, given={"validation": validation})
    assert plan(path, given={"validation": 0.0}).config.training.validation == 0.0


def test_a_one_line_text_holds_nothing_out(plan, tmp_path, text):
    path = tmp_path / "short.txt"
    path.write_text(text[:12])
    made = plan(path, given={"seq_len": 2, "batch_size": 1})
    assert made.config.training.validation == 0.0


def test_rare_characters_share_a_placeholder(plan, tmp_path, text):
    path = tmp_path / "odd.txt"
    odd = text[:1_000] + "éé渡" + text[1_003:-1] + "ü"
    path.write_text(odd)
    made = plan(path, given={"min_count": 3})
    vocabulary = made.config.vocabulary
    assert set(vocabulary.characters) == set(text[:360_000])
    assert vocabulary.rare == RareCharacters("é渡", (2, 1))
    assert made.config.model.vocabulary_size == len(vocabulary) + 1
    assert vocabulary.decode(made.ids) == odd
    assert any("(`min_count=1` learns all)" in note for note in made.notes)
    # The held-out text is in capitals, of which only the line ends are learned.
    assert made.ids[-1] == len(vocabulary) + 2 + ord("ü")
    without = plan(path, given={"min_count": 1})
    assert without.config.vocabulary == Vocabulary.of(odd)
    assert without.config.model.vocabulary_size == len(set(odd))


def test_min_count_is_checked_before_the_text_is_read(plan):
    with pytest.raises(ConfigError, match="min_count: expected auto or an integer of at least 1; found 0"):
        plan("nowhere.txt", given={"min_count": 0})
