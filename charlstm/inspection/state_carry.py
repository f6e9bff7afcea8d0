"""The state carried between windows, shown by reading the same window twice."""

import numpy as np

from charlstm.formatting import counted, decimal
from charlstm.inference.logits import log_softmax
from charlstm.inference.network import Network, State
from charlstm.inspection.blocks import Block, Grid, Prose, largest
from charlstm.results.json_record import UNSET
from charlstm.results.output_sections import CarryDifference, LayerNorms, StateSection
from charlstm.text.vocabulary import Ids


def state_carry(network: Network, window: Ids) -> StateSection:
    """Read a window from a zero state, then again with the state either reset or carried.

    Args:
        network: The model.
        window: Ids of the window: ``[T]``.

    Returns:
        Norms of the state at each moment, and the largest difference in probability of each second prediction from the first
        one.
    """
    state = network.initial_state(1)
    moments = {"before anything is read": _norms(state)}
    first = _read(network, state, window)
    moments["after the window"] = _norms(state)
    carried = _read(network, state, window)
    moments["after the window once more, the state carried"] = _norms(state)
    fresh = network.initial_state(1)
    reset = _read(network, fresh, window)
    moments["after the window once more, the state reset"] = _norms(fresh)
    return StateSection(
        window=len(window),
        norms=moments,
        largest_difference=CarryDifference(
            reset=float(np.abs(reset - first).max()), carried=float(np.abs(carried - first).max())
        ),
    )


def _read(network: Network, state: State, window: Ids) -> np.ndarray:
    for character in window[:, None]:
        network.step(character, state)
    probabilities: np.ndarray = np.exp(log_softmax(network.logits(state[-1].h).astype(np.float64)))[0]
    return probabilities


def _norms(state: State) -> list[LayerNorms]:
    """Return the norms of ``h`` and ``c`` of every layer."""
    return [LayerNorms(h=float(np.linalg.norm(layer.h)), c=float(np.linalg.norm(layer.c))) for layer in state]


def state_carry_view(found: StateSection) -> list[Block]:
    """Return the blocks of the section on the carried state."""
    rows = [
        [moment, *(decimal(norm, 3) for layer in norms for norm in (layer.h, layer.c))] for moment, norms in found.norms.items()
    ]
    count = len(next(iter(found.norms.values())))
    differences = found.largest_difference
    blocks: list[Block] = [
        Prose(
            "Does the layer use the cell state and its previous output? Inside a window always: each step reads h and c of "
            "the step before. Between calls only if the caller carries them. In Keras a layer starts every call from zeros, "
            "unless it is made with stateful=True. Here this model reads a window of "
            f"{counted(found.window, 'character')} twice; norms of the state:"
        ),
        Grid(["", *(f"{what}, layer {number}" for number in range(1, count + 1) for what in ("h", "c"))], rows),
        Prose(
            "The second prediction differs from the first, in its most different probability, by "
            f"{largest(differences.reset)} where the state was reset in between, and by {differences.carried:.3g} where "
            "it was carried."
        ),
        Prose(
            "fit, evaluate and predict never reset a stateful layer by themselves, not between batches, not between epochs: "
            "reset_state() of the layer does. Row b of one batch is carried on to row b of the next, so that with "
            "stateful=True the batch size is part of the state's shape and is fixed. The weights do not depend on it: a twin "
            "with the same weights and batch size 1 is exact, which is how one trains on many rows and writes with one. "
            "Carried states are not weights, and no file of weights has them."
        ),
    ]
    if found.keras is not UNSET:
        keras = found.keras
        moved = {
            "stateful=True, called again": keras.stateful_layer_again,
            "stateful=True, predict again": keras.predict_again,
            "stateful=True, predict after fit without learning": keras.predict_after_fit,
        }
        same = {
            "an ordinary layer, called again": keras.ordinary_layer_again,
            "stateful=True, after reset_state()": keras.stateful_layer_after_reset_state,
            "stateful=True, batches of 1 against the rows of a batch of 3": keras.batches_of_one_against_rows_of_three,
        }
        rows = [[label, f"{difference:.3g}"] for label, difference in moved.items()]
        rows += [[label, largest(difference)] for label, difference in same.items()]
        once, twice, reset = (decimal(norm, 3) for norm in keras.norms_of_c)
        says = f"To a batch of two it says: {keras.another_batch_size!r}"
        other_batch = says if keras.another_batch_size else "This version of Keras accepts a batch of two, too."
        blocks += [
            Prose("keras.layers.LSTM with the first layer's weights reads the window; largest difference of h:"),
            Grid(["", ""], rows),
            Prose(
                f"The norm of its c is {once} after the window, {twice} after the window once more, {reset} after "
                f"reset_state(). {other_batch}"
            ),
        ]
    return blocks
