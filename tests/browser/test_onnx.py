"""An exported ``.onnx`` file in onnxruntime-web, in a real browser. `make test-all` installs the package."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import charlstm
from charlstm.config import ModelConfig
from charlstm.inference.modes import decoder
from tests.conftest import ALPHABET

PACKAGE = Path(__file__).parent / "packages" / "node_modules" / "onnxruntime-web" / "dist"
CHINESE = "".join(chr(0x4E00 + number) for number in range(1_530))
PAGE = """\
<!doctype html>
<script src="ort.wasm.min.js"></script>
<script>
ort.env.wasm.numThreads = 1;
async function run(seed, length, sizes, characters) {
  const session = await ort.InferenceSession.create("tale.onnx");
  const zeros = (size) => new ort.Tensor("float32", new Float32Array(size), [1, size]);
  const zero = Object.entries(sizes).map(([name, size]) => [name, zeros(size)]);
  let state = Object.fromEntries(zero);
  const text = [...seed], all = [];
  for (let place = 0; place < seed.length + length - 1; place++) {
    const ids = new ort.Tensor("int64", BigInt64Array.of(BigInt(text[place])), [1, 1]);
    const found = await session.run({ ids, ...state });
    state = Object.fromEntries(Object.keys(sizes).map((name) => [name, found[name + "_after"]]));
    const logits = [...found.logits.data].slice(0, characters);
    if (place < seed.length) all.push(logits);
    if (place >= seed.length - 1) text.push(logits.indexOf(Math.max(...logits)));
  }
  return [all, text.slice(seed.length)];
}
</script>
"""


@pytest.mark.slow
@pytest.mark.skipif(not PACKAGE.exists(), reason="onnxruntime-web is not installed; `make test-all` installs it")
@pytest.mark.parametrize(
    ("settings", "vocabulary"),
    [
        ({"units": (16,)}, ALPHABET),
        ({"encoding": "scalar", "units": (9, 7, 5)}, ALPHABET),
        ({"encoding": "embedding", "embedding_size": 6, "units": (12, 12)}, ALPHABET),
        ({"units": (10,)}, CHINESE),
    ],
)
def test_onnxruntime_web_gives_the_logits_and_the_greedy_text(browser, make_checkpoint, tmp_path, settings, vocabulary):
    config = ModelConfig(vocabulary_size=len(vocabulary), seq_len=12, **settings)
    model = charlstm.Model(make_checkpoint(tmp_path / "tale", config, vocabulary=vocabulary))
    site = tmp_path / "site"
    site.mkdir()
    model.export(site / "tale.onnx")
    (site / "index.html").write_text(PAGE)
    for file in PACKAGE.glob("ort*wasm*"):
        shutil.copy(file, site)
    types = {".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}

    def answer(route):
        path = site / route.request.url.rpartition("/")[2]
        route.fulfill(body=path.read_bytes(), content_type=types.get(path.suffix, "application/octet-stream"))

    seed = np.random.default_rng(0).integers(0, len(vocabulary), 12)
    sizes = {f"{part}_{number}": units for number, units in enumerate(config.units, start=1) for part in "hc"}
    page = browser.new_page()
    page.route("**/*", answer)
    page.goto("http://site.test/index.html")
    logits, continued = page.evaluate(f"run(...{json.dumps([seed.tolist(), 1_000, sizes, len(vocabulary)])})")
    page.close()

    reader = decoder(model.network, "stateful")
    state = reader.initial_state(1)
    for character, found in zip(seed[:, None], logits, strict=True):
        state = reader.step(character, state)
        np.testing.assert_allclose(found, reader.logits(state)[0], atol=1e-4)
    text = model.generate(model.vocabulary.decode(seed), length=1_000, temperature=0, mode="stateful", with_seed=False)
    assert model.vocabulary.decode(continued) == text
