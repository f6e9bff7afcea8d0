"""Held-out text that shares parts with what a base was trained on, as far as sketches show."""

import textwrap
from dataclasses import replace

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.errors import ConfigError
from charlstm.text.overlap import sketch
from charlstm.text.windows import split

SMALL = {"units": (4, 3), "seq_len": 16, "batch_size": 4, "epochs": 3.0}
AUTHORS = ["".join(np.random.default_rng(seed).choice(list("abcdefgh  \n"), 39_999)) + "\n" for seed in range(5)]
NEW = "".join(np.random.default_rng(9).choice(list("abcdefgh  \n"), 40_000))
ALL = "".join(AUTHORS)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a text and returns its path."""

    def written(text, name="new.txt"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


@pytest.fixture
def base(plan, begin, write):
    """Make a checkpoint trained on five authors; half of the last one is held out."""
    paths = [write(author, f"author-{number}.txt") for number, author in enumerate(AUTHORS)]
    return begin(plan(*paths, given=SMALL, name="base"))


def held_out(plan):
    return split(plan.ids, plan.config.training.validation)[1].size


SEEN = {
    "one author of five": AUTHORS[2],
    "two authors in another order": AUTHORS[3] + AUTHORS[1],
    "halves exchanged": ALL[len(ALL) // 2 :] + ALL[: len(ALL) // 2],
    "without two characters": AUTHORS[0][2:],
    "in lines of 25 columns": textwrap.fill(AUTHORS[2], 25),
    "a part at the end of a new text": NEW + AUTHORS[1][10_000:14_000],
    "all authors and the first half again": ALL + "\n" + ALL[: len(ALL) // 2],
}
UNSEEN = {
    "a new text": NEW,
    "a part at the start of a new text": AUTHORS[1][10_000:30_000] + NEW,
    "a part in the middle of a new text": NEW[:10_000] + AUTHORS[1][10_000:20_000] + NEW[10_000:],
    "in capitals": ALL.upper(),
    "short common phrases": "".join(AUTHORS[1][at : at + 20] + NEW[at : at + 20] for at in range(0, 20_000, 20)),
    "what the base held out": ALL[-20_000:],
    "the text of the base and a new one": ALL + NEW,
}


@pytest.mark.parametrize("text", SEEN.values(), ids=SEEN)
def test_nothing_is_held_out_if_the_base_was_trained_on_it(plan, base, write, text):
    made = plan(write(text), base_name="base")
    assert held_out(made) == 0
    (note,) = [note for note in made.notes if "held out" in note]
    assert note.startswith("base was trained on about ")
    assert note.endswith(" characters of this text: nothing is held out, and there is no score.")
    with pytest.raises(ConfigError, match=r"so `validation_split=0\.1` would score it on text that it was trained on"):
        plan(write(text), base_name="base", given={"validation": 0.1})


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_unseen_text_is_held_out_as_usual(plan, base, write, text):
    assert held_out(plan(write(text), base_name="base")) == round(0.1 * len(text))


def test_a_smaller_fraction_without_overlap_may_be_held_out(plan, base, write):
    path = write(NEW + AUTHORS[1][:4_000] + NEW[::-1][:2_000])
    assert held_out(plan(path, base_name="base")) == 0
    assert held_out(plan(path, base_name="base", given={"validation": 0.04})) == 1_840


def test_repetitive_text_of_the_base_is_held_out(plan, begin, write):
    path = write("the same line over and over again, fifty characters\n" * 1_000)
    begin(plan(path, given=SMALL, name="base"))
    assert held_out(plan(path, base_name="base")) == 5_200


def test_sketches_cover_the_learned_part_and_are_carried_along(plan, base, begin, write):
    config = read_config(base)
    assert config.sketches == (sketch(config.vocabulary.encode(ALL[:-20_000]), config.vocabulary),)
    second = plan(write(NEW.upper()), base_name="base")
    begin(second)
    third = plan(write(NEW, "third.txt"), base_name="new")
    assert [each.name for each in third.config.bases] == ["base", "new"]
    assert third.config.sketches[:2] == second.config.sketches
    assert third.config.sketches[0] == config.sketches[0]
    begin(third)
    assert held_out(plan(write(AUTHORS[2]), base_name="third", name="fourth")) == 0


def test_base_of_an_earlier_release_has_no_sketch(plan, base, write):
    write_config(base, replace(read_config(base), sketches=()))
    made = plan(write(AUTHORS[2]), base_name="base")
    assert held_out(made) == 4_000
    assert made.config.sketches[0] is None
    assert made.config.sketches[1]
