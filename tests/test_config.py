"""The two records: their bounds, their way through JSON, and the shapes that follow from them."""

import json
import re
from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlstm.config import ModelConfig, TrainingConfig, build, setting_name, to_dict
from charlstm.errors import ConfigError, short_repr
from charlstm.formatting import count_parameters

KINDS = [ModelConfig, TrainingConfig]
REQUIRED = {ModelConfig: {"vocabulary_size": 10}, TrainingConfig: {}}

sizes = st.integers(1, 1_000_000)
fractions = st.floats(0, 1, exclude_max=True)
names = st.none() | st.text()
models = st.builds(
    ModelConfig,
    vocabulary_size=st.integers(2, 1_114_112),
    seq_len=sizes,
    encoding=st.sampled_from(["scalar", "one-hot", "embedding"]),
    embedding_size=sizes,
    units=st.lists(sizes, min_size=1, max_size=64).map(tuple),
    targets=st.sampled_from(["last", "every"]),
    activation=st.sampled_from(["tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "linear"]),
    recurrent_activation=st.sampled_from(["tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "linear"]),
    use_bias=st.booleans(),
    unit_forget_bias=st.booleans(),
    input_initializer=names,
    kernel_initializer=st.text(),
    bias_regularizer=names,
    recurrent_constraint=names,
    dropout=fractions,
    recurrent_dropout=fractions,
    drop_connect=fractions,
)
trainings = st.builds(
    TrainingConfig,
    batches=st.sampled_from(["windows", "streams"]),
    batch_size=sizes,
    state_reset=st.floats(0, 1),
    epochs=st.none() | st.floats(0, 1e9, exclude_min=True),
    minutes=st.none() | st.floats(0, 1e7, exclude_min=True),
    learning_rate=st.floats(0, 1e3, exclude_min=True),
    input_rate_multiplier=st.floats(0, 1e3, exclude_min=True),
    schedule=st.sampled_from(["cosine", "constant"]),
    warmup=fractions,
    weight_decay=st.floats(0, 1e9),
    clip_norm=st.floats(0, 1e9),
    weight_average=fractions,
    validation=st.floats(0, 0.9),
    evaluations=st.integers(1, 10_000),
    patience=st.none() | sizes,
    precision=st.sampled_from(["float32", "bfloat16"]),
    gradient_precision=st.sampled_from(["float32", "bfloat16"]),
    random_seed=st.integers(0, 2**63 - 1),
)


@given(models | trainings)
def test_record_round_trips_through_json(record):
    assert build(type(record), json.loads(json.dumps(to_dict(record)))) == record


@pytest.mark.parametrize("kind", KINDS)
def test_dict_has_every_field(kind):
    assert set(to_dict(build(kind, REQUIRED[kind]))) == {field.name for field in fields(kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_record_is_frozen(kind):
    record = build(kind, REQUIRED[kind])
    with pytest.raises(FrozenInstanceError):
        setattr(record, fields(kind)[0].name, 5)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (ModelConfig, "vocabulary_size", 1),
        (ModelConfig, "vocabulary_size", 1_114_113),
        (ModelConfig, "vocabulary_size", "many"),
        (ModelConfig, "vocabulary_size", None),
        (ModelConfig, "vocabulary_size", True),
        (ModelConfig, "vocabulary_size", 10**400),
        (ModelConfig, "seq_len", 0),
        (ModelConfig, "seq_len", 99.5),
        (ModelConfig, "seq_len", 1_000_001),
        (ModelConfig, "encoding", "two-hot"),
        (ModelConfig, "units", []),
        (ModelConfig, "units", [128, 0]),
        (ModelConfig, "units", 128),
        (ModelConfig, "units", [1] * 65),
        (ModelConfig, "targets", "first"),
        (ModelConfig, "activation", "os.system"),
        (ModelConfig, "use_bias", 1),
        (ModelConfig, "kernel_initializer", None),
        (ModelConfig, "dropout", 1.0),
        (ModelConfig, "dropout", -0.1),
        (ModelConfig, "dropout", float("nan")),
        (TrainingConfig, "batches", "heaps"),
        (TrainingConfig, "batches", "\ud800"),
        (TrainingConfig, "batch_size", 0),
        (TrainingConfig, "state_reset", 1.01),
        (TrainingConfig, "epochs", 0),
        (TrainingConfig, "epochs", 10**400),
        (TrainingConfig, "minutes", -1),
        (TrainingConfig, "minutes", float("inf")),
        (TrainingConfig, "learning_rate", 0),
        (TrainingConfig, "learning_rate", float("nan")),
        (TrainingConfig, "learning_rate", float("inf")),
        (TrainingConfig, "input_rate_multiplier", 0),
        (TrainingConfig, "input_rate_multiplier", float("inf")),
        (TrainingConfig, "warmup", 1),
        (TrainingConfig, "clip_norm", -1),
        (TrainingConfig, "weight_average", 1),
        (TrainingConfig, "validation", 0.91),
        (TrainingConfig, "evaluations", 0),
        (TrainingConfig, "evaluations", 10_001),
        (TrainingConfig, "patience", 0),
        (TrainingConfig, "precision", "float16"),
        (TrainingConfig, "gradient_precision", "float16"),
        (TrainingConfig, "random_seed", -1),
        (TrainingConfig, "random_seed", 2**63),
    ],
)
def test_out_of_range_value_names_the_setting(kind, field, value):
    with pytest.raises(ConfigError) as error:
        build(kind, {**REQUIRED[kind], field: value})
    found = ", ".join(map(repr, value)) or "nothing" if type(value) is tuple else short_repr(value)
    assert str(error.value).startswith(f"{setting_name(field)}: expected ")
    assert str(error.value).endswith(f"; found {found}{error.value.hint}")
    assert (error.value.setting, error.value.found) == (setting_name(field), pytest.approx(value, nan_ok=True))
    assert not re.search(r"`|int\b|float\b|array|<|>", error.value.expected)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ModelConfig, {"vocabulary_size": 2, "units": (1,) * 64, "dropout": 0.0}),
        (ModelConfig, {"vocabulary_size": 1_114_112, "seq_len": 1_000_000, "embedding_size": 1}),
        (TrainingConfig, {"epochs": 1e9, "minutes": 1e7, "validation": 0.9, "state_reset": 1.0, "random_seed": 2**63 - 1}),
        (TrainingConfig, {"epochs": 0.001, "validation": 0.0, "state_reset": 0.0, "clip_norm": 0.0, "patience": 1}),
    ],
)
def test_value_on_a_bound_is_accepted(kind, values):
    record = build(kind, values)
    assert {name: getattr(record, name) for name in values} == values


@pytest.mark.parametrize("value", ["gelu", "[" * 3_000], ids=len)
def test_error_lists_the_choices(value):
    with pytest.raises(ConfigError) as error:
        build(ModelConfig, {"vocabulary_size": 2, "activation": value})
    assert str(error.value) == (
        f"activation: expected tanh, sigmoid, hard_sigmoid, relu, softsign or linear; found {short_repr(value)}"
    )


WORDS = {
    (ModelConfig, "seq_len", 0): "an integer from 1 to 1,000,000",
    (ModelConfig, "units", ()): "a list of 1 to 64 integers from 1 to 1,000,000",
    (ModelConfig, "use_bias", 1): "true or false",
    (ModelConfig, "kernel_initializer", 1): "a string of at most 1,000 characters",
    (ModelConfig, "bias_constraint", 1): "a string of at most 1,000 characters",
    (TrainingConfig, "epochs", 0): "a number above 0 and up to 1,000,000,000",
    (TrainingConfig, "warmup", 1): "a number of at least 0 and below 1",
    (TrainingConfig, "validation", "much"): "a number from 0 to 0.9",
    (TrainingConfig, "patience", 0): "an integer from 1 to 1,000,000",
    (TrainingConfig, "batches", "heaps"): "windows or streams",
}


@pytest.mark.parametrize(("place", "expected"), WORDS.items(), ids=lambda value: value[1] if type(value) is tuple else "")
def test_expected_values_are_described_in_words(place, expected):
    kind, field, value = place
    with pytest.raises(ConfigError) as error:
        build(kind, {**REQUIRED[kind], field: value})
    assert error.value.expected == expected


@pytest.mark.parametrize(
    ("value", "meant"),
    [("onehot", "one-hot"), ("embeding", "embedding"), ("Scalar", "scalar"), ("red", None), (7, None), ("e" * 10**6, None)],
    ids=lambda value: str(value)[:9],
)
def test_similar_choice_is_suggested(value, meant):
    with pytest.raises(ConfigError) as error:
        build(ModelConfig, {"vocabulary_size": 2, "encoding": value})
    assert str(error.value).endswith(f"(did you mean {meant}?)" if meant else short_repr(value))


def test_a_missing_size_is_named():
    with pytest.raises(ConfigError, match="ModelConfig lacks the setting vocabulary_size"):
        build(ModelConfig, {})


def test_unknown_setting_lists_the_known_ones():
    with pytest.raises(
        ConfigError, match=r"there is no setting 'batchsize' \(did you mean batch_size\?\); there are .*batch_size.*warmup"
    ):
        build(TrainingConfig, {"batchsize": 3})


@pytest.mark.parametrize(
    ("encoding", "features"), [("scalar", 1), ("one-hot", 50), ("embedding", 7)], ids=["scalar", "one-hot", "embedding"]
)
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("units", [(3,), (4, 9), (5, 2, 8)])
def test_parameters_follow_the_formula(encoding, features, use_bias, units):
    model = ModelConfig(vocabulary_size=50, encoding=encoding, embedding_size=7, units=units, use_bias=use_bias)
    assert model.features == features
    expected = 50 * 7 if encoding == "embedding" else 0
    for d, u in zip((features, *units), units, strict=False):
        expected += 4 * (d * u + u * u + (u if use_bias else 0))
    assert count_parameters(model.weight_shapes) == expected + units[-1] * 50 + 50


def test_weight_names_and_shapes_match_keras():
    model = ModelConfig(vocabulary_size=6, encoding="embedding", embedding_size=3, units=(4, 5))
    assert list(model.weight_shapes.items()) == [
        ("embedding/embeddings", (6, 3)),
        ("lstm_1/kernel", (3, 16)),
        ("lstm_1/recurrent_kernel", (4, 16)),
        ("lstm_1/bias", (16,)),
        ("lstm_2/kernel", (4, 20)),
        ("lstm_2/recurrent_kernel", (5, 20)),
        ("lstm_2/bias", (20,)),
        ("dense/kernel", (5, 6)),
        ("dense/bias", (6,)),
    ]
