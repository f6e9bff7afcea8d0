"""``.tflite``: the step of one text in LiteRT's built-in operators, with the vocabulary and a program in the same file."""

import io
import json
import tempfile
import warnings
import zipfile

import numpy as np

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights
from charlstm.config import ModelConfig
from charlstm.inference.logits import Logits, log_softmax
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import model_ids

_README = """\
import json, zipfile
import numpy as np
from ai_edge_litert.interpreter import Interpreter

characters = json.loads(zipfile.ZipFile({file!r}).read("vocabulary.json"))
step = Interpreter({file!r}).get_signature_runner("step")
state = {{name: np.zeros((1, size), np.float32) for name, size in {sizes}.items()}}
for character in {text!r}:
    found = step(ids=np.array([characters.index(character)], np.int32), **state)
    state = {{name: found[name + "_after"] for name in state}}
print(characters[found["logits"][0, : len(characters)].argmax()])
"""


def litert_file(checkpoint: CheckpointConfig, weights: Weights, file: str, *, int8: bool = False) -> bytes:
    """Return the contents of the file. This starts TensorFlow.

    The file has one signature, ``step``: ``ids`` (int32 ``[1]``) and the states ``h_1``, ``c_1`` and on (``[1, u]``) to
    ``logits`` (``[1, V]``) and the states after the character. A zip archive at its end, where LiteRT's tools keep such files,
    holds ``vocabulary.json`` and ``README.py``.

    Args:
        checkpoint: The configuration of the model.
        weights: Its weights in float32, by name.
        file: Name of the file, for the program in it.
        int8: Store matrices as 8-bit integers with a scale for each row (dynamic-range quantisation).
    """
    from charlstm.nn.quiet import quiet

    with quiet():
        import tensorflow as tf

        from charlstm.nn.exported_functions import ExportedFunctions, state_sizes

        functions = ExportedFunctions(checkpoint.model, weights)
        with tempfile.TemporaryDirectory() as folder:
            tf.saved_model.save(functions, folder, signatures={"step": functions.step(1)})
            converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["step"])
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
            converter.optimizations = [tf.lite.Optimize.DEFAULT] if int8 else []
            content: bytes = converter.convert()
    text = checkpoint.corpus.example
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vocabulary.json", json.dumps(list(checkpoint.vocabulary.characters)))
        archive.writestr("README.py", _README.format(file=file, sizes=state_sizes(checkpoint.model), text=text))
    return packed.getvalue()


def litert_surprisal(content: bytes, config: ModelConfig, ids: Ids) -> Logits:
    """Return the surprisal of every character but the first, as the file predicts it, in nats: ``[N - 1]``.

    Args:
        content: The contents of the file.
        config: The network.
        ids: The text: ``[N]``. A rare character costs the placeholder alone, without its name.
    """
    import tensorflow as tf

    from charlstm.nn.exported_functions import state_sizes
    from charlstm.nn.quiet import quiet

    ids = model_ids(ids, config.vocabulary_size)
    with quiet(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated", category=UserWarning)
        step = tf.lite.Interpreter(model_content=content).get_signature_runner("step")
        state = {name: np.zeros((1, size), np.float32) for name, size in state_sizes(config).items()}
        nats = np.empty(len(ids) - 1)
        for place, character in enumerate(ids[:-1]):
            found = step(ids=np.array([character], np.int32), **state)
            state = {name: found[f"{name}_after"] for name in state}
            nats[place] = -log_softmax(found["logits"].astype(np.float64))[0, ids[place + 1]]
    return nats
