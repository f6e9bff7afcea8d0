"""The browser engine's network and modes against the NumPy engine."""

import numpy as np
import pytest

from charlstm.inference.modes import decoder
from charlstm.inspection.activations import QUANTITIES, activations_along
from charlstm.text.vocabulary import Vocabulary
from tests.export.node import EngineError, WebModel, words

CHARACTERS = Vocabulary.of("The quick brown fox jumps over the lazy dog.\n").characters
TEXT = "the lazy dog jumps over The quick brown fox" * 2
ACTIVATIONS = ["tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "linear"]

LOGITS = """
    const network = globalThis.model.network;
    const decoder = engine.createDecoder(network, data.mode, data.texts);
    return data.ids.map((ids) => { decoder.step(ids); return decoder.logits(); });
"""


def assert_same_logits(engine, model, mode, texts=1, **options):
    engine.load_model(model, **options)
    ids = model.vocabulary.encode(TEXT[:40])[:, None].astype(int) + np.arange(texts)  # every text has other characters
    ids %= len(model.vocabulary)
    found = np.array(engine.run(LOGITS, mode=mode, texts=texts, ids=ids.tolist()))
    numpy_decoder = decoder(model.network, mode)
    state, expected = numpy_decoder.initial_state(texts), []
    for each in ids:
        state = numpy_decoder.step(each, state)
        expected.append(numpy_decoder.logits(state).ravel())
    np.testing.assert_allclose(found, np.array(expected), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("units", [(16,), (9, 7, 5)])
@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
def test_logits_equal_numpy(engine, encoding, units, mode):
    assert_same_logits(engine, WebModel(CHARACTERS, encoding=encoding, units=units, embedding_size=6), mode)


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("texts", [3, 33])
def test_logits_of_several_texts_equal_numpy(engine, texts, mode):
    assert_same_logits(engine, WebModel(CHARACTERS, units=(7, 9)), mode, texts)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("recurrent_activation", ACTIVATIONS)
def test_every_activation_equals_numpy(engine, activation, recurrent_activation):
    # Small weights: states that grow without bound would also let the rounding errors grow.
    settings = {"activation": activation, "recurrent_activation": recurrent_activation}
    assert_same_logits(engine, WebModel(CHARACTERS, units=(6, 5), scale=0.1, **settings), "stateful")


def test_a_network_without_biases_equals_numpy(engine):
    assert_same_logits(engine, WebModel(CHARACTERS, units=(6, 5), use_bias=False), "stateful")


def test_a_network_without_simd_equals_numpy(engine):
    assert_same_logits(engine, WebModel(CHARACTERS, units=(18, 5)), "stateless", 3, simd=False)


Z = np.concatenate([np.linspace(-50, 50, 4_001), np.geomspace(1e-9, 1, 100), [700.0, -700.0, 1e30, -1e30, np.inf, -np.inf]])


def test_sigmoid_is_exact_to_float32(engine):
    found = np.array(engine.run("return data.z.map((z) => engine.sigmoid(Number(z)))", z=words(Z)))
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-Z)), rtol=1e-8, atol=1e-17)


@pytest.mark.parametrize("kernels", ["simdKernels(memory)", "plainKernels(numbers)"])
def test_activations_of_both_kernels_are_exact_to_float32(engine, kernels):
    script = (
        "const memory = new WebAssembly.Memory({ initial: 1 });"
        "const numbers = new Float32Array(memory.buffer, 0, data.z.length);"
        f"const kernels = engine.{kernels}; numbers.set(data.z.map(Number));"
        "engine.ACTIVATIONS[data.name](kernels, numbers, data.start, data.z.length); return numbers"
    )
    z = Z.astype(np.float32)
    with np.errstate(over="ignore"):
        exact = {"sigmoid": 1 / (1 + np.exp(-z.astype(np.float64))), "tanh": np.tanh(z.astype(np.float64))}
    for name, expected in exact.items():
        for start in (0, len(z) - 3):  # the last three do not fill a register
            found = np.array(engine.run(script, z=words(z), name=name, start=start)[start:], float)
            np.testing.assert_allclose(found, expected[start:], rtol=2e-7, atol=2e-7)


def test_a_policy_that_forbids_webassembly_leaves_the_plain_kernels(engine):
    engine.run(
        "globalThis.compiler = WebAssembly.Module;"
        "WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError('forbidden') } }"
    )
    try:
        assert engine.run("return engine.simdKernels(new WebAssembly.Memory({ initial: 1 }))") is None
        assert_same_logits(engine, WebModel(CHARACTERS), "stateful")
    finally:
        engine.run("WebAssembly.Module = globalThis.compiler")


def test_nan_stays_nan_in_both_kernels(engine):
    script = (
        "const memory = new WebAssembly.Memory({ initial: 1 }); const numbers = new Float32Array(memory.buffer, 0, 5);"
        "return [engine.simdKernels(memory), engine.plainKernels(numbers)].flatMap((kernels) => {"
        "numbers.fill(NaN); kernels.sigmoid(0, 20, 1, 1, 0); return Array.from(numbers, String) })"
    )
    assert engine.run(script) == ["NaN"] * 10


@pytest.mark.parametrize("layer", [1, 2])
def test_activations_equal_numpy(engine, layer):
    model = WebModel(CHARACTERS, units=(6, 5))
    engine.load_model(model)
    found = engine.run("return globalThis.model.activations(data.text, data.layer)", text=TEXT, layer=layer)
    expected = activations_along(model.network, model.vocabulary.encode(TEXT))[layer - 1]
    assert found["shape"] == list(expected.i.shape)
    for name in QUANTITIES:
        np.testing.assert_allclose(found[name], getattr(expected, name).ravel(), rtol=1e-5, atol=1e-5)


def test_a_layer_that_is_not_there_is_refused(engine):
    engine.load_model(WebModel(CHARACTERS))
    for layer in (0, 2):
        with pytest.raises(EngineError, match="RangeError: layer"):
            engine.run("return globalThis.model.activations('The', data.layer)", layer=layer)


def test_infinite_activations_are_refused(engine):
    engine.load_model(WebModel(CHARACTERS, activation="relu", scale=1e6))
    for call in ("activations", "next"):
        with pytest.raises(EngineError, match="infinite or NaN"):
            engine.run(f"return globalThis.model.{call}(data.text)", text=TEXT)
