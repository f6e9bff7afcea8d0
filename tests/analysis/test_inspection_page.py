"""The page of an inspection in a browser: layers, gates and cells can be chosen, and what is shown is what was measured."""

import json

import numpy as np
import pytest

from charlstm.analysis.inspection.anatomy import layers, lstm_shapes
from charlstm.analysis.inspection.inside import Inside, inside, inside_record
from charlstm.analysis.page import inspection_page
from tests.analysis.browser import browser
from tests.analysis.conftest import VOCABULARY, random_text

TEXT = VOCABULARY.decode(random_text(60, 3))
CHOOSE = (
    "const at = id => document.getElementById(id);"
    "const set = (id, value) => { at(id).value = value; at(id).onchange() };"
    "const titles = () => [...at('coloured').children].map(span => Number(span.title));"
)


@pytest.fixture
def found(make_network):
    return inside(make_network(), VOCABULARY.encode(TEXT))


@pytest.fixture
def text(make_network, found):
    record = {
        "checkpoint": "tale",
        "parameters": 1,
        "layers": layers(make_network().config),
        "sections": {},
        "inside": inside_record(TEXT, found, None, None),
    }
    return inspection_page(json.loads(json.dumps(record)), found)


@browser
@pytest.mark.parametrize(("layer", "what", "cell"), [(0, 4, 2), (1, 1, 3), (0, 5, 0)])
def test_the_text_is_coloured_by_the_chosen_cell(text, found, browse, layer, what, cell):
    script = (
        CHOOSE + f"set('layer', {layer}); set('what', {what}); set('cell', {cell}); return [titles(), at('says').textContent]"
    )
    shown, says = browse(text, script)
    np.testing.assert_allclose(
        shown, found[layer].values[what, :, cell], atol=np.abs(found[layer].values[what]).max() / 250 + 0.001
    )
    assert f"cell {cell}:" in says


@browser
def test_the_picture_has_a_row_for_every_cell_and_a_click_chooses_one(text, browse):
    script = CHOOSE + (
        "set('layer', 1); const map = at('map');"
        "map.dispatchEvent(new MouseEvent('click', { clientX: map.getBoundingClientRect().left + 5,"
        " clientY: map.getBoundingClientRect().top + map.clientHeight * 0.6 }));"
        "return [map.width, map.height, at('cell').value]"
    )
    assert browse(text, script) == [60, 4, "2"]


@browser
def test_the_picture_is_blue_below_zero_and_orange_above(text, found, browse):
    c = found[0].c
    row = int(np.minimum(c.max(0), -c.min(0)).argmax())  # a cell that goes far in both directions
    other = (row + 2) % c.shape[1]  # the chosen one has a line about it
    script = CHOOSE + (
        f"set('layer', 0); set('what', 4); set('cell', {other});"
        f"return [...at('map').getContext('2d').getImageData(0, {row}, 60, 1).data]"
    )
    pixels = np.array(browse(text, script)).reshape(60, 4)
    clear = np.abs(c[:, row]) > 0.02 * np.abs(c).max()
    assert clear.sum() > 20
    assert len(set(c[clear, row] > 0)) == 2
    assert ((pixels[:, 0] > pixels[:, 2]) == (c[:, row] > 0))[clear].all()


@browser
def test_a_cell_beyond_the_layer_is_brought_back_and_the_readable_ones_can_be_taken(text, found, browse):
    best = inside_record(TEXT, found, None, None)["readable_cells"][-1]
    script = CHOOSE + (
        "set('cell', 99); const most = at('cell').value; set('cell', ''); const least = at('cell').value;"
        "document.querySelectorAll('#readable tr:last-child button')[0].click();"
        "return [most, least, Number(at('layer').value) + 1, Number(at('cell').value)]"
    )
    layer = inside_record(TEXT, found, None, None)["layer"]
    assert browse(text, script) == [str(found[layer - 1].values.shape[2] - 1), "0", best["layer"], best["cell"]]


@browser
@pytest.mark.parametrize("width", [1_000, 360])
def test_it_is_no_wider_than_the_window_and_fetches_nothing(text, browse, width):
    script = "return [document.documentElement.scrollWidth - innerWidth, performance.getEntriesByType('resource').length]"
    overflow, resources = browse(text, script, width=width)
    assert overflow <= 0
    assert resources == 0


@browser
def test_histograms_keep_their_zero_in_the_middle(make_network, found, browse):
    part = {"name": "b_f", "columns": [0, 4], "shape": [4], "norm": 1.0, "mean": 0.8, "least": 0.1, "greatest": 1.0}
    part |= {"histogram": [0] * 14 + [4], "histogram_reaches": 1.0}
    weights = {"layers": [{"name": "lstm_1", "units": 4, "parts": [part]}], "orders": []}
    weights["example"] = {"input": [8, 8], "units": 10, **lstm_shapes(8, 10)}
    record = {"checkpoint": "tale", "parameters": 1, "layers": [], "sections": {"weights": weights}}
    record["inside"] = inside_record(TEXT, found, None, None)
    script = (
        "const cell = document.querySelector('td.bars'), range = document.createRange();"
        "range.setStart(cell.firstChild, 14); range.setEnd(cell.firstChild, 15);"
        "return [cell.textContent, range.getBoundingClientRect().left - cell.getBoundingClientRect().left]"
    )
    text, offset = browse(inspection_page(record, found), script)
    assert text == " " * 14 + "█"
    assert offset > 80


@browser
def test_where_no_cell_follows_anything_the_page_says_so_and_works(found, browse):
    still = tuple(Inside(np.ones_like(layer.values)) for layer in found)
    record = {
        "checkpoint": "tale",
        "parameters": 1,
        "layers": [],
        "sections": {},
        "inside": inside_record(TEXT, still, None, None),
    }
    script = CHOOSE + "return [at('readable'), document.body.textContent.includes('No cell is.'), titles()]"
    assert browse(inspection_page(record, still), script) == [None, True, [1] * 60]


def test_texts_cannot_break_the_page(make_network, found):
    nasty = "</script><script>alert(1)</script>\"'&" + TEXT
    record = {"checkpoint": nasty, "parameters": 1, "layers": [], "sections": {}}
    record["inside"] = inside_record(TEXT, found, None, None) | {"text": nasty[:60]}
    assert inspection_page(record, found).count("<script") == 2
