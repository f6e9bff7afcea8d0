"""Texts of the browser engine against texts of the NumPy engine, character by character."""

import unicodedata

import numpy as np
import pytest

from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.inference.generation import generate_pieces, generate_texts, warm_up
from charlstm.inference.logits import log_softmax
from charlstm.inference.modes import decoder
from charlstm.inference.sampling import Sampling, make_sampler
from charlstm.inference.stop_rules import StopRules
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.export.node import EngineError, WebModel, words

CHARACTERS = Vocabulary.of("The quick brown fox jumps over the lazy dog.\n").characters
HAN = "".join(map(chr, range(0x4E00, 0x4E00 + 1_530)))
EMOJI = "".join(sorted("ab \n🙂🦊é𝒳"))
MODES = ["stateless", "stateful"]
PLAIN = Sampling()
IN_THE_BROWSER = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
"""The sampling settings that the engine has."""

GENERATE = "return globalThis.model.generateBatch({ withSeed: false, ...data.options })"


def camel(name):
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def browser_settings(sampling):
    return {camel(name): getattr(sampling, name) for name in IN_THE_BROWSER}


def expected_samples(model, seed, mode, random_seeds, length, sampling=PLAIN, stops=()):
    return generate_texts(
        generate_pieces(
            decoder(model.network, mode), model.vocabulary, seed,
            random_seeds=random_seeds, length=length, sampling=sampling, stops=StopRules(tuple(stops)),
        )
    )  # fmt: skip


def assert_same_texts(engine, model, seed, mode, random_seeds, length, sampling=PLAIN, stops=()):
    engine.load_model(model)
    options = browser_settings(sampling)
    options |= {"seed": seed, "mode": mode, "length": length, "stop": stops}
    found = engine.run(GENERATE, options={**options, "randomSeed": random_seeds[0], "samples": len(random_seeds)})
    assert found == [each.text for each in expected_samples(model, seed, mode, random_seeds, length, sampling, stops)]


@pytest.mark.parametrize("mode", MODES)
def test_twenty_texts_of_a_thousand_characters_are_the_same(engine, mode):
    assert_same_texts(engine, WebModel(CHARACTERS, seq_len=5, units=(12,)), "The lazy ", mode, range(1, 21), 1_000)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("units", [(16,), (9, 7, 5)])
@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
def test_texts_are_the_same_for_every_network(engine, encoding, units, mode):
    model = WebModel(CHARACTERS, encoding=encoding, units=units, embedding_size=6)
    assert_same_texts(engine, model, "The lazy ", mode, [3], 300)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0),
        Sampling(temperature=0, top_k=3, repetition_penalty=1.5),
        Sampling(temperature=1e-300),
        Sampling(temperature=1e-300, repetition_penalty=1.3),
        Sampling(temperature=1.7),
        Sampling(top_k=1),
        Sampling(top_k=5),
        Sampling(top_k=1_000),
        Sampling(top_p=0.0),
        Sampling(top_p=0.5),
        Sampling(min_p=0.3),
        Sampling(min_p=1.0),
        Sampling(repetition_penalty=1.3),
        Sampling(0.9, 9, 0.95, 0.01, 0.8),
    ],
    ids=str,
)
def test_texts_are_the_same_under_every_sampling_setting(engine, sampling, mode):
    assert_same_texts(engine, WebModel(CHARACTERS), "The lazy ", mode, range(4, 7), 200, sampling)


@pytest.mark.parametrize("mode", MODES)
def test_texts_of_1530_han_characters_are_the_same(engine, mode):
    model = WebModel(HAN, seq_len=8, encoding="embedding", embedding_size=8, units=(12,))
    assert_same_texts(engine, model, HAN[5:30], mode, [1], 200, Sampling(top_p=0.9))


def test_large_vocabulary_with_top_p_is_the_same(engine):
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + 3_500)))
    model = WebModel(characters, encoding="scalar", units=(8,))
    assert_same_texts(engine, model, characters[:3], "stateful", [1], 40, Sampling(top_p=0.8))


@pytest.mark.parametrize("mode", MODES)
def test_characters_outside_the_basic_plane_count_as_one(engine, mode):
    model = WebModel(EMOJI)
    assert_same_texts(engine, model, "🙂🦊 𝒳", mode, range(5), 100, stops=["🦊🙂"])
    found = engine.run("return Array.from(globalThis.model.generate({ seed: '🙂', length: 50, randomSeed: 2 })).length")
    assert found == 51


@pytest.mark.parametrize("stops", [["e"], ["he", "\n"], ["th", "the", " qu"], ["a" * 50]])
def test_stop_strings_end_texts_at_the_same_place(engine, stops):
    assert_same_texts(engine, WebModel(CHARACTERS), "The ", "stateful", range(1, 11), 300, stops=stops)


def test_stream_withholds_what_can_begin_a_stop_string(engine):
    model = WebModel(CHARACTERS)
    engine.load_model(model)
    script = (
        "const stream = globalThis.model.stream(data.options); const pieces = []; let step;"
        "while (!(step = stream.next()).done) pieces.push(step.value); return { pieces, sample: step.value }"
    )
    options = {"seed": "The ", "mode": "stateful", "length": 200, "randomSeed": 7, "stop": ["og.", "zzzzzzzz"]}
    found = engine.run(script, options=options)
    (expected,) = expected_samples(model, "The ", "stateful", [7], 200, stops=options["stop"])
    assert found["pieces"][0] == "The "
    assert "".join(found["pieces"][1:]) == found["sample"]["text"] == expected.text
    assert (found["sample"]["stopReason"], found["sample"]["randomSeed"]) == (expected.stop_reason, "7")
    assert all(len(piece) == 1 for piece in found["pieces"][1:-1])
    assert len(found["pieces"][-1]) <= 8


@pytest.mark.parametrize(
    "logits", [[np.nan, 1, 2], [np.inf, np.inf, 0], [-np.inf] * 3, [-np.inf, np.nan, 0], [1e38, 3e38, -3e38]]
)
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_any_logits_are_sampled_as_in_numpy(engine, logits, temperature):
    settings = Sampling(temperature, 2, 0.9, 0.01, 1.2)
    sampler = make_sampler(settings, [1], 3, np.array([0, 1]))
    with np.errstate(over="ignore", invalid="ignore"):
        expected = [int(sampler.choose(np.array([logits], np.float32))[0]) for _ in range(50)]
    script = (
        "const sampler = new engine.Sampler(data.sampling, 1, 3, Uint32Array.of(0, 1));"
        "return Array.from({ length: 50 }, () => sampler.choose(Float32Array.from(data.logits, Number)))"
    )
    assert engine.run(script, sampling=browser_settings(settings), logits=words(logits)) == expected


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", ["T", "The lazy dog jumps over the quick fox"])
def test_next_characters_equal_numpy(engine, text, mode):
    model = WebModel(CHARACTERS)
    engine.load_model(model)
    found = engine.run("return globalThis.model.next(data.text, data.mode)", text=text, mode=mode)
    numpy_decoder = decoder(model.network, mode)
    logits = numpy_decoder.logits(warm_up(numpy_decoder, model.vocabulary.encode(text), 1))[0]
    probabilities = np.exp(log_softmax(logits.astype(np.float64)))
    order = np.argsort(-probabilities, kind="stable")
    assert [each["character"] for each in found] == [CHARACTERS[place] for place in order]
    np.testing.assert_allclose([each["probability"] for each in found], probabilities[order], atol=1e-5)


def test_surprisal_equals_numpy_with_rare_characters(engine):
    vocabulary = Vocabulary("abc", RareCharacters("xy", (3, 1)))
    model = WebModel(vocabulary)
    engine.load_model(model)
    text = "abcxayzb🙂c"
    ids = vocabulary.encode_any(text)
    expected = stateful_surprisal(model.network, ids, naming=vocabulary.naming_nats(ids))
    np.testing.assert_allclose(engine.run("return globalThis.model.surprisal(data.text)", text=text), expected, atol=1e-4)


def test_the_placeholder_is_never_generated(engine):
    model = WebModel(Vocabulary("abc", RareCharacters("xy", (3, 1))))
    assert_same_texts(engine, model, "ab", "stateless", range(5), 100)


def test_seeds_are_spelled_in_known_characters(engine):
    engine.load_model(WebModel("\naé"))
    script = "return globalThis.model.generate({ seed: data.seed, length: 0 })"
    assert engine.run(script, seed=unicodedata.normalize("NFD", "aéa") + "\r\na\r") == "aéa\na\n"


@pytest.mark.parametrize(("seed", "named"), [("a🦊b🦊é", ["🦊", "b"]), ("a\ud800", ["\ud800"])])
def test_unknown_characters_are_named(engine, seed, named):
    engine.load_model(WebModel("\naé"))
    with pytest.raises(EngineError) as caught:
        engine.run("return globalThis.model.generate({ seed: data.seed })", seed=seed)
    assert caught.value.details["name"] == "UnknownCharacterError"
    assert caught.value.details["characters"] == named


@pytest.mark.parametrize(
    "option",
    [
        "length: -1", "length: 1.5", "temperature: NaN", "temperature: -1", "topK: 0.5", "topP: 2", "minP: -1",
        "repetitionPenalty: 0", "mode: 'both'", "stop: ''", "randomSeed: -1", "samples: 0", "seed: ''",
    ],
)  # fmt: skip
def test_invalid_options_are_refused_by_name(engine, option):
    engine.load_model(WebModel(CHARACTERS))
    with pytest.raises(EngineError) as caught:
        engine.run(f"return globalThis.model.generateBatch({{ {option} }})")
    assert caught.value.details["name"] == "RangeError"
    assert caught.value.details["message"].startswith(option.partition(":")[0])


def test_a_passage_of_the_corpus_is_the_default_seed(engine):
    model = WebModel(CHARACTERS)
    engine.load_model(model)
    (expected,) = expected_samples(model, model.manifest["windows"][1], "stateless", [9], 40)
    assert engine.run("return globalThis.model.generate({ randomSeed: 9, length: 40 })") == expected.text
