"""Texts of any settings that share one step of the network: each begins and ends when it likes, in either mode.

A text in stateful mode is one row of the batch, a text in stateless mode W = ``seq_len`` rows, its lanes (see
:mod:`charlstm.inference.modes`). A text does not depend on the others: its noise depends on its random seed and
position alone, and a product differs between batches by rounding only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlstm.choices import Mode
from charlstm.inference.logits import LARGE_VOCABULARY, Logits
from charlstm.inference.logits_processors import StatefulProcessor
from charlstm.inference.lstm import Array, LayerState
from charlstm.inference.network import Network, State, Workspace
from charlstm.inference.noise import GumbelNoise, likeliest
from charlstm.inference.sampling import Sampler, Sampling, make_chain, make_sampler
from charlstm.text.vocabulary import Ids


@dataclass(eq=False)
class BatchText:
    """A text that is read, then continued.

    Attributes:
        prompt: Text to read first: ids ``[N]``, at least one.
        vocabulary_size: K, the number of characters that can be generated.
        mode: Mode of the predictions.
        sampling: Sampling settings.
        random_seed: Random seed of the noise.
        bias: Numbers to add to the logits of some characters before they are used, by id.
        reports: True to report the logits of each step, also while the prompt is read.
    """

    prompt: Ids
    vocabulary_size: int
    mode: Mode = "stateful"
    sampling: Sampling = field(default_factory=Sampling)
    random_seed: int = 0
    bias: Mapping[int, float] = field(default_factory=dict)
    reports: bool = False

    def __post_init__(self) -> None:
        self.read = 0
        """The number of characters read so far."""
        self.next_id = int(self.prompt[0])
        """The character to read next."""
        self.position = 0
        """The number of characters chosen so far, if they are chosen together with those of other texts."""

    @cached_property
    def noise(self) -> GumbelNoise:
        """The noise of this text."""
        return GumbelNoise([self.random_seed], self.vocabulary_size)

    @cached_property
    def sampler(self) -> Sampler:
        """The sampler of this text alone."""
        return make_sampler(self.sampling, [self.random_seed], self.vocabulary_size, self.prompt)

    @cached_property
    def alone(self) -> bool:
        """True if its characters must be chosen separately."""
        stateful = any(isinstance(processor, StatefulProcessor) for processor in make_chain(self.sampling))
        return stateful or bool(self.bias) or self.vocabulary_size >= LARGE_VOCABULARY


class Outcome(NamedTuple):
    """The result of a step for a text.

    Attributes:
        text: The text.
        chosen: Id of the next character, which was chosen; None while the prompt is read.
        logits: The logits of the next character, ``[V]``, if the text reports them; without the bias.
    """

    text: BatchText
    chosen: int | None
    logits: Array | None


class SharedBatch:
    """The texts and their states. A step reads one character of each text and chooses the next one."""

    def __init__(self, network: Network) -> None:
        """Start without texts."""
        self.network = network
        self.texts: list[BatchText] = []
        self._arranged: list[BatchText] = []
        self._starts: dict[int, int] = {}  # first row of each text, by id()
        self._layers: State = network.initial_state(0)
        self._workspace: Workspace = network.workspace(0)

    def rows(self, mode: Mode) -> int:
        """Return the number of rows of a text."""
        return self.network.config.seq_len if mode == "stateless" else 1

    def add(self, text: BatchText) -> None:
        """Let a text take part from the next step on."""
        self.texts.append(text)

    def remove(self, text: BatchText) -> None:
        """End a text, if it takes part."""
        if text in self.texts:
            self.texts.remove(text)

    @np.errstate(over="ignore", invalid="ignore")  # weights can be arbitrarily large; the sampler accepts any logits
    def step(self) -> list[Outcome]:
        """Read a character of each text, and choose the next one of those whose prompt is read."""
        if self.texts != self._arranged:
            self._arrange()
        widths = [self.rows(text.mode) for text in self.texts]
        for text, width in zip(self.texts, widths, strict=True):
            if width > 1:  # the oldest lane has read its window: reset it before this character
                lane = self._starts[id(text)] + text.read % width
                for layer in self._layers:
                    for array in layer:
                        array[lane] = 0
        ids = np.repeat([text.next_id for text in self.texts], widths)
        h = self.network.step(ids, self._layers, self._workspace)
        for text in self.texts:
            text.read += 1
            if text.read < len(text.prompt):
                text.next_id = int(text.prompt[text.read])
        return self._outcomes(h)

    def _outcomes(self, h: Array) -> list[Outcome]:
        wanted = [text for text in self.texts if text.reports or text.read >= len(text.prompt)]
        if not wanted:
            return []
        logits = self.network.logits(h[[self._predicting_row(text) for text in wanted]])
        chosen = self._choose(wanted, logits)
        outcomes = []
        for text, row in zip(wanted, logits, strict=True):
            next_id = chosen.get(id(text))
            if next_id is not None:
                text.next_id = next_id
            outcomes.append(Outcome(text, next_id, row if text.reports else None))
        return outcomes

    def _predicting_row(self, text: BatchText) -> int:
        """Return the row that has read what the prediction depends on: in stateless mode the oldest lane."""
        width = self.rows(text.mode)
        return self._starts[id(text)] + (text.read % width if text.read >= width else 0)

    def _choose(self, texts: Sequence[BatchText], logits: Array) -> dict[int, int]:
        """Choose the next characters of the texts whose prompt is read; those with the same settings in one go."""
        together: dict[Sampling, list[int]] = {}
        chosen: dict[int, int] = {}
        for place, text in enumerate(texts):
            if text.read < len(text.prompt):
                continue
            if text.alone:
                row = logits[place : place + 1, : text.vocabulary_size].astype(np.float64)
                for character, bias in text.bias.items():
                    row[0, character] += bias
                chosen[id(text)] = int(text.sampler.choose(row)[0])
            else:
                together.setdefault(text.sampling, []).append(place)
        for sampling, places in together.items():
            group = [texts[place] for place in places]
            sampler = Sampler(make_chain(sampling), None if sampling.greedy else _NoiseOfTexts(group))
            ids = sampler.choose(logits[places, : group[0].vocabulary_size])
            for text, character in zip(group, ids, strict=True):
                text.position += 1
                chosen[id(text)] = int(character)
        return chosen

    def _arrange(self) -> None:
        """Give every text its rows: those that stay keep their state, new ones start from zero."""
        starts, total = {}, 0
        for text in self.texts:
            starts[id(text)], total = total, total + self.rows(text.mode)
        layers = self.network.initial_state(total)
        staying = set(map(id, self._arranged))
        for text in self.texts:
            if id(text) in staying:
                width, new, old = self.rows(text.mode), starts[id(text)], self._starts[id(text)]
                for after, before in zip(layers, self._layers, strict=True):
                    _copy_rows(after, new, before, old, width)
        self._arranged, self._starts, self._layers = list(self.texts), starts, layers
        self._workspace = self.network.workspace(total)


def _copy_rows(after: LayerState, new: int, before: LayerState, old: int, width: int) -> None:
    for target, source in zip(after, before, strict=True):
        target[new : new + width] = source[old : old + width]


@dataclass(frozen=True)
class _NoiseOfTexts:
    """The noise of texts that are at positions of their own."""

    texts: Sequence[BatchText]

    def likeliest(self, logits: Logits, _: int) -> NDArray[np.int64]:
        return likeliest(logits + np.concatenate([text.noise.at(text.position) for text in self.texts]))
