"""The sections of an inspection on the page of a model."""

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.export.html import html_page
from charlstm.inspection.gate_weights import weights
from charlstm.inspection.layer_shapes import layers, shapes
from charlstm.report.page import inspection_sections
from charlstm.results.inspection import InspectionResult, Sections
from tests.browser.conftest import card
from tests.browser.inside_tab.inside import tale
from tests.cases import slow


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tale(tmp_path_factory.mktemp("sections"))


@pytest.fixture
def sections(open_page, model, tmp_path):
    """Return a function that opens the page with sections, at a width."""

    def opened(config, found, width):
        result = InspectionResult(checkpoint="tale", parameters=1, layers=layers(config), sections=found)
        page = html_page(model.checkpoint, model.weights, "tale", card(model), "float16", sections=inspection_sections(result))
        (tmp_path / "page.html").write_text(page, encoding="utf-8")
        shown = open_page(tmp_path / "page.html", width=width)
        shown.click("#tab-about")
        return shown

    return opened


LARGE = ModelConfig(vocabulary_size=7_000, units=(1_024, 512))


@pytest.mark.parametrize("width", [390, slow(600), slow(1_000)])
def test_tables_of_a_large_model_fit_the_page(sections, width):
    page = sections(LARGE, Sections(shapes=shapes(LARGE, 10_000_000)), width)
    boxes = page.eval_on_selector_all(
        "#sections .wide-table:has(table)", "all => all.map(box => [box.clientWidth, box.scrollWidth - box.clientWidth])"
    )
    assert len(boxes) > 2
    assert all(width_shown > 100 and hidden == 0 for width_shown, hidden in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_table_headings_are_bold(sections):
    page = sections(LARGE, Sections(shapes=shapes(LARGE, 10_000_000)), 1_000)
    found = page.eval_on_selector_all("#sections th", "all => all.map(each => Number(getComputedStyle(each).fontWeight))")
    assert len(found) > 10
    assert min(found) >= 600


def test_histograms_of_the_weights_fit_a_phone(sections):
    config = ModelConfig(vocabulary_size=90, units=(512,))
    generator = np.random.default_rng(0)
    values = {name: generator.normal(size=shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    page = sections(config, Sections(weights=weights(config, values)), 390)
    box = page.query_selector("#sections .wide-table:has(td.bars)")
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    labels = box.eval_on_selector_all("td:first-child", "all => all.map(each => each.innerHTML)")
    assert len(labels) >= 12
    assert not any("wbr" in label for label in labels)
