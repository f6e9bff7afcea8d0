"""``charlstm generate --interactive``: the finished text on stdout, everything else on stderr."""

import pytest

from tests.cli.session import LENGTH, OPTIONS, SEED

pytestmark = pytest.mark.usefixtures("checkpoint")


@pytest.fixture
def text(charlstm):
    """Return the text that a single run generates after a seed."""

    def run(length, seed=SEED, random_seed=3, more=()):
        options = (
            "--seed",
            seed,
            "--length",
            str(length),
            "--random-seed",
            str(random_seed),
            "--mode",
            "stateful",
            "--no-echo",
        )
        return charlstm("generate", *options, *more).stdout.removesuffix("\n")

    return run


def test_session_begins_with_seed_and_continuation(talk, text):
    finished, (opening, end) = talk("/quit")
    assert finished == SEED + text(LENGTH)
    assert opening == f"Enter lets the model continue, /help lists the commands, /quit ends.\n{finished}\n"
    assert end == ""


def test_enter_continues_like_one_longer_run(talk, text):
    finished, shown = talk("", "", "/quit")
    assert finished == SEED + text(3 * LENGTH)
    assert shown[1] == text(2 * LENGTH)[LENGTH:] + "\n"
    assert shown[2] == text(3 * LENGTH)[2 * LENGTH :] + "\n"


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_continuing_equals_a_longer_run_in_both_modes(charlstm, talk, mode):
    longer = charlstm("generate", "--seed", SEED, "--length", "30", "--random-seed", "3", "--mode", mode).stdout
    assert talk(*[""] * 5, "/quit", more=("--mode", mode))[0] + "\n" == longer


def test_end_of_input_ends_the_session(charlstm, talk):
    assert talk("")[0] == talk("", "/quit")[0]
    last_line_without_its_end = charlstm(*OPTIONS, stdin="fox")
    assert last_line_without_its_end.stdout == talk("fox", "/quit")[0] + "\n"


def test_nothing_after_quit_is_read(talk):
    assert talk("/quit", "fox")[0] == talk("/quit")[0]


def test_user_line_is_added_and_continued(talk, text):
    begun = SEED + text(LENGTH)
    finished, shown = talk(" lazy fox ", "/quit")
    assert finished.startswith(begun + " lazy fox ")
    assert len(finished) == len(begun) + len(" lazy fox ") + LENGTH
    assert shown[1] == finished.removeprefix(begun) + "\n"


def test_greedy_generation_continues_the_whole_text(talk, text):
    greedy = ("--temperature", "0")
    finished, _ = talk("fox", "", more=greedy)
    begun = SEED + text(LENGTH, more=greedy)
    assert finished == begun + "fox" + text(2 * LENGTH, seed=begun + "fox", more=greedy)
    assert text(2 * LENGTH, seed=begun + "fox", more=greedy) != text(2 * LENGTH, seed=begun + "dog", more=greedy)


def test_undo_removes_one_step_at_a_time(talk):
    begun, _ = talk("/quit")
    longer, _ = talk("fox", "/quit")
    finished, shown = talk("fox", "dog", "/undo", "/quit")
    assert finished == longer
    assert shown[3] == f"Removed. The text now ends:\n{longer}\n"
    assert talk("fox", "dog", "/undo", "/undo", "/quit")[0] == begun


def test_undo_stops_at_the_seed(talk):
    finished, shown = talk("/undo", "/undo", "/quit")
    assert finished == SEED
    assert shown[1] == f"Removed. The text now ends:\n{SEED}\n"
    assert shown[2] == "charlstm: there is nothing to remove\n"


def test_the_first_continuation_can_be_another_one_after_undo(talk, text):
    finished, shown = talk("/undo", "", "/tree", "/quit")
    assert finished == SEED + text(LENGTH, random_seed=4)
    assert [line[:4] for line in shown[3].splitlines()] == ["   1", "|  2", "*  3"]


def test_retry_repeats_the_line_with_other_noise(talk, text):
    assert talk("/retry", "/quit")[0] == SEED + text(LENGTH, random_seed=4)
    assert talk("/retry", "/retry", "/quit")[0] == SEED + text(LENGTH, random_seed=5)
    begun, once, again = (talk(*lines, "/quit")[0] for lines in ([], ["fox"], ["fox", "/retry"]))
    assert len(again) == len(once)
    assert once.startswith(begun + "fox")
    assert again.startswith(begun + "fox")
    assert again != once


def test_undo_and_enter_gives_another_text(talk):
    assert talk("", "/undo", "", "/quit")[0] != talk("", "/quit")[0]


def test_temperature_applies_from_then_on(talk, text):
    finished, shown = talk("/temperature 0", "", "", "/quit")
    begun = SEED + text(LENGTH)
    assert finished == begun + text(2 * LENGTH, seed=begun, more=("--temperature", "0"))
    assert shown[1].startswith("The temperature is now 0;")


def test_length_applies_from_then_on(talk):
    begun = talk("/quit")[0]
    assert len(talk("/length 17", "", "", "/quit")[0]) == len(begun) + 34


def test_text_command_shows_the_whole_text(talk):
    finished, shown = talk("fox", "/text", "/quit")
    assert shown[2] == finished + "\n"


def test_help_names_every_command(talk):
    shown = talk("/help", "/quit")[1][1]
    for command in (
        "/undo",
        "/retry",
        "/temperature",
        "/length",
        "/text",
        "/alternatives",
        "/take",
        "/tree",
        "/branch",
        "/end",
        "/save",
        "/help",
        "/quit",
        "Ctrl-D",
    ):
        assert command in shown


MISTAKES = {
    "/paint": "there is no command /paint; /help lists the commands",
    "/": "there is no command /; /help lists the commands",
    "/temperature": "expected a number of at least 0; found none",
    "/length": "expected an integer of at least 1; found none",
    "/temperature warm": "expected a number; found 'warm'",
    "/temperature -1": "expected a number of at least 0; found '-1'",
    "/temperature nan": "expected a number of at least 0; found 'nan'",
    "/temperature inf": "expected a number of at least 0; found 'inf'",
    "/length 0": "expected an integer of at least 1; found '0'",
    "/length 2.5": "expected an integer; found '2.5'",
}


@pytest.mark.parametrize(("line", "sentence"), MISTAKES.items(), ids=MISTAKES)
def test_invalid_command_changes_nothing(talk, line, sentence):
    finished, shown = talk(line, "", "/quit")
    assert shown[1] == f"charlstm: {sentence}\n"
    assert finished == talk("", "/quit")[0]


def test_line_with_unknown_character_is_refused(talk):
    finished, shown = talk("fox é§", "", "/quit")
    assert shown[1] == (
        "charlstm: the model does not know 'é' '§'; nothing was added: leave the unknown ones out, or start again with "
        "--on-unknown skip or --on-unknown replace\n"
    )
    assert finished == talk("", "/quit")[0]


def test_stop_strings_end_every_step(talk, text):
    stop = text(200)[30:32]
    finished, _ = talk("/quit", more=("--length", "200", "--stop", stop))
    assert finished == SEED + text(200).partition(stop)[0]


def test_default_seed_is_not_in_the_finished_text(charlstm):
    arguments = ("generate", "--interactive", "--length", "5", "--random-seed", "3")
    alone, whole = (charlstm(*arguments, *more, stdin="fox\n/quit\n") for more in ((), ("--with-seed",)))
    assert whole.stdout == "The quick" + alone.stdout
    assert "starting from this passage: 'The quick'" in alone.stderr
    assert charlstm(*OPTIONS, "--no-echo", stdin="/quit\n").stdout == charlstm(*OPTIONS, stdin="/quit\n").stdout[len(SEED) :]


def test_backslash_n_in_a_user_line(talk):
    begun = talk("/quit")[0]
    assert talk("fox\\ndog", "/quit")[0].startswith(begun + "fox\ndog")


def test_respelled_line_is_reported(talk):
    finished, shown = talk("fox’é", "/quit", more=("--on-unknown", "replace"))
    assert finished.startswith(talk("/quit")[0] + "fox e")
    assert "’ → ' ', é → e" in shown[1]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--json",), "remove --json;"),
        (("--samples", "2"), "remove --samples;"),
        (("--samples", "2", "--json"), "remove --json and --samples;"),
        (("--output", "a.jsonl"), "remove --interactive;"),
    ],
)
def test_only_the_given_options_are_named(charlstm, more, named):
    result = charlstm(*OPTIONS, *more)
    assert result.exit_code == 2
    assert named in result.stderr
