"""Benchmark of the exported formats: size of the files, and characters per second in the runtime that each is for.

    python -m benchmarks.formats [--checkpoint ferry] [--characters 1000] [--rounds 3] [--json]

One text, always the likeliest character, one character a call with the state carried, two threads at most. The formats take
turns, and each has its best round. PyTorch is measured if it is installed.
"""

import argparse
import importlib.util
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import charlstm
from charlstm import Model

Next = Callable[[int], int]
"""Reads a character and returns the likeliest next one."""


def numpy_program(path: Path, characters: str) -> Next:
    """Return the reader of a ``.py`` file."""
    spec = importlib.util.spec_from_file_location("program", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be imported")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    model = program.Model(path.with_suffix(".safetensors"))
    return lambda character: int(model.step(characters[character]).argmax())


def onnx(path: Path, characters: str) -> Next:
    """Return the reader of an ``.onnx`` file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(path, options)
    state = {each.name: np.zeros((1, each.shape[1]), np.float32) for each in session.get_inputs()[1:]}

    def step(character: int) -> int:
        logits, *after = session.run(None, {"ids": np.array([[character]], np.int64), **state})
        state.update(zip(state, after, strict=True))
        return int(logits[0, -1, : len(characters)].argmax())

    return step


def litert(path: Path, characters: str) -> Next:
    """Return the reader of a ``.tflite`` file."""
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(path), num_threads=2).get_signature_runner("step")
    shapes = {name: details["shape"] for name, details in run.get_input_details().items() if name != "ids"}
    state = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}

    def step(character: int) -> int:
        found = run(ids=np.array([character], np.int32), **state)
        state.update({name: found[f"{name}_after"] for name in state})
        return int(found["logits"][0, : len(characters)].argmax())

    return step


def saved_model(path: Path, characters: str) -> Next:
    """Return the reader of a SavedModel."""
    import tensorflow as tf

    run = tf.saved_model.load(str(path)).signatures["step"]
    specs = run.structured_input_signature[1]
    state = {name: tf.zeros([1, spec.shape[1]]) for name, spec in specs.items() if name != "ids"}

    def step(character: int) -> int:
        found = run(ids=tf.constant([character]), **state)
        state.update({name: found[f"{name}_after"] for name in state})
        return int(found["logits"].numpy()[0, : len(characters)].argmax())

    step.model = run  # type: ignore[attr-defined] # a signature does not keep its variables alive
    return step


def keras(path: Path, characters: str) -> Next:
    """Return the reader of a stateful ``.keras`` file."""
    from keras.saving import load_model

    model = load_model(path)
    size = model.output_shape[-1]

    def step(character: int) -> int:
        probabilities = np.asarray(model(np.full((1, 1, 1), character / size, np.float32)))
        return int(probabilities[0, -1, : len(characters)].argmax())

    return step


def torch(path: Path, characters: str) -> Next:
    """Return the reader of a ``.pt.safetensors`` file, by the program in it."""
    import torch as library
    from safetensors import safe_open

    names: dict[str, Any] = {}
    with safe_open(path, "numpy") as file:
        program = file.metadata()["readme"].replace(repr(path.name), repr(str(path)))
    exec(program.partition("ids = torch.tensor")[0], names)
    model, state = names["model"], None

    def step(character: int) -> int:
        nonlocal state
        with library.no_grad():
            logits, state = model(library.tensor([[character]]), state)
        return int(logits[0, -1, : len(characters)].argmax())

    return step


FORMATS: dict[str, tuple[str, dict[str, Any], Callable[[Path, str], Next]]] = {
    ".keras --stateful": ("tale.keras", {"stateful": True}, keras),
    ".onnx": ("tale.onnx", {}, onnx),
    ".pt.safetensors": ("tale.pt.safetensors", {}, torch),
    "savedmodel/": ("savedmodel", {}, saved_model),
    ".tflite": ("tale.tflite", {}, litert),
    ".tflite --int8": ("small.tflite", {"int8": True}, litert),
    ".py": ("tale.py", {}, numpy_program),
}
"""File name, options of the export, and what reads it."""


def main() -> None:
    """Print size and speed of each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="ferry")
    parser.add_argument("--characters", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    model = charlstm.load(arguments.checkpoint)
    known = model.vocabulary.characters
    found: dict[str, dict[str, float]] = {}
    readers: dict[str, Callable[[int], None]] = {"charlstm": lambda number: _consume(model, number)}
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, options, open_file) in FORMATS.items():
            found[name] = {"megabytes": model.export(Path(folder) / file, **options).size / 1e6}
            if open_file is not torch or importlib.util.find_spec("torch"):
                readers[name] = _loop(open_file(Path(folder) / file, known))
        found["charlstm"] = {"megabytes": sum(path.stat().st_size for path in model.path.iterdir() if path.is_file()) / 1e6}
        for _ in range(arguments.rounds):
            for name, read in readers.items():
                read(20)
                began = time.perf_counter()
                read(arguments.characters)
                speed = arguments.characters / (time.perf_counter() - began)
                found[name]["characters_per_second"] = max(speed, found[name].get("characters_per_second", 0.0))
    if arguments.json:
        print(json.dumps(found))
        return
    for name, measured in found.items():
        speed = measured.get("characters_per_second")
        print(f"{name:20} {measured['megabytes']:6.1f} MB {f'{speed:8,.0f} characters/s' if speed else ''}")


def _loop(step: Next) -> Callable[[int], None]:
    """Return a function that writes a number of characters."""
    last = [0]

    def read(number: int) -> None:
        for _ in range(number):
            last[0] = step(last[0])

    return read


def _consume(model: Model, number: int) -> None:
    for _ in model.stream(model.vocabulary.characters[0], length=number, temperature=0, mode="stateful"):
        pass


if __name__ == "__main__":
    main()
