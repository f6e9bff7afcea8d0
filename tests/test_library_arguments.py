"""Wrong arguments of the library are refused with one sentence that names the setting, before any work."""

from pathlib import Path

import numpy as np
import pytest

import charlstm
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError, ConfigError, UnknownCharacterError
from tests.conftest import ALPHABET


@pytest.fixture
def model(tmp_path, make_checkpoint, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = ModelConfig(vocabulary_size=len(ALPHABET), seq_len=12, units=(16, 9))
    return charlstm.Model(make_checkpoint(tmp_path / "checkpoints" / "tale", config))


def numbers():
    return charlstm.read_corpus("tale.txt")


WRONG = {
    "mode": [
        lambda model: model.next("The ", mode="Stateless"),
        lambda model: model.score("The ", mode="x"),
        lambda model: model.decoder("x"),
        lambda model: model.generate("The ", mode=None),
    ],
    "engine": [lambda model: model.decoder("stateful", "x")],
    "on_unknown": [
        lambda model: model.generate("The ", on_unknown="ignore"),
        lambda model: model.score("The ", on_unknown=None),
        lambda model: charlstm.compare(model, "The ", on_unknown="Skip"),
    ],
    "top": [lambda model, top=top: model.next("The ", top=top) for top in (0, -1, "5", 2.0, True)],
    "seed": [lambda model, seed=seed: model.generate(seed) for seed in (b"The", 5, ["The "], Path("The"))],
    "samples": [lambda model, samples=samples: model.generate_batch("The ", samples) for samples in (0, "3", 2.5, None, True)],
    "stop": [lambda model, stop=stop: model.generate("The ", stop=stop) for stop in (3, [3], b"x", ["x", None], "", {"x"})],
    "with_seed": [lambda model, given=given: model.generate("The ", with_seed=given) for given in ("no", 0, [])],
    "length": [lambda model, length=length: model.generate("The ", length=length) for length in (-1, "9", 2.5, None)]
    + [lambda model, length=length: charlstm.compare(model, length=length) for length in (0, "9", None)],
    "text": [
        lambda model: model.score(5),
        lambda model: model.surprisal(None),
        lambda model: model.coloured(b"The fox"),
        lambda model: model.activations(["The"]),
        lambda model: charlstm.compare(model, text=Path("text.txt")),
        lambda _: charlstm.train(text=5),
        lambda _: charlstm.train(text=b"a text"),
        lambda _: charlstm.train(text=["a text", 5]),
        lambda _: charlstm.train(text=[b"a text"]),
    ],
    "layer": [lambda model, layer=layer: model.activations("The ", layer=layer) for layer in (0, 3, "1", 1.0, None)],
    "model": [lambda _: charlstm.compare("tale"), lambda _: charlstm.compare(None)],
    "windows": [
        lambda model, windows=windows: charlstm.compare(model, windows=windows)
        for windows in (5, "5,10", [2.5], [0], [5, 20_000], None)
    ],
    "sample": [lambda model, sample=sample: charlstm.compare(model, sample=sample) for sample in (1, "3", 2.5, None)],
    "corpus": [lambda model, corpus=corpus: charlstm.compare(model, corpus=corpus) for corpus in (5, [5], b"tale.txt")]
    + [lambda _, corpus=corpus: charlstm.train(corpus) for corpus in (5, [5], [], [None], b"tale.txt")],
    "sources": [lambda _, sources=sources: charlstm.read_corpus(sources) for sources in (5, [], [5], None, b"tale.txt")],
    "targets": [lambda _, targets=targets: numbers().windows(5, targets=targets) for targets in ("each", None, "Last")],
    "seq_len": [lambda _, length=length: numbers().windows(length) for length in (0, -1, 1.5, "3", None, True)]
    + [lambda _, length=length: charlstm.import_model("tale.keras", seq_len=length) for length in (0, "3")],
    "step": [lambda _, step=step: numbers().windows(5, step=step) for step in (0, 1.5, "2", None)],
    "extra_characters": [
        lambda _, more=more: charlstm.read_corpus("tale.txt", extra_characters=more) for more in ("\ud800", 5, None, b"ab")
    ],
    "to": [lambda model, to=to: model.export(to) for to in ("", "-", 5, None, "ferry.pt", "tale.txt/module")],
    "input": [lambda model: model.export("tale.onnx", input="letters")],
    "int8": [lambda model: model.export("tale.tflite", int8="yes")],
    "file": [lambda _, file=file: charlstm.import_model(file) for file in (5, None)],
    "vocabulary": [lambda _: charlstm.import_model("tale.keras", vocabulary=5)],
    "stateful": [lambda model: model.export("tale.keras", stateful="yes")],
    "format": [lambda model: model.export("page", format="htm")],
    "weights": [lambda model: model.export("page.html", weights="float8"), lambda _: charlstm.load("tale", weights="int8")],
    "preset": [lambda _: charlstm.train("tale.txt", preset="quik")],
    "name": [lambda _: charlstm.train("tale.txt", name=5), lambda _: charlstm.import_model("tale.keras", name=5)],
    "base": [lambda _: charlstm.train("tale.txt", base=Path("tale"))],
    "resume": [lambda _: charlstm.train(resume=5)],
    "text_encoding": [
        lambda _: charlstm.train("tale.txt", text_encoding=8),
        lambda _: charlstm.read_corpus("tale.txt", text_encoding=None),
        lambda _: charlstm.prepare_corpus("tale.txt", "prepared", text_encoding=5),
    ],
    "callback": [lambda _: charlstm.train("tale.txt", callback="print")],
    "checkpoints": [lambda _: charlstm.train("tale.txt", checkpoints=5), lambda _: charlstm.load(checkpoints=5)],
    "checkpoint": [lambda _: charlstm.load(5), lambda _: charlstm.load(b"tale")],
}


@pytest.mark.parametrize(("setting", "call"), [(setting, call) for setting, calls in WRONG.items() for call in calls])
def test_wrong_values_and_types_name_the_setting(model, tmp_path, setting, call):
    (tmp_path / "tale.txt").write_text("The quick brown fox. " * 99)
    with pytest.raises(ConfigError) as error:
        call(model)
    assert error.value.setting == setting
    assert str(error.value).startswith(f"{setting}: expected ")


def test_integers_of_numpy_are_integers(model):
    assert model.next("The ", top=np.int64(2)) == model.next("The ", top=2)
    assert model.generate_batch("The ", np.int32(2), length=3, random_seed=1) == model.generate_batch(
        "The ", 2, length=3, random_seed=1
    )
    np.testing.assert_array_equal(model.activations("The ", layer=np.uint8(2)).h, model.activations("The ", layer=2).h)


def test_numbers_of_numpy_are_numbers_in_comparisons(model):
    plain = charlstm.compare(model, "The ", length=5, temperature=0.5, random_seed=3, windows=[5], text="The quick fox")
    of_numpy = charlstm.compare(
        model,
        "The ",
        length=np.int64(5),
        temperature=np.float32(0.5),
        random_seed=np.uint64(3),
        windows=np.array([5]),
        text="The quick fox",
    )
    assert plain.modes.stateful.text == of_numpy.modes.stateful.text


@pytest.mark.parametrize(("given", "meant"), [("stops", "stop"), ("on_unkown", "on_unknown"), ("tempersture", "temperature")])
def test_a_misspelled_setting_is_named_with_the_one_that_is_meant(model, given, meant):
    with pytest.raises(ConfigError, match=rf"there is no setting '{given}' \(did you mean {meant}\?\); there are .*with_seed"):
        model.generate("The ", **{given: "x"})


def test_more_texts_than_fit_in_memory_are_refused(model):
    with pytest.raises(CharlstmError, match=r"out of memory: .*; reduce `samples` or `length`, or choose `mode='stateful'`"):
        model.generate_batch("The ", samples=10**9)


def compared_nats(model, text, **policy):
    found = charlstm.compare(model, "The ", text=text, length=5, sample=2, **policy)
    return [mode["nats_per_char"] for mode in found.to_dict()["modes"].values()]


@pytest.mark.parametrize(
    "read",
    [
        lambda model, text, **policy: model.next(text, **policy),
        lambda model, text, **policy: model.score(text, **policy),
        lambda model, text, **policy: model.score(text, mode="stateless", **policy),
        lambda model, text, **policy: model.surprisal(text, **policy).tolist(),
        lambda model, text, **policy: model.coloured(text, **policy).text,
        lambda model, text, **policy: model.activations(text, **policy).h.tolist(),
        compared_nats,
    ],
)
def test_every_reading_has_the_policies_that_the_message_advises(model, read):
    with pytest.raises(UnknownCharacterError, match="choose `on_unknown='skip'` or `on_unknown='replace'`"):
        read(model, "The quick fóx€")
    assert read(model, "The quick fóx€", on_unknown="skip") == read(model, "The quick fx")
    assert read(model, "The quick fóx", on_unknown="replace") == read(model, "The quick fox")


@pytest.mark.parametrize(("seed", "words"), [("", "the seed is empty; "), ("€€", "empty without its unknown characters; ")])
def test_a_seed_without_known_characters_is_refused(model, seed, words):
    with pytest.raises(CharlstmError, match=words):
        model.generate(seed, on_unknown="skip")
