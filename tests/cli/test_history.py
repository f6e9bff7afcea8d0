"""``charlstm history``: curves, tables, pages and plots, of one run and of several."""

import json

import pytest

from charlstm.checkpoint.points import POINTS
from charlstm.cli import history_view
from tests.histories import make_run

OVER = {"held_out": (2.2, 1.8, 2.0, 2.3), "learned": (2.1, 1.5, 1.0, 0.5)}


@pytest.fixture
def runs(tmp_path):
    make_run(tmp_path / "checkpoints" / "good", held_out=(2.5, 2.0, 1.7))
    make_run(tmp_path / "checkpoints" / "over", **OVER, dropout=0.1)


def test_one_run_has_curves_scores_and_advice(charlstm, runs):
    result = charlstm("history", "over")
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    assert "over: finished 400 steps 4.0 epochs 40 s" in shown
    assert "training" in shown
    assert "held out" in shown
    assert "a point for every 2 steps, their mean; the curve is the mean of the last 4 points" in shown
    assert "unigram baseline): 3.1000 nats/char" in shown
    assert "Best score: 1.8000 nats/char, 2.5969 bits/char, at epoch 2.0." in shown
    assert "It overfits from epoch 2.0 on" in shown
    assert "Raise --dropout (now 0.1)" in shown
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_several_runs_are_sorted_by_score_with_their_differences(charlstm, runs):
    lines = charlstm("history", "over", "good").stdout.splitlines()
    (table,) = (number for number, line in enumerate(lines) if "bits/char" in line and "dropout" in line)
    assert [line.split()[:3] for line in lines[table + 1 : table + 3]] == [["1", "good", "2.453"], ["2", "over", "2.597"]]
    assert [line.split()[-1] for line in lines[table : table + 3]] == ["dropout", "0", "0.1"]
    assert any(line.startswith("2 over: It overfits") for line in lines)


def test_smoothing_is_as_chosen_and_stated(charlstm, runs):
    assert "Training: a point for every 2 steps, their mean.\n" in charlstm("history", "good", "--smooth", "1").stdout
    shown = charlstm("history", "good", "--smooth", "50").stdout
    assert "the mean of the last 50 points" in " ".join(shown.split())


@pytest.mark.parametrize(("axis", "last"), [("epochs", "4.0"), ("steps", "400"), ("time", "40 s")])
def test_x_axis_is_as_chosen(charlstm, runs, axis, last):
    (line,) = (
        line
        for line in charlstm("history", "good", "--x", axis).stdout.splitlines()
        if f" {axis} " in line and "└" not in line and ":" not in line
    )
    assert line.endswith(last)


def test_a_terminal_without_braille_gets_ascii(charlstm, runs, monkeypatch):
    monkeypatch.setenv("TERM", "linux")
    assert charlstm("history", "good").stdout.isascii()


def test_damaged_points_are_a_warning(charlstm, runs, tmp_path):
    (tmp_path / "checkpoints" / "good" / POINTS).write_bytes(b"{\n")
    result = charlstm("history", "good")
    assert result.exit_code == 0
    assert "points.jsonl is damaged" in result.stderr
    assert "Best score: 1.7000" in result.stdout


def test_runs_on_different_texts_are_ranked_apart(charlstm, runs, tmp_path, monkeypatch):
    make_run(tmp_path / "checkpoints" / "part", held_out=(1.4, 1.2, 1.1), validation=0.2)
    for width in (100, 70):
        monkeypatch.setattr(history_view, "columns", lambda _, width=width: width)
        lines = charlstm("history", "over", "part", "good").stdout.splitlines()
        marks = [line.split()[0] for line in lines if line.startswith(("Scored on", "1 ", "2 ", "3 "))]
        assert marks[:5] == ["Scored", "1", "2", "Scored", "3"]
        assert "only scores on the same text can be compared" in " ".join(" ".join(lines).split())


def test_runs_of_one_name_are_told_apart(charlstm, runs, tmp_path):
    make_run(tmp_path / "elsewhere" / "good")
    shown = charlstm("history", "good", "elsewhere/good").stdout
    assert "  checkpoints/good" in shown
    assert "  elsewhere/good" in shown


def test_a_run_without_points_says_so(charlstm, runs, tmp_path):
    (tmp_path / "checkpoints" / "good" / POINTS).unlink()
    for names in (["good"], ["good", "over"]):
        shown = " ".join(charlstm("history", *names, "--page", "p.html").stdout.split())
        assert shown.count("Only the evaluations of good are recorded") == 1
        assert (tmp_path / "p.html").read_text().count("Only the evaluations of good are recorded") == 1


@pytest.mark.parametrize(
    ("names", "legend"), [(["good"], ["held out", "training"]), (["good", "over"], ["good", "thin: training"])]
)
def test_the_image_tells_training_loss_from_held_out_score(charlstm, runs, tmp_path, names, legend):
    assert charlstm("history", *names, "--plot", "legend.svg").exit_code == 0
    drawn = (tmp_path / "legend.svg").read_text(encoding="utf-8")
    assert all(f">{label}<" in drawn for label in legend)
    assert (">thin: training<" in drawn) == (len(names) > 1)


def test_page_and_plot_are_written_and_json_is_printed(charlstm, runs, tmp_path):
    result = charlstm("history", "good", "over", "--page", "runs.html", "--plot", "runs.svg", "--json")
    assert result.exit_code == 0
    assert [run["checkpoint"] for run in json.loads(result.stdout)["runs"]] == ["good", "over"]
    assert "It overfits" in (tmp_path / "runs.html").read_text()
    assert (tmp_path / "runs.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("names", "options", "refused"),
    [
        (["good"], ["--json", "--smooth", "3"], "--smooth"),
        (["good"], ["--json", "--x", "time"], "--x"),
        (["good", "over"], ["--json", "--x", "epochs", "--smooth", "3"], "--x and --smooth"),
        (["good", "over"], ["--smooth", "3"], "--smooth"),
        (["good"], ["--smooth", "3", "--x", "time"], None),
        (["good", "over"], ["--x", "time"], None),
        (["good", "over"], ["--smooth", "3", "--page", "runs.html"], None),
        (["good", "over"], ["--smooth", "3", "--x", "steps", "--json", "--plot", "runs.svg"], None),
    ],
)
def test_options_of_curves_that_are_not_drawn_are_refused(charlstm, runs, names, options, refused):
    result = charlstm("history", *names, *options)
    assert result.exit_code == (2 if refused else 0)
    if refused:
        assert f"; remove {refused}; see" in " ".join(result.stderr.split())
        assert result.stdout == ""


def test_other_image_formats_are_refused(charlstm, runs):
    result = charlstm("history", "good", "--plot", "runs.gif")
    assert result.exit_code == 2
    assert "--plot: expected a file that ends in .png or .svg" in result.stderr


@pytest.mark.parametrize("name", ["", ".", "null", "a; see b"])
@pytest.mark.parametrize("option", ["--page", "--plot"])
def test_a_name_that_is_no_output_is_shown_as_it_was_given(charlstm, option, name):
    is_folder = option == "--page" and name in ("", ".")
    shown = ". is a folder; name a file" if is_folder else f"found {name or '.'!r}; see charlstm history --help"
    assert shown in charlstm("history", option, name).stderr


def test_a_page_cannot_replace_a_text(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text("mine")
    for command in ("history --page", "train tale.txt --page", "inspect --page", "compare --report"):
        option = command.split()[-1]
        result = charlstm(*command.split(), "tale.txt")
        assert result.exit_code == 2
        assert f"{option}: expected a file that ends in .html; found 'tale.txt'" in result.stderr
    assert (tmp_path / "tale.txt").read_text() == "mine"
