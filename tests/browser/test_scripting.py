"""``window.charlstm`` and the texts of the demo model, against the command's engine; and pages with hostile content."""

from dataclasses import replace

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.model import load
from tests.browser.conftest import write_page
from tests.cases import slow
from tests.conftest import checkpoint

HOSTILE = '</script><img src=x onerror="document.title=1"><!--\u202e\u2028\u2029\0&amp;{{ 7 * 7 }}'


@pytest.fixture(scope="module")
def demo():
    return load("checkpoints/ferry", weights="float16")


@pytest.fixture(scope="module")
def demo_page(demo, tmp_path_factory):
    return write_page(demo, tmp_path_factory.mktemp("demo") / "ferry.html")


def generated(page, **options):
    return page.evaluate("async (options) => { await charlstm.ready; return charlstm.generate(options) }", options)


TOP_K = {"topK": 5, "temperature": 1.2}, {"top_k": 5, "temperature": 1.2}
TOP_P = {"topP": 0.9, "minP": 0.02, "stop": ["\n\n"]}, {"top_p": 0.9, "min_p": 0.02, "stop": "\n\n"}


@pytest.mark.parametrize(
    ("mode", "options", "named"),
    [
        ("stateful", *TOP_K),
        ("stateless", *TOP_P),
        slow("stateless", {}, {}),
        slow("stateful", {}, {}),
        slow("stateless", *TOP_K),
        slow("stateful", *TOP_P),
    ],
)
def test_scripts_get_the_texts_of_the_command(open_page, demo, demo_page, mode, options, named):
    page = open_page(demo_page)
    length = 300 if mode == "stateful" else 80
    found = generated(page, seed="The ferry ", length=length, mode=mode, randomSeed=1, **options)
    assert found == demo.generate("The ferry ", length=length, mode=mode, random_seed=1, **named)


def test_scripts_are_told_of_options_that_do_not_exist(page):
    with pytest.raises(Exception, match=r"there is no option random_seed; there are length, .*randomSeed"):
        generated(page, seed="The ", length=3, random_seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("random_seed", range(1, 21))
def test_a_thousand_characters_equal_the_commands(open_page, demo, demo_page, mode, random_seed):
    found = generated(open_page(demo_page), seed="The ferry ", length=1_000, mode=mode, randomSeed=random_seed)
    assert found == demo.generate("The ferry ", length=1_000, mode=mode, random_seed=random_seed)


def test_scripts_get_probabilities_activations_and_the_configuration(open_page, demo, demo_page):
    page = open_page(demo_page)
    likeliest = page.evaluate("async () => { await charlstm.ready; return charlstm.next('The ri') }")
    expected = demo.next("The ri", top=None)
    assert [each["character"] for each in likeliest][:5] == [character for character, _ in expected[:5]]
    probabilities = {each["character"]: each["probability"] for each in likeliest}
    assert probabilities == pytest.approx(dict(expected), abs=1e-5)
    assert sum(probabilities.values()) == pytest.approx(1)
    found = page.evaluate(
        "() => Object.fromEntries(Object.entries(charlstm.activations('The ferry', 1)).map(([k, v]) => [k, Array.from(v)]))"
    )
    activations = demo.activations("The ferry")
    assert found["shape"] == [9, 504]
    for name in "ifgoch":
        np.testing.assert_allclose(np.reshape(found[name], (9, 504)), getattr(activations, name), atol=1e-5)
    assert page.evaluate("charlstm.config.units") == [504]


def test_hostile_names_and_texts_are_shown_as_text(open_page, tmp_path):
    characters = "".join(sorted(set(HOSTILE + "abc ")))
    config = ModelConfig(vocabulary_size=len(characters), seq_len=8, units=(6,))
    model = load(checkpoint(tmp_path / "x", config, vocabulary=characters, corpus="c", windows=(HOSTILE,)), weights="float16")
    record = replace(model.checkpoint.corpus, name=HOSTILE)
    model.checkpoint = replace(model.checkpoint, corpus=record)
    model.name = HOSTILE
    page = open_page(write_page(model, tmp_path / "hostile.html"))
    assert page.text_content("h1") == HOSTILE.replace("\0", "")  # which the HTML parser leaves out
    assert HOSTILE.partition("\0")[0] in page.text_content("#tagline")
    assert page.title() != "1"
    assert page.locator("img").count() == 0
    page.fill("#text", HOSTILE.replace("\0", ""))
    page.click("#begin")
    page.wait_for_selector("#text:not([readonly])")
    found = generated(page, seed=HOSTILE, length=20, randomSeed=1)
    assert found == model.generate(HOSTILE, length=20, random_seed=1)
    with pytest.raises(Exception, match="does not know"):
        generated(page, seed="\ud800")


@pytest.mark.parametrize(
    "options",
    [
        {"encoding": "scalar"},
        slow({"encoding": "embedding", "embedding_size": 7}),
        {"units": (9, 8, 7), "activation": "softsign", "recurrent_activation": "hard_sigmoid"},
        slow({"activation": "hard_sigmoid", "recurrent_activation": "sigmoid", "use_bias": False}),
        slow({"targets": "last", "activation": "sigmoid", "recurrent_activation": "linear"}),
    ],
)
def test_every_kind_of_network_writes_the_same(open_page, tmp_path, options):
    characters = "abcdefgh \n渡口é😀"
    config = ModelConfig(**{"vocabulary_size": len(characters), "seq_len": 8, "units": (12,)} | options)
    model = load(checkpoint(tmp_path / "kind", config, vocabulary="".join(sorted(characters))), weights="float16")
    page = open_page(write_page(model, tmp_path / "kind.html"))
    for mode in ("stateless", "stateful"):
        found = generated(page, seed="渡a😀", length=200, mode=mode, randomSeed=5, temperature=1.5)
        assert found == model.generate("渡a😀", length=200, mode=mode, random_seed=5, temperature=1.5)
