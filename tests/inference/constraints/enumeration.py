"""The exact distribution of constrained texts: a model so small that all its texts can be enumerated."""

from collections import Counter
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np

from charlstm.config import ModelConfig
from charlstm.inference.constrained_generation import constrained_pieces
from charlstm.inference.constraints.text_constraint import Constraints, ConstraintState, TextConstraint, compile_constraints
from charlstm.inference.generation import generate_texts
from charlstm.inference.logits import log_softmax
from charlstm.inference.modes import Decoder, StatefulDecoder
from charlstm.inference.network import Network, build_network
from charlstm.inference.sampling import Sampling
from charlstm.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary.of("abc \n")
SEED = "c\n"
LENGTH = 5
SMALL_CONSTRAINTS = {
    "avoid": Constraints(avoid="a"),
    "only": Constraints(only="a-b \n"),
    "pattern": Constraints(pattern="[ab]* c[abc]*"),
    "words": Constraints(words=frozenset({"ab", "b", "cab"})),
    "line length": Constraints(line_length=2),
    "acrostic": Constraints(acrostic="ab"),
    "words and lines": Constraints(words=frozenset({"ab", "b", "cab"}), line_length=3),
}
"""Constraints on the small model's texts."""

_TOGETHER = 2_000  # texts at a time

SHORTER = {"avoid": 3, "only": 3, "line length": 3, "words": 4}
"""Lengths of the texts of constraints that many texts obey: their frequencies need fewer draws than those of longer texts."""


def small_network() -> Network:
    """Return a network of eight units with random weights."""
    config = ModelConfig(vocabulary_size=len(VOCABULARY), seq_len=6, units=(8,))
    random = np.random.default_rng(3)
    return build_network(
        config, {name: random.normal(0, 1.2, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    )


def small_constraint(constraints: Constraints, length: int = LENGTH) -> TextConstraint:
    """Return constraints compiled for the small model."""
    return compile_constraints(constraints, VOCABULARY, SEED, length)


def exact_distribution(constraint: TextConstraint, decoder: Decoder | None = None, length: int = LENGTH) -> dict[str, float]:
    """Return the probability of each text of the small model, given that it obeys: the product of its characters'."""
    decoder = decoder or StatefulDecoder(small_network())

    def completed(text: str, logarithm: float, state: ConstraintState) -> Iterator[tuple[str, float]]:
        allowed = constraint.allowed(state, length - len(text))[0]
        if not allowed.any():
            yield text, logarithm
            return
        read = decoder.initial_state(1)
        for character in VOCABULARY.encode(SEED + text):
            read = decoder.step(np.array([character]), read)
        following = log_softmax(decoder.logits(read)[0].astype(np.float64))
        for place in np.flatnonzero(allowed):
            after, longer = constraint.step(state, np.array([place])), logarithm + float(following[place])
            if constraint.ended(after)[0]:
                yield text, longer
            else:
                yield from completed(text + VOCABULARY.characters[place], longer, after)

    weights: Counter[str] = Counter()
    for text, logarithm in completed("", 0.0, constraint.initial_state(1)):
        weights[text] += float(np.exp(logarithm))  # type: ignore[assignment] # a Counter of weights
    total = sum(weights.values())
    return {text: weight / total for text, weight in weights.items()}


def drawn(name: str, particles: int, count: int) -> tuple[list[str], dict[str, float]]:
    """Return texts of the small model that obey one of its constraints, and the exact distribution.

    One generator gives the random numbers of all texts, since a generator for each takes longer than the text.
    """
    length, numbers = SHORTER.get(name, LENGTH), np.random.default_rng(0)
    constraint = small_constraint(SMALL_CONSTRAINTS[name], length)
    texts: list[str] = []
    with (
        patch("charlstm.inference.constraints.particles.random_stream", lambda *_: numbers),
        patch("charlstm.inference.constraints.particles._BLOCK", LENGTH + 1),
        patch("charlstm.inference.noise.random_stream", lambda *_: numbers),
        patch("charlstm.inference.noise._BLOCK", LENGTH + 1),
    ):
        for start in range(0, count, _TOGETHER):
            pieces = constrained_pieces(
                StatefulDecoder(small_network()),
                VOCABULARY,
                SEED,
                constraint,
                particles=particles,
                random_seeds=range(start, min(start + _TOGETHER, count)),
                length=length,
                sampling=Sampling(1.0),
            )
            texts += [sample.text for sample in generate_texts(pieces)]
    return texts, exact_distribution(constraint, length=length)


def total_variation(texts: list[str], exact: dict[str, float]) -> float:
    """Return half the sum of the differences between frequencies and probabilities."""
    counts = Counter(texts)
    return sum(abs(counts[text] / len(texts) - exact.get(text, 0.0)) for text in {*counts, *exact}) / 2


def sampling_error(texts: int, exact: dict[str, float]) -> float:
    """Return the mean total variation of as many texts from the exact distribution."""
    probabilities = np.array(list(exact.values()))
    counts = np.random.default_rng(0).multinomial(texts, probabilities, size=50)
    return float(np.abs(counts / texts - probabilities).sum(1).mean() / 2)
