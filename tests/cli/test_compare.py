"""``charlstm compare``: results, output, files and refusals."""

import json
import os
import re

import numpy as np
import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.weights import read_weights
from charlstm.evaluation.scores import evaluate, sampled_starts
from charlstm.inference.network import build_network
from tests.cli.conftest import TEXT

FEW = ("--length", "40", "--sample", "20")


@pytest.fixture(autouse=True)
def corpus(tmp_path, tale):
    (tmp_path / "tale.txt").write_text(TEXT)


@pytest.fixture
def told(charlstm):
    def run(*arguments, **options):
        return json.loads(charlstm("compare", *FEW, *arguments, "--json", **options).stdout)

    return run


def test_texts_equal_those_of_generate(charlstm, told):
    found = told("--seed", "The ", "--random-seed", "5", "--temperature", "0.9")
    for mode in ("stateless", "stateful"):
        options = ("--seed", "The ", "--random-seed", "5", "--temperature", "0.9", "--length", "40")
        generated = json.loads(charlstm("generate", *options, "--mode", mode, "--json").stdout)
        assert found["modes"][mode]["text"] == generated["samples"][0]["text"]
    assert (found["seed"], found["random_seed"], found["temperature"]) == ("The ", 5, 0.9)
    assert found["modes"]["stateful"]["cell_steps_per_character"] == 1
    assert found["modes"]["stateless"]["cell_steps_per_character"] == np.mean([min(4 + n, 12) for n in range(40)])
    assert all(mode["characters_per_second"] > 0 for mode in found["modes"].values())


def test_quality_on_held_out_or_given_text(told, tmp_path, tale):
    config = read_config(tale)
    network = build_network(config.model, read_weights(tale, config.model))
    ids = config.vocabulary.encode(TEXT[900:])
    direct = evaluate(network, ids, sampled_starts(100, 20, 0), [12])
    found = told()
    assert found["modes"]["stateful"]["nats_per_char"] == pytest.approx(direct.nats_per_char())
    assert found["modes"]["stateless"]["nats_per_char"] == pytest.approx(direct.nats_per_char(12))
    assert found["measured"]["text"] == "the held-out end of tale.txt"
    (tmp_path / "other.txt").write_text("fox and dog")
    other = told("--text", "other.txt")
    assert other["measured"]["characters"] == 11
    assert other["along"]["text"] == "fox and dog"
    assert told("--text", "-", stdin="fox and dog")["contexts"] == other["contexts"]


def test_missing_text_is_reported_and_the_rest_compared(charlstm, tmp_path):
    (tmp_path / "tale.txt").unlink()
    result = charlstm("compare", *FEW)
    assert result.exit_code == 0
    assert "Quality is not measured: the text that tale was trained on, tale.txt, is neither here nor in data/" in result.stderr
    assert "what it is worth needs a text to measure on" in result.stdout
    assert "new substrings" not in result.stdout


def test_terminal_shows_texts_table_and_verdict(charlstm, told):
    shown = charlstm("compare", *FEW, "--seed", "The ", "--windows", "3,20").stdout
    record = told("--seed", "The ", "--windows", "3,20")
    assert shown.splitlines()[0].split() == ["stateless", "stateful"]
    assert shown.count("▶") == 3  # in each text, and where it is explained
    assert f"▶ first difference, at character {record['first_difference'] + 1}." in shown
    assert f"{record['modes']['stateful']['bits_per_char']:.4f}" in shown
    assert "window of 20" in shown
    assert record["verdict"] in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 120


def test_identical_texts_are_reported(charlstm):
    shown = charlstm("compare", "--length", "5", "--seed", "The ").stdout
    assert "The texts are identical." in shown
    assert "▶" not in shown


@pytest.mark.parametrize("columns", ["20", "40", "50", "80"])
def test_output_fits_any_terminal_width(charlstm, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    lines = charlstm("compare", *FEW, "--windows", "3").stdout.splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert ("--- stateless" in lines) == (int(columns) < 50)
    assert not any("…" in line for line in lines)
    assert "LSTM cell steps per character" in " ".join(" ".join(lines).split())


def test_square_brackets_are_not_markup(charlstm, tmp_path, make_checkpoint):
    vocabulary = "".join(sorted("[bold]/ ab:smile"[:16]))
    make_checkpoint(tmp_path / "checkpoints" / "marks", vocabulary="".join(sorted(set(vocabulary))), windows=("[bold]",))
    shown = charlstm("compare", *FEW, "--checkpoint", "marks", "--seed", "[bold]a[/bold] :smile").stdout
    assert "[bold]a[/bold] :smile" in shown.replace("\n", "")


def test_each_window_is_generated_once(charlstm, told, monkeypatch):
    from charlstm.evaluation import comparison

    made = []
    generate = comparison.generate_timed
    monkeypatch.setattr(comparison, "generate_timed", lambda *given: (made.append(given[5:]), generate(*given))[1])
    assert list(told("--windows", "20,3,12,3")["windows"]) == ["3", "12", "20"]
    assert [window for (window,) in filter(None, made)] == [3, 20]


def test_report_and_plot_are_written(charlstm, tmp_path):
    result = charlstm("compare", *FEW, "--report", "page.html", "--plot", "curves.svg", "--json")
    assert json.loads(result.stdout)["verdict"] in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (tmp_path / "curves.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert result.stderr == "The report is in page.html.\nThe curves are in curves.svg.\n"


def test_a_report_links_to_the_page_of_the_model_beside_it(charlstm, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "tale.html").write_text("<p>another page</p>")
    link = re.compile(r'<a href="(tale\.html#tab=inside&amp;text=[^"]*)"')
    charlstm("compare", *FEW, "--seed", "The q", "--report", "site/report.html")
    assert not link.search((tmp_path / "site" / "report.html").read_text(encoding="utf-8"))
    (tmp_path / "site" / "tale.html").unlink()
    charlstm("export", "--to", "site/tale.html")
    charlstm("compare", *FEW, "--seed", "The q", "--report", "site/report.html")
    found = link.search((tmp_path / "site" / "report.html").read_text(encoding="utf-8"))
    assert found
    assert found[1].endswith("text=The+q")


def test_output_link_is_followed_with_any_file_name(charlstm, tmp_path, make_checkpoint):
    (tmp_path / "real.html").write_text("old")
    (tmp_path / "link.html").symlink_to("real.html")
    odd = os.fsdecode(b"bad\xff.txt")
    (tmp_path / odd).write_text("fox and dog")
    make_checkpoint(tmp_path / "checkpoints" / os.fsdecode(b"odd\xff$x^{$"))
    arguments = (
        "--checkpoint",
        os.fsdecode(b"odd\xff$x^{$"),
        "--text",
        odd,
        "--report",
        "link.html",
        "--plot",
        "a.png",
        "--json",
    )
    told = json.loads(charlstm("compare", *FEW, *arguments).stdout)
    assert (told["checkpoint"], told["measured"]["text"]) == ("odd\\xff$x^{$", "bad\\xff.txt")
    assert (tmp_path / "link.html").is_symlink()
    assert "stateless and stateful" in (tmp_path / "real.html").read_text(encoding="utf-8")


def test_random_seed_determines_the_sample(told):
    one, other = (told("--random-seed", seed)["modes"]["stateless"]["nats_per_char"] for seed in ("1", "2"))
    assert one != other


def test_mean_divergence_beyond_the_window_is_printed(charlstm, told):
    beyond = told()["along"]["divergence_nats"][12:]
    assert f"beyond the first window, {sum(beyond) / len(beyond):.2g} nats apart on average" in " ".join(
        charlstm("compare", *FEW).stdout.split()
    )


def test_control_characters_are_replaced(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "bells", vocabulary="\x07\x1bab", windows=("a\x1b[31mb"[:2],))
    shown = charlstm("compare", *FEW, "--checkpoint", "bells").stdout
    assert not {"\x07", "\x1b"} & set(shown)
    assert "␛" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--plot curves.jpg", "--plot: expected a file that ends in .png or .svg; found 'curves.jpg'"),
        ("--plot nowhere/curves.png", "the folder nowhere does not exist"),
        ("--report checkpoints", "checkpoints is a folder"),
        ("--report page.html/", "is a folder"),
        ("--plot a.png/", "is a folder"),
        ("--report pipe", "pipe is not an ordinary file"),
        ("--plot pipe.svg", "pipe.svg is not an ordinary file"),
        ("--text - --corpus -", "cannot both be read from stdin"),
        ("--windows 10,x", "--windows: expected integers from 1 to 10,000, separated by commas"),
        ("--windows 0", "integers from 1 to 10,000"),
        ("--windows 10,20000", "integers from 1 to 10,000"),
        ("--temperature inf", "--temperature: expected a finite number of at least 0; found inf"),
        ("--length 0", "--length: expected an integer of at least 1; found 0"),
        ("--seed a --seed-file b", "not both"),
        ("--text - --seed-file -", "cannot both be read from stdin"),
    ],
)
def test_invalid_arguments_are_refused_before_any_work(charlstm, tmp_path, arguments, said):
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.svg")
    before = sorted(tmp_path.rglob("*"))
    result = charlstm("compare", *arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_window_longer_than_any_context_is_refused(charlstm, told):
    assert list(told("--seed", "The ", "--windows", "99")["windows"]) == ["12", "99"]  # the last of 100 held-out characters
    for few, most in (FEW, 99), (("--length", "200", "--sample", "20"), 203):
        result = charlstm("compare", *few, "--seed", "The ", "--windows", f"3,{most + 1}")
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"--windows: expected at most {most}, " in result.stderr
        assert f"found {most + 1};" in result.stderr


def test_unknown_characters_follow_the_policy(charlstm):
    assert "'Ö'" in charlstm("compare", "--seed", "fÖx").stderr
    assert "'Ö': left out" in charlstm("compare", *FEW, "--seed", "fÖx", "--on-unknown", "skip").stderr


def test_seed_is_distinguished_from_generated_text(charlstm):
    given = charlstm("compare", *FEW, "--seed", "The ")
    assert "Both texts continue the seed 'The '." in given.stdout
    assert "starting from this passage" not in given.stderr
    passage = charlstm("compare", *FEW)
    assert "Without --seed, starting from this passage: 'The quick' (of tale.txt)\n" in passage.stderr
    assert "Both texts continue the seed 'The quick'." in passage.stdout


def test_respelled_and_replaced_characters_are_reported(charlstm, tmp_path):
    (tmp_path / "other.txt").write_text("fox\u00a0and dôg")
    result = charlstm("compare", *FEW, "--seed", "fôx", "--text", "other.txt", "--on-unknown", "replace")
    assert "replaced by the nearest known ones: ô → o\n" in result.stderr
    assert "replaced by the nearest known ones: '\\xa0' → ' ', ô → o\n" in result.stderr
