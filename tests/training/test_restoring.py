"""Resuming a finished training whose model was damaged or removed restores it from the saved state."""

from collections.abc import Callable
from pathlib import Path

import pytest

from charlstm.checkpoint.config_file import CARD, CONFIG
from charlstm.checkpoint.history import HISTORY
from charlstm.checkpoint.weights import WEIGHTS, read_weights
from charlstm.errors import CheckpointError
from tests.training.runs import run

pytestmark = pytest.mark.usefixtures("compiled_once")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:500])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a truncated model": (lambda folder: truncate(folder / WEIGHTS), WEIGHTS),
    "no model": (lambda folder: (folder / WEIGHTS).unlink(), WEIGHTS),
    "an empty history": (lambda folder: (folder / HISTORY).write_bytes(b""), HISTORY),
    "no history": (lambda folder: (folder / HISTORY).unlink(), HISTORY),
    "neither": (lambda folder: [(folder / name).unlink() for name in (WEIGHTS, HISTORY)], f"{WEIGHTS} and {HISTORY}"),
}


@pytest.mark.parametrize(("damage", "names"), DAMAGE.values(), ids=DAMAGE)
def test_the_files_of_the_model_are_written_again(plan, resumed, damage, names):
    made = plan("model", epochs=1.0, evaluations=2)
    last = run(made)[-1]
    files = {name: (made.folder / name).read_bytes() for name in (CARD, CONFIG, HISTORY, WEIGHTS)}
    assert resumed("model").finished is not None
    damage(made.folder)
    again = resumed("model")
    assert again.finished is None
    assert f"{names} in {made.folder} will be written again from the saved state." in again.notes
    assert run(again)[-1].steps == last.steps
    assert {name: (made.folder / name).read_bytes() for name in files} == files
    assert resumed("model").finished is not None


def test_a_removed_model_is_not_called_untrained(plan):
    made = plan("model", epochs=1.0, evaluations=2)
    run(made)
    (made.folder / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match=r"does not exist any more; restore it from a copy, or resume the training"):
        read_weights(made.folder, made.config.model)
