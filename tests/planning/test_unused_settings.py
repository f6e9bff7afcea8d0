"""Settings without effect: each is refused with the cause and a remedy."""

import pytest

from charlstm.config import ModelConfig, build
from charlstm.errors import ConfigError
from charlstm.planning.presets import PRESETS

SMALL = {"units": (4, 3), "seq_len": 16, "batch_size": 4, "epochs": 3.0}
ONE_LAYER = {**SMALL, "units": (4,)}


@pytest.mark.parametrize(
    ("preset", "given", "words"),
    [
        (
            "quick",
            {"embedding_size": 7},
            "`embedding_size` has no effect with `input_encoding='one-hot'`; leave it out, or give "
            "`input_encoding='embedding'`",
        ),
        ("classic", {"embedding_size": 7}, "`embedding_size` has no effect with `input_encoding='scalar'`"),
        ("quick", {"embedding_size": 64}, "`embedding_size` has no effect"),  # the default, but given
        (
            "classic",
            {"warmup": 0.1},
            "`warmup` has no effect with `schedule='constant'`; leave it out, or give `schedule='cosine'`",
        ),
        ("quick", {"warmup": 0.1, "schedule": "constant"}, "`warmup` has no effect with `schedule='constant'`"),
        (
            "classic",
            {"state_reset": 0.5},
            "`state_reset` has no effect with `batches='windows'`, which all start from a zero state",
        ),
        ("quick", {"state_reset": 0.0, "batches": "windows"}, "`state_reset` has no effect with `batches='windows'`"),
        ("quick", {"use_bias": False, "unit_forget_bias": True}, "`unit_forget_bias` has no effect with `use_bias=False`"),
        ("quick", {"use_bias": False, "bias_initializer": "ones"}, "`bias_initializer` has no effect with `use_bias=False`"),
        ("quick", {"use_bias": False, "bias_regularizer": "l2:1"}, "`bias_regularizer` has no effect with `use_bias=False`"),
        ("quick", {"use_bias": False, "bias_constraint": "non_neg"}, "`bias_constraint` has no effect with `use_bias=False`"),
        ("quick", {"patience": 2, "validation": 0.0}, "`patience` has no effect with `validation_split=0`: nothing is scored"),
        ("best", {"patience": 2, "validation": 1e-7}, "`patience` has no effect with `validation_split=1e-07`"),
        (
            "standard",
            {**ONE_LAYER, "kernel_initializer": "zeros", "input_initializer": "ones"},
            "`kernel_initializer` has no effect with `input_initializer`, which initialises the only kernel of this network",
        ),
    ],
)
def test_a_setting_without_effect_is_refused(plan, preset, given, words):
    with pytest.raises(ConfigError) as error:
        plan(given={**SMALL, **given}, preset=preset)
    assert str(error.value).startswith(words)


@pytest.mark.parametrize(
    "given",
    [
        {"embedding_size": 7, "encoding": "embedding"},
        {"warmup": 0.0, "schedule": "constant"},  # states the default
        {"warmup": 0.1},
        {"state_reset": 1.0, "batches": "windows"},
        {"state_reset": 0.5},
        {"use_bias": False, "unit_forget_bias": False},
        {"bias_initializer": "ones", "bias_regularizer": "l2:1", "bias_constraint": "non_neg"},
        {"patience": 2},
        {"validation": 0.0},
        {"weight_decay": 0.0, "clip_norm": 0.0, "weight_average": 0.0, "dropout": 0.0, "drop_connect": 0.0},
        {"kernel_initializer": "zeros", "input_initializer": "ones"},  # of two layers, one each
        {**ONE_LAYER, "kernel_initializer": "zeros", "input_initializer": "ones", "encoding": "embedding"},
    ],
)
def test_a_setting_with_effect_is_accepted(plan, given):
    config = plan(given=SMALL | given).config
    found = {name: getattr(config.model, name, getattr(config.training, name, None)) for name in given}
    assert found == given


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("units", [(4,), (4, 3)])
def test_kernel_initializer_overrides_the_input_initializer(plan, preset, units):
    made = plan(given={**SMALL, "units": units, "kernel_initializer": "he_normal"}, preset=preset).config.model
    assert (made.kernel_initializer, made.input_initializer) == ("he_normal", None)


def test_embeddings_keep_the_presets_initializer(plan):
    made = plan(given={**SMALL, "kernel_initializer": "he_normal", "encoding": "embedding"}).config.model
    assert (made.kernel_initializer, made.input_initializer) == ("he_normal", PRESETS["standard"]["input_initializer"])


def test_embedding_size_has_effect_with_a_large_vocabulary(plan, tmp_path):
    path = tmp_path / "large.txt"
    path.write_text("".join(chr(0x4E00 + code % 400) for code in range(9_000)))
    made = plan(path, given={**SMALL, "embedding_size": 7}).config.model
    assert (made.encoding, made.embedding_size) == ("embedding", 7)


@pytest.mark.parametrize(
    ("patience", "evaluations", "said"), [(2, 3, False), (3, 3, True), (9, 3, True), (9, 10, False), (1, 1, True)]
)
def test_note_on_patience_that_cannot_be_used_up(plan, patience, evaluations, said):
    notes = plan(given=SMALL | {"patience": patience, "evaluations": evaluations}).notes
    sentence = (
        f"`patience={patience}` cannot end this training early, which has {evaluations} evaluation{'s' * (evaluations > 1)};"
    )
    assert any(note.startswith(sentence) for note in notes) == said


@pytest.mark.parametrize(("given", "said"), [("bfloat16", True), ("float32", False), (None, False)])
def test_note_on_the_precision_of_an_exchange(plan, given, said):
    notes = plan(given=SMALL | ({} if given is None else {"gradient_precision": given})).notes
    assert any("several workers or GPUs exchange" in note for note in notes) == said


def test_every_network_setting_of_a_preset_can_be_overridden(plan):
    names = {name for values in PRESETS.values() for name in values} & set(vars(ModelConfig(vocabulary_size=2)))
    others = {
        "units": (5,), "seq_len": 9, "encoding": "embedding", "targets": "last", "dropout": 0.11, "input_initializer": "ones",
    }  # fmt: skip
    assert names == set(others)
    for preset in PRESETS:
        made = plan(given={**SMALL, **others}, preset=preset).config.model
        assert made == build(ModelConfig, {**vars(made), **others})
