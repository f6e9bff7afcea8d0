"""The page of training runs in a browser: complete, self-contained, readable at every width, with one x-axis at a time."""

import msgspec
import pytest

from charlstm.checkpoint.points import read_points, write_points
from charlstm.evaluation.run_history import compare_runs
from charlstm.report.history_page import history_page
from tests.histories import make_run
from tests.report.test_contrast import contrast

OVER = {"held_out": (2.2, 1.8, 2.0, 2.3), "learned": (2.1, 1.5, 1.0, 0.5)}


WIDTHS = 360, 800, 1_400


@pytest.fixture
def one(tmp_path):
    return compare_runs([make_run(tmp_path / "over", **OVER)])


@pytest.fixture
def three(tmp_path):
    names = {"a <b>&": {}, "over": OVER, "c": {"dropout": 0.5}}
    return compare_runs([make_run(tmp_path / name, **settings) for name, settings in names.items()])


@pytest.mark.parametrize("number", ["one", "three"])
def test_page_fits_the_window_and_fetches_nothing(request, browse_each, number):
    script = "return [document.documentElement.scrollWidth - innerWidth, performance.getEntriesByType('resource').length,"
    script += " [...document.querySelectorAll('figure svg')].map(svg => svg.getBoundingClientRect().width)]"
    found = browse_each(history_page(request.getfixturevalue(number)), script, widths=WIDTHS)
    for width, (overflow, resources, drawings) in zip(WIDTHS, found, strict=True):
        assert overflow <= 0, width
        assert resources == 0, width
        assert len(drawings) == 4, width
        assert all(180 < each < width for each in drawings), width


CHANGED = {
    "units": (256,), "dropout": 0.1, "batch_size": 64, "learning_rate": 0.004, "warmup": 0.1, "clip_norm": 0.5,
    "weight_average": 0.9, "epochs": 8.0, "patience": 3,
}  # fmt: skip


@pytest.mark.parametrize("settings", [1, 3, 6, 9])
def test_the_table_of_five_runs_is_shown_whole(tmp_path, browse_each, settings):
    names = ["novel-units256-dropout0.1", "novel-units256-dropout0.3", "novel-units512-dropout0.1", "a", "b"]
    changed = dict(list(CHANGED.items())[:settings])
    runs = [make_run(tmp_path / name, **(changed if name == "b" else {})) for name in names]
    script = "const table = document.getElementById('runs').parentElement;"
    script += " const cells = [...table.querySelectorAll('tbody td')].map(cell => cell.getBoundingClientRect());"
    script += " return [table.scrollWidth - table.clientWidth, Math.max(...cells.map(cell => cell.right)) - innerWidth,"
    script += " Math.min(...cells.map(cell => cell.width * cell.height)), cells.length]"
    widths = 390, 800, 1_200
    found = browse_each(history_page(compare_runs(runs)), script, widths=widths)
    for width, (hidden, beyond, smallest, cells) in zip(widths, found, strict=True):
        assert hidden <= 0, width
        assert beyond <= 0, width
        assert smallest > 0, width
        assert cells == 5 * (8 + settings), width


def test_the_fastest_steps_are_in_the_picture(tmp_path, browse):
    folder = make_run(tmp_path / "one")
    curves = read_points(folder)
    fast = [msgspec.structs.replace(point, characters_per_second=9e4 if point.step > 390 else 1e3) for point in curves.points]
    write_points(folder, msgspec.structs.replace(curves, points=tuple(fast)))
    page = history_page(compare_runs([folder]))
    speed = page.split("Speed, characters a second</figcaption>")[1].split('<path class="c1" d="M')[1].split('"')[0]
    assert min(float(place.split()[1]) for place in speed.split("L")) > 0


def test_curves_and_text_stand_out_from_the_background(three, browse_each):
    script = "const of = (e, p) => getComputedStyle(e)[p];"
    script += "return [of(document.body, 'backgroundColor'), of(document.body, 'color'),"
    script += " ...[...document.querySelectorAll('.tall g.over-epochs path')].map(path => of(path, 'stroke'))]"
    papers = set()
    for dark, (paper, ink, *strokes) in enumerate(browse_each(history_page(three), script, dark=[False, True])):
        assert contrast_of(ink, paper) > 7, dark
        assert len(set(strokes)) == 3, dark
        assert min(contrast_of(stroke, paper) for stroke in strokes) > 3, dark
        papers.add(paper)
    assert len(papers) == 2


def contrast_of(first: str, second: str) -> float:
    return contrast(*(tuple(map(int, colour[4:-1].split(", "))) for colour in (first, second)))


def test_one_axis_is_shown_and_can_be_changed(one, browse):
    script = "const shown = () => ['epochs', 'steps', 'time'].filter(axis =>"
    script += " getComputedStyle(document.querySelector('g.over-' + axis)).display !== 'none');"
    script += "const before = shown(); document.getElementById('x-time').click(); return [before, shown()]"
    assert browse(history_page(one, axis="steps"), script) == [["steps"], ["time"]]


def test_scores_findings_settings_and_notes_are_on_the_page(one):
    page = history_page(one)
    for words in (
        "It overfits from epoch 2.0 on",
        "Raise dropout (now 0)",
        "1.8000 nats",
        "Dropout is 0, since dropout=0 was given.",
        "num_evaluations",
    ):
        assert words in page


def test_runs_are_in_a_table_with_what_differs_and_names_are_escaped(three, browse):
    page = history_page(three)
    assert "a &lt;b&gt;&amp;" in page
    assert "<b>&" not in page
    script = "return [...document.querySelectorAll('#runs tr')].map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    heading, *rows = browse(page, script)
    assert heading[4] == "dropout"
    assert {row[0].partition(" ")[2]: row[4] for row in rows} == {"a <b>&": "0", "over": "0", "c": "0.5"}


def test_curves_are_where_their_numbers_are(one):
    page = history_page(one)
    held_out = page.split('class="over-steps"')[1].split('<path class="c2" d="M')[1].split('"')[0]
    places = [tuple(map(float, place.split())) for place in held_out.split("L")]
    assert [x for x, _ in places] == pytest.approx([250 / 1.01, 500 / 1.01, 750 / 1.01, 1000 / 1.01], abs=1)
    heights = [y for _, y in places]
    scale = (heights[1] - heights[3]) / (2.3 - 1.8)
    assert heights[0] == pytest.approx(heights[1] - scale * 0.4, abs=2)
    assert heights[2] == pytest.approx(heights[1] - scale * 0.2, abs=2)


def test_runs_on_different_texts_are_marked_and_not_ranked_across(tmp_path, browse):
    runs = {"a": (2.0, 0.1), "b": (1.2, 0.2), "c": (1.5, 0.1)}
    folders = [make_run(tmp_path / name, (2.5, score), (2.0, 1.5), validation=share) for name, (score, share) in runs.items()]
    page = history_page(compare_runs(folders))
    script = "return [[...document.querySelectorAll('#runs tbody tr')].map(row => row.cells[0].textContent.trim()),"
    script += " [...document.querySelectorAll('.verdict')].map(each => each.textContent)]"
    (first, one, two, second, three), (sentence, *best) = browse(page, script)
    assert (one, two, three) == ("1 c", "2 a", "3 b")
    assert first.startswith("Scored on the last 10 % of ")
    assert second.startswith("Scored on the last 20 % of ")
    assert "only scores on the same text can be compared" in sentence
    assert [each.partition(" is ")[2][:2] for each in best] == ["c:", "b:"]
