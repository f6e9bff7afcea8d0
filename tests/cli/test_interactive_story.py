"""``charlstm generate --interactive``: next words to choose from, the tree of what was tried, ends and files."""

import pytest

import charlstm as library
from tests.cli.session import LENGTH, SEED

WORDS = ("--end", "word", "--length", "30")


@pytest.fixture
def checkpoint(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale", vocabulary=" .AGHMNTaefhioruwx")


pytestmark = pytest.mark.usefixtures("checkpoint")


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_alternatives_are_the_next_words_of_the_library(talk, checkpoint, mode):
    begun, shown = talk("/alternatives", "/quit", more=("--mode", mode))
    expected = library.load(checkpoint).next_words(begun, mode=mode)
    assert shown[1].splitlines()[: len(expected.words)] == [
        f"{number:>3}  {word.probability:7.2%}  {word.text.removeprefix(' ')}" for number, word in enumerate(expected.words, 1)
    ]


def test_take_adds_a_listed_word(talk, checkpoint):
    begun, _ = talk("/quit")
    words = library.load(checkpoint).next_words(begun).words
    finished, shown = talk("/alternatives", "/take 3", "/quit")
    assert finished == begun + words[2].text
    assert shown[2] == finished + "\n"


def test_a_chosen_word_is_complete(talk, checkpoint):
    begun, _ = talk("/quit")
    word = library.load(checkpoint).next_words(begun).words[0].text
    assert talk("/alternatives", "/take 1", "", "/quit")[0].startswith(f"{begun}{word} ")
    assert talk("/alternatives", "/take 1", ".", "/quit")[0].startswith(f"{begun}{word}.")


def test_a_list_is_valid_for_one_text(talk):
    assert "charlstm: no words are listed" in talk("/take 1", "/quit")[1][1]
    assert "charlstm: no words are listed" in talk("/alternatives", "", "/take 1", "/quit")[1][3]
    assert "charlstm: expected an integer from 1 to 10; found '11'" in talk("/alternatives", "/take 11", "/quit")[1][2]


def test_every_addition_ends_with_a_sentence_by_default(charlstm, spoken):
    options = ("--seed", SEED, "--length", "30", "--random-seed", "3", "--mode", "stateful")
    text = charlstm("generate", "--interactive", *options, stdin="/quit\n").stdout
    assert text == SEED + spoken(*options, "--end", "sentence")["samples"][0]["text"] + "\n"


def test_a_session_in_steps_equals_one_text(talk, spoken):
    finished, _ = talk("", "", "/quit", more=("--end", "word", "--length", "10"))
    (whole,) = spoken("--seed", SEED, "--length", "200", "--random-seed", "3", "--mode", "stateful")["samples"]
    assert (SEED + whole["text"]).startswith(finished)


def test_a_space_is_put_between_whole_words(talk):
    begun, _ = talk("/quit", more=WORDS)
    assert begun[-1] not in " ."
    assert talk("fox", "/quit", more=WORDS)[0].startswith(begun + " fox")
    assert talk(" fox", "/quit", more=WORDS)[0].startswith(begun + " fox")
    assert talk(".", "/quit", more=WORDS)[0].startswith(begun + ".")
    assert talk("fox", "/quit")[0].startswith(talk("/quit")[0] + "fox")  # --end none: the text may end in a word


def test_a_typed_word_is_not_lengthened(talk):
    begun, _ = talk("/quit", more=WORDS)
    for typed in ("fox", "fox ", "fox."):
        assert talk(typed, "/quit", more=WORDS)[0].startswith(f"{begun} {typed.rstrip()} ")
    assert not talk("fox", "/quit")[0].startswith(talk("/quit")[0] + "fox ")


def test_end_applies_from_then_on(talk):
    finished, shown = talk("/end word", "", "/quit")
    assert shown[1] == "The model now continues to the end of a word.\n"
    assert len(finished) > len(SEED) + 2 * LENGTH or finished[-1] not in " ."
    assert "charlstm: expected none, word, line, sentence or paragraph; found 'never'" in talk("/end never", "/quit")[1][1]


def test_tree_keeps_what_was_removed_and_branch_goes_back(talk):
    begun = talk("/quit")[0]
    first, second = talk("fox", "/quit")[0], talk("fox", "/retry", "/quit")[0]
    finished, shown = talk("fox", "/retry", "", "/tree", "/branch 2", "/tree", "/quit")
    assert finished == first
    tree = shown[4].splitlines()
    assert [line[:4] for line in tree] == ["|  1", "   2", "|  3", "*  4"]
    assert [" ".join(line[4:].split()) for line in tree[:3]] == [
        " ".join(text.split()) for text in (begun, first.removeprefix(begun), second.removeprefix(begun))
    ]
    assert [len(line[6:]) - len(line[6:].lstrip()) for line in tree] == [0, 2, 2, 2]
    assert shown[5] == f"The text now ends:\n{first}\n"
    assert [line[:4] for line in shown[6].splitlines()] == ["|  1", "*  2", "   3", "   4"]


def test_what_follows_a_branch_is_another_text(talk):
    once = talk("", "/quit")[0]
    again = talk("", "/branch 1", "", "/quit")[0]
    assert again.startswith(talk("/quit")[0])
    assert again != once


def test_lines_of_the_tree_fit_a_narrow_terminal(talk, monkeypatch):
    _, shown = talk("fox " * 40, "/tree", "/quit")
    assert max(map(len, shown[2].splitlines())) < 80


def test_save_writes_the_text_to_a_new_file(talk, tmp_path):
    finished, shown = talk("/save story.txt", "fox", "/save story.txt", "/quit")
    assert (tmp_path / "story.txt").read_text() == finished + "\n"
    assert shown[3] == "The text is in story.txt.\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "expected the name of a file"), (" old.txt", "already exists"), (" no/such.txt", "cannot be written")],
)
def test_a_file_that_cannot_be_saved_is_reported(talk, tmp_path, name, said):
    (tmp_path / "old.txt").write_text("old")
    assert said in talk(f"/save{name}", "/quit")[1][1]
    assert (tmp_path / "old.txt").read_text() == "old"


@pytest.mark.parametrize("line", ["/branch", "/branch 0", "/branch 9", "/branch x"])
def test_a_step_that_does_not_exist_is_reported(talk, line):
    finished, shown = talk(line, "/quit")
    assert shown[1].startswith("charlstm: expected an integer")
    assert finished == talk("/quit")[0]
