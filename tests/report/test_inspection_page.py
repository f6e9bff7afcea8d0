"""Tests of the inspection page in a browser."""

import json

import msgspec
import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inspection.activations import activations_along
from charlstm.inspection.gate_weights import weights
from charlstm.inspection.inside import inside_record
from charlstm.inspection.layer_shapes import layers, shapes
from charlstm.report.page import inspection_page
from charlstm.results.inspection import InspectionResult, Sections
from tests.evaluation.conftest import VOCABULARY, random_text
from tests.report.browser import browser

TEXT = VOCABULARY.decode(random_text(60, 3))
CHOOSE = (
    "const at = id => document.getElementById(id);"
    "const set = (id, value) => { at(id).value = value; at(id).onchange() };"
    "const titles = () => [...at('coloured').children].map(span => Number(span.title));"
)


@pytest.fixture
def found(make_network):
    return activations_along(make_network(), VOCABULARY.encode(TEXT))


@pytest.fixture
def text(make_network, found):
    result = InspectionResult(
        checkpoint="tale",
        parameters=1,
        layers=layers(make_network().config),
        sections=Sections(),
        inside=inside_record(TEXT, found, None, None),
    )
    return inspection_page(msgspec.json.decode(json.dumps(result.to_dict()), type=InspectionResult), found)


@browser
@pytest.mark.parametrize(("layer", "what", "cell"), [(0, 4, 2), (1, 1, 3), (0, 5, 0)])
def test_text_is_coloured_by_the_chosen_cell(text, found, browse, layer, what, cell):
    script = (
        CHOOSE + f"set('layer', {layer}); set('what', {what}); set('cell', {cell}); return [titles(), at('says').textContent]"
    )
    shown, says = browse(text, script)
    np.testing.assert_allclose(
        shown, found[layer].values[what, :, cell], atol=np.abs(found[layer].values[what]).max() / 250 + 0.001
    )
    assert f"cell {cell}:" in says


@browser
def test_picture_has_a_row_per_cell_and_a_click_chooses_it(text, browse):
    script = CHOOSE + (
        "set('layer', 1); const map = at('map');"
        "map.dispatchEvent(new MouseEvent('click', { clientX: map.getBoundingClientRect().left + 5,"
        " clientY: map.getBoundingClientRect().top + map.clientHeight * 0.6 }));"
        "return [map.width, map.height, at('cell').value]"
    )
    assert browse(text, script) == [60, 4, "2"]


@browser
def test_picture_is_blue_below_zero_and_orange_above(text, found, browse):
    c = found[0].c
    row = int(np.minimum(c.max(0), -c.min(0)).argmax())  # the cell with the largest values of both signs
    other = (row + 2) % c.shape[1]  # the chosen cell has an outline, so choose another
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
def test_cell_number_is_clamped_and_readable_cells_are_buttons(text, found, browse):
    best = inside_record(TEXT, found, None, None).readable_cells[-1]
    script = CHOOSE + (
        "set('cell', 99); const most = at('cell').value; set('cell', ''); const least = at('cell').value;"
        "document.querySelectorAll('#readable tr:last-child button')[0].click();"
        "return [most, least, Number(at('layer').value) + 1, Number(at('cell').value)]"
    )
    layer = inside_record(TEXT, found, None, None).layer
    assert browse(text, script) == [str(found[layer - 1].values.shape[2] - 1), "0", best.layer, best.cell]


@pytest.fixture
def large(found):
    """Return a page with the layers of a model of realistic size."""
    config = ModelConfig(vocabulary_size=7_000, units=(1_024, 512))
    result = InspectionResult(
        checkpoint="tale",
        parameters=1,
        layers=layers(config),
        sections=Sections(shapes=shapes(config, 10_000_000)),
        inside=inside_record(TEXT, found, None, None),
    )
    return inspection_page(result, found)


@browser
@pytest.mark.parametrize("width", [390, 600, 1_000])
def test_tables_of_layers_and_shapes_fit_the_page(large, browse, width):
    script = (
        "return [...document.querySelectorAll('.wide:has(table)')].slice(0, 3).map(box => box.scrollWidth - box.clientWidth)"
    )
    assert browse(large, script, width=width) == [0, 0, 0]


@browser
def test_histograms_of_the_weights_fit_a_phone(found, browse):
    config = ModelConfig(vocabulary_size=90, units=(512,))
    generator = np.random.default_rng(0)
    values = {name: generator.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    sections = Sections(weights=weights(config, values))
    result = InspectionResult(checkpoint="tale", parameters=1, layers=layers(config), sections=sections)
    script = (
        "const box = document.querySelector('.wide:has(td.bars)');"
        "const labels = [...box.querySelectorAll('td:first-child')].map(cell => cell.innerHTML);"
        "return [box.scrollWidth - box.clientWidth, labels.filter(label => label.includes('wbr'))]"
    )
    assert browse(inspection_page(result, found), script, width=390) == [0, []]


@browser
def test_table_headings_are_bold(large, browse):
    script = "return [...document.querySelectorAll('th')].map(heading => Number(getComputedStyle(heading).fontWeight))"
    weights = browse(large, script)
    assert len(weights) > 10
    assert min(weights) >= 600
