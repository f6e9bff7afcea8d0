"""Planning a training that starts from a checkpoint's weights."""

from dataclasses import replace

import pytest

from charlstm.checkpoint.files import read_config
from charlstm.checkpoint.weights import WEIGHTS, read_weights
from charlstm.errors import CharlstmError
from charlstm.recipe.plan import Base
from charlstm.recipe.presets import PRESETS

SMALL = {"units": (4, 3), "seq_len": 16, "batch_size": 4, "epochs": 3.0}


@pytest.mark.parametrize("preset", PRESETS)
def test_fine_tuning_keeps_the_network_whatever_the_preset_but_drops_as_the_new_text_asks_for(
    plan, begin, tmp_path, text, preset
):
    base = plan(given=SMALL | {"dropout": 0.01, "drop_connect": 0.02}, name="base")
    begin(base)
    other = tmp_path / "other.txt"
    other.write_text(text.replace("a", "z"))
    made = plan(other, base_name="base", preset=preset)
    dropping = {key: getattr(made.config.model, key) for key in ("dropout", "drop_connect")}
    assert made.config.model == replace(base.config.model, vocabulary_size=len(made.config.vocabulary), **dropping)
    assert (dropping == {"dropout": 0.01, "drop_connect": 0.02}) == (preset == "classic")
    assert made.config.training.learning_rate == PRESETS[preset]["learning_rate"]


def test_fine_tuning_starts_from_the_weights_and_adds_the_new_characters(plan, begin, root, tmp_path, text):
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


def test_fine_tuning_keeps_the_window_on_a_short_text(plan, begin, tmp_path, text):
    begin(plan(given=SMALL | {"seq_len": 128}, name="base"))
    path = tmp_path / "short.txt"
    path.write_text(text[:20_000])
    made = plan(path, base_name="base")
    assert (made.config.training.batch_size, made.config.model.seq_len) == (2, 128)


def test_a_base_without_weights_is_refused(plan, begin):
    (begin(plan(given=SMALL, name="base")) / WEIGHTS).unlink()
    with pytest.raises(CharlstmError, match="its training ended before the first evaluation"):
        plan(base_name="base")


@pytest.mark.parametrize(
    "given",
    [
        {"seq_len": 64},
        {"targets": "last"},
        {"kernel_regularizer": "l2:0.1", "bias_constraint": "non_neg"},
        {"seq_len": 7, "targets": "last", "batches": "windows", "recurrent_constraint": "unit_norm"},
    ],
)
def test_fine_tuning_may_change_what_no_weight_depends_on(plan, begin, root, given):
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
    with pytest.raises(CharlstmError, match="cannot be changed with --from: the network is that of base"):
        plan(base_name="base", given=given)
