"""Whole runs: learning, the kept model, resuming."""

import json
import math
from collections import Counter
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.folder import new_checkpoint
from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.weights import read_weights
from charlstm.errors import CheckpointError, TakenError, TrainingError
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.inference.network import build_network
from charlstm.planning.training_plan import TrainingPlan
from charlstm.text.windows import split
from charlstm.training.events import Evaluated, Event, Started, Stepped
from charlstm.training.run import train
from tests.cases import slow
from tests.training.runs import finished

pytestmark = pytest.mark.usefixtures("compiled_once")


def ticking() -> Callable[[], float]:
    """Return a clock that advances by 0.01 s at every call."""
    ticks = iter(range(10**9))
    return lambda: next(ticks) / 100


def run(plan: TrainingPlan, should_stop: Callable[[], bool] = lambda: False) -> list[Event]:
    return list(train(plan, clock=ticking(), started=0.0, should_stop=should_stop))


def test_a_run_learns_and_writes_a_complete_checkpoint(plan):
    made = plan(epochs=12.0, evaluations=4, learning_rate=2e-2)
    events = run(made)
    assert isinstance(events[0], Started)
    result = finished(events)
    assert result.best.nats_per_char < 1.2 < math.log(len(made.config.vocabulary))
    assert not result.interrupted
    assert read_config(made.folder) == made.config
    history = read_history(made.folder)
    assert [line.step for line in history] == [event.evaluation.step for event in events if isinstance(event, Evaluated)]
    assert len(history) == 4
    assert min(line.nats_per_char for line in history) == result.best.nats_per_char
    assert f"{result.best.nats_per_char:.4f} nats" in (made.folder / "README.md").read_text()
    assert {path.name for path in made.folder.iterdir()} == {
        "config.json", "model.safetensors", "history.jsonl", "points.jsonl", "README.md", "resume",
    }  # fmt: skip


def test_the_softmax_starts_at_the_frequencies_of_the_training_set(plan, odd):
    made = plan(min_count=3, epochs=0.1, learning_rate=1e-9)
    run(made)
    bias = read_weights(made.folder, made.config.model)["dense/bias"].astype(float)
    learned = made.config.vocabulary.characters
    counts = Counter(odd[: round(0.9 * len(odd))])
    counts["placeholder"] = sum(count for character, count in counts.items() if character not in learned)
    assert counts["placeholder"] > 0
    expected = np.array([counts[each] + 10 for each in (*learned, "placeholder")])
    np.testing.assert_allclose(np.exp(bias), expected / expected.sum(), rtol=1e-5)


@pytest.mark.slow
def test_new_characters_start_at_their_frequencies_beside_the_trained_ones(plan, tmp_path, corpus):
    run(plan("old", epochs=2.0, learning_rate=2e-2))
    old = read_config(tmp_path / "c" / "old")
    before = read_weights(tmp_path / "c" / "old", old.model)["dense/bias"].astype(float)
    text = tmp_path / "new.txt"
    text.write_text(corpus.read_text().replace("lamp", "quay"))
    tuned = plan("new", base="old", text=text, epochs=0.1, batch_size=4, learning_rate=1e-9)
    run(tuned)
    bias = read_weights(tuned.folder, tuned.config.model)["dense/bias"].astype(float)
    new = tuned.config.vocabulary
    np.testing.assert_allclose(bias[new.encode(old.vocabulary.characters)], before, rtol=1e-5)
    counts = Counter(text.read_text()[: round(0.9 * len(text.read_text()))])
    for character in sorted(set(new.characters) - set(old.vocabulary.characters)):
        share = np.exp(bias[new.encode(character)[0]]) / np.exp(before).sum()
        assert share == pytest.approx((counts[character] + 10) / (counts.total() + 10 * len(new)), rel=1e-4)


@pytest.mark.slow
def test_the_model_has_the_best_weights_not_the_last(plan):
    made = plan(epochs=30.0, evaluations=10, learning_rate=0.5, schedule="constant", clip_norm=0.0, weight_average=0.0)
    evaluated = [event for event in run(made) if isinstance(event, Evaluated)]
    best = min(evaluated, key=lambda event: event.evaluation.nats_per_char)
    assert best is not evaluated[-1], "this learning rate is meant to do harm in the end"
    kept = read_weights(made.folder, made.config.model)
    assert all(np.array_equal(kept[name], best.weights[name]) for name in kept)


@pytest.mark.slow
def test_patience_ends_a_run_that_no_longer_improves(plan):
    events = run(plan(epochs=1000.0, evaluations=500, patience=2, learning_rate=0.3, schedule="constant", weight_average=0.0))
    scores = [event.evaluation.best for event in events if isinstance(event, Evaluated)]
    assert finished(events).stopped_early
    assert scores[-3:] == [True, False, False]


def test_a_budget_in_minutes_ends_on_the_clock(plan):
    events = run(plan(minutes=0.05))  # the clock advances at each call
    assert finished(events).seconds == pytest.approx(3.0, abs=0.5)
    rates = [line.learning_rate for line in (event.evaluation for event in events if isinstance(event, Evaluated))]
    assert rates[-1] < 1e-6 < rates[0]


def test_without_held_out_text_there_are_no_scores(plan):
    result = finished(run(plan(validation=0.0)))
    assert result.best.nats_per_char is None


def test_a_run_stopped_before_an_evaluation_leaves_a_model(plan):
    made = plan()
    looks = count()
    assert finished(run(made, should_stop=lambda: next(looks) >= 1)).steps == 1
    assert read_weights(made.folder, made.config.model)


def test_a_finished_run_can_be_given_more_epochs(plan, resumed):
    first = finished(run(plan(epochs=1.0)))
    more = finished(run(resumed(epochs=2.0)))
    assert more.steps == 2 * first.steps


@pytest.mark.slow
def test_a_nonfinite_loss_raises_an_error(plan):
    with pytest.raises(TrainingError, match="learning_rate"):
        run(plan(learning_rate=1e30, clip_norm=0.0, schedule="constant", activation="relu", weight_average=0.0, epochs=20.0))


def test_an_existing_checkpoint_is_refused_and_unchanged(plan):
    made = plan()
    run(made)
    before = (made.folder / "model.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="already exists"):
        run(made)
    assert (made.folder / "model.safetensors").read_bytes() == before


def test_simultaneous_unnamed_trainings_get_different_names(plan):
    plans = [plan(name=None) for _ in range(3)]
    assert {made.folder.name for made in plans} == {"small"}
    started = [next(event for event in run(made) if isinstance(event, Started)) for made in plans]
    assert [event.folder.name for event in started] == ["small", "small-2", "small-3"]
    weights = [read_weights(event.folder, plans[0].config.model) for event in started]
    assert all(np.array_equal(weights[0][name], other[name]) for other in weights for name in other)
    assert {path.name for path in plans[0].folder.parent.iterdir()} == {"small", "small-2", "small-3"}


def test_a_name_in_use_by_another_process_is_not_free(plan):
    unnamed, named = plan(name=None), plan(name="small")
    with new_checkpoint(unnamed.folder.parent, "small"):
        with pytest.raises(TakenError, match="small is being created by another process; wait"):
            run(named)
        events = run(unnamed)
        write_config(unnamed.folder.parent / ".small.new", unnamed.config)
    assert events[0].folder.name == "small-2"
    assert {path.name for path in unnamed.folder.parent.iterdir()} == {"small", "small-2"}


def test_fine_tuning_grows_the_vocabulary_from_trained_weights(plan, tmp_path, corpus):
    run(plan("old", epochs=12.0, learning_rate=2e-2))
    text = tmp_path / "new.txt"
    text.write_text(corpus.read_text().replace("lamp", "quay"))
    tuned = plan("new", base="old", text=text, epochs=0.1, batch_size=4, learning_rate=1e-6)
    assert set(tuned.config.vocabulary.characters) > set("lampqy")
    start = next(event for event in run(tuned) if isinstance(event, Stepped)).nats_per_char
    fresh = next(event for event in run(plan("fresh", text=text)) if isinstance(event, Stepped)).nats_per_char
    assert start < fresh - 0.3


def test_history_lines_are_json_with_the_documented_keys(plan):
    made = plan()
    run(made)
    for line in (made.folder / "history.jsonl").read_text().splitlines():
        assert set(json.loads(line)) == {
            "step", "epoch", "seconds", "learning_rate", "train_nats_per_char", "nats_per_char", "best",
        }  # fmt: skip


@pytest.mark.parametrize("settings", [slow({"encoding": "scalar"}), slow({}), {"encoding": "embedding", "embedding_size": 5}])
def test_the_score_matches_the_model_on_the_held_out_text(plan, odd, settings):
    made = plan(min_count=3, **settings)
    result = finished(run(made))
    vocabulary, held_out = made.config.vocabulary, split(made.ids, made.config.training.validation)[1]
    assert vocabulary.rare.characters == "!é渡"
    assert vocabulary.decode(held_out) == odd[-len(held_out) :]
    assert np.count_nonzero(held_out >= len(vocabulary)) == 2
    network = build_network(made.config.model, read_weights(made.folder, made.config.model))
    nats = stateful_surprisal(network, held_out, naming=vocabulary.naming_nats(held_out)).mean()
    assert result.best.nats_per_char == pytest.approx(nats, rel=1e-5)
    assert read_config(made.folder) == made.config


@pytest.mark.slow
def test_the_placeholder_is_learned(plan, corpus):
    strange = iter(range(0x4E00, 0x6000))
    corpus.write_text("".join(chr(next(strange)) if place % 3 == 2 else "ab"[place % 3] for place in range(1_500)))
    made = plan(min_count=2, epochs=8.0, learning_rate=2e-2)
    run(made)
    network = build_network(made.config.model, read_weights(made.folder, made.config.model))
    state = network.initial_state(1)
    for character in made.config.vocabulary.encode_any("ab渡ab渡ab")[:, None]:
        network.step(character, state)
    assert network.logits(state[-1].h).argmax() == made.config.vocabulary.model_size - 1 == 2
    sample = (made.folder / "README.md").read_text().partition("A sample")[2].partition("\n")[2]
    assert set(sample) <= set("ab \n")


@pytest.mark.slow
def test_fine_tuning_with_a_placeholder_keeps_trained_weights(plan, tmp_path, odd):
    run(plan("old", epochs=12.0, learning_rate=2e-2, min_count=3))
    text = tmp_path / "new.txt"
    text.write_text(odd.replace("lamp", "quay"))
    tuned = plan("new", base="old", text=text, epochs=0.1, batch_size=4, learning_rate=1e-6)
    assert tuned.config.vocabulary.rare is not None
    assert set(tuned.config.vocabulary.characters) > set("lampqy")
    start = next(event for event in run(tuned) if isinstance(event, Stepped)).nats_per_char
    fresh = next(event for event in run(plan("fresh", text=text, min_count=3)) if isinstance(event, Stepped)).nats_per_char
    assert start < fresh - 0.3
