"""Training again from a printed recipe: the same text gives the same bits."""

import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.history import read_history
from charlstm.planning.recipe_file import read_recipe
from charlstm.planning.recipe_text import recipe_text
from charlstm.planning.training_plan import plan_training
from tests.training.runs import EVERYTHING, result, run


def repeat(folder, corpus):
    """Train again from the recipe that the checkpoint prints, with its text and nothing else."""
    first = folder / "c" / "model"
    path = folder / "r.toml"
    path.write_text(recipe_text("model", read_config(first), read_history(first)))
    made = plan_training(
        folder / "c", [str(corpus)], {}, preset="standard", recipe=read_recipe(path), created="2026-01-02", name="again"
    )
    run(made)
    return result(folder / "c" / "again")


@pytest.mark.usefixtures("compiled_once")
def test_a_training_from_a_printed_recipe_gives_the_same_bits(plan, tmp_path, corpus):
    run(plan())
    assert repeat(tmp_path, corpus) == result(tmp_path / "c" / "model")


@pytest.mark.slow
def test_every_part_of_a_training_is_repeated(plan, tmp_path, odd, corpus):
    run(plan(**EVERYTHING, patience=2, min_count=2))
    assert repeat(tmp_path, corpus) == result(tmp_path / "c" / "model")
