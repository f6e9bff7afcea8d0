"""Sessions of the browser engine: a text that is read, changed and continued with the state kept."""

import pytest

from charlstm.text.vocabulary import Vocabulary
from tests.export.node import EngineError, WebModel

CHARACTERS = Vocabulary.of("The quick brown fox jumps over the lazy dog.\n").characters
TEXT = ("The quick brown fox jumps over the lazy dog.\n" * 7)[:258]  # two characters after a snapshot of the state
MODES = ["stateless", "stateful"]


@pytest.fixture
def model(engine):
    engine.load_model(WebModel(CHARACTERS, units=(9, 7)))


def probabilities(engine, script, **data):
    """Return the next-character distribution at the end of a script with a session ``s``, and that after its whole text."""
    start, end = (
        "const s = globalThis.model.session(data.mode)",
        "return [s.next(), globalThis.model.next(data.text, data.mode)]",
    )
    found = engine.run(f"{start}; {script}; {end}", **data)
    return [{each["character"]: each["probability"] for each in each_found} for each_found in found]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "script",
    [
        "s.read(data.text)",
        "for (const each of data.text) s.feed(each)",
        "s.read(data.text + 'fox'); s.read(data.text)",
        "s.read(data.text); s.read(data.text.slice(0, 130) + 'fox'); s.read(data.text)",
        "s.read('dog'); s.reset(); s.feed(data.text)",
        "s.read(data.text.slice(0, 40)); s.read(data.text.slice(0, 45)); s.read(data.text)",
        "s.read(data.text); for (const _ of s.write({ length: 100, randomSeed: 1 })); s.read(data.text)",
        "s.read('dog' + data.text); const reading = s.reading(data.text); reading.next(); s.read(data.text)",
    ],
)
def test_the_state_is_that_after_the_text(engine, model, script, mode):
    found, expected = probabilities(engine, script, text=TEXT, mode=mode)
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_writing_equals_generation(engine, model, mode):
    script = (
        "const s = globalThis.model.session(data.mode); s.read(data.text);"
        "const first = [...s.write({ length: 40, randomSeed: 3, stop: 'zzz' })].join('');"
        "const rest = [...s.write({ length: 60, randomSeed: 3, position: 40 })].join('');"
        "return [first + rest, s.length]"
    )
    whole = (
        "return globalThis.model.generate({ seed: data.text, withSeed: false, length: 100, randomSeed: 3, mode: data.mode })"
    )
    text = engine.run(whole, text=TEXT, mode=mode)
    assert engine.run(script, text=TEXT, mode=mode) == [text, len(TEXT) + 100]


def test_a_writer_that_stops_early_leaves_what_it_gave(engine, model):
    script = (
        "const s = globalThis.model.session('stateful'); s.read(data.text); const writer = s.write({ randomSeed: 3 });"
        "const text = data.text + writer.next().value + writer.next().value; writer.return();"
        "return [s.length, s.next(), globalThis.model.next(text)]"
    )
    length, found, expected = engine.run(script, text=TEXT)
    assert length == len(TEXT) + 2
    assert [each["character"] for each in found] == [each["character"] for each in expected]


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9999])
def test_going_back_in_a_long_text_reads_few_characters(engine, model, place):
    script = (
        "const s = globalThis.model.session('stateful'); const text = data.text.repeat(120); s.read(text); let steps = 0;"
        "const { network } = s; const step = network.step;"
        "network.step = (...given) => { steps++; step.apply(network, given) };"
        "s.read(text.slice(0, data.place * text.length)); network.step = step; return [steps, s.length]"
    )
    steps, length = engine.run(script, text=TEXT, place=place)
    assert length == int(place * 120 * len(TEXT))
    assert steps < 512


def test_feed_and_reset_of_the_model_carry_the_state(engine, model):
    script = (
        "const m = globalThis.model; m.reset(); m.feed('The quick'); const found = m.feed(' fox'); m.reset();"
        "return [found, m.next('The quick fox'), m.feed('dog'), m.next('dog')]"
    )
    found, expected, again, after_reset = engine.run(script)
    assert found == expected
    assert again == after_reset


def test_unknown_characters_change_nothing(engine, model):
    script = (
        "const s = globalThis.model.session('stateful'); s.read('The');"
        "try { s.read('The €') } catch (error) { return [error.name, s.length] }"
    )
    assert engine.run(script) == ["UnknownCharacterError", 3]


@pytest.mark.parametrize("call", ["next()", "write()"])
def test_an_empty_text_is_refused(engine, model, call):
    with pytest.raises(EngineError, match="the text is empty"):
        engine.run(f"return globalThis.model.session('stateless').{call}")
