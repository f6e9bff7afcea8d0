"""Planning to resume a training run: from the saved state, on the same text, with the same settings."""

import hashlib
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from charlstm.checkpoint.config_file import CARD, CONFIG
from charlstm.checkpoint.history import HISTORY, read_history
from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.state_files import RESUME, read_state, write_state
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.config import setting_name
from charlstm.errors import CheckpointError, ConfigError
from charlstm.planning.environment import environment_record
from charlstm.planning.resume_plan import plan_resuming, plan_worker
from charlstm.planning.training_plan import ResumedState
from tests.planning.conftest import SMALL


def contents(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_resuming_reads_the_saved_state_and_changes_no_file(begun, root, story, text):
    before = contents(begun.folder)
    plan = plan_resuming(root, "story", [], {})
    assert plan.folder == begun.folder
    assert plan.config == begun.config
    assert plan.paths == begun.paths
    assert plan.text_encoding == "utf-8"
    assert plan.config.vocabulary.decode(plan.ids) == text
    assert isinstance(plan.start, ResumedState)
    assert plan.start.state.progress == TrainingProgress(
        steps=25,
        seconds=2.5,
        loss_sum=7.5,
        loss_count=5,
        poor=0,
        halvings=1,
        began=1.5,
        paths=(str(story),),
        text_encoding="utf-8",
        surroundings=environment_record(),
    )
    assert plan.start.state.arrays["optimizer/0"].tolist() == [0.0, 1.0, 2.0]
    assert plan.start.number == 1
    assert plan.notes == ()
    after = contents(begun.folder)
    assert after == before | {str(begun.folder / RESUME / "lock"): after[str(begun.folder / RESUME / "lock")]}


def test_evaluations_after_the_saved_state_are_dropped(begun, root):
    assert [line.step for line in read_history(begun.folder)] == [10, 20, 30]
    assert [line.step for line in plan_resuming(root, "story", [], {}).start.state.history] == [10, 20]


@pytest.mark.parametrize(
    ("planned", "given", "epochs", "minutes"),
    [
        ({"epochs": 3}, {}, 3, None),
        ({"minutes": 5}, {}, None, 5),
        ({"minutes": 5}, {"minutes": 9}, None, 9),
        ({"minutes": 5}, {"epochs": 7}, 7, None),
        ({"epochs": 3}, {"epochs": 7}, 7, None),
        ({"epochs": 3}, {"minutes": 9}, None, 9),
    ],
)
def test_the_budget_may_change(plan, begin, root, planned, given, epochs, minutes):
    made = plan(given=SMALL | planned)
    begin(made)
    training = plan_resuming(root, "story", [], given).config.training
    assert training == replace(made.config.training, epochs=epochs, minutes=minutes)


def test_an_invalid_budget_is_refused(begun, root):
    with pytest.raises(ConfigError, match="epochs: expected a number above 0"):
        plan_resuming(root, "story", [], {"epochs": -1})


@pytest.mark.parametrize("setting", ["units", "seq_len", "batch_size", "learning_rate", "random_seed", "validation", "dropout"])
def test_no_other_setting_may_change(begun, root, setting):
    with pytest.raises(ConfigError) as error:
        plan_resuming(root, "story", [], {"epochs": 30, setting: 1})
    had = getattr(begun.config.model, setting, getattr(begun.config.training, setting, None))
    found = str(had).strip("(,)")
    assert str(error.value).startswith(
        f"`{setting_name(setting)}` cannot be changed when a training is resumed (story has {found}); leave it out"
    )
    assert "`base='story'`" in str(error.value)


def test_all_settings_that_cannot_change_are_named(begun, root):
    with pytest.raises(ConfigError) as error:
        plan_resuming(root, "story", [], {"epochs": 30, "seq_len": 5, "learning_rate": 0.5, "units": (4, 3)})
    had = begun.config.training.learning_rate
    assert str(error.value).startswith(
        f"`learning_rate`, `seq_len` cannot be changed when a training is resumed (story has {had}, 16); leave it out"
    )


def test_an_unchanged_setting_is_accepted(begun, root):
    given = {**SMALL, "learning_rate": begun.config.training.learning_rate, "precision": "auto"}
    assert plan_resuming(root, "story", [], given).config == begun.config


@pytest.mark.parametrize("minutes", [0.0, 7.5])
def test_save_every_may_change(begun, root, minutes):
    training = plan_resuming(root, "story", [], {"save_every": minutes}).config.training
    assert training == replace(begun.config.training, save_every=minutes)


def test_a_checkpoint_elsewhere_is_named_by_its_path(begun, tmp_path):
    assert plan_resuming(tmp_path / "nowhere", str(begun.folder), [], {}).config == begun.config


def test_an_unknown_checkpoint_is_refused_with_the_known_names(begun, root):
    with pytest.raises(CheckpointError, match=r"checkpoint 'novel' does not exist; .* contains: story"):
        plan_resuming(root, "novel", [], {})


def test_a_training_without_a_saved_state_is_refused(begun, root):
    shutil.rmtree(begun.folder / RESUME)
    with pytest.raises(CheckpointError, match=r"has no saved training state; .* `base='story'`"):
        plan_resuming(root, "story", [], {})


@pytest.mark.parametrize("name", [CONFIG, f"{RESUME}/000001.safetensors"])
def test_a_damaged_file_is_refused_by_name(begun, root, name):
    (begun.folder / name).write_bytes(b"damaged\n")
    with pytest.raises(CheckpointError) as error:
        plan_resuming(root, "story", [], {})
    assert str(begun.folder / name) in str(error.value)


def test_files_that_resuming_rewrites_may_be_damaged(begun, root):
    for name in (HISTORY, WEIGHTS, CARD):
        (begun.folder / name).write_bytes(b"damaged\n")
    assert [line.step for line in plan_resuming(root, "story", [], {}).start.state.history] == [10, 20]


def test_the_state_before_a_damaged_one_is_used_with_a_note(begun, root):
    state = read_state(begun.folder, begun.config)
    write_state(begun.folder, replace(state, progress=replace(state.progress, steps=30)))
    assert plan_resuming(root, "story", [], {}).start.state.progress.steps == 30
    (begun.folder / RESUME / "000002.safetensors").write_bytes(b"damaged\n")
    made = plan_resuming(root, "story", [], {})
    assert made.start.state.progress.steps == 25
    assert made.start.number == 2
    (note,) = made.notes
    assert "000002.safetensors is damaged (it has 8 bytes and should have" in note
    assert note.endswith("The state before it is used.")


def test_note_lists_changed_versions_and_cores(begun, root):
    state = read_state(begun.folder, begun.config)
    before = {**environment_record(), "tensorflow": "1.0", "cores": "999"}
    write_state(begun.folder, replace(state, progress=replace(state.progress, surroundings=before)))
    (note,) = plan_resuming(root, "story", [], {}).notes
    now = environment_record()
    assert note.startswith(
        f"Saved with tensorflow 1.0, now {now['tensorflow']}; cores 999, now {now['cores']}: the results may"
    )


def test_a_running_training_is_refused(begun, root):
    with training_lock(begun.folder), pytest.raises(CheckpointError, match="is being trained by another process; wait"):
        plan_resuming(root, "story", [], {})


@pytest.mark.parametrize(
    ("changes", "given", "said"),
    [
        ({}, {}, None),
        ({"steps": 10**6}, {}, None),  # the last evaluation is missing
        ({"steps": 10**6, "loss_count": 0}, {}, "story has finished its 3 epochs; `epochs=6` trains 3 more."),
        ({"steps": 10**6, "loss_count": 0}, {"epochs": 10.0**6}, None),
        ({"loss_count": 0, "poor": 2}, {"patience": 2}, "story has stopped early, without a better score in 2 evaluations;"),
        ({"loss_count": 0, "seconds": 60.0}, {"minutes": 1.0}, "story has used up its 1 minute; `minutes=2` trains 1 more."),
        ({"loss_count": 0, "seconds": 60.0}, {"minutes": 2.0}, None),
    ],
)
def test_chief_and_workers_agree_that_a_run_is_finished(plan, begin, root, changes, given, said):
    made = plan(given=SMALL | {"epochs": 3.0})
    begin(made)
    state = read_state(made.folder, made.config)
    if "steps" in changes:
        changes = changes | {"steps": 3 * (360_000 // (4 * 16))}
    write_state(made.folder, replace(state, progress=replace(state.progress, **changes)))
    for planned in (plan_resuming(root, "story", [], given), plan_worker(root, "story", [], given)):
        assert (planned.finished is None) == (said is None)
        assert (planned.finished or "").startswith(said or "")


@pytest.mark.parametrize(
    ("budget", "changes", "given", "message"),
    [
        ({"epochs": 3.0}, {"steps": 9_000}, {"epochs": 1.0}, r"`epochs=1` would train nothing, .* 1.6 epochs; .* its 3 epochs"),
        ({"epochs": 3.0}, {"steps": 9_000, "loss_count": 0}, {"epochs": 1.0}, "`epochs=1` would train nothing"),
        ({"minutes": 9.0}, {"steps": 9_000}, {"epochs": 1.0}, r"`epochs=1` would train nothing, .* its 9 minutes"),
        ({"epochs": 3.0}, {"seconds": 90.0}, {"minutes": 1.0}, r"`minutes=1` would train nothing, .* for 1.5 minutes;"),
        ({"minutes": 9.0}, {"seconds": 90.0}, {"minutes": 1.0}, "`minutes=1` would train nothing"),
        ({"epochs": 3.0}, {"steps": 9_000}, {"epochs": 2.0}, None),
        ({"epochs": 3.0}, {"steps": 9_000}, {"epochs": 1.61}, None),
        ({"minutes": 9.0}, {"seconds": 600.0}, {"minutes": 9.0}, None),  # the budget of the run so far
    ],
)
def test_a_budget_that_an_interrupted_run_has_passed_is_refused(plan, begin, root, budget, changes, given, message):
    made = plan(given=SMALL | budget)
    begin(made)
    state = read_state(made.folder, made.config)
    write_state(made.folder, replace(state, progress=replace(state.progress, **changes)))
    for planned in (plan_resuming, plan_worker):
        with pytest.raises(ConfigError, match=message) if message else nullcontext():
            planned(root, "story", [], given)


def test_patience_without_held_out_text_is_refused_when_resuming(plan, begin, root):
    begin(plan(given=SMALL | {"validation": 0.0}))
    with pytest.raises(ConfigError, match="`patience` has no effect with `validation_split=0`"):
        plan_resuming(root, "story", [], {"patience": 2})


def test_rare_characters_are_those_of_the_checkpoint(plan, begin, root, story):
    text = story.read_text()
    story.write_text(f"éé!{text[3:-2]}ü渡")  # the last two are held out: neither learned nor rare
    made = plan(given=SMALL | {"min_count": 3})
    begin(made)
    assert made.config.vocabulary.rare.characters == "!é"
    for again in (plan_resuming(root, "story", [], {}), plan_worker(root, "story", [], {})):
        assert again.config == made.config
        assert again.ids.tolist() == made.ids.tolist()
        assert again.ids.dtype == made.ids.dtype
    for same in (3, 4, "auto"):
        assert plan_resuming(root, "story", [], {"min_count": same}).config == made.config


@pytest.mark.parametrize(("learned_with", "other"), [(3, 1), (3, 2), (3, 10**6), (1, 3), ("auto", 10**6)])
def test_a_min_count_that_would_learn_other_characters_is_refused(plan, begin, root, story, learned_with, other):
    story.write_text(f"éé!{story.read_text()[3:-2]}ü渡")
    begin(plan(given=SMALL | {"min_count": learned_with}))
    with pytest.raises(ConfigError, match=r"`min_count=\d+` would learn other characters than the \d+ that story has learned"):
        plan_resuming(root, "story", [], {"min_count": other})


def test_a_min_count_without_rare_characters_resumes(plan, begin, root, story):
    story.write_text(story.read_text()[:-1] + "渡")  # held out, and learned all the same
    made = plan(given=SMALL | {"min_count": 5})
    begin(made)
    assert made.config.vocabulary.rare is None
    assert plan_resuming(root, "story", [], {"min_count": 5}).config == made.config
