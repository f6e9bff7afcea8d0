"""Weights in float16 and float32: rounding, bytes, and what the browser engine reads from them."""

import base64
import json

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import charlstm
from charlstm.errors import ConfigError
from charlstm.export.web_model import web_model
from charlstm.export.weights import pack_weights, round_weights
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.export.node import EngineError, WebModel

EVERY_FLOAT16 = np.arange(65_536, dtype="<u2").view("<f2")


def test_rounding_is_to_nearest_with_ties_to_even():
    given = np.array([1 + 2**-11, 1 + 3 * 2**-11, 65_519, 2**-25, 3 * 2**-25, -0.0], np.float32)
    expected = [1, 1 + 2**-9, 65_504, 0, 2**-23, -0.0]
    rounded = round_weights({"a": given}, "float16")["a"]
    assert rounded.dtype == np.float32
    assert rounded.tolist() == expected
    assert np.signbit(rounded[-1])


def test_float32_is_not_changed():
    weights = {"a": np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)}
    assert round_weights(weights, "float32") is weights


@pytest.mark.parametrize("value", [65_520, -1e30])
@pytest.mark.parametrize("convert", [round_weights, pack_weights])
def test_numbers_beyond_float16_are_refused(convert, value):
    with pytest.raises(ConfigError, match="float32") as caught:
        convert({"a": np.zeros(2, np.float32), "dense/bias": np.array([1, value], np.float32)}, "float16")
    assert caught.value.setting == "weights"
    assert "dense/bias" in str(caught.value)


@pytest.mark.parametrize(("weights_format", "dtype"), [("float16", "<f2"), ("float32", "<f4")])
def test_bytes_are_little_endian_in_c_order(weights_format, dtype):
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([0.1], np.float32)
    packed = pack_weights({"a": np.asfortranarray(a), "b": b}, weights_format)
    assert packed == a.astype(dtype).tobytes() + b.astype(dtype).tobytes()
    assert np.frombuffer(packed, dtype)[-1] == round_weights({"b": b}, weights_format)["b"][0]


def test_engine_reads_every_float16_as_numpy(engine):
    script = "return Array.from(engine.fromFloat16(Uint8Array.from(data.bytes)), (x) => Object.is(x, -0) ? '-0' : String(x))"
    found = np.array(engine.run(script, bytes=list(EVERY_FLOAT16.tobytes())), float)
    np.testing.assert_array_equal(found, EVERY_FLOAT16)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(EVERY_FLOAT16) & ~np.isnan(EVERY_FLOAT16))


@pytest.mark.parametrize("weights_format", ["float16", "float32"])
@pytest.mark.parametrize("form", ["data.text", "Uint8Array.from(data.bytes)", "Uint8Array.from(data.bytes).buffer"])
def test_engine_reads_weights_in_every_form(engine, weights_format, form):
    model = WebModel("abc", weights_format=weights_format)
    script = f"return engine.decodeWeights({form}, data.layout)"
    layout, data = model.manifest["weights"], model.weights
    found = engine.run(script, layout=layout, text=base64.b64encode(data).decode(), bytes=list(data))
    values = np.frombuffer(data, {"float16": "<f2", "float32": "<f4"}[weights_format])
    assert list(found) == list(model.network.config.weight_shapes)
    assert [number for array in found.values() for number in array] == values.tolist()


def test_engine_refuses_truncated_weights(engine):
    model = WebModel("abc")
    text = base64.b64encode(model.weights[:-4]).decode()
    with pytest.raises(EngineError, match="RangeError: the weights have"):
        engine.run("return engine.decodeWeights(data.text, data.layout)", layout=model.manifest["weights"], text=text)


def test_engine_refuses_another_version(engine):
    model = WebModel("abc")
    model.manifest["format_version"] = 2
    with pytest.raises(EngineError, match="RangeError: format_version"):
        engine.load(model.manifest, model.weights)


def test_manifest_is_json_with_a_string_for_each_character():
    vocabulary = Vocabulary("a\u2028𝒳", RareCharacters("🙂", (2,)))
    manifest = json.loads(json.dumps(WebModel(vocabulary).manifest))
    assert manifest["vocabulary"] == ["a", "\u2028", "𝒳"]
    assert manifest["rare"] == {"characters": ["🙂"], "counts": [2]}
    assert manifest["config"]["vocabulary_size"] == 4


@pytest.mark.parametrize("address", ["https://example.org/model", "https://example.org/model/"])
def test_load_fetches_both_files_of_the_folder(engine, address):
    model = WebModel("abc")
    script = (
        "globalThis.fetch = async (url) => { const { pathname } = url;"
        "return pathname === '/model/model.json' ? new Response(JSON.stringify(data.manifest))"
        ": pathname === '/model/weights.bin' ? new Response(Uint8Array.from(data.bytes)) : new Response('', { status: 404 }) };"
        "return engine.load(data.address).then((model) => [model.name, model.generate({ seed: 'a', length: 9 }).length])"
    )
    assert engine.run(script, manifest=model.manifest, bytes=list(model.weights), address=address) == ["tale", 10]
    with pytest.raises(EngineError, match="HTTP 404"):
        engine.run("return engine.load('https://example.org/other')")


@pytest.mark.parametrize(
    ("mode", "length"), [("stateful", 300), ("stateless", 40), pytest.param("stateless", 300, marks=pytest.mark.slow)]
)
def test_demo_model_in_float16_writes_the_texts_of_the_library(engine, mode, length):
    model = charlstm.load("ferry", weights="float16")
    engine.load(*web_model(model.checkpoint, model.weights, "ferry"), name="ferry")
    options = {"seed": "The river ", "length": length, "mode": mode, "samples": 2}
    with threadpool_limits(1):  # several threads on a busy machine take ten times as long
        expected = model.generate_batch(**options, random_seed=1)
    assert engine.run("return globalThis.ferry.generateBatch(data)", **options, randomSeed=1) == expected


def test_library_rounds_the_weights_on_request():
    exact, rounded = charlstm.load("ferry").weights, charlstm.load("ferry", weights="float16").weights
    for name, value in exact.items():
        np.testing.assert_array_equal(rounded[name], value.astype(np.float16).astype(np.float32))
        assert not rounded[name].flags.writeable
    with pytest.raises(ConfigError) as caught:
        charlstm.load("ferry", weights="float8")
    assert caught.value.setting == "weights"
