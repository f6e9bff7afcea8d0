"""``savedmodel/``: the folder that TensorFlow and its servers load, with a function for each mode."""

import json
import tempfile
from pathlib import Path

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights

VOCABULARY = "vocabulary.json"
PROGRAM = "README.py"
_PROTOCOL = "saved_model.pb"

_README = """\
import json, pathlib
import numpy as np, tensorflow as tf

model = tf.saved_model.load({folder!r})
characters = json.loads(pathlib.Path({folder!r}, "vocabulary.json").read_text())
step = model.signatures["step"]  # one character of each text, with the state carried
state = {{name: tf.zeros([1, size]) for name, size in {sizes}.items()}}
for character in {text!r}:
    found = step(ids=tf.constant([characters.index(character)]), **state)
    state = {{name: found[name + "_after"] for name in state}}
print(characters[int(tf.argmax(found["logits"][0, : len(characters)]))])

window = model.signatures["window"]  # x = id / V, [B, T, 1]; the state is zero before it
x = np.array([[characters.index(character) for character in {text!r}]])[:, :, None] / {size}
print(characters[int(tf.argmax(window(x=tf.constant(x, tf.float32))["logits"][0, : len(characters)]))])
"""


def saved_model_files(checkpoint: CheckpointConfig, weights: Weights, folder: str) -> dict[str, bytes]:
    """Return the files by their paths in the folder. This starts TensorFlow.

    Args:
        checkpoint: The configuration of the model.
        weights: Its weights in float32, by name.
        folder: Name of the folder, for the program in it.
    """
    from charlstm.nn.quiet import quiet

    with quiet():
        import tensorflow as tf

        from charlstm.nn.exported_functions import ExportedFunctions, state_sizes

        functions = ExportedFunctions(checkpoint.model, weights)
        with tempfile.TemporaryDirectory() as temporary:
            signatures = {"window": functions.window(), "step": functions.step(None)}
            tf.saved_model.save(functions, temporary, signatures=signatures)
            paths = [path for path in sorted(Path(temporary).rglob("*")) if path.is_file()]
            files = {path.relative_to(temporary).as_posix(): path.read_bytes() for path in paths}
    config, text = checkpoint.model, checkpoint.corpus.example
    program = _README.format(folder=folder, sizes=state_sizes(config), text=text, size=config.vocabulary_size)
    vocabulary = json.dumps(list(checkpoint.vocabulary.characters))
    return {**files, VOCABULARY: vocabulary.encode(), PROGRAM: program.encode()}


def is_saved_model(folder: Path) -> bool:
    """Return whether a folder is an earlier export without files of anybody else."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    own = {_PROTOCOL, "fingerprint.pb", VOCABULARY, PROGRAM, "assets", "variables", "variables/variables.index"}
    others = {name for name in names - own if not name.startswith("variables/variables.data-")}
    return {_PROTOCOL, VOCABULARY, PROGRAM} <= names and not others
