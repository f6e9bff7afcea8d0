"""The numbers on the tab on the inside of a model equal the command's and NumPy's."""

import numpy as np
import pytest

from charlstm.inspection.step import one_step
from tests.browser.inside_tab.inside import TEXT, numbers, settle, show, tale
from tests.cases import slow
from tests.export.interventions import read

UNITS = (20, 9, 7)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tale(tmp_path_factory.mktemp("numbers"), units=UNITS)


@pytest.fixture
def page(open_page, model):
    return open_page(model.path.parent / "tale.html", locale="en-GB")


def weights_of(model):
    return {name: np.asarray(values, np.float64) for name, values in model.weights.items()}


def next_shown(page, kind="before"):
    items = page.eval_on_selector_all(
        "#inside-next-list li", f"all => all.map(each => [each.dataset.character, Number(each.dataset.{kind})])"
    )
    return dict(items)


@pytest.mark.parametrize("positions", [6, slow(100)])
def test_numbers_at_random_positions_equal_those_of_inspect(page, model, positions):
    ids = model.vocabulary.encode(TEXT)
    random = np.random.default_rng(0)
    for _ in range(positions):
        place, layer = int(random.integers(len(TEXT))), int(random.integers(1, 4))
        unit = int(random.integers(UNITS[layer - 1]))
        show(page, at=place, layer=layer, unit=unit)
        found = numbers(page, "#panel-cell")
        state = model.network.initial_state(1)
        for character in ids[:place, None]:
            model.network.step(character, state)
        before = [(each.h[0].copy(), each.c[0].copy()) for each in state]
        terms = one_step(model.config, model.weights, before, int(ids[place]))
        step = terms.layers[layer - 1]
        wanted = {"c": step.c[unit], "h": step.h[unit], "c_before": step.c_before[unit]}
        for name, gate in zip("ifgo", (step.gates.i, step.gates.f, step.gates.c, step.gates.o), strict=True):
            wanted |= {f"{name}.x": gate.from_x[unit], f"{name}.h": gate.from_h[unit], f"{name}.b": gate.bias[unit]}
            wanted |= {f"{name}.z": gate.z[unit], f"{name}.value": gate.value[unit]}
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            assert found[name] == pytest.approx(value, abs=1e-5), name
        probabilities = dict(model.next(TEXT[: place + 1], top=None))
        shown = next_shown(page)
        assert list(shown) == [character for character, _ in model.next(TEXT[: place + 1], top=10)]
        assert all(value == pytest.approx(probabilities[character], abs=1e-5) for character, value in shown.items())


@pytest.mark.parametrize(("layer", "quantity"), [slow(1, "c"), (2, "f"), (3, "h"), slow(2, "g")])
def test_the_text_and_the_picture_have_the_activations(page, model, layer, quantity):
    show(page, at=30, layer=layer, unit=3, show=quantity, view="units")
    values = getattr(model.activations(TEXT, layer=layer), quantity)
    most = 1.0 if quantity in "ifo" else np.abs(values[:, 3]).max()
    colours = page.eval_on_selector_all("#inside-layer span", "all => all.map(each => each.style.backgroundColor)")
    for colour, value in zip(colours, values[:, 3], strict=True):
        assert ("--below" in colour) == (value < 0)
        assert float(colour.split("/")[1].rstrip(") ")) == pytest.approx(abs(value) / most, abs=6e-4)
    script = "map => [map.height, map.width, ...map.getContext('2d').getImageData(0, 0, map.width, map.height).data]"
    height, width, *data = page.eval_on_selector("#map", script)
    assert (height, width) == (values.shape[1], len(TEXT))
    pixels = np.array(data).reshape(height, width, 4)
    opacity = np.abs(values.T) / (1.0 if quantity in "ifo" else np.abs(values).max())
    if quantity not in "ifo":
        opacity = np.sqrt(opacity)
    np.testing.assert_allclose(pixels[..., 3], 255 * opacity, atol=1)
    clear = pixels[..., 3] > 20
    assert ((pixels[..., 0] > pixels[..., 2]) == (values.T > 0))[clear].all()
    at = values[30, 3]
    assert page.inner_text("#map-value").endswith(f"{quantity} = {at:.4f}".replace("-", "−"))


def test_a_change_gives_the_numbers_of_numpy(page, model):
    ids = model.vocabulary.encode(TEXT).tolist()
    show(page, at=40, layer=1, unit=4, view="change")
    plain, _ = read(weights_of(model), UNITS, ids, [])
    page.click("[data-change='f=0']")
    page.select_option("#change-what", "c")
    page.fill("#change-value", "-1.5")
    page.select_option("#change-when", "here")
    page.click("#change-form button")
    settle(page)
    changes = [
        {"what": "f", "layer": 1, "unit": None, "value": 0, "from": 0, "to": None},
        {"what": "c", "layer": 1, "unit": 4, "value": -1.5, "from": 40, "to": 40},
    ]
    logits, layers = read(weights_of(model), UNITS, ids, changes)
    for kind, expected in (("before", plain), ("after", logits)):
        powers = np.exp(expected[40] - expected[40].max())
        probabilities = dict(zip(model.vocabulary.characters, powers / powers.sum(), strict=True))
        for character, value in next_shown(page, kind).items():
            assert value == pytest.approx(probabilities[character], abs=1e-5)
    page.click("#view-cell")
    settle(page)
    found = numbers(page, "#panel-cell")
    assert found["f.value"] == 0
    assert found["c"] == -1.5
    assert found["h"] == pytest.approx(layers[0][40, 5, 4], abs=1e-5)
    show(page, at=41, layer=3, unit=2, change="f,1,all,0,0,end;c,1,4,-1.5,40,40")
    found = numbers(page, "#panel-cell")
    assert found["c"] == pytest.approx(layers[2][41, 4, 2], abs=1e-5)
    page.click("#view-change")
    page.click("#change-none")
    settle(page)
    assert page.query_selector("#inside-next-list [data-after]") is None


def test_a_window_gives_the_stateless_prediction(page, model):
    show(page, at=50, window=12)
    for kind, mode in (("after", "stateless"), ("before", "stateful")):
        expected = dict(model.next(TEXT[:51], top=None, mode=mode))
        shown = next_shown(page, kind)
        assert all(value == pytest.approx(expected[character], abs=1e-5) for character, value in shown.items())
    unread = page.eval_on_selector_all("#inside-layer span", "all => all.map(each => each.classList.contains('unread'))")
    assert [place for place, each in enumerate(unread) if not each] == list(range(39, 51))


@pytest.mark.slow
def test_texts_with_and_without_a_change_have_the_same_noise(page, model):
    show(page, at=len(TEXT) - 1, view="change", change="i,1,0,0.5,1000,end")  # a change that is never reached
    plain, changed = (page.inner_text(f"#{which}-text") for which in ("plain", "changed"))
    assert plain == changed
    expected = model.generate(TEXT, length=120, mode="stateful", random_seed=1)
    assert expected.endswith(plain[-120:])
    assert "same" in page.inner_text("#texts-differ")


def test_what_mattered_is_exact(page, model):
    show(page, at=33, view="mattered")
    ids = model.vocabulary.encode(TEXT)[:34].tolist()

    def prediction(some):
        logits = read(weights_of(model), UNITS, some, [])[0][-1]
        return logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())

    truth = prediction(ids)
    values = page.eval_on_selector_all("#mattered-text span", "all => all.map(each => Number(each.dataset.value))")
    assert len(values) == 34
    for place in (0, 10, 33):
        other = prediction(ids[:place] + ids[place + 1 :])
        assert values[place] == pytest.approx((np.exp(truth) * (truth - other)).sum(), abs=1e-5)
    page.eval_on_selector("#window-size", "slider => { slider.value = 5; slider.dispatchEvent(new Event('input')) }")
    settle(page)
    other = prediction(ids[-5:])
    shown = float(page.get_attribute("#mattered-window p", "data-value"))
    assert shown == pytest.approx((np.exp(truth) * (truth - other)).sum(), abs=1e-5)
