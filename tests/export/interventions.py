"""An LSTM with interventions, written out in NumPy for the tests: float64, one unit-wise equation after another."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
GATES = "ifgo"


def sigmoid(z: Float) -> Float:
    result: Float = 1 / (1 + np.exp(-z))
    return result


def read(
    weights: dict[str, Any], units: tuple[int, ...], ids: list[int], changes: list[dict[str, Any]]
) -> tuple[Float, list[Float]]:
    """Read one-hot characters from a zero state; return the logits [T, V], and of each layer the six quantities [T, 6, U]."""
    state = [(np.zeros(size), np.zeros(size)) for size in units]
    kept: list[list[Float]] = [[] for _ in units]
    logits = []
    for place, character in enumerate(ids):
        if any(change["what"] == "reset" and change["from"] == place for change in changes):
            state = [(np.zeros(size), np.zeros(size)) for size in units]
        x = np.eye(len(weights["lstm_1/kernel"]))[character]
        for index, size in enumerate(units):
            h, c = state[index]
            name = f"lstm_{index + 1}"
            z = x @ weights[f"{name}/kernel"] + h @ weights[f"{name}/recurrent_kernel"] + weights[f"{name}/bias"]
            values = {
                gate: np.tanh(part) if gate == "g" else sigmoid(part)
                for gate, part in zip(GATES, z.reshape(4, size), strict=True)
            }
            held = [
                change for change in changes
                if change["layer"] == index + 1 and change["from"] <= place and (change["to"] is None or place <= change["to"])
            ]  # fmt: skip
            for change in held:
                if change["what"] in values:
                    values[change["what"]][slice(None) if change["unit"] is None else change["unit"]] = change["value"]
            c = values["f"] * c + values["i"] * values["g"]
            for change in held:
                if change["what"] == "c":
                    c[slice(None) if change["unit"] is None else change["unit"]] = change["value"]
            x = values["o"] * np.tanh(c)
            state[index] = (x, c)
            kept[index].append(np.stack([*values.values(), c, x]))
        logits.append(x @ weights["dense/kernel"] + weights["dense/bias"])
    return np.array(logits), [np.array(rows) for rows in kept]
