"""``.keras``: the model as standard Keras layers, with its vocabulary and a program that uses it in the same archive."""

import json
import tempfile
import zipfile
from pathlib import Path

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights

README = """import json, zipfile
import keras, numpy as np

model = keras.saving.load_model({file!r})  # standard layers only: safe mode allows them
characters = json.loads(zipfile.ZipFile({file!r}).read("vocabulary.json"))
ids = [characters.index(character) for character in {text!r}]
x = np.array(ids, "float32")[None, :, None] / {size}  # {shape}
probabilities = np.asarray(model(x)).reshape(-1, {size})[-1]
print(characters[probabilities[: len(characters)].argmax()])
"""
"""A program that uses the file."""


def keras_file(checkpoint: CheckpointConfig, weights: Weights, file: str, *, stateful: bool) -> bytes:
    """Return the contents of the file, which starts TensorFlow.

    Args:
        checkpoint: The configuration of the model.
        weights: Its weights in float32, by name.
        file: Name of the file, for the program in it.
        stateful: True if the layers carry their state between calls, for one text; otherwise the model reads windows.
    """
    from charlstm.nn.plain_keras import plain_keras

    config, passage = checkpoint.model, checkpoint.corpus.windows[0]
    text = passage[-config.seq_len :] if not stateful and len(passage) >= config.seq_len else passage[:1]
    if not stateful:
        text = text.rjust(config.seq_len, text[0])
    shape = "any number of characters a call; reset_state() of the LSTM layers begins a text" if stateful else "[1, seq_len, 1]"
    model = plain_keras(config, weights, stateful=stateful)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("vocabulary.json", json.dumps(list(checkpoint.vocabulary.characters)))
            archive.writestr("README.py", README.format(file=file, text=text, size=config.vocabulary_size, shape=shape))
        return path.read_bytes()
