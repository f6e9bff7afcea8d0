"""The model of the library, compared with the commands."""

import json
import threading
import tomllib

import numpy as np
import pytest

import charlstm
from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.weights import read_weights
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError, ConfigError, UnknownCharacterError
from charlstm.inference import generation
from charlstm.inference.generation_inputs import default_seed
from tests.cli.conftest import charlstm as charlstm_fixture
from tests.conftest import ALPHABET

run_command = charlstm_fixture
TWO_LAYERS = ModelConfig(vocabulary_size=len(ALPHABET), seq_len=12, units=(16, 9))


@pytest.fixture
def model(tmp_path, make_checkpoint):
    return charlstm.Model(make_checkpoint(tmp_path / "checkpoints" / "tale", TWO_LAYERS))


OPTIONS = {
    "stateless": ({}, []),
    "stateful": ({"mode": "stateful"}, ["--mode", "stateful"]),
    "repeated passages": (
        {"temperature": 0.2, "dry_multiplier": 2.0, "dry_base": 1.5, "dry_allowed_length": 3},
        ["--temperature=0.2", "--dry-multiplier=2", "--dry-base=1.5", "--dry-allowed-length=3"],
    ),
    "sampling": (
        {"temperature": 1.3, "top_k": 9, "top_p": 0.9, "min_p": 0.05, "repetition_penalty": 1.2, "mode": "stateful"},
        ["--temperature=1.3", "--top-k=9", "--top-p=0.9", "--min-p=0.05", "--repetition-penalty=1.2", "--mode=stateful"],
    ),
    "stops": ({"stop": ["e", "oo"]}, ["--stop", "e", "--stop", "oo"]),
    "changing temperature": ({"temperature": (0.2, 3)}, ["--temperature", "0.2:3"]),
    "word temperature": ({"temperature": 0, "word_temperature": 1.2}, ["--temperature", "0", "--word-temperature", "1.2"]),
    "window": ({"window": 3}, ["--window", "3"]),
    "ends": (
        {"end": "word", "stop_regex": "q.*?x", "keep_stop": True},
        ["--end", "word", "--stop-regex", "q.*?x", "--keep-stop"],
    ),
}


@pytest.mark.parametrize("options", OPTIONS)
def test_texts_equal_those_of_the_command(run_command, model, options):
    arguments, written = OPTIONS[options]
    printed = run_command("generate", "--seed", "The q", "--length", "80", "--random-seed", "3", *written).stdout
    assert model.generate("The q", length=80, random_seed=3, **arguments) + "\n" == printed
    assert "".join(model.stream("The q", length=80, random_seed=3, **arguments)) + "\n" == printed
    told = run_command(
        "generate", "--seed", "The q", "--length", "80", "--random-seed", "3", "--samples", "4", "--json", *written
    )
    texts = [sample["text"] for sample in json.loads(told.stdout)["samples"]]
    assert model.generate_batch("The q", samples=4, length=80, random_seed=3, with_seed=False, **arguments) == texts
    assert model.generate_batch("The q", samples=4, length=80, random_seed=3, **arguments) == ["The q" + each for each in texts]


def test_defaults_equal_those_of_the_command(run_command, model):
    printed = run_command("generate", "--random-seed", "1").stdout
    assert model.generate(random_seed=1) + "\n" == printed
    shown = run_command("generate", "--random-seed", "1", "--with-seed").stdout
    assert model.generate(random_seed=1, with_seed=True) + "\n" == shown == default_seed(model.checkpoint, 1) + printed


def test_unknown_characters_of_a_seed_are_refused_skipped_or_replaced(model):
    with pytest.raises(UnknownCharacterError, match="the model does not know '5'"):
        model.generate("fox 5", length=3)
    assert model.generate("fox 5", length=0, on_unknown="skip") == "fox "
    assert model.generate("fox’s é", length=0, on_unknown="replace") == "fox s e"


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": 1.5}, "top_p"),
        ({"length": -1}, "length"),
        ({"length": 2.5}, "length"),
        ({"mode": "statefull"}, "mode"),
        ({"random_seed": -3}, "random_seed"),
        ({"stop": ""}, "stop"),
    ],
)
def test_invalid_options_name_the_setting(model, options, setting):
    with pytest.raises(ConfigError) as error:
        model.generate("The ", **options)
    assert error.value.setting == setting
    assert error.value.expected
    assert "--" not in str(error.value)


def test_unknown_options_are_refused_with_the_similar_one(model):
    with pytest.raises(ConfigError, match=r"there is no setting 'lenght' \(did you mean length\?\)"):
        model.generate("The ", lenght=3)
    with pytest.raises(ConfigError, match="samples: expected an integer of at least 1; found 0"):
        model.generate_batch("The ", samples=0)


def test_a_stop_string_that_can_never_occur_is_refused(model):
    with pytest.raises(CharlstmError, match="the model can never generate '7'"):
        model.generate("The ", stop="7")


def test_an_empty_seed_is_refused(model):
    with pytest.raises(CharlstmError, match="the seed is empty"):
        model.generate("")


def test_closing_a_stream_ends_its_work(model, monkeypatch):
    steps = []

    def counted(*arguments, original=generation.continue_ids, **options):
        for ids in original(*arguments, **options):
            steps.append(1)
            yield ids

    monkeypatch.setattr(generation, "continue_ids", counted)
    pieces = model.stream("The ", length=10_000)
    assert next(pieces) == "The "
    for _ in range(3):
        next(pieces)
    pieces.close()
    assert len(steps) == 3
    with pytest.raises(StopIteration):
        next(pieces)
    assert len(steps) == 3


def test_streams_of_several_threads_do_not_disturb_each_other(model):
    expected = [model.generate("The ", length=200, random_seed=seed, mode="stateful") for seed in range(8)]
    found = [""] * 8

    def write(seed):
        found[seed] = model.generate("The ", length=200, random_seed=seed, mode="stateful")

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_attributes_are_those_of_the_checkpoint(model, tmp_path):
    folder = tmp_path / "checkpoints" / "tale"
    assert (model.path, model.name, model.checkpoint) == (folder, "tale", read_config(folder))
    assert (model.config, model.vocabulary.characters, model.history) == (TWO_LAYERS, ALPHABET, ())
    for name, value in read_weights(folder, TWO_LAYERS).items():
        np.testing.assert_array_equal(model.weights[name], value)
        with pytest.raises(ValueError, match="read-only"):
            model.weights[name][:] = 0
    assert repr(model) == f"Model(tale: 2 LSTM layers of 16+9 units, window of 12, {len(ALPHABET)} characters)"


def test_the_recipe_is_what_the_command_prints(model, run_command):
    assert tomllib.loads(model.recipe)["units"] == [16, 9]
    assert run_command("inspect", "recipe", "--checkpoint", "tale").stdout == model.recipe


def test_several_texts_are_for_generate_batch_and_no_stop_is_none(model):
    with pytest.raises(ConfigError, match="there is no setting 'samples'"):
        model.generate("The ", samples=3)
    assert model.generate("The ", length=9, random_seed=1, stop=None) == model.generate("The ", length=9, random_seed=1)


def test_every_line_end_is_read_as_a_line_feed(model):
    assert model.generate("fox\r\ndog\r", length=0) == "fox\ndog\n"
    assert model.score("fox\r\ndog") == model.score("fox\ndog")
    assert model.coloured("fox\r\ndog").text == "fox\ndog"
    assert "</span>" in model.coloured("fox\r\ndog")._repr_html_()


def test_numbers_of_numpy_are_numbers(model):
    options = {"length": np.int64(9), "temperature": np.float32(0.5), "top_k": np.int32(5), "random_seed": np.int64(3)}
    assert model.generate("The ", **options) == model.generate("The ", length=9, temperature=0.5, top_k=5, random_seed=3)


@pytest.mark.parametrize("kind", [lambda first, last: (first, last), lambda *both: [*both], lambda *both: np.array(both)])
def test_two_temperatures_may_be_numbers_of_numpy(model, kind):
    given = kind(np.float32(0.5), np.float64(2))
    expected = model.generate("The ", length=30, temperature=(0.5, 2.0), random_seed=3)
    assert model.generate("The ", length=30, temperature=given, random_seed=3) == expected


CONSTRAINED = {
    "avoid": {"avoid": "oT"},
    "only": {"only": "a-z "},
    "words": {"words": ["quick", "fox", "dog"]},
    "pattern": {"pattern": "[a-z]{3,9} fox\\."},
    "lines": {"line_length": 9, "acrostic": "The"},
    "particles": {"avoid": "oT", "particles": 1},
}


@pytest.mark.parametrize("name", CONSTRAINED)
def test_constrained_texts_are_the_same_in_every_way(model, name):
    settings = {"length": 40, "random_seed": 3, "mode": "stateful", **CONSTRAINED[name]}
    text = model.generate("dog\n", **settings)
    assert model.generate_batch("dog\n", 3, **settings)[0] == text
    assert "".join(model.stream("dog\n", **settings)) == text
    assert text.startswith("dog\n")


def test_characters_that_the_model_can_never_generate_are_warned_about(model):
    with pytest.warns(UserWarning, match="`avoid`: the model can never generate '’', whether excluded or not"):
        text = model.generate("dog", length=20, random_seed=3, avoid="o’")
    assert text == model.generate("dog", length=20, random_seed=3, avoid="o")
    with pytest.warns(UserWarning, match="`only`: the model can never generate '€'"):
        model.generate_batch("dog", length=5, only="a-z€")


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (["dog", "don’t"], "1 of the 2 words: 'don’t'"),
        (["über", "café", "dog"], "2 of the 3 words: 'café' 'über'"),
        (["dog", *(f"fox{number}" for number in range(7))], "7 of the 8 words: 'fox0' 'fox1' 'fox2' 'fox3' 'fox4' and 2 more"),
    ],
)
def test_words_that_the_model_can_never_generate_are_warned_about(model, words, note):
    with pytest.warns(UserWarning, match=f"`words`: the model can never generate {note}"):
        text = model.generate("dog ", length=20, random_seed=3, words=words)
    assert text == model.generate("dog ", length=20, random_seed=3, words=["dog"])  # without a warning, which would be an error


def test_words_come_from_a_list_a_file_or_the_training_text(model, tmp_path, monkeypatch):
    assert model.word_list(["dog", "don't"]) == ("dog", "don't")
    (tmp_path / "words.txt").write_text("dog\nfox, fox\n")
    assert model.word_list(str(tmp_path / "words.txt")) == model.word_list(tmp_path / "words.txt") == ("dog", "fox")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="words: the training text, story"):
        model.word_list("corpus")
    for wrong in (3, ["dog", 3]):
        with pytest.raises(ConfigError, match="words: expected the path of a file"):
            model.generate("dog", words=wrong)


def test_words_of_the_demo_model_are_those_of_its_training_text():
    assert {"ferry", "Pethick", "It'll"} <= set(charlstm.load("ferry").word_list("corpus"))
