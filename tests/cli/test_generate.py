"""``charlstm generate``: texts, notes and streams."""

import json

import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.weights import read_weights
from charlstm.inference.generation import generate_pieces
from charlstm.inference.modes import decoder
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling

SEED_WINDOWS = ("The quick", "brown fox", "lazy dog")


@pytest.fixture(autouse=True)
def tale(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale")


@pytest.fixture
def spoken(charlstm):
    """Generate, and return the JSON object."""

    def run(*arguments, stdin=""):
        result = charlstm("generate", "--json", *arguments, stdin=stdin)
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout)

    return run


@pytest.fixture
def texts(spoken):
    """Generate, and return the texts without their seed."""
    return lambda *arguments: [sample["text"] for sample in spoken(*arguments)["samples"]]


def test_stdout_is_exactly_seed_and_text(charlstm, texts):
    options = ("--seed", "The ", "--length", "40", "--random-seed", "3")
    result = charlstm("generate", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    (text,) = texts(*options)
    assert len(text) == 40
    assert result.stdout == "The " + text + "\n"
    assert charlstm("generate", *options, "--no-echo").stdout == text + "\n"


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_text_equals_that_of_the_library(texts, tale, mode):
    config = read_config(tale)
    network = build_network(config.model, read_weights(tale, config.model))
    pieces = generate_pieces(
        decoder(network, mode), config.vocabulary, "The ", random_seeds=[5], length=60,
        sampling=Sampling(0.9, 20, 0.95, 0.01, 1.1),
    )  # fmt: skip
    sampling = ["--temperature", "0.9", "--top-k", "20", "--top-p", "0.95", "--min-p", "0.01", "--repetition-penalty", "1.1"]
    (text,) = texts("--seed", "The ", "--random-seed", "5", "--length", "60", "--mode", mode, *sampling)
    assert text == "".join(piece for (piece,) in pieces)


@pytest.mark.parametrize(
    "option", ["--temperature 1.7", "--top-k 1", "--top-p 0.3", "--min-p 0.6", "--repetition-penalty 3", "--mode stateful"]
)
def test_every_sampling_option_changes_the_text(texts, option):
    common = ("--seed", "The ", "--random-seed", "5", "--length", "100")
    assert texts(*common) != texts(*common, *option.split())


def test_json_keys(spoken):
    told = spoken("--seed", "The ", "--length", "20", "--random-seed", "3", "--samples", "2", "--mode", "stateful")
    assert set(told) == {"checkpoint", "mode", "seed", "samples", "characters", "seconds", "characters_per_second"}
    assert (told["checkpoint"], told["mode"], told["seed"]) == ("tale", "stateful", "The ")
    assert [set(sample) for sample in told["samples"]] == [{"text", "random_seed", "stop_reason"}] * 2
    assert told["characters"] == sum(len(sample["text"]) for sample in told["samples"]) == 40
    assert told["characters_per_second"] == pytest.approx(told["characters"] / told["seconds"])


def test_length_zero_prints_only_the_seed(charlstm, spoken):
    assert charlstm("generate", "--seed", "The ", "--length", "0").stdout == "The \n"
    told = spoken("--seed", "The ", "--length", "0")
    assert (told["samples"][0]["text"], told["samples"][0]["stop_reason"]) == ("", "length")
    assert (told["characters"], told["characters_per_second"]) == (0, 0)


def test_samples_equal_runs_with_consecutive_seeds(charlstm, spoken, texts):
    options = ("--seed", "The ", "--length", "30")
    samples = spoken(*options, "--samples", "3", "--random-seed", "7")["samples"]
    assert [sample["random_seed"] for sample in samples] == [7, 8, 9]
    alone = [texts(*options, "--random-seed", str(number)) for number in (7, 8, 9)]
    assert [[sample["text"]] for sample in samples] == alone
    assert len({sample["text"] for sample in samples}) == 3
    plain = charlstm("generate", *options, "--samples", "3", "--random-seed", "7")
    assert plain.stdout == "".join(
        f"--- sample {number}, random seed {6 + number} ---\nThe {text}\n" for number, (text,) in enumerate(alone, start=1)
    )


def test_single_line_samples_print_one_a_line(charlstm, spoken, tmp_path, make_checkpoint):
    names = ("--seed", "\\n", "--stop", "\\n", "--length", "8", "--samples", "5", "--random-seed", "1")
    items = [sample["text"] for sample in spoken(*names)["samples"]]
    assert charlstm("generate", *names, "--no-echo").stdout == "".join(item + "\n" for item in items)
    make_checkpoint(tmp_path / "words" / "tale", vocabulary=" abc")
    words = ("--checkpoints", "words", "--seed", "a", "--length", "8", "--samples", "5", "--random-seed", "1")
    items = [sample["text"] for sample in spoken(*words)["samples"]]
    assert charlstm("generate", *words).stdout == "".join(f"a{item}\n" for item in items)


@pytest.mark.parametrize("more", ["--stop x", "--stop \\n\\n", "--stop \\n --seed The\\n", "--no-echo"])
def test_multi_line_samples_have_headings(charlstm, more):
    options = ("--seed", "The ") if "--seed" not in more else ()
    shown = charlstm("generate", *options, "--length", "20", "--samples", "3", "--random-seed", "7", *more.split()).stdout
    headers = [line for line in shown.splitlines() if line.startswith("---")]
    assert headers == [f"--- sample {number}, random seed {6 + number} ---" for number in (1, 2, 3)]


def test_default_seed_is_named_but_not_piped(charlstm, spoken):
    for random_seed in ("1", "2", "3"):
        told = spoken("--length", "9", "--random-seed", random_seed)
        options = ("generate", "--length", "9", "--random-seed", random_seed)
        result = charlstm(*options)
        assert result.stdout == told["samples"][0]["text"] + "\n"
        assert result.stderr == f"Without --seed, starting from this passage: {told['seed']!r} (of story.txt)\n"
        assert charlstm(*options, "--no-echo").stdout == result.stdout
        for option in ("--with-seed", "--echo"):
            assert charlstm(*options, option).stdout == told["seed"] + result.stdout
        several = charlstm(*options, "--samples", "2")
        assert several.stderr == result.stderr
        assert told["seed"] not in several.stdout


def test_default_seed_is_named_with_output_file(charlstm, spoken):
    seed = spoken("--length", "1", "--random-seed", "1")["seed"]
    result = charlstm("generate", "--samples", "2", "--length", "3", "--random-seed", "1", "--output", "many.jsonl")
    assert result.stderr.startswith(f"Without --seed, starting from this passage: {seed!r} ")


def test_same_random_seed_gives_same_text(texts):
    options = ("--length", "50", "--random-seed")
    assert texts(*options, "11") == texts(*options, "11") != texts(*options, "12")


def test_runs_without_random_seed_differ(spoken):
    runs = [spoken("--seed", "The ", "--length", "50")["samples"][0] for _ in range(2)]
    assert runs[0]["random_seed"] != runs[1]["random_seed"]
    assert runs[0]["text"] != runs[1]["text"]
    again = spoken("--seed", "The ", "--length", "50", "--random-seed", str(runs[0]["random_seed"]))["samples"][0]
    assert again == runs[0]


def test_random_seed_chooses_the_default_seed(spoken):
    seeds = [spoken("--length", "1", "--random-seed", str(number))["seed"] for number in range(12)]
    assert set(seeds) == set(SEED_WINDOWS)
    assert spoken("--length", "1", "--random-seed", "5")["seed"] == seeds[5]


@pytest.mark.parametrize(
    ("content", "seed"),
    [
        (b"The fox", "The fox"),
        (b"The fox\n", "The fox"),
        (b"The fox\n\n", "The fox\n"),
        (b"\xef\xbb\xbfThe\r\nfox\r\n", "The\nfox"),
        (b" The ", " The "),
    ],
)
def test_seed_file_loses_only_its_last_line_end(spoken, tmp_path, content, seed):
    (tmp_path / "seed.txt").write_bytes(content)
    assert spoken("--seed-file", "seed.txt", "--length", "3")["seed"] == seed
    assert spoken("--seed-file", "-", "--length", "3", stdin=content)["seed"] == seed


def test_seed_longer_than_the_window_is_whole(charlstm):
    seed = "The quick brown fox jumps over the lazy dog."
    assert charlstm("generate", "--seed", seed, "--length", "5", "--mode", "stateless").stdout.startswith(seed)


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_stop_string_ends_the_text_before_it(spoken, mode):
    options = ("--seed", "The ", "--length", "200", "--random-seed", "2", "--mode", mode)
    whole = spoken(*options)["samples"][0]["text"]
    stop = whole[50:53]
    stopped = spoken(*options, "--stop", stop)["samples"][0]
    assert stopped == {"text": whole[: whole.index(stop)], "random_seed": 2, "stop_reason": "stop"}
    first = min((stop, "q"), key=whole.index)
    assert spoken(*options, "--stop", stop, "--stop", "q")["samples"][0]["text"] == whole[: whole.index(first)]


def test_line_end_as_stop_string(charlstm, spoken):
    options = ("--seed", "The ", "--length", "400", "--random-seed", "2", "--stop", "\\n")
    sample = spoken(*options)["samples"][0]
    assert sample["stop_reason"] == "stop"
    assert "\n" not in sample["text"]
    assert charlstm("generate", *options).stdout == f"The {sample['text']}\n"


ESCAPES = {
    "line end": ("a\\nb", "a\nb", "\\n is read as a line end; '\\\\n' is a backslash and an n"),
    "backslash and an n": ("a\\\\nb", "a\\nb", "\\\\n is read as a backslash and an n"),
    "both": ("\\n\\\\n", "\n\\n", "\\n is read as a line end and \\\\n is read as a backslash and an n"),
    "two backslashes and an n": ("\\\\\\n", "\\\\n", "\\\\n is read as a backslash and an n"),
    "other backslashes": ("\\a\\\\b\\", "\\a\\\\b\\", ""),
    "a line end itself": ("a\nb", "a\nb", ""),
    "an escape of others": ("a\\tb", "a\\tb", "\\n is a line end and no other backslash is special: \\t stands for itself"),
}


@pytest.mark.parametrize(("typed", "read", "said"), ESCAPES.values(), ids=ESCAPES)
def test_backslash_n_is_a_line_end_with_a_note(charlstm, tmp_path, make_checkpoint, typed, read, said):
    make_checkpoint(tmp_path / "tex" / "tale", vocabulary="\n\\abnt")
    for command in ("generate", "compare"):
        result = charlstm(command, "--checkpoints", "tex", "--seed", typed, "--length", "1", "--json")
        assert json.loads(result.stdout)["seed"] == read
        assert result.stderr.partition("Quality")[0] == (f"In --seed, {said}.\n" if said else "")
    (tmp_path / "seed.txt").write_text(typed)
    result = charlstm("generate", "--checkpoints", "tex", "--seed-file", "seed.txt", "--length", "1", "--json")
    assert (json.loads(result.stdout)["seed"], result.stderr) == (typed, "")


def test_backslash_n_without_note_if_no_backslash_known(charlstm):
    result = charlstm("generate", "--seed", "The\\nfox", "--length", "3", "--stop", "\\n")
    assert result.stdout.startswith("The\nfox")
    assert result.stderr == ""


def test_backslash_n_in_stop_strings(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "tex" / "tale", vocabulary="\n\\en")
    options = ("generate", "--checkpoints", "tex", "--seed", "e", "--length", "200", "--random-seed", "1", "--json")

    def text(*more):
        result = charlstm(*options, *more)
        return json.loads(result.stdout)["samples"][0]["text"], result.stderr

    whole, _ = text()
    assert whole.index("\n") < whole.index("\\n")
    assert text("--stop", "\\n")[0] == text("--stop", "\n")[0] == whole.partition("\n")[0]
    assert text("--stop", "\\\\n")[0] == whole.partition("\\n")[0]
    assert text("--stop", "\\n")[1].startswith("In --stop, \\n is read as a line end")


@pytest.mark.parametrize("stop", ["Z", "foxZ", "\u00e9", "\\\\n", "\t", "\U0001f98a", "”"], ids=ascii)
def test_impossible_stop_string_is_refused(charlstm, tmp_path, stop):
    for more in ((), ("--on-unknown", "replace"), ("--json",), ("--interactive",), ("--output", "many.jsonl")):
        result = charlstm("generate", "--seed", "The", "--stop", stop, *more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "the model can never generate" in result.stderr
        assert result.stderr.startswith("charlstm: ")
        assert result.stderr.count("\n") == 1
    assert not (tmp_path / "many.jsonl").exists()


def test_respelled_stop_string_is_reported(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "cafe" / "tale", vocabulary="abé")
    options = ("generate", "--checkpoints", "cafe", "--seed", "a", "--length", "50", "--random-seed", "1")
    result = charlstm(*options, "--stop", "e\u0301")
    assert result.stdout == charlstm(*options, "--stop", "é").stdout
    assert len(result.stdout) < 52
    assert "U+0065 U+0301) → é (U+00E9)" in result.stderr


def test_an_empty_stop_string_is_refused(charlstm):
    result = charlstm("generate", "--seed", "The", "--stop", "")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--stop" in result.stderr


REPEATED = {
    "seed": "generate --seed a --seed b",
    "the same seed": "generate --seed a --seed a",
    "seed file": "generate --seed-file a --seed-file b",
    "seed of a comparison": "compare --seed a --seed b",
    "seed file of a comparison": "compare --seed-file a --seed-file b",
    "text of a comparison": "compare --text a --text b",
    "text to look into": "inspect --text a --text b",
    "file to look into": "inspect --text-file a --text-file b",
}


@pytest.mark.parametrize("command", REPEATED.values(), ids=REPEATED)
def test_conflicting_seeds_are_a_usage_error(charlstm, command):
    result = charlstm(*command.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{command.split()[1]}: expected one value; found 2" in result.stderr


def test_a_seed_file_may_be_in_another_encoding(spoken, tmp_path):
    (tmp_path / "seed.txt").write_bytes("The fox".encode("utf-16"))
    assert spoken("--seed-file", "seed.txt", "--text-encoding", "utf-16", "--length", "1")["seed"] == "The fox"


@pytest.mark.parametrize(
    ("command", "option"), [("generate --length 1", "--seed-file"), ("inspect shapes", "--text-file")], ids=["seed", "text"]
)
@pytest.mark.parametrize("encoding", ["utf-16", ""])
def test_an_encoding_without_a_file_is_a_usage_error(charlstm, command, option, encoding):
    result = charlstm(*command.split(), "--text-encoding", encoding)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--text-encoding is the text encoding of {option}; give that too, or remove --text-encoding" in result.stderr


@pytest.mark.parametrize("option", [("--top-k", "3"), ("--top-p", "0.9"), ("--min-p", "0.1")], ids=lambda option: option[0])
def test_cutoffs_without_a_draw_are_noted(charlstm, option):
    greedy = ("generate", "--seed", "The ", "--length", "5", "--temperature", "0")
    said = "--temperature 0 always takes the likeliest character: --top-k, --top-p and --min-p change nothing."
    with_cutoff, without = charlstm(*greedy, *option), charlstm(*greedy)
    assert said in " ".join(with_cutoff.stderr.split())
    assert "change nothing" not in without.stderr
    assert with_cutoff.stdout == without.stdout


def test_unmatched_stop_string_keeps_the_whole_text(charlstm):
    options = ("--seed", "The ", "--length", "30", "--random-seed", "2")
    assert charlstm("generate", *options, "--stop", "zzzzzzzz").stdout == charlstm("generate", *options).stdout


def test_modes_agree_within_the_window(texts):
    # A window of 12, so a seed of 4 and 8 more characters fit; every later character may part them.
    options = ("--seed", "The ", "--temperature", "1", "--samples", "20", "--random-seed", "0")
    agreed = texts(*options, "--length", "8", "--mode", "stateless")
    assert agreed == texts(*options, "--length", "8", "--mode", "stateful")
    stateless, stateful = (texts(*options, "--length", "200", "--mode", mode) for mode in ("stateless", "stateful"))
    assert [text[:8] for text in stateless] == [text[:8] for text in stateful] == agreed
    assert all(one != other for one, other in zip(stateless, stateful, strict=True))


def test_newest_checkpoint_is_the_default(spoken, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "anew", created="2026-03-01T00:00:00+00:00")
    make_checkpoint(tmp_path / "checkpoints" / "zold", created="2025-03-01T00:00:00+00:00")
    assert spoken("--length", "1")["checkpoint"] == "anew"
    (tmp_path / "checkpoints" / "anew" / "model.safetensors").unlink()  # its training has not come that far
    assert spoken("--length", "1")["checkpoint"] == "tale"


def test_checkpoint_is_found_by_name_path_and_folder(spoken, tmp_path, make_checkpoint, monkeypatch):
    make_checkpoint(tmp_path / "elsewhere" / "saga", created="2020-01-01T00:00:00+00:00", random_seed=9)
    assert spoken("--checkpoint", "tale", "--length", "1")["checkpoint"] == "tale"
    assert spoken("--checkpoint", "elsewhere/saga", "--length", "1")["checkpoint"] == "saga"
    assert spoken("--checkpoint", str(tmp_path / "elsewhere" / "saga"), "--length", "1")["checkpoint"] == "saga"
    assert spoken("--checkpoints", "elsewhere", "--length", "1")["checkpoint"] == "saga"
    monkeypatch.setenv("CHARLSTM_CHECKPOINTS", "elsewhere")
    assert spoken("--length", "1")["checkpoint"] == "saga"


def test_current_folder_as_checkpoint_has_a_name(spoken, tale, monkeypatch):
    spoken("--length", "1")
    monkeypatch.chdir(tale)
    assert spoken("--checkpoint", ".", "--length", "1")["checkpoint"] == "tale"


def test_on_unknown_skip_and_replace(charlstm):
    options = ("generate", "--seed", "Thé #fóx é", "--length", "10", "--random-seed", "1")
    skipped = charlstm(*options, "--on-unknown", "skip")
    assert skipped.exit_code == 0
    assert skipped.stdout == charlstm("generate", "--seed", "Th fx ", *options[3:]).stdout
    assert skipped.stderr == "The model does not know 'é' '#' 'ó': left out.\n"
    replaced = charlstm(*options, "--on-unknown", "replace")
    assert replaced.exit_code == 0
    assert replaced.stdout == charlstm("generate", "--seed", "The  fox e", *options[3:]).stdout
    pairs = "é → e, # → ' ', ó → o"
    assert replaced.stderr == f"The model does not know every character; replaced by the nearest known ones: {pairs}\n"


@pytest.mark.parametrize("policy", ["error", "skip", "replace"])
@pytest.mark.parametrize(("known", "typed"), [("é", "e\u0301"), ("e\u0301", "é"), ("\u212b", "\u00c5")], ids=ascii)
def test_respelled_seed_is_reported(charlstm, tmp_path, make_checkpoint, policy, known, typed):
    make_checkpoint(tmp_path / "cafe" / "tale", vocabulary="".join(sorted("abf" + known)))
    arguments = ("generate", "--checkpoints", "cafe", "--seed", f"{typed}f{typed}", "--on-unknown", policy, "--length", "3")
    result = charlstm(*arguments, "--json")
    assert json.loads(result.stdout)["seed"] == f"{known}f{known}"
    codes = ["(" + " ".join(f"U+{ord(character):04X}" for character in text) + ")" for text in (typed, known)]
    assert result.stderr == (f"The same characters, spelled as the model knows them: {typed} {codes[0]} → {known} {codes[1]}\n")


def test_many_unknown_characters_are_summarised(charlstm, tmp_path):
    (tmp_path / "seed.txt").write_text("The " + "".join(map(chr, range(0x4E00, 0x5E00))), encoding="utf-8")
    for policy in ("skip", "replace"):
        said = charlstm("generate", "--seed-file", "seed.txt", "--length", "1", "--on-unknown", policy).stderr
        assert "and 4056 more" in said
        assert len(said) < 600


def test_known_characters_have_no_note(charlstm):
    assert charlstm("generate", "--seed", "fox", "--length", "3", "--on-unknown", "skip").stderr == ""


@pytest.mark.parametrize("seed", ["The\r\nquick", "The\rquick", "The\\nquick"])
def test_every_line_end_in_a_seed_is_read_as_lf(charlstm, tmp_path, make_checkpoint, seed):
    make_checkpoint(tmp_path / "checkpoints" / "pangram")
    found = json.loads(
        charlstm("generate", "--checkpoint", "pangram", "--seed", seed, "--length", "3", "--random-seed", "1", "--json").stdout
    )
    assert found["seed"] == "The\nquick"
