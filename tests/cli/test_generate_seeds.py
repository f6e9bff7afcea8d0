"""``charlstm generate``: the seed text, from options, files or stored passages."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("checkpoint")

SEED_WINDOWS = ("The quick", "brown fox", "lazy dog")


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


REPEATED = {
    "seed of a session": "generate --seed a --seed b --interactive",
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
    ("command", "option"),
    [
        ("generate --length 1", "--seed-file, --seeds-file or a file of --words"),
        ("generate --length 1 --words corpus", "--seed-file, --seeds-file or a file of --words"),
        ("inspect step", "--text-file"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-16", ""])
def test_an_encoding_without_a_file_is_a_usage_error(charlstm, command, option, encoding):
    result = charlstm(*command.split(), "--text-encoding", encoding)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--text-encoding is the text encoding of {option}; give such a file too, or remove --text-encoding" in result.stderr


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


def test_no_text_has_a_random_seed_that_it_could_not_have_alone(charlstm, refusal):
    last = 2**63 - 1
    arguments = ("generate", "--seed", "The ", "--length", "2", "--samples", "3", "--random-seed")
    assert charlstm(*arguments, str(last - 2)).exit_code == 0
    assert refusal(*arguments, str(last - 1)).startswith(
        "--random-seed: expected at most 9,223,372,036,854,775,805 for 3 samples"
    )


@pytest.mark.parametrize("beside", [["--json"], ["--output", "texts.jsonl"], ["--probabilities"]])
@pytest.mark.parametrize(
    ("option", "named"), [("--with-seed", "--with-seed"), ("--echo", "--with-seed"), ("--no-echo", "--no-echo")]
)
def test_printing_of_the_seed_is_refused_where_it_is_not_printed(charlstm, beside, option, named):
    result = charlstm("generate", "--seed", "The ", "--length", "2", *beside, option)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"remove {named};" in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", ["generate", "compare", "evaluate", "inspect", "inspect step", "inspect inside"])
@pytest.mark.parametrize("value", ["skip", "error"])
def test_an_action_for_unknown_characters_needs_a_text(charlstm, command, value):
    result = charlstm(*command.split(), "--on-unknown", value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "remove --on-unknown;" in " ".join(result.stderr.split())
