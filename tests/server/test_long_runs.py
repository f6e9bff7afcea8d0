"""The shipped model on a server: the score of its held-out text, and ten minutes of load."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.serving import disturb
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.model import load
from tests.server.process import serving

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ferry(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "ferry").symlink_to(ROOT / "checkpoints" / "ferry")
    with serving(tmp_path / "checkpoints", "ferry") as server:
        yield server


@pytest.mark.slow
def test_the_held_out_text_has_the_score_of_evaluate(ferry):
    tail = (ROOT / "data" / "ferry-year.txt").read_text(encoding="utf-8")[-60_249:]
    model = load("ferry", checkpoints=ROOT / "checkpoints")
    expected = stateful_surprisal(model.network, model.vocabulary.encode(tail)).mean()
    with ferry.client(timeout=600) as client:
        (choice,) = client.completions.create(model="ferry", prompt=tail, max_tokens=0, echo=True, logprobs=0).choices
    scores = choice.logprobs.token_logprobs[1:]
    assert len(scores) == 60_248
    assert -sum(scores) / len(scores) == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_ten_minutes_of_load_lose_and_mix_up_nothing(ferry):
    found = asyncio.run(disturb(ferry.port, ferry.process.pid, 600))
    assert found.whole > 100
    assert found.left > 100
    assert found.wrong == 0
    assert max(found.memory[1:]) < 1.05 * found.memory[1]  # of the second sixth
