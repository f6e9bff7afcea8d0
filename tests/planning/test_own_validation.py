"""Plans with a validation text of the user's own."""

from dataclasses import replace

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.state_files import read_state, write_state
from charlstm.checkpoint.training_state import TrainingState
from charlstm.errors import CheckpointError, ConfigError, UnknownCharacterError
from charlstm.evaluation.evaluation_texts import evaluation_texts
from charlstm.planning.recipe_file import read_recipe
from charlstm.planning.recipe_text import recipe_text
from charlstm.planning.resume_plan import plan_resuming
from tests.planning.conftest import SMALL


@pytest.fixture
def held(tmp_path):
    path = tmp_path / "held.txt"
    path.write_text("".join(np.random.default_rng(1).choice(list("abcdefgh \n"), 3_000)))
    return path


@pytest.fixture
def begun(plan, begin, held):
    """Write the checkpoint of an interrupted run with the validation text."""
    made = plan(given=SMALL, name="tale", validation_files=[str(held)])
    folder = begin(made)
    state = read_state(folder, made.config)
    progress = replace(state.progress, validation_paths=made.validation_text.paths)
    write_state(folder, TrainingState(arrays=state.arrays, best={}, history=state.history, progress=progress))
    return made


def test_the_whole_corpus_is_trained_on(plan, held):
    made = plan(given=SMALL, validation_files=[str(held)])
    learned, scored = made.parts()
    assert len(learned) == len(made.ids) == 400_000
    assert made.config.vocabulary.decode(scored) == held.read_text()
    assert made.config.held_out == 3_000
    assert made.config.training.validation == 0
    assert plan(given=SMALL).config.held_out == 40_000
    assert not any("held.txt" in note for note in made.notes)


def test_the_record_is_an_optional_key_of_the_configuration(begun, root):
    read = read_config(root / "tale")
    assert read == begun.config
    assert (read.validation_text.name, read.validation_text.characters) == ("held.txt", 3_000)
    assert '"format_version": 1' in (root / "tale" / "config.json").read_text()
    assert "trained_share" not in (root / "tale" / "config.json").read_text()  # older releases would refuse it
    seen = replace(read, validation_text=replace(read.validation_text, trained_share=0.25))
    write_config(root / "tale", seen)
    assert read_config(root / "tale") == seen
    write_config(root / "tale", replace(read, validation_text=None))
    assert "validation_text" not in (root / "tale" / "config.json").read_text()


def test_a_fraction_to_hold_out_is_refused_beside_it(plan, held, tmp_path):
    with pytest.raises(ConfigError, match="leave out `validation_split`"):
        plan(given={"validation": 0.1}, validation_files=[str(held)])
    (tmp_path / "r.toml").write_text("validation_split = 0.3")
    recipe = read_recipe(tmp_path / "r.toml")
    assert plan(recipe=recipe, validation_files=[str(held)]).config.training.validation == 0
    assert plan(recipe=recipe).config.training.validation == 0.3


def test_patience_counts_its_scores(plan, held):
    assert plan(given={"patience": 2}, validation_files=[str(held)]).config.training.patience == 2
    with pytest.raises(ConfigError, match="`patience` has no effect"):
        plan(given={"patience": 2, "validation": 0.0})


def test_text_that_is_trained_on_is_reported(plan, held, story, text):
    held.write_text(text[1_000:4_000] + held.read_text())
    notes = " ".join(plan(given=SMALL, validation_files=[str(held)]).notes)
    share = int(notes.partition("About ")[2].partition(" %")[0])
    assert 30 < share < 70  # half of it, estimated from some tens of runs
    assert f"{100 * plan(given=SMALL, validation_files=[str(held)]).config.validation_text.trained_share:.0f}" == str(share)
    assert "% of held.txt is in story.txt, which is trained on" in notes


def test_text_that_a_base_was_trained_on_is_reported(plan, begin, held, text, tmp_path):
    begin(plan(given=SMALL, name="base"))
    other = tmp_path / "other.txt"
    other.write_text("a cab had a bed " * 2_000)
    held.write_text(text[100_000:103_000])
    notes = " ".join(plan(other, base_name="base", validation_files=[str(held)]).notes)
    assert "base was trained on about 100 % of held.txt: the score" in notes


def test_unknown_characters_follow_the_policy(plan, held):
    held.write_text("feed a cab’s egg")
    with pytest.raises(UnknownCharacterError, match=r"held\.txt has characters that the text to train on lacks"):
        plan(given=SMALL, validation_files=[str(held)])
    made = plan(given=SMALL, validation_files=[str(held)], on_unknown="skip")
    assert made.config.validation_text.on_unknown == "skip"
    assert made.config.held_out == 14


@pytest.mark.parametrize(
    ("on_unknown", "treated"), [("skip", " without unknown characters"), ("replace", " with unknown characters replaced")]
)
def test_evaluation_names_the_treatment_of_unknown_characters(
    plan, begin, root, held, tmp_path, monkeypatch, on_unknown, treated
):
    held.write_text("feed a cab’s egg")
    made = plan(given=SMALL, name="tale", validation_files=[str(held)], on_unknown=on_unknown)
    begin(made)
    monkeypatch.chdir(tmp_path)
    assert evaluation_texts(root / "tale", made.config, None).measured.name == f"the validation text held.txt{treated}"


def test_a_resumed_run_finds_its_validation_text_again(begun, root, held, tmp_path):
    again = plan_resuming(root, "tale", [], {})
    assert np.array_equal(again.validation_text.ids, begun.validation_text.ids)
    assert again.config == begun.config
    moved = held.rename(tmp_path / "moved.txt")
    with pytest.raises(CheckpointError, match=r"needs its validation text, held\.txt: .* does not exist; .*`validation_file`"):
        plan_resuming(root, "tale", [], {})
    assert plan_resuming(root, "tale", [], {}, validation_files=[str(moved)]).validation_text.paths == (str(moved),)
    moved.write_text("another text")
    with pytest.raises(CheckpointError, match=r"moved\.txt is not the validation text of tale"):
        plan_resuming(root, "tale", [], {}, validation_files=[str(moved)])


def test_a_recipe_with_a_fraction_resumes_it(begun, root, tmp_path):
    (tmp_path / "r.toml").write_text("validation_split = 0.3\nmin_count = 3")
    assert plan_resuming(root, "tale", [], {}, recipe=read_recipe(tmp_path / "r.toml")).config == begun.config


def test_the_recipe_names_the_validation_text(begun):
    text = recipe_text("tale", begun.config, [])
    assert "# Validation text: held.txt, 3,000 characters, SHA-256" in text
    own = replace(begun.config.validation_text, on_unknown="replace")
    text = recipe_text("tale", replace(begun.config, validation_text=own), [])
    assert "# Validation text: held.txt, 3,000 characters, unknown characters: replace, SHA-256" in text
    assert "validation_split = 0.0" in text


def test_a_validation_text_cannot_be_added_to_a_resumed_run(plan, begin, root, held):
    begin(plan(given=SMALL, name="tale"))
    with pytest.raises(ConfigError, match="cannot be added when a training is resumed"):
        plan_resuming(root, "tale", [], {}, validation_files=[str(held)])


@pytest.mark.parametrize("with_state", [True, False])
def test_evaluation_finds_it_by_its_name(begun, root, held, tmp_path, monkeypatch, with_state):
    monkeypatch.chdir(tmp_path)
    if not with_state:
        for path in (root / "tale" / "resume").iterdir():
            path.unlink()
    texts = evaluation_texts(root / "tale", begun.config, None)
    assert texts.measured.name == "the validation text held.txt"
    assert np.array_equal(texts.measured.ids, begun.validation_text.ids)
    assert len(texts.learnt) == 400_000
    held.write_text("another text")
    texts = evaluation_texts(root / "tale", begun.config, None)
    assert texts.measured is None
    assert len(texts.learnt) == 400_000
    assert "the validation text of tale, held.txt, is neither here nor in data/" in texts.missing
