"""Real trainings on the shipped texts: minutes, so only `make test-all` runs them."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from charlstm.cli.app import app
from charlstm.text.corpus import read_corpus
from charlstm.text.windows import split
from tests.evaluation.test_baselines import markov

pytestmark = pytest.mark.slow


def unigram_nats(path: str) -> float:
    """Return the held-out text's nats/char under the add-one smoothed character frequencies of the training set."""
    corpus = read_corpus([path])
    learnt, held_out = split(corpus.ids, 0.1)
    frequencies = np.bincount(learnt, minlength=len(corpus.vocabulary)) + 1
    return float(-np.log(frequencies / frequencies.sum())[held_out].mean())


@pytest.mark.parametrize(
    ("text", "options", "share"),
    [
        ("data/ferry-year.txt", "--units 128 --seq-len 64 --batch-size 16 --epochs 4", 0.7),
        ("data/ferry-year.txt", "--preset classic --epochs 0.3 --num-evaluations 1", 0.99),
        ("data/liu-du.txt", "--units 128 --seq-len 32 --batch-size 4 --dropout 0.3 --epochs 8", 0.96),
        ("data/villages.txt", "--units 128 --seq-len 32 --batch-size 8 --dropout 0.5 --epochs 20", 0.85),
    ],
)
def test_model_beats_the_unigram_baseline(tmp_path, text, options, share):
    command = ["train", text, *options.split(), "--checkpoints", str(tmp_path), "--json"]
    told = json.loads(CliRunner().invoke(app, command).stdout)
    assert told["nats_per_char"] < share * unigram_nats(text)
    assert told["bits_per_char"] == pytest.approx(told["nats_per_char"] / math.log(2))


def test_markov_chain_model_reaches_the_entropy_rate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, rate = markov(120_000, 0)
    (tmp_path / "chain.txt").write_text("".join("abc"[letter] for letter in text))
    # With --state-reset 1 every window starts from a zero state, so the network learns from single characters.
    training = (
        "train chain.txt --units 16 --seq-len 20 --batch-size 16 --epochs 6 --validation-split 0.2 --state-reset 1 --json"
    )
    assert CliRunner().invoke(app, training.split()).exit_code == 0
    told = json.loads(CliRunner().invoke(app, ["evaluate", "--json", "--surprise"]).stdout)
    nats = np.array(told["surprise"]["nats"])
    margin = 3 * nats.std() / math.sqrt(len(nats))
    assert margin < 0.02
    for score in (*told["modes"].values(), told["contexts"]["1"], told["references"]["bigram"]):
        assert score["nats_per_char"] == pytest.approx(rate, abs=margin)
    assert told["references"]["unigram"]["nats_per_char"] > rate + 0.2
    compared = json.loads(CliRunner().invoke(app, ["compare", "--json"]).stdout)
    assert max(compared["along"]["divergence_nats"]) < 0.01
