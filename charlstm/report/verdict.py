"""A comparison in one sentence."""

from charlstm.evaluation.comparison import Comparison
from charlstm.evaluation.divergence import drift
from charlstm.formatting import bits, decimal

NOTHING = 0.0005
"""Bits per character below which a difference is not reported."""

SHOWN = 0.0001
"""Bits per character of the last decimal place that is shown."""


def verdict(comparison: Comparison) -> str:
    """Return a sentence on the effect of carrying the state, and on what it saves."""
    steps = comparison.texts["stateless"].cell_steps / comparison.texts["stateful"].cell_steps
    cost = f"takes {steps:.3g} × fewer cell steps"
    evaluation = comparison.evaluation
    if evaluation is None:
        return f"Carrying the state {cost} here; what it is worth needs a text to measure on."
    window = comparison.window
    if len(evaluation.stateful) <= window:
        return f"The text fits in a window, so both modes read all of it, and carrying the state {cost}."
    worth = bits(evaluation.nats_per_char(window) - evaluation.nats_per_char())
    costs = evaluation.costs[window]
    if len(costs) < 2:
        return f"Carrying the state {cost} here; one character is too few to measure what it is worth."
    # The text is a sample of all possible texts, so the error is not 0 even if all its characters were scored.
    error = bits(float(costs.std(ddof=1)) / len(costs) ** 0.5)
    if abs(worth) <= max(2 * error, NOTHING):
        difference = f"{worth:+.4f} ± {error:.4f} bits per character"
        if max(abs(worth), error) < SHOWN / 2:
            difference = f"less than {SHOWN} bits per character"
        return f"Carrying the state makes no difference that can be measured here ({difference}), and {cost}."
    if worth > 0:
        return f"Carrying the state is worth {worth:.3f} bits per character here, and {cost}."
    norms = drift(comparison.along.c_norms, window).max()
    return (
        f"Carrying the state costs {-worth:.3f} bits per character here, though it {cost}: beyond the first window the norm of "
        f"the carried c is {decimal(norms, 1)} × what it is within."
    )
