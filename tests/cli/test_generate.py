"""``charlstm generate``: texts, notes and streams."""

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.weights import read_weights, write_weights
from charlstm.inference.generation import generate_pieces
from charlstm.inference.modes import decoder
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling

pytestmark = pytest.mark.usefixtures("checkpoint")


def test_stdout_is_exactly_seed_and_text(charlstm, texts):
    options = ("--seed", "The ", "--length", "40", "--random-seed", "3")
    result = charlstm("generate", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    (text,) = texts(*options)
    assert len(text) == 40
    assert result.stdout == "The " + text + "\n"
    assert charlstm("generate", *options, "--no-echo").stdout == text + "\n"


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_text_equals_that_of_the_library(texts, checkpoint, mode):
    config = read_config(checkpoint)
    network = build_network(config.model, read_weights(checkpoint, config.model))
    pieces = generate_pieces(
        decoder(network, mode), config.vocabulary, "The ", random_seeds=[5], length=60,
        sampling=Sampling(0.9, 20, 0.95, 0.01, 1.1),
    )  # fmt: skip
    sampling = ["--temperature", "0.9", "--top-k", "20", "--top-p", "0.95", "--min-p", "0.01", "--repetition-penalty", "1.1"]
    (text,) = texts("--seed", "The ", "--random-seed", "5", "--length", "60", "--mode", mode, *sampling)
    assert text == "".join(piece for (piece,) in pieces)


def test_weights_are_rounded_on_request(texts, checkpoint):
    config = read_config(checkpoint)
    weights = {name: np.zeros_like(value) for name, value in read_weights(checkpoint, config.model).items()}
    weights["dense/bias"][[3, 5]] = 1, 1 + 2**-12  # equal in float16, where the first one is taken
    write_weights(checkpoint, weights)
    options = ("--seed", "The ", "--length", "3", "--temperature", "0", "--weights")
    assert texts(*options, "float32") == [config.vocabulary.characters[5] * 3]
    assert texts(*options, "float16") == [config.vocabulary.characters[3] * 3]


def test_weights_beyond_float16_are_refused_with_the_option(charlstm, checkpoint):
    config = read_config(checkpoint)
    weights = {**read_weights(checkpoint, config.model), "dense/bias": np.full(config.model.vocabulary_size, 1e5, np.float32)}
    write_weights(checkpoint, weights)
    result = charlstm("generate", "--seed", "The ", "--weights", "float16")
    assert result.exit_code == 1
    assert "--weights float32" in result.stderr
    assert "dense/bias" in result.stderr


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


def test_same_random_seed_gives_same_text(texts):
    options = ("--length", "50", "--random-seed")
    assert texts(*options, "11") == texts(*options, "11") != texts(*options, "12")


def test_runs_without_random_seed_differ(spoken):
    runs = [spoken("--seed", "The ", "--length", "50")["samples"][0] for _ in range(2)]
    assert runs[0]["random_seed"] != runs[1]["random_seed"]
    assert runs[0]["text"] != runs[1]["text"]
    again = spoken("--seed", "The ", "--length", "50", "--random-seed", str(runs[0]["random_seed"]))["samples"][0]
    assert again == runs[0]


@pytest.mark.parametrize("option", [("--top-k", "3"), ("--top-p", "0.9"), ("--min-p", "0.1")], ids=lambda option: option[0])
def test_cutoffs_without_a_draw_are_noted(charlstm, option):
    greedy = ("generate", "--seed", "The ", "--length", "5", "--temperature", "0")
    said = "--temperature 0 always takes the likeliest character: --top-k, --top-p and --min-p change nothing."
    with_cutoff, without = charlstm(*greedy, *option), charlstm(*greedy)
    assert said in " ".join(with_cutoff.stderr.split())
    assert "change nothing" not in without.stderr
    assert with_cutoff.stdout == without.stdout


@pytest.mark.parametrize("cutoff", [("--top-k", "1"), ("--top-p", "0"), ("--min-p", "1")], ids=lambda option: option[0])
def test_a_temperature_with_a_single_character_to_draw_is_noted(charlstm, cutoff):
    plain = ("generate", "--seed", "The ", "--length", "9", "--random-seed", "1", *cutoff)
    said = f"{' '.join(cutoff)} always takes the likeliest character: "
    shown = [charlstm(*plain, *more) for more in ((), ("--temperature", "2"), ("--temperature", "0.3:9"), ("--samples", "2"))]
    notes = [
        "",
        said + "--temperature changes nothing.",
        said + "--temperature changes nothing.",
        said + "all samples of a seed",
    ]
    for result, note in zip(shown, notes, strict=True):
        assert " ".join(result.stderr.split()).startswith(note)
        assert bool(result.stderr) == bool(note)
    assert shown[0].stdout == shown[1].stdout == shown[2].stdout
    for more in ("--word-temperature", "2"), ("--avoid", "e"):
        assert "always takes" not in charlstm(*plain, "--temperature", "2", *more).stderr


@pytest.mark.parametrize(("given", "is_noted"), [([], True), (["--samples", "2"], False), (["--seed", "fox "], False)])
def test_a_separator_without_a_second_text_is_noted(charlstm, given, is_noted):
    shown = charlstm("generate", "--seed", "The ", "--length", "5", "--separator", "*", *given)
    assert ("--separator changes nothing" in " ".join(shown.stderr.split())) == is_noted
    assert ("\n*\n" in shown.stdout) != is_noted


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


def test_current_folder_as_checkpoint_has_a_name(spoken, checkpoint, monkeypatch):
    spoken("--length", "1")
    monkeypatch.chdir(checkpoint)
    assert spoken("--checkpoint", ".", "--length", "1")["checkpoint"] == "tale"


@pytest.mark.parametrize(("given", "said"), [
    (["--dry-base", "2"], "--dry-base changes nothing without --dry-multiplier"),
    (["--dry-base", "1.15", "--dry-allowed-length", "3"], "--dry-base and --dry-allowed-length change nothing without --dry-m"),
    (["--dry-base", "2", "--dry-multiplier", "1"], None),
    ([], None),
])  # fmt: skip
def test_options_of_a_penalty_that_is_off_are_noted(charlstm, given, said):
    result = charlstm("generate", "--seed", "The ", "--length", "5", *given)
    shown = " ".join(result.stderr.split())
    assert result.exit_code == 0
    assert (said in shown) if said else ("nothing without" not in shown)


@pytest.mark.parametrize(("temperature", "samples", "said"), [("0", "2", True), ("0", "1", False), ("0.5", "2", False)])
def test_equal_samples_are_noted(charlstm, temperature, samples, said):
    result = charlstm("generate", "--seed", "The ", "--length", "5", "--temperature", temperature, "--samples", samples)
    assert ("all samples of a seed are the same text" in " ".join(result.stderr.split())) == said
