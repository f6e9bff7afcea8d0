"""One time step of every LSTM layer, written out: the six equations with their shapes and this model's numbers."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from charlstm.config import ModelConfig
from charlstm.formatting import decimal
from charlstm.inference.lstm import ACTIVATIONS, Array, by_gate
from charlstm.inspection.blocks import Block, Grid, Lines, Prose, largest
from charlstm.inspection.gate_weights import GATES
from charlstm.results.json_record import UNSET
from charlstm.results.step import GateStep, LayerStep, StepGates, StepSection, StepShapes, StepTerms

Vector = NDArray[np.float64]

_NAMES = {"i": "input gate", "f": "forget gate", "c": "candidate", "o": "output gate"}


def one_step(config: ModelConfig, values: Mapping[str, Array], before: list[tuple[Array, Array]], character: int) -> StepTerms:
    """Compute one time step term by term.

    Vectors are columns, as in textbooks: ``W_f`` times the column ``x_t``. Keras multiplies the row x by the kernel
    ``(d, 4u)`` instead, so ``W_f`` is the transpose of its block.

    Args:
        config: Configuration of the network.
        values: Its weights by name.
        before: ``h`` and ``c`` of every layer before the step, each ``[u]``.
        character: Id of the character that is read.

    Returns:
        The terms of every layer, one number per unit, and the logits.
    """
    x = encoded(config, values, character)
    found, below = [], x
    for number, (h, c) in enumerate(before, start=1):
        layer = _layer(config, values, f"lstm_{number}", below, h.astype(np.float64), c.astype(np.float64))
        found.append(layer)
        below = np.array(layer.h)
    logits = below @ values["dense/kernel"].astype(np.float64) + values["dense/bias"]
    return StepTerms(id=character, x=x.tolist(), layers=found, logits=logits.tolist())


def encoded(config: ModelConfig, values: Mapping[str, Array], character: int) -> Vector:
    """Return the input encoding of a character, which the first LSTM layer reads: ``[d]``."""
    x: Vector
    if config.encoding == "one-hot":
        x = np.eye(config.vocabulary_size)[character]
    elif config.encoding == "embedding":
        x = values["embedding/embeddings"][character].astype(np.float64)
    else:
        x = np.array([character / config.vocabulary_size])
    return x


def _layer(config: ModelConfig, values: Mapping[str, Array], name: str, x: Vector, h: Vector, c: Vector) -> LayerStep:
    size = len(h)
    kernels = by_gate(values[f"{name}/kernel"]).astype(np.float64)
    recurrent_kernels = by_gate(values[f"{name}/recurrent_kernel"]).astype(np.float64)
    biases = values.get(f"{name}/bias", np.zeros(4 * size, np.float32)).reshape(4, size).astype(np.float64)
    gates: dict[str, GateStep] = {}
    for gate, w, u, b in zip(GATES, kernels, recurrent_kernels, biases, strict=True):
        from_x, from_h = w.T @ x, u.T @ h
        kind = config.activation if gate == "c" else config.recurrent_activation
        z = from_x + from_h + b
        gates[gate] = GateStep(
            activation=kind,
            from_x=from_x.tolist(),
            from_h=from_h.tolist(),
            bias=b.tolist(),
            z=z.tolist(),
            value=_activated(kind, z).tolist(),
        )
    i, f, g, o = (np.array(gates[gate].value) for gate in GATES)
    after = f * c + i * g
    return LayerStep(
        name=name,
        shapes=StepShapes(W=[size, len(x)], x=[len(x), 1], U=[size, size], h=[size, 1], b=[size, 1]),
        use_bias=config.use_bias,
        h_before=h.tolist(),
        c_before=c.tolist(),
        gates=StepGates(**gates),
        c=after.tolist(),
        h=(o * _activated(config.activation, after)).tolist(),
    )


def _activated(name: str, z: Vector) -> Vector:
    out: Vector = np.empty_like(z)
    ACTIVATIONS[name](z, out)  # type: ignore[arg-type] # the same expressions, in float64
    return out


def step_view(found: StepSection) -> list[Block]:
    """Return the blocks of the section on one time step."""
    blocks: list[Block] = [
        Prose(
            f"The character read is {found.character!r}, {_context(found.after)}. Columns stand upright here, as in "
            "textbooks; Keras lays the same numbers out as rows, x·kernel in place of W·x."
        )
    ]
    for number, layer in enumerate(found.layers):
        blocks += [Prose(f"{layer.name}:"), Lines(_equations(layer)), *_numbers(layer, found.unit)]
        if found.keras is not UNSET:
            difference = found.keras.layers[number].largest_difference
            blocks.append(
                Prose(
                    f"The same step by keras.layers.LSTM, all {len(layer.h)} units: largest difference of h "
                    f"{largest(difference.h)}, of c {largest(difference.c)}."
                )
            )
    likeliest = ", ".join(f"{each.character!r} {each.probability:.1%}" for each in found.likeliest)
    return [*blocks, Prose(f"The softmax of Dense(h) expects next: {likeliest}.")]


def _context(after: str) -> str:
    """Describe the text read before the step.

    >>> _context("the ferry"), _context("")
    ("after 'the ferry'", 'from a zero state')
    """
    if not after:
        return "from a zero state"
    if len(after) <= _LONGEST_CONTEXT:
        return f"after {after!r}"
    return f"after {len(after):,} characters that end with {after[-_LONGEST_CONTEXT:]!r}"


_LONGEST_CONTEXT = 100
"""Characters of the text before the step that are shown, at most."""


def _equations(layer: LayerStep) -> str:
    of = layer.shapes
    w, x, u, h, b = (f"[{rows}, {columns}]" for rows, columns in (of.W, of.x, of.U, of.h, of.b))
    gate = {name: _symbol(each.activation) for name, each in _gates(layer)}
    product = f"{w}·{x} + {u}·{h}" + (f" + {b}" if layer.use_bias else "")
    squash = gate["c"]

    def b_of(name: str) -> str:
        return f" + b_{name}" if layer.use_bias else ""

    lines = {
        f"i_t = {gate['i']}(W_i·x_t + U_i·h_(t-1){b_of('i')})": product,
        f"f_t = {gate['f']}(W_f·x_t + U_f·h_(t-1){b_of('f')})": product,
        f"g_t = {squash}(W_c·x_t + U_c·h_(t-1){b_of('c')})": product,
        f"o_t = {gate['o']}(W_o·x_t + U_o·h_(t-1){b_of('o')})": product,
        "c_t = f_t ∘ c_(t-1) + i_t ∘ g_t": f"{h} ∘ {h} + {h} ∘ {h}",
        f"h_t = o_t ∘ {squash}(c_t)": f"{h} ∘ {h}",
    }
    return "\n".join(f"{equation}\n      {shapes}" for equation, shapes in lines.items())


def _symbol(activation: str) -> str:
    return "σ" if activation == "sigmoid" else activation


def _gates(layer: LayerStep) -> list[tuple[str, GateStep]]:
    """Return the gates by name, in the order of :data:`GATES`."""
    return list(zip(GATES, (layer.gates.i, layer.gates.f, layer.gates.c, layer.gates.o), strict=True))


def _signed(number: float) -> str:
    return decimal(number, 4, "+")


def _numbers(layer: LayerStep, wanted: int) -> list[Block]:
    k = min(wanted, len(layer.h) - 1)
    headings = ["W·x_t", "U·h_(t-1)", *(["b"] if layer.use_bias else []), "sum", "activated"]
    rows = []
    for name, gate in _gates(layer):
        terms = [gate.from_x[k], gate.from_h[k], *([gate.bias[k]] if layer.use_bias else []), gate.z[k], gate.value[k]]
        rows.append([f"{'g' if name == 'c' else name}, {_NAMES[name]}", *(_signed(term) for term in terms)])
    i, f, g, o = (_signed(gate.value[k]) for _, gate in _gates(layer))
    c_before, c, h = (_signed(values[k]) for values in (layer.c_before, layer.c, layer.h))
    squash = layer.gates.c.activation
    return [
        Prose(f"Unit {k} of {len(layer.h)}:"),
        Grid(["", *headings], rows),
        Lines(f"c_t = {f} · {c_before} + {i} · {g} = {c}\nh_t = {o} · {squash}({c}) = {h}"),
    ]
