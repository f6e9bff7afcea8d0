"""Programs that use exported files, run in processes that cannot import charlstm: see ``test_frameworks.py``.

They read a JSON list of tasks (format, file, texts of ids of equal length, number of characters) and write what they find for
each: the logits after every character of the texts, and the likeliest characters that continue the first text, with the
state carried and by windows of its length, where the format has them.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np


class User:
    """A user of a file.

    ``read(rows, state)`` takes texts ``[B, T]`` and a state (None: zero) to logits ``[B, T, V]`` and the state after them.
    """

    any_batch = False
    """True if it reads several texts at once."""
    carries = True
    """True if it returns a state that it can continue from."""
    windows = False
    """True if the format has a way to read a window by itself."""

    def window(self, ids):
        """Return the logits after a window that is read from the zero state: ``[V]``."""
        return self.read(np.array([ids]), None)[0][0, -1]


class Onnx(User):
    any_batch = True

    def __init__(self, file):
        import onnxruntime

        self.session = onnxruntime.InferenceSession(file)
        first, *states = self.session.get_inputs()
        self.sizes = {each.name: each.shape[1] for each in states}
        self.windows = first.name == "x"
        self.size = self.session.get_outputs()[0].shape[2]

    def read(self, rows, state):
        state = state or {name: np.zeros((len(rows), size), np.float32) for name, size in self.sizes.items()}
        given = {"x": (rows / self.size).astype(np.float32)[:, :, None]} if self.windows else {"ids": rows}
        logits, *after = self.session.run(None, {**given, **state})
        return logits, dict(zip(self.sizes, after, strict=True))


class Numpy(User):
    def __init__(self, file):
        spec = importlib.util.spec_from_file_location("program", file)
        program = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(program)
        self.model = program.Model(Path(file).with_suffix(".safetensors"))

    def read(self, rows, state):
        if state is None:
            self.model.reset()
        return np.array([[self.model.step(self.model.vocabulary[number]) for number in rows[0]]]), True


class Torch(User):
    any_batch = True

    def __init__(self, file):
        from safetensors import safe_open

        self.names: dict = {}
        with safe_open(file, "numpy") as opened:
            program = opened.metadata()["readme"].replace(repr(Path(file).name), repr(file))
        exec(program, self.names)

    def read(self, rows, state):
        import torch

        with torch.no_grad():
            logits, after = self.names["model"](torch.tensor(rows), state)
        return logits.numpy(), after


class Keras(User):
    def __init__(self, file):
        import keras
        import tensorflow as tf

        self.model = keras.saving.load_model(file)
        self.size, length = self.model.output_shape[-1], self.model.input_shape[1]
        self.windows = self.any_batch = length is not None
        self.carries = not self.windows
        self.call = tf.function(self.model.call, reduce_retracing=True)
        self.lstms = [layer for layer in self.model.layers if isinstance(layer, keras.layers.LSTM)]

    def read(self, rows, state):
        if state is None and self.carries:
            for layer in self.lstms:
                layer.reset_state()
        x = (rows / self.size).astype(np.float32)[:, :, None]
        probabilities = np.asarray(self.call(x))
        return np.log(probabilities.reshape(len(rows), -1, self.size)), True


class SavedModel(User):
    any_batch = windows = True

    def __init__(self, file):
        import tensorflow as tf

        self.model = tf.saved_model.load(file)
        self.step = self.model.signatures["step"]
        specs = self.step.structured_input_signature[1]
        self.sizes = {name: spec.shape[1] for name, spec in specs.items() if name != "ids"}
        self.size = self.step.structured_outputs["logits"].shape[1]

    def read(self, rows, state):
        state = state or {name: np.zeros((len(rows), size), np.float32) for name, size in self.sizes.items()}
        logits = []
        for column in rows.T.astype(np.int32):
            found = self.step(ids=column, **state)
            state = {name: found[f"{name}_after"] for name in self.sizes}
            logits.append(found["logits"].numpy())
        return np.stack(logits, axis=1), state

    def window(self, ids):
        x = (np.array([ids]) / self.size).astype(np.float32)[:, :, None]
        return self.model.signatures["window"](x=x)["logits"][0].numpy()


class Litert(User):
    def __init__(self, file):
        from ai_edge_litert.interpreter import Interpreter

        self.step = Interpreter(file).get_signature_runner("step")
        self.shapes = {name: found["shape"] for name, found in self.step.get_input_details().items() if name != "ids"}

    def read(self, rows, state):
        state, logits = state or {name: np.zeros(shape, np.float32) for name, shape in self.shapes.items()}, []
        for column in rows.T.astype(np.int32):
            found = self.step(ids=column, **state)
            state = {name: found[f"{name}_after"] for name in self.shapes}
            logits.append(found["logits"])
        return np.stack(logits, axis=1), state


USERS = {"onnx": Onnx, "numpy": Numpy, "torch": Torch, "keras": Keras, "savedmodel": SavedModel, "litert": Litert}


def carried(user, text, length, characters):
    """Return the likeliest continuation with the state carried."""
    logits, state = user.read(np.array([text]), None)
    found = []
    for _ in range(length):
        found.append(int(logits[0, -1, :characters].argmax()))
        logits, state = user.read(np.array([found[-1:]]), state)
    return found


def by_windows(user, text, length, characters):
    """Return the likeliest continuation by windows."""
    ids = list(text)
    for _ in range(length):
        ids.append(int(user.window(ids[-len(text) :])[:characters].argmax()))
    return ids[len(text) :]


def answer(task):
    user = USERS[task["format"]](task["file"])
    texts, length, characters = np.array(task["texts"]), task["length"], task["characters"]
    found = {"logits": [user.read(text[None], None)[0][0].tolist() for text in texts]}
    if user.any_batch:
        found["batched"] = user.read(texts, None)[0].tolist()
    if user.carries:
        found["stateful"] = carried(user, texts[0], length, characters)
    if user.windows:
        found["stateless"] = by_windows(user, texts[0], length, characters)
    return found


if __name__ == "__main__":
    sys.modules["charlstm"] = None  # type: ignore[assignment]
    tasks = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps([answer(task) for task in tasks]))
