"""Planning a fine-tuning run, which starts from a checkpoint's weights."""

from dataclasses import replace
from pathlib import Path

import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.history import HISTORY
from charlstm.checkpoint.search import BUNDLED, CURRENT
from charlstm.checkpoint.weights import WEIGHTS, read_weights
from charlstm.errors import CharlstmError, ConfigError
from charlstm.planning.base_model import Base
from charlstm.planning.presets import PRESETS
from charlstm.planning.resume_plan import plan_resuming
from charlstm.planning.training_plan import plan_training
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from charlstm.text.windows import split

SMALL = {"units": (4, 3), "seq_len": 16, "batch_size": 4, "epochs": 3.0}


@pytest.mark.parametrize("preset", PRESETS)
def test_fine_tuning_keeps_the_network_and_adapts_dropout(plan, begin, tmp_path, text, preset):
    base = plan(given=SMALL | {"dropout": 0.01, "drop_connect": 0.02}, name="base")
    begin(base)
    other = tmp_path / "other.txt"
    other.write_text(text.replace("a", "z"))
    made = plan(other, base_name="base", preset=preset)
    dropping = {key: getattr(made.config.model, key) for key in ("dropout", "drop_connect")}
    assert made.config.model == replace(base.config.model, vocabulary_size=len(made.config.vocabulary), **dropping)
    assert (dropping == {"dropout": 0.01, "drop_connect": 0.02}) == (preset == "classic")
    assert made.config.training.learning_rate == PRESETS[preset]["learning_rate"]


def test_the_base_is_found_where_models_are_read(plan, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.txt").write_text(text.replace("a", "z"))

    def made(root, name):
        return plan_training(root, ["other.txt"], {"epochs": 1.0}, preset="quick", created="", base_name=name)

    assert made(CURRENT, "ferry").start.name == "ferry"  # the demo model
    assert made(Path("elsewhere"), str(BUNDLED / "ferry")).start.name == "ferry"
    with pytest.raises(CharlstmError, match="checkpoint 'ferry' does not exist, nor does the folder of checkpoints, elsewhere"):
        made(Path("elsewhere"), "ferry")
    with pytest.raises(CharlstmError, match=r"checkpoint 'fery' does not exist; .*checkpoints contains: ferry"):
        made(CURRENT, "fery")


def test_fine_tuning_starts_from_the_weights_and_adds_characters(plan, begin, root, tmp_path, text):
    base = plan(given=SMALL, name="base")
    folder = begin(base)
    other = tmp_path / "other.txt"
    other.write_text(text.replace("a", "é"))
    made = plan(other, base_name="base")
    assert isinstance(made.start, Base)
    assert made.start.config == read_config(folder)
    weights = read_weights(folder, base.config.model)
    assert {name: value.tolist() for name, value in made.start.weights.items()} == {
        name: value.tolist() for name, value in weights.items()
    }
    assert made.config.vocabulary.characters == "".join(sorted({*text, "é"}))
    assert made.config.model.vocabulary_size == len(made.config.vocabulary)
    assert made.config.vocabulary.decode(made.ids) == text.replace("a", "é")
    assert made.folder == root / "other"


def test_fine_tuning_may_change_dropout_and_the_training(plan, begin):
    begin(plan(given=SMALL, name="base"))
    made = plan(base_name="base", given={"dropout": 0.7, "recurrent_dropout": 0.6, "batch_size": 2, "learning_rate": 0.1})
    assert (made.config.model.dropout, made.config.model.recurrent_dropout) == (0.7, 0.6)
    assert (made.config.training.batch_size, made.config.training.learning_rate) == (2, 0.1)


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ({}, (4, 64)),
        ({"seq_len": 128}, (2, 128)),
        ({"batch_size": 16}, (16, 16)),
    ],
    ids=str,
)
def test_the_window_is_adapted_to_a_short_text_unless_it_is_given(plan, begin, tmp_path, text, given, shape):
    begin(plan(given=SMALL | {"seq_len": 128}, name="base"))
    path = tmp_path / "short.txt"
    path.write_text(text[:20_000])
    made = plan(path, base_name="base", given=given)
    assert (made.config.training.batch_size, made.config.model.seq_len) == shape
    note = "The text is short for this recipe: `seq_len` is {} instead of 128."
    assert (note.format(shape[1]) in made.notes) == ("seq_len" not in given)


@pytest.mark.parametrize(
    ("characters", "given", "multiplier"),
    [(20_000, {}, 1.0), (200_000, {}, 1.0), (400_000, {}, 8.0), (20_000, {"input_rate_multiplier": 3.0}, 3.0)],
)
def test_the_learning_rate_of_known_inputs_is_not_multiplied_for_a_short_text(
    plan, begin, tmp_path, text, characters, given, multiplier
):
    begin(plan(given=SMALL, name="base"))
    path = tmp_path / "other.txt"
    path.write_text((text * 20)[:characters])
    given = {"epochs": 3.0, **given}
    assert plan(path, base_name="base", given=given).config.training.input_rate_multiplier == multiplier
    assert plan(path, given=given).config.training.input_rate_multiplier == given.get("input_rate_multiplier", 8.0)


def test_a_base_without_weights_is_refused(plan, begin):
    folder = begin(plan(given=SMALL, name="base"))
    (folder / WEIGHTS).unlink()
    with pytest.raises(CharlstmError, match=r"model\.safetensors does not exist any more; restore it from a copy"):
        plan(base_name="base")
    (folder / HISTORY).write_bytes(b"")
    with pytest.raises(CharlstmError, match="its training ended before the first evaluation"):
        plan(base_name="base")


def held_out(plan):
    return split(plan.ids, plan.config.training.validation)[1].size


@pytest.mark.parametrize("preset", PRESETS)
def test_only_text_that_the_base_held_out_is_held_out(plan, begin, text, preset):
    begin(plan(given=SMALL | {"validation": 0.01}, name="base"))
    made = plan(base_name="base", preset=preset)
    assert held_out(made) == 0.01 * len(text)
    assert made.notes[0] == "base was trained on all but the last 4,000 characters of this text: only those are held out."


@pytest.mark.parametrize("given", [{}, {"validation": 0.02}, {"validation": 0.1}])
def test_the_same_or_a_smaller_part_may_be_held_out(plan, begin, text, given):
    begin(plan(given=SMALL, name="base"))
    made = plan(base_name="base", given=given)
    assert held_out(made) == given.get("validation", 0.1) * len(text)
    assert "held out" not in made.notes[0]


def test_a_base_without_held_out_text_gives_no_score(plan, begin):
    begin(plan(given=SMALL | {"validation": 0.0}, name="base"))
    made = plan(base_name="base")
    assert held_out(made) == 0
    assert made.notes[0] == "base was trained on all of this text: nothing is held out, and there is no score."


@pytest.mark.parametrize(
    ("base", "asked", "end"), [(0.0, 0.1, "nothing"), (0.1, 0.2, "those 40,000"), (0.05, 0.9, "those 20,000")]
)
def test_holding_out_the_bases_training_text_is_refused(plan, begin, base, asked, end):
    begin(plan(given=SMALL | {"validation": base}, name="base"))
    with pytest.raises(ConfigError, match=f"^base was trained on .*`validation_split={asked}` would.* to hold out {end}, or"):
        plan(base_name="base", given={"validation": asked})


@pytest.mark.parametrize(("last", "characters"), [(0.2, 20_000), (0.01, 4_000)])
def test_held_out_text_is_unseen_by_every_base_of_the_base(plan, begin, tmp_path, text, last, characters):
    other = tmp_path / "other.txt"
    other.write_text(text.swapcase())
    begin(plan(given=SMALL | {"validation": 0.05}, name="first"))
    begin(plan(other, base_name="first", name="second"))
    begin(plan(base_name="second", given={"validation": min(last, 0.05)}, name="third"))
    made = plan(base_name="third", name="fourth")
    assert [(base.name, base.corpus) for base in made.config.bases] == [
        ("first", "story.txt"), ("second", "other.txt"), ("third", "story.txt"),
    ]  # fmt: skip
    assert [base.validation for base in made.config.bases] == [0.05, 0.1, min(last, 0.05)]
    assert held_out(made) == characters


@pytest.mark.parametrize(
    ("added", "before", "characters"), [(30_000, False, 43_000), (10_000, False, 30_000), (40_000, True, 20_000)]
)
def test_a_longer_text_holds_out_only_unseen_characters(plan, begin, tmp_path, text, added, before, characters):
    begin(plan(given=SMALL | {"validation": 0.05}, name="base"))
    new = "new " * (added // 4)
    grown = tmp_path / "grown.txt"
    grown.write_text(new + text if before else text + new)
    assert held_out(plan(grown, base_name="base")) == characters


def test_a_different_text_is_held_out_as_usual(plan, begin, tmp_path, text):
    begin(plan(given=SMALL | {"validation": 0.0}, name="base"))
    other = tmp_path / "other.txt"
    other.write_text(text[::-1])
    assert held_out(plan(other, base_name="base", given={"validation": 0.25})) == 0.25 * len(text)


def test_resuming_keeps_the_bases(plan, begin, root):
    begin(plan(given=SMALL, name="base"))
    made = plan(base_name="base", name="tuned")
    begin(made)
    assert plan_resuming(root, "tuned", [], {}).config.bases == made.config.bases != ()


@pytest.mark.parametrize(
    "given",
    [
        {"seq_len": 64},
        {"targets": "last"},
        {"kernel_regularizer": "l2:0.1", "bias_constraint": "non_neg"},
        {"seq_len": 7, "targets": "last", "batches": "windows", "recurrent_constraint": "unit_norm"},
    ],
)
def test_fine_tuning_may_change_settings_without_weights(plan, begin, root, given):
    base = plan(given=SMALL, name="base")
    weights = read_weights(begin(base), base.config.model)
    made = plan(base_name="base", given=given)
    assert {name: getattr(made.config.model, name) for name in given if name != "batches"} == {
        name: value for name, value in given.items() if name != "batches"
    }
    assert made.config.model.weight_shapes == base.config.model.weight_shapes
    assert all((made.start.weights[name] == value).all() for name, value in weights.items())
    assert max(map(len, made.config.corpus.windows)) <= made.config.model.seq_len


@pytest.mark.parametrize(
    "given",
    [
        *({"units": (5,)}, {"encoding": "scalar"}, {"embedding_size": 9}, {"activation": "relu"}),
        *({"recurrent_activation": "hard_sigmoid"}, {"use_bias": False}, {"unit_forget_bias": False}),
        *({"kernel_initializer": "zeros"}, {"input_initializer": "zeros"}, {"bias_initializer": "ones"}),
    ],
)
def test_fine_tuning_may_not_change_the_network(plan, begin, given):
    begin(plan(given=SMALL, name="base"))
    with pytest.raises(CharlstmError, match="cannot be changed with `base='base'`"):
        plan(base_name="base", given=given)


def test_fine_tuning_keeps_the_placeholder_of_the_base(plan, begin, tmp_path, text):
    first = tmp_path / "first.txt"
    first.write_text("éé!" + text[3:])
    base = plan(first, given=SMALL | {"min_count": 3}, name="base")
    begin(base)
    assert base.config.vocabulary.rare == RareCharacters("!é", (1, 2))
    same = plan(first, base_name="base", name="same", given={"validation": 0.1})
    assert same.config.vocabulary.characters == base.config.vocabulary.characters
    assert same.config.vocabulary.rare == RareCharacters("!é", (2, 4))
    other = tmp_path / "other.txt"
    other.write_text(text[:-1].replace("a", "é") + "?")
    made = plan(other, base_name="base")
    assert set(made.config.vocabulary.characters) - set(base.config.vocabulary.characters) == {"é"}
    assert made.config.vocabulary.rare == RareCharacters("!", (1,))
    assert made.config.model.vocabulary_size == len(made.config.vocabulary) + 1
    assert made.config.vocabulary.decode(made.ids) == text[:-1].replace("a", "é") + "?"


def test_fine_tuning_can_add_a_placeholder(plan, begin, tmp_path, text):
    begin(plan(given=SMALL, name="base"))
    other = tmp_path / "other.txt"
    other.write_text("éé!" + text)
    made = plan(other, base_name="base", given={"min_count": 3})
    assert made.config.vocabulary == Vocabulary("".join(sorted(set(text))), RareCharacters("!é", (1, 2)))
