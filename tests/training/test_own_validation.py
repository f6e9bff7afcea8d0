"""Runs that are scored on a validation text of the user's own."""

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.weights import read_weights
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.inference.network import build_network
from charlstm.planning.training_plan import plan_training
from tests.training.runs import SMALL, result, run

pytestmark = pytest.mark.usefixtures("compiled_once")


@pytest.fixture
def scored(tmp_path, corpus):
    """Return a function that plans a run with the validation text."""
    held = tmp_path / "held.txt"
    held.write_text(" ".join(np.random.default_rng(1).choice(["river", "ferry", "lamp"], 60)))

    def make(name):
        return plan_training(
            tmp_path / "c",
            [str(corpus)],
            SMALL,
            preset="standard",
            created="2026-01-01",
            name=name,
            validation_files=[str(held)],
        )

    return make


def test_the_score_is_that_of_the_validation_text(scored, tmp_path):
    run(made := scored("whole"))
    folder = tmp_path / "c" / "whole"
    config = read_config(folder)
    text = (tmp_path / "held.txt").read_text()
    network = build_network(config.model, read_weights(folder, config.model))
    nats = stateful_surprisal(network, config.vocabulary.encode(text)).mean()
    assert read_history(folder)[-1].nats_per_char == pytest.approx(nats, rel=1e-4)
    assert f"| validation text | held.txt, {len(text)} characters, " in (folder / "README.md").read_text()
    assert made.config.held_out == len(text)


def test_scoring_does_not_change_what_is_learned(scored, plan):
    run(scored("scored"))
    run(other := plan("unscored", validation=0.0))
    one, two = result(other.folder), result(other.folder.with_name("scored"))
    names = [name for name in one if name.startswith("weights")] or [name for name in one if isinstance(one[name], bytes)]
    assert names
    assert all(one[name] == two[name] for name in names if not name.startswith(("best", "published")))


def test_a_resumed_run_gives_identical_results(scored, resumed):
    run(whole := scored("whole"))
    run(scored("cut"), 20)
    run(resumed("cut"))
    assert result(whole.folder) == result(whole.folder.with_name("cut"))
