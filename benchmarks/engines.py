"""Benchmark of other ways to compute a step of the LSTM: optional dependencies, and arrangements in NumPy.

A step reads one character in each of 1, 64 and 100 rows: one text, 64 at once, and one stateless text with a window of 100.
All candidates run in turns in one process on one thread, whose processor time is counted, so that other programs disturb least.
onnxruntime and numba are timed if they are installed.

    python -m benchmarks.engines [--units 256] [--rounds 15] [--json]
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.interleave import Work
from benchmarks.roofline import V
from charlstm.config import ModelConfig
from charlstm.inference.lstm import LSTMLayer
from charlstm.inference.network import LstmNetwork, build_network

_ROWS = (1, 64, 100)
_TURN = 0.02  # seconds
_ONE = np.float32(1)


def _weights(config: ModelConfig) -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {name: random.normal(0, 0.05, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}


def charlstm_step(network: LstmNetwork, rows: int) -> Work:
    """Return a step with the logits, as charlstm computes it."""
    state, workspace, ids = network.initial_state(rows), network.workspace(rows), np.arange(rows) % V
    return lambda: network.logits(network.step(ids, state, workspace))


def onnxruntime_step(config: ModelConfig, rows: int) -> Work:
    """Return the same step in the exported ONNX file, read by onnxruntime."""
    import onnxruntime

    from charlstm.export.onnx_file import onnx_file

    text = "".join(map(chr, range(48, 48 + V)))
    parts = {"model": config, "vocabulary": SimpleNamespace(characters=text), "corpus": SimpleNamespace(example=text[:2])}
    described: Any = SimpleNamespace(**parts)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_file(described, _weights(config), "a", "a.onnx"), options)
    given: dict[str, Any] = {each.name: np.zeros((rows, each.shape[1]), np.float32) for each in session.get_inputs()[1:]}
    names, given["ids"] = list(given), np.arange(rows)[:, None] % V

    def step() -> None:
        _, *after = session.run(None, given)
        given.update(zip(names, after, strict=True))

    return step


def numba_gates(units: int, rows: int) -> Work:
    """Return the step without its products, as one compiled loop."""
    gates = _compiled_gates()
    z, h, c = _step_arrays(units, rows)
    return lambda: gates(z, h, c)


def numba_step(network: LstmNetwork) -> Work:
    """Return a whole step of one row with its logits, compiled: nothing of it is left to Python."""
    import numba

    gates = _compiled_gates()
    layer = network.layers[0]
    recurrent, dense, bias, projected = (
        np.ascontiguousarray(array)
        for array in (layer.recurrent_kernel.columns, network.dense_kernel, network.dense_bias, network.projected)
    )
    units = len(recurrent)

    @numba.njit(fastmath=True)
    def step(character: int, z: Any, h: Any, c: Any, logits: Any) -> None:
        flat = z.reshape(-1)
        flat[:] = projected[character].reshape(-1)
        for unit in range(units):
            value, row = h[0, unit], recurrent[unit]
            for column in range(4 * units):
                flat[column] += value * row[column]
        gates(z, h, c)
        logits[:] = bias
        for unit in range(units):
            value, row = h[0, unit], dense[unit]
            for column in range(len(logits)):
                logits[column] += value * row[column]

    z, h, c = _step_arrays(units, 1)
    logits = np.empty_like(bias)
    return lambda: step(1, z, h, c, logits)


def _compiled_gates() -> Any:
    import numba

    @numba.njit(fastmath=True)
    def gates(z: Any, h: Any, c: Any) -> None:
        for row in range(h.shape[0]):
            for unit in range(h.shape[1]):
                i = _ONE / (_ONE + np.exp(-z[0, row, unit]))
                f = _ONE / (_ONE + np.exp(-z[1, row, unit]))
                o = _ONE / (_ONE + np.exp(-z[3, row, unit]))
                c[row, unit] = f * c[row, unit] + i * np.tanh(z[2, row, unit])
                h[row, unit] = o * np.tanh(c[row, unit])

    return gates


def numpy_gates(units: int, rows: int) -> Work:
    """Return the step without its products, as charlstm computes it."""
    z, h, c = _step_arrays(units, rows)
    scale, shift = (np.array([a, a, b, a], np.float32)[:, None, None] for a, b in ((0.5, 1), (0.5, 0)))
    if rows == 1:
        scale, shift = scale.repeat(units, 2), shift.repeat(units, 2)
    gates = np.empty_like(z)
    i, f, g, o = gates

    def step() -> None:
        np.tanh(z, gates)
        np.multiply(gates, scale, gates)
        np.add(gates, shift, gates)
        _state(i, f, g, o, h, c)

    return step


def exp_gates(units: int, rows: int, block: int | None = None) -> Work:
    """Return it with ``1 / (1 + exp(-z))`` for i, f and o; with ``block``, for so many rows at a time."""
    z, h, c = _step_arrays(units, rows)
    work = np.empty_like(z)

    def step() -> None:
        for start in range(0, rows, block or rows):
            some = slice(start, start + (block or rows))
            gates = work[:, some]  # in the order i, f, o, c
            np.exp(z[:3, some], gates[:3])
            np.add(gates[:3], _ONE, gates[:3])
            np.reciprocal(gates[:3], gates[:3])
            np.tanh(z[3, some], gates[3])
            i, f, o, g = gates
            _state(i, f, g, o, h[some], c[some])

    return step


def _state(i: Any, f: Any, g: Any, o: Any, h: Any, c: Any) -> None:
    np.multiply(c, f, c)
    np.multiply(i, g, h)
    np.add(c, h, c)
    np.tanh(c, h)
    np.multiply(h, o, h)


def _step_arrays(units: int, rows: int) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(0)
    z, h, c = (random.normal(size=shape).astype(np.float32) for shape in ((4, rows, units), (rows, units), (rows, units)))
    return z, h, c


def products(layer: LSTMLayer, rows: int) -> dict[str, Work]:
    """Return the recurrent product as charlstm computes it, and in other layouts."""
    columns = layer.recurrent_kernel.columns
    units = len(columns)
    h = np.random.default_rng(0).normal(size=(rows, units)).astype(np.float32)
    out, wide, tall = (np.empty(shape, np.float32) for shape in ((4, rows, units), (rows, 4 * units), (4 * units, rows)))
    by_row = np.ascontiguousarray(columns.T)
    return {
        "product": lambda: layer.recurrent_kernel.times(h, out),
        "product, one for all gates": lambda: np.matmul(h, columns, out=wide),
        "product, transposed": lambda: np.matmul(by_row, h.T, out=tall),
    }


def candidates(units: int, rows: int) -> dict[str, Work]:
    """Return everything that is timed for a number of rows."""
    config = ModelConfig(vocabulary_size=V, units=(units,), seq_len=100)
    network = build_network(config, _weights(config))
    found: dict[str, Work] = {"charlstm": charlstm_step(network, rows)}
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        found["onnxruntime"] = onnxruntime_step(config, rows)
    found |= products(network.layers[0], rows)
    found["gates"] = numpy_gates(units, rows)
    if importlib.util.find_spec("numba"):
        found["gates, numba"] = numba_gates(units, rows)
        if rows == 1:
            found["numba"] = numba_step(network)
    found["gates, by exp"] = exp_gates(units, rows)
    if rows > 1:
        found["gates, by exp, 25 rows at a time"] = exp_gates(units, rows, 25)
    return found


def measure(units: int, rows: int, rounds: int) -> dict[str, float]:
    """Return the median microseconds of each candidate."""
    works = candidates(units, rows)
    counts = {}
    for label, work in works.items():
        _seconds(work, 1)
        counts[label] = max(1, round(_TURN / _seconds(work, 3)))
    turns: dict[str, list[float]] = {label: [] for label in works}
    for _ in range(rounds):
        for label, work in works.items():
            turns[label].append(_seconds(work, counts[label]))
    return {label: 1e6 * statistics.median(times) for label, times in turns.items()}


def _seconds(work: Callable[[], object], count: int) -> float:
    began = time.thread_time()
    for _ in range(count):
        work()
    return (time.thread_time() - began) / count


def main() -> None:
    """Run the benchmark and print the results."""
    from threadpoolctl import ThreadpoolController

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with ThreadpoolController().limit(limits=1), np.errstate(over="ignore"):
        found = {str(rows): measure(arguments.units, rows, arguments.rounds) for rows in _ROWS}
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    for rows, figures in found.items():
        for label, microseconds in figures.items():
            print(f"{rows:>4} rows  {label:35} {microseconds:9.1f} microseconds")


if __name__ == "__main__":
    main()
