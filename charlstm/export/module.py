"""A folder with the engine as an ES module and a model, for a page of one's own."""

import json
from pathlib import Path

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights
from charlstm.choices import WeightsFormat
from charlstm.export.web_model import web_model

ENGINE = Path(__file__).parent / "web" / "engine"
MODEL = "model.json"
EXAMPLES = ("index.html", "README.md")
"""Files to start from, which a later export to the same folder does not replace."""

_EXAMPLE = """\
<!doctype html>
<meta charset="utf-8">
<p id="text"></p>
<script type="module">
import { load } from "./engine/index.js";
const model = await load("./");
for (const piece of model.stream({ length: 300, mode: "stateful", randomSeed: 1, withSeed: true })) {
  document.getElementById("text").append(piece);
}
</script>
"""

_README = """\
# {name}, a character-level LSTM

`engine/` is an ES module without dependencies, `model.json` and `weights.bin` are the model. A page loads them by HTTP, for
example from `python -m http.server` in this folder:

```html
{example}```

`model.generate(options)` returns a text, `model.next(text)` the next characters with their probabilities, `model.feed(text)`
and `model.reset()` read with the state carried, `model.activations(text, layer)` returns gates and states, `model.session()` is
a text that can be changed and continued. Where there is no HTTP, as in Node, read the two files and call
`fromData(JSON.parse(manifest), weights)` of `engine/index.js`. Every function has
types and a description in `engine/model.js`, which editors and TypeScript read.
"""


def module_files(checkpoint: CheckpointConfig, weights: Weights, name: str, weights_format: WeightsFormat) -> dict[str, bytes]:
    """Return the files of the folder by their paths in it; the model's manifest is the last one.

    Args:
        checkpoint: The configuration of the model.
        weights: Its weights in float32, by name.
        name: Its name.
        weights_format: The format of the stored weights.

    Raises:
        ConfigError: If a weight is too large for the format.
    """
    manifest, packed = web_model(checkpoint, weights, name, weights_format)
    return {
        **{f"engine/{module.name}": module.read_bytes() for module in sorted(ENGINE.glob("*.js"))},
        "index.html": _EXAMPLE.encode(),
        "README.md": _README.format(name=name, example=_EXAMPLE).encode(),
        "weights.bin": packed,
        MODEL: json.dumps(manifest).encode(),
    }


def is_module(folder: Path) -> bool:
    """Return whether a folder is an earlier export: it has the engine, and a manifest with weights."""
    try:
        manifest = json.loads((folder / MODEL).read_bytes())
        return "weights" in manifest and "vocabulary" in manifest and (folder / "engine" / "index.js").is_file()
    except (OSError, ValueError, TypeError, RecursionError):
        return False
