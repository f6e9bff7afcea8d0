"""Stop strings in constrained texts: one may end the text only where the text before it is complete."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.errors import ConfigError
from charlstm.inference.constraints.automaton import DEAD, END, FIRST, Automaton, check_size, new_automaton, trimmed
from charlstm.text.vocabulary import Vocabulary

Integers = Any
"""Integers of NumPy, or arrays of them."""

_LONGEST = 40
"""Maximum length of a stop string: a history has a bit for each of its characters."""


def with_stops(automaton: Automaton, vocabulary: Vocabulary, stops: Sequence[str]) -> Automaton:
    """Return an automaton in which a stop string ends the text, if the text before it is accepted, and cannot occur otherwise.

    A stop string is not part of the text, so its last character need not be allowed. The automaton must allow those before it.

    The states are triples: a state of the automaton, a node of the trie of the stop strings (Aho & Corasick 1975), and whether
    the text was accepted before each stop string that may be under way.

    Args:
        automaton: The automaton of the constraints.
        vocabulary: The characters that the model can generate.
        stops: The stop strings; of those that end with the same character, the first in the list ends the text.

    Raises:
        ConfigError: If a stop string is longer than 40 characters, or there are too many states.
    """
    if automaton.start < FIRST:
        return automaton
    if long := next((stop for stop in stops if len(stop) > _LONGEST), None):
        raise ConfigError(setting="stop", expected=f"at most {_LONGEST} characters in constrained texts", found=long)
    after_node, completed, depths = _trie(vocabulary, stops)
    nodes, bits = len(depths), max(map(len, stops))
    # Bit j of a history tells whether the text without its last j characters was accepted.
    relevant = np.array([sum(1 << depth for depth in reached) for reached in depths])

    def code(state: Integers, node: Integers, history: Integers) -> Integers:
        return (state * nodes + node << bits) | history

    start = int(code(np.int64(automaton.start), np.int64(0), np.int64(automaton.accepting[automaton.start])))
    number_of, level, rows, kept = {start: FIRST}, np.array([start]), [], [np.array([automaton.start])]
    size = len(vocabulary)
    while len(level):
        history, (state, node) = level & ((1 << bits) - 1), np.divmod(level >> bits, nodes)
        after, following, stop_length = automaton.transitions[state], after_node[node], completed[node]
        was_accepted = history[:, None] >> np.maximum(stop_length - 1, 0) & 1 == 1
        accepted = automaton.accepting[after].astype(np.int64)
        next_history = (history[:, None] << 1 & relevant[following] & ~1) | accepted
        codes = code(after.astype(np.int64), following, next_history)
        ends = np.where(stop_length > 0, was_accepted, after == END)
        alive = (stop_length == 0) & (after >= FIRST)
        reached = np.unique(codes[alive])
        new = [each for each in reached.tolist() if each not in number_of]
        for each in new:
            number_of[each] = FIRST + len(number_of)
        check_size(FIRST + len(number_of), size)
        row = np.where(ends, END, DEAD).astype(np.int32)
        numbers = np.array([number_of[each] for each in reached.tolist()], np.int32)
        row[alive] = numbers[np.searchsorted(reached, codes[alive])]
        rows.append(row)
        level = np.array(new, np.int64)
        kept.append((level >> bits) // nodes)
    result = new_automaton(FIRST + len(number_of), size)
    result.transitions[FIRST:] = np.concatenate(rows)
    result.accepting[FIRST:] = automaton.accepting[np.concatenate(kept)]
    return trimmed(result)


def _trie(vocabulary: Vocabulary, stops: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[set[int]]]:
    """Return the trie of the stop strings as an automaton.

    Returns:
        The next node of each node and character: ``[n, V]``. The length of the stop string that the character completes
        there, 0 for none: ``[n, V]``. For each node the lengths of the beginnings of stop strings that the text ends with.
    """
    prefixes = sorted({stop[:length] for stop in stops for length in range(len(stop))}, key=len)
    number = {prefix: place for place, prefix in enumerate(prefixes)}
    after = np.zeros((len(prefixes), len(vocabulary)), np.int64)
    completed = np.zeros((len(prefixes), len(vocabulary)), np.int64)
    for node, prefix in enumerate(prefixes):
        for place, character in enumerate(vocabulary.characters):
            text = prefix + character
            completed[node, place] = next((len(stop) for stop in stops if text.endswith(stop)), 0)
            after[node, place] = next(number[text[cut:]] for cut in range(len(text) + 1) if text[cut:] in number)
    depths = [{len(prefix) - cut for cut in range(len(prefix)) if prefix[cut:] in number} for prefix in prefixes]
    return after, completed, depths
