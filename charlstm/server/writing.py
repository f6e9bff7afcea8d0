"""One text that the server writes: its characters, what of them may be sent, and why it ended."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from charlstm.inference.generated_text import GeneratedText
from charlstm.inference.logprobs import CharacterLogprob, likeliest_characters, log_probabilities
from charlstm.inference.lstm import Array
from charlstm.inference.shared_batch import BatchText, Outcome
from charlstm.inference.stop_rules import StopRules
from charlstm.text.vocabulary import Vocabulary

FinishReason = Literal["length", "stop"]


class Part(NamedTuple):
    """A part of a text: a piece, its tokens if they are wanted, and the reason for the end with the last part."""

    text: str
    tokens: list[CharacterLogprob]
    finish_reason: FinishReason | None


@dataclass(eq=False)
class Writing:
    """A text from its request to its end.

    The engine's thread calls :meth:`hear`; a request's task takes the parts.

    Attributes:
        text: The text in the batch.
        vocabulary: The characters of the model.
        length: The largest number of characters to write.
        stops: Rules that end it earlier.
        prompt: The prompt as characters, to name those that the model does not know.
        naming_nats: Nats of naming each rare character of the prompt; see :meth:`Vocabulary.naming_nats`.
        logprobs: Number of alternatives of each token; None without log-probabilities.
        echo: True if the text begins with the prompt.
    """

    text: BatchText
    vocabulary: Vocabulary
    length: int
    stops: StopRules
    prompt: str
    naming_nats: np.ndarray
    logprobs: int | None
    echo: bool
    written: int = 0
    total_logprob: float = 0.0
    ended: bool = False
    error: Exception | None = None
    parts: deque[Part] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.generated = GeneratedText(self.stops, self.length)
        self._tokens: list[CharacterLogprob] = []  # of the characters that are written and not given yet
        self._given = 0
        self._prompt_tokens = [CharacterLogprob(self.prompt[0], None, {})]

    @property
    def mean_logprob(self) -> float:
        """The mean log-probability of the characters written, if they are reported."""
        return self.total_logprob / max(1, self.written)

    @property
    def scores_prompt(self) -> bool:
        """True if the prompt is given with log-probabilities."""
        return self.echo and self.logprobs is not None

    def hear(self, outcome: Outcome) -> bool:
        """Take what a step did, and return whether there is something to send."""
        if outcome.chosen is None:
            if self.scores_prompt and outcome.logits is not None:
                self._prompt_tokens.append(self._prompt_token(outcome.logits))
            return False
        if self.echo and self.written == 0:
            self.parts.append(Part(self.prompt, self._prompt_tokens if self.scores_prompt else [], None))
        if self.length == 0:
            self._end("length")
            return True
        self._write(outcome.chosen, outcome.logits)
        if reason := self.generated.stop_reason:
            del self._tokens[len(self.generated) - self._given :]  # the tokens of the stop string
            self._end("length" if reason == "length" else "stop")
        elif piece := self.generated.give():
            self._give(piece, None)
        else:
            return False
        return True

    def fail(self, error: Exception) -> None:
        """End the text with an error."""
        self.error, self.ended = error, True

    def _write(self, chosen: int, logits: Array | None) -> None:
        character = self.vocabulary.characters[chosen]
        if logits is not None:
            logs = log_probabilities(logits[: len(self.vocabulary)])
            self.total_logprob += float(logs[chosen])
            if self.logprobs is not None:
                self._tokens.append(
                    CharacterLogprob(
                        character, float(logs[chosen]), likeliest_characters(self.vocabulary, logs, self.logprobs or 0)
                    )
                )
        self.written += 1
        self.generated.append(character)

    def _prompt_token(self, logits: Array) -> CharacterLogprob:
        """Return the token of the next character of the prompt; a rare one costs the placeholder and its name."""
        place, logs = self.text.read, log_probabilities(logits)
        known = min(int(self.text.prompt[place]), len(logs) - 1)
        top = likeliest_characters(self.vocabulary, logs[: len(self.vocabulary)], self.logprobs or 0)
        return CharacterLogprob(self.prompt[place], float(logs[known] - self.naming_nats[place]), top)

    def _end(self, reason: FinishReason) -> None:
        self._give(self.generated.give(all_of_it=True), reason)
        self.ended = True

    def _give(self, piece: str, reason: FinishReason | None) -> None:
        tokens, self._tokens = self._tokens[: len(piece)], self._tokens[len(piece) :]
        self._given += len(piece)
        self.parts.append(Part(piece, tokens, reason))
