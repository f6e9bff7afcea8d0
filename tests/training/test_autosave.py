"""A checkpoint that is removed, in part or as a whole, or replaced during training."""

import math
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from charlstm.checkpoint.config_file import CARD, CONFIG, read_config, write_config
from charlstm.checkpoint.history import HISTORY
from charlstm.checkpoint.lock import LOCK, training_lock
from charlstm.checkpoint.points import POINTS
from charlstm.checkpoint.state_files import RESUME, read_state
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CheckpointError, TrainingError
from charlstm.planning.cluster import Cluster
from charlstm.planning.training_plan import TrainingPlan
from charlstm.training import autosave
from charlstm.training.autosave import Autosave
from charlstm.training.events import CheckpointRewritten, Evaluated, Started
from charlstm.training.run import train
from tests.cases import slow
from tests.training.runs import result

pytestmark = pytest.mark.usefixtures("compiled_once")
SETTINGS = {"epochs": 1.0, "evaluations": 4}


def run(plan: TrainingPlan, act: Callable[[Path], None], when: type = Evaluated) -> list[Any]:
    """Train, and call a function with the folder after the first event of a type."""
    ticks, events, acted = count(), [], False
    for event in train(plan, clock=lambda: next(ticks) / 100, started=0.0, should_stop=lambda: False):
        events.append(event)
        if isinstance(event, when) and not acted:
            acted = True
            act(plan.folder)
    return events


def damage(folder: Path) -> None:
    (folder / CONFIG).write_bytes(b"{}")


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


REMOVALS: dict[str, tuple[Callable[[Path], Any], set[str]]] = {
    "the whole folder": (shutil.rmtree, {""}),
    "all that is in it": (empty, {CONFIG, RESUME, WEIGHTS, CARD, HISTORY}),
    CONFIG: (lambda folder: (folder / CONFIG).unlink(), {CONFIG}),
    "what config.json says": (damage, {CONFIG}),
    WEIGHTS: (lambda folder: (folder / WEIGHTS).unlink(), {WEIGHTS}),
    "the model and its card": (lambda folder: [(folder / name).unlink() for name in (WEIGHTS, CARD)], {WEIGHTS, CARD}),
    HISTORY: (lambda folder: (folder / HISTORY).unlink(), {HISTORY}),
    RESUME: (lambda folder: shutil.rmtree(folder / RESUME), {RESUME}),
    "the lock": (lambda folder: (folder / RESUME / LOCK).unlink(), set()),
}


WHOLE: dict[str, Any] = {}


@pytest.fixture
def expected(plan) -> dict[str, Any]:
    """Return the result of an undisturbed run, made once."""
    if not WHOLE:
        made = plan("whole", **SETTINGS)
        run(made, lambda _: None)
        WHOLE.update(result(made.folder))
    return WHOLE


@pytest.mark.parametrize(
    "removal", [each if each in ("the whole folder", "model.safetensors") else slow(each) for each in REMOVALS]
)
def test_files_removed_during_training_are_restored(plan, expected, removal):
    act, names = REMOVALS[removal]
    made = plan("model", **SETTINGS)
    events = run(made, act)
    assert {event.path for event in events if isinstance(event, CheckpointRewritten)} == {
        str(made.folder / name) for name in names
    }
    assert read_config(made.folder) == made.config
    assert result(made.folder) == expected
    assert {path.name for path in made.folder.iterdir()} == {CONFIG, WEIGHTS, HISTORY, POINTS, CARD, RESUME}


def test_a_folder_removed_before_an_evaluation_is_restored(plan, expected):
    made = plan("model", **SETTINGS)
    assert CheckpointRewritten(str(made.folder)) in run(made, shutil.rmtree, when=Started)
    assert result(made.folder) == expected


def test_a_renamed_folder_stays_and_a_new_one_is_written(plan, expected):
    made = plan("model", **SETTINGS)
    assert CheckpointRewritten(str(made.folder)) in run(made, lambda folder: folder.rename(folder.with_name("moved")))
    assert result(made.folder) == expected
    assert len(read_state(made.folder.with_name("moved"), made.config).history) == 1


@pytest.mark.parametrize("removal", [RESUME, slow("the whole folder"), slow("the lock")])
def test_restored_folders_are_locked(plan, removal):
    def locked(folder: Path) -> bool:
        try:
            with training_lock(folder):
                return False
        except CheckpointError:
            return True

    made, evaluated = plan("model", **SETTINGS), 0
    for event in train(made, clock=iter(range(10**6)).__next__, started=0.0, should_stop=lambda: False):
        if isinstance(event, Evaluated):
            assert locked(made.folder)
            evaluated += 1
            REMOVALS[removal][0](made.folder) if evaluated == 1 else None
    assert evaluated == 4
    assert not locked(made.folder)


def test_slow_writing_of_the_curves_makes_it_rare_with_several_workers(tmp_path):
    clock = iter([100.0, 103.0, 702.0, 703.0, 706.0]).__next__  # of the chief; the agreed time stands still at 0
    agreement = SimpleNamespace(
        group=SimpleNamespace(cluster=Cluster(("a:1", "b:1"), 0)), elapsed=lambda: 0.0, elapsed_here=clock
    )
    saver = Autosave(SimpleNamespace(folder=tmp_path / "model"), None, agreement, ExitStack())
    written = []
    saver.write_points = written.append
    for record in ("first", "too early", "due"):
        saver.write_curves(record)
    assert written == ["first", "due"]  # 3 s are half a per cent of 600 s


@pytest.mark.parametrize("difference", ["created", "corpus", "model"])
def test_another_trainings_checkpoint_is_not_overwritten(plan, difference, monkeypatch):
    monkeypatch.setattr(autosave, "_CURVES_PAUSE", 0.0)
    monkeypatch.setattr(autosave, "_CURVES_SHARE", math.inf)
    made = plan("model", **SETTINGS)
    record = replace(made.config.corpus, fingerprint="1" * 64)
    others = {"created": "2026-02-02", "corpus": record, "model": replace(made.config.model, seq_len=11)}
    other = replace(made.config, **{difference: others[difference]})

    def put_another(folder: Path) -> None:
        folder.rename(folder.with_name("moved"))
        folder.mkdir()
        write_config(folder, other)
        (folder / POINTS).write_text("theirs")

    with pytest.raises(TrainingError, match="model now holds the checkpoint of another training"):
        run(made, put_another)
    assert {path.name for path in made.folder.iterdir()} == {CONFIG, POINTS}
    assert read_config(made.folder) == other
    assert (made.folder / POINTS).read_text() == "theirs"
    assert read_state(made.folder.with_name("moved"), made.config).progress.steps > 0


@pytest.mark.parametrize("when", [Evaluated, slow(Started)])
@pytest.mark.parametrize("names", [("story.txt", "README.md"), slow(("README.md",)), slow(("config.json", "tokenizer.json"))])
def test_a_folder_of_other_files_is_not_written_to(plan, names, when):
    made = plan("model", **SETTINGS)

    def put_others(folder: Path) -> None:
        if when is Evaluated:
            folder.rename(folder.with_name("moved"))
        folder.with_name("others").mkdir()
        for name in names:
            (folder.with_name("others") / name).write_text("theirs")
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name("others").rename(folder)

    with pytest.raises(TrainingError, match="model now holds other files and was not changed"):
        run(made, put_others, when)
    assert {path.name: path.read_text() for path in made.folder.iterdir()} == dict.fromkeys(names, "theirs")
