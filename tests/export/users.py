"""Programs that use exported files, run in processes that cannot import charlstm: see ``test_frameworks.py``.

Each reads a JSON task: the file, texts of ids, and a length. It writes the logits after every
character, and the continuation.
"""

import json
import sys
from pathlib import Path

import numpy as np


def use_onnx(file: str):
    import onnxruntime

    session = onnxruntime.InferenceSession(file)
    zero = {each.name: np.zeros((1, each.shape[1]), np.float32) for each in session.get_inputs()[1:]}
    windows = session.get_inputs()[0].name == "x"
    size = session.get_outputs()[0].shape[2]

    def run(ids, state):
        given = (
            {"x": (np.array(ids) / size).astype(np.float32)[None, :, None]} if windows else {"ids": np.array([ids], np.int64)}
        )
        logits, *after = session.run(None, {**given, **(state or zero)})
        return logits[0], dict(zip(zero, after, strict=True))

    return run


def use_numpy(file: str):
    import importlib.util

    spec = importlib.util.spec_from_file_location("program", file)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    model = program.Model(Path(file).with_suffix(".safetensors"))

    def run(ids, state):
        if state is None:
            model.reset()
        return np.array([model.step(model.vocabulary[number]) for number in ids]), True

    return run


def use_torch(file: str):
    import torch
    from safetensors import safe_open

    names: dict = {}
    readme = safe_open(file, "pt").metadata()["readme"].replace(Path(file).name, file)
    exec(readme.partition("ids = torch.tensor")[0], names)  # the program in the file, up to its example

    def run(ids, state):
        with torch.no_grad():
            logits, after = names["model"](torch.tensor([ids]), state)
        return logits[0].numpy(), after

    return run


def use_keras(file: str):
    import keras

    model = keras.saving.load_model(file)
    size, length = model.output_shape[-1], model.input_shape[1]

    def run(ids, state):
        if length is not None:  # windows: of the last characters
            ids = ids[-length:]
        elif state is None:
            for layer in model.layers:
                if isinstance(layer, keras.layers.LSTM):
                    layer.reset_state()
        x = (np.array(ids) / size).astype(np.float32)[None, :, None]
        return np.log(np.asarray(model(x))[0]), True

    return run


def use_savedmodel(file: str):
    import tensorflow as tf

    model = tf.saved_model.load(file)
    step, window = model.signatures["step"], model.signatures["window"]
    zero = {name: tf.zeros([1, spec.shape[1]]) for name, spec in step.structured_input_signature[1].items() if name != "ids"}
    size = step.structured_outputs["logits"].shape[1]

    def run(ids, state):
        if state is None:  # the last row is that of the window, which must be the same
            x = tf.constant(np.array(ids)[None, :, None] / size, tf.float32)
            windows = [window(x=x[:, :length])["logits"][0].numpy() for length in range(1, len(ids) + 1)]
        state, logits = state or zero, []
        for character in ids:
            found = step(ids=tf.constant([character]), **state)
            state = {name: found[f"{name}_after"] for name in zero}
            logits.append(found["logits"][0].numpy())
        if len(ids) > 1:
            np.testing.assert_allclose(logits, windows, atol=1e-4)
        return np.array(logits), state

    return run


def use_litert(file: str):
    from ai_edge_litert.interpreter import Interpreter

    step = Interpreter(file).get_signature_runner("step")
    zero = {name: np.zeros(details["shape"], np.float32) for name, details in step.get_input_details().items() if name != "ids"}

    def run(ids, state):
        state, logits = state or zero, []
        for character in ids:
            found = step(ids=np.array([character], np.int32), **state)
            state = {name: found[f"{name}_after"] for name in zero}
            logits.append(found["logits"][0])
        return np.array(logits), state

    return run


def main() -> None:
    sys.modules["charlstm"] = None  # type: ignore[assignment]
    task = json.loads(Path(sys.argv[1]).read_text())
    run = globals()[f"use_{task['format']}"](task["file"])
    logits = [run(ids, None)[0].tolist() for ids in task["texts"]]
    continued = []
    if task["length"]:
        after, state = run(task["texts"][0], None)
        for _ in range(task["length"]):
            continued.append(int(after[-1][: task["characters"]].argmax()))
            after, state = run(continued[-1:], state)
    Path(sys.argv[2]).write_text(json.dumps({"logits": logits, "continued": continued}))


if __name__ == "__main__":
    main()
