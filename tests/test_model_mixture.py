"""Mixtures of models, in Python and on the command line."""

import json
import re

import numpy as np
import pytest

import charlstm
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError, ConfigError
from tests.conftest import ALPHABET

OTHER = "".join(sorted(ALPHABET.replace("z", "") + "é"))


@pytest.fixture
def models(tmp_path, make_checkpoint):
    first = make_checkpoint(tmp_path / "checkpoints" / "tale", windows=("The quick", "a lazy dog"))
    second = make_checkpoint(tmp_path / "checkpoints" / "other", vocabulary=OTHER, random_seed=5, windows=("brown",))
    return charlstm.Model(first), charlstm.Model(second)


def test_a_mixture_writes_and_is_scored(models):
    mixed = charlstm.mix([(models[0], 0.6), (models[1], 0.4)])
    assert mixed.vocabulary.characters == "".join(sorted(set(ALPHABET) & set(OTHER)))
    assert mixed.checkpoint.corpus.windows == ("The quick",)  # the other passage has a z
    expected = [dict(model.next("The fox", top=None)) for model in models]
    product = {
        character: expected[0][character] ** 0.6 * expected[1][character] ** 0.4 for character in mixed.vocabulary.characters
    }
    total = sum(product.values())
    for character, probability in mixed.next("The fox", top=None):
        assert probability == pytest.approx(product[character] / total, rel=1e-4)
    nats = [-np.log(dict(mixed.next("The fox"[:end], top=None))["The fox"[end]]) for end in range(1, 7)]
    np.testing.assert_allclose(mixed.surprisal("The fox"), nats, rtol=1e-4)
    result = charlstm.compare(mixed, seed="The ", length=20)
    assert result.to_dict()["modes"]["stateful"]["text"] == mixed.generate(
        "The ", length=20, random_seed=0, mode="stateful", with_seed=False
    )


def test_a_mixture_is_shown_as_several_models(models, tmp_path, make_checkpoint):
    deep = make_checkpoint(tmp_path / "deep", ModelConfig(vocabulary_size=len(ALPHABET), units=(9, 7)))
    mixed = charlstm.mix([(models[0], 0.5), (charlstm.Model(deep), 0.5)])
    one = f"{models[0].config.units[0]}"
    assert repr(mixed).startswith(
        f"MixedModel(tale 0.5 + deep 0.5: 1 LSTM layer of {one} units and 2 LSTM layers of 9+7 units,"
    )
    shown = mixed._repr_html_()
    assert f"LSTM {one}, softmax; " in shown
    assert "LSTM 9 + 7, softmax" in shown
    assert f"{sum(array.size for array in mixed.weights.values()):,}" in shown


def test_the_command_writes_the_same(models, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from charlstm.cli.app import app

    monkeypatch.chdir(tmp_path)
    options = ["--checkpoint", "tale", "--mix", "other:0.4", "--json"]
    written = ["generate", "--seed", "The ", "--length", "30", "--random-seed", "2", *options]
    told = json.loads(CliRunner().invoke(app, written, catch_exceptions=False).stdout)
    mixed = charlstm.mix([(models[0], 0.6), (models[1], 0.4)])
    assert told["checkpoint"] == "tale 0.6 + other 0.4"
    assert told["samples"][0]["text"] == mixed.generate("The ", length=30, random_seed=2, with_seed=False)
    (tmp_path / "text.txt").write_text("The fox and the dog " * 5)
    scored = json.loads(CliRunner().invoke(app, ["evaluate", "text.txt", *options], catch_exceptions=False).stdout)
    assert scored["modes"]["stateful"]["nats_per_char"] == pytest.approx(
        mixed.score((tmp_path / "text.txt").read_text()).nats_per_char
    )


@pytest.mark.parametrize("value", ["other", "other:x", "other:0", "other:1", ":0.4", "other:nan"])
def test_values_without_a_name_or_a_weight_are_refused(models, tmp_path, monkeypatch, value):
    from typer.testing import CliRunner

    from charlstm.cli.app import app

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["generate", "--checkpoint", "tale", "--mix", value])
    assert done.exit_code == 2
    assert f"--mix: expected NAME:WEIGHT with a weight between 0 and 1; found {value!r}" in done.stderr


def test_what_belongs_to_one_network_is_refused(models, tmp_path):
    mixed = charlstm.mix([(models[0], 0.6), (models[1], 0.4)])
    for call in (
        lambda: mixed.export(tmp_path / "page.html"),
        mixed.to_keras,
        lambda: mixed.activations("The "),
        lambda: mixed.decoder("stateful", "keras"),
        lambda: mixed.history,
    ):
        with pytest.raises(CharlstmError, match=r"a mixture of models cannot .*; use one of tale, other alone"):
            call()
    for wrong in ([], [models[0]], [(models[0], "0.5")], [(models[0], True)], "tale", None):
        with pytest.raises(ConfigError, match="expected pairs of a model and a weight"):
            charlstm.mix(wrong)


def test_a_notebook_shows_no_score_of_one_of_the_models(models):
    assert "held-out" not in charlstm.mix([(models[0], 0.6), (models[1], 0.4)])._repr_html_()


def test_a_mixture_of_mixtures_is_that_of_their_models(models):
    inner = charlstm.mix([(models[0], 0.5), (models[1], 0.5)])
    outer, flat = (charlstm.mix(parts) for parts in ([(inner, 0.6), (models[0], 0.4)], [(models[0], 0.7), (models[1], 0.3)]))
    assert [weight for _, weight in outer.models] == [0.3, 0.3, 0.4]
    found, expected = (dict(model.next("The fox", top=None)) for model in (outer, flat))
    assert found == pytest.approx(expected, rel=1e-5)


def test_texts_of_another_weight_are_not_resumed_into_one_file(models, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from charlstm.cli.app import app

    monkeypatch.chdir(tmp_path)
    written = [
        "generate",
        "--checkpoint",
        "tale",
        "--seed",
        "The ",
        "--length",
        "5",
        "--random-seed",
        "1",
        "--output",
        "a.jsonl",
    ]
    assert CliRunner().invoke(app, [*written, "--mix", "other:0.4"]).exit_code == 0
    before = (tmp_path / "a.jsonl").read_bytes()
    done = CliRunner().invoke(app, [*written, "--mix", "other:0.9"])
    assert done.exit_code == 1
    assert "another model" in done.stderr
    assert (tmp_path / "a.jsonl").read_bytes() == before


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_a_mixture_obeys_constraints_in_both_modes(models, mode):
    mixed = charlstm.mix([(models[0], 0.6), (models[1], 0.4)])
    written = mixed.generate("The ", length=30, random_seed=1, mode=mode, words=["fox", "dog"], with_seed=False)
    assert set(re.findall(r"\w+", written[:-3])) <= {"fox", "dog"}
