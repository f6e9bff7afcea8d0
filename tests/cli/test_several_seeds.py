"""``charlstm generate`` with several seeds: from repeated options, or from the lines of a file."""

import pytest

from charlstm.cli import bulk
from tests.cli.many_texts import interrupted, lines

pytestmark = pytest.mark.usefixtures("checkpoint")

SEEDS = ["The ", "fox", "lazy dog jumps over the quick"]
REPEATED = [word for seed in SEEDS for word in ("--seed", seed)]
OPTIONS = ("--length", "25", "--random-seed", "3")


@pytest.fixture
def alone(spoken):
    """Return the texts of each seed, generated in a command of its own."""

    def run(*more):
        return [{**sample, "seed": seed} for seed in SEEDS for sample in spoken("--seed", seed, *OPTIONS, *more)["samples"]]

    return run


@pytest.fixture
def seeds_file(tmp_path):
    path = tmp_path / "seeds.txt"
    path.write_text("".join(seed + "\n" for seed in SEEDS))
    return path


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("samples", ["1", "2"])
def test_texts_are_those_of_each_seed_alone(spoken, alone, seeds_file, mode, samples):
    more = ("--mode", mode, "--samples", samples)
    told = spoken(*REPEATED, *OPTIONS, *more)
    assert "seed" not in told
    assert told["samples"] == alone(*more)
    assert spoken("--seeds-file", "seeds.txt", *OPTIONS, *more)["samples"] == told["samples"]
    assert spoken("--seeds-file", "-", *OPTIONS, *more, stdin=seeds_file.read_bytes())["samples"] == told["samples"]


def test_one_line_is_like_one_seed(spoken, tmp_path):
    (tmp_path / "one.txt").write_text("The \n")
    told = spoken("--seeds-file", "one.txt", *OPTIONS)
    assert told["seed"] == "The "
    assert told["samples"] == spoken("--seed", "The ", *OPTIONS)["samples"]


def test_texts_are_printed_with_headings_or_a_separator(charlstm, alone):
    texts = [sample["seed"] + sample["text"] for sample in alone()]
    assert charlstm("generate", *REPEATED, *OPTIONS).stdout == "".join(
        f"--- sample {number}, random seed 3 ---\n{text}\n" for number, text in enumerate(texts, 1)
    )
    assert charlstm("generate", *REPEATED, *OPTIONS, "--separator", "* *").stdout == "\n* *\n".join(texts) + "\n"
    assert charlstm("generate", *REPEATED, *OPTIONS, "--separator", "\\n").stdout == "\n\n\n".join(texts) + "\n"


@pytest.mark.parametrize("samples", [1, 50])
def test_file_has_the_seed_in_each_line_and_is_resumed(charlstm, alone, tmp_path, monkeypatch, samples):
    options = ("generate", *REPEATED, *OPTIONS, "--samples", str(samples), "--output", "many.jsonl")
    expected = alone("--samples", str(samples))
    assert charlstm(*options).exit_code == 0
    assert lines(tmp_path / "many.jsonl") == expected
    content = (tmp_path / "many.jsonl").read_bytes()
    assert "already has" in charlstm(*options).stderr
    for path in tmp_path.glob("many.*"):
        path.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "write_in_order", interrupted)
        assert charlstm(*options).exit_code == 130
    (tmp_path / "many.jsonl").write_bytes(b"".join(content.splitlines(keepends=True)[:70]) + b"half a line")
    assert charlstm(*options).exit_code == 0
    assert (tmp_path / "many.jsonl").read_bytes() == content


def test_file_of_other_seeds_is_refused(charlstm, tmp_path):
    assert charlstm("generate", *REPEATED, *OPTIONS, "--output", "many.jsonl").exit_code == 0
    for seeds in (REPEATED[2:], ["--seed", "\n".join(SEEDS)]):
        result = charlstm("generate", *seeds, *OPTIONS, "--output", "many.jsonl")
        assert result.exit_code == 1
        assert "was written with another" in result.stderr


@pytest.mark.parametrize(("line", "said"), [("f#x", "the model does not know '#'"), ("", "is empty")])
def test_an_invalid_line_is_named_before_anything_is_written(refusal, seeds_file, tmp_path, line, said):
    seeds_file.write_text(f"The \n{line}\nfox\n")
    for more in ((), ("--output", "many.jsonl")):
        sentence = refusal("generate", "--seeds-file", "seeds.txt", *OPTIONS, *more)
        assert sentence.startswith("line 2 of seeds.txt")
        assert said in sentence
    assert not list(tmp_path.glob("many.*"))


@pytest.mark.parametrize(
    "more", [("--seed", "The"), ("--seed-file", "seeds.txt"), ("--interactive",), ("--seed", "a", "--seed-file", "seeds.txt")]
)
def test_a_file_of_seeds_beside_others_is_a_usage_error(charlstm, seeds_file, more):
    assert charlstm("generate", "--seeds-file", "seeds.txt", *more).exit_code == 2


def test_library_gives_the_same_texts(checkpoint, alone):
    import charlstm

    model = charlstm.load(checkpoint)
    expected = alone("--samples", "2")
    texts = model.generate_batch(SEEDS, samples=2, length=25, random_seed=3)
    assert texts == [each["seed"] + each["text"] for each in expected]
    samples = model.generate_samples(SEEDS, samples=2, length=25, random_seed=3)
    assert [[each.seed, each.text, each.random_seed] for each in samples] == [
        [each["seed"], each["text"], each["random_seed"]] for each in expected
    ]


def test_an_empty_file_of_seeds_is_said_to_be_empty(refusal, checkpoint, tmp_path):
    (tmp_path / "none.txt").write_text("")
    assert refusal("generate", "--seeds-file", "none.txt").startswith("none.txt is empty")
    assert refusal("generate", "--seeds-file", "-").startswith("standard input is empty")


def test_advice_on_a_line_of_unknown_characters_is_about_the_line(refusal, checkpoint):
    sentence = refusal("generate", "--seeds-file", "-", "--on-unknown", "skip", stdin="The \n##\n")
    assert sentence.endswith("line 2 of standard input has no character that the model knows; give it one, or remove the line")
