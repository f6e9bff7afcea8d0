"""The constraints of texts that continue several seeds."""

from collections.abc import Sequence

from charlstm.inference.constraints.lines import last_line
from charlstm.inference.constraints.text_constraint import Constraints, TextConstraint, compile_constraints
from charlstm.inference.constraints.words import begun_word
from charlstm.text.vocabulary import Vocabulary


def constraints_of_seeds(
    constraints: Constraints, vocabulary: Vocabulary, seeds: Sequence[str], length: int, stops: Sequence[str] = ()
) -> tuple[TextConstraint, ...]:
    """Return the constraints compiled for each of several seeds; seeds that make no difference share one.

    Args:
        constraints: The constraints.
        vocabulary: The characters that the model can generate.
        seeds: The texts before.
        length: The maximum number of characters of each text.
        stops: Strings that end a text.

    Raises:
        ConfigError: As :func:`compile_constraints`.
    """
    compiled: dict[tuple[object, ...], TextConstraint] = {}
    result = []
    for seed in seeds:
        context = _context(constraints, seed)
        if context not in compiled:
            compiled[context] = compile_constraints(constraints, vocabulary, seed, length, stops)
        result.append(compiled[context])
    return tuple(result)


def _context(constraints: Constraints, seed: str) -> tuple[object, ...]:
    """Return all of a seed that constraints depend on."""
    return (
        None if constraints.words is None else begun_word(seed),
        None if constraints.line_length is None else len(last_line(seed)),
        None if constraints.acrostic is None else last_line(seed)[:1],
    )
