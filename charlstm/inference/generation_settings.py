"""The settings of a generation: those that a caller may give, and those that are checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, TypedDict

from msgspec import Meta

from charlstm.choices import End, Mode, OnUnknown
from charlstm.config import ModelConfig
from charlstm.errors import ConfigError
from charlstm.inference.constraints.seed_constraints import constraints_of_seeds
from charlstm.inference.constraints.text_constraint import Constraints, TextConstraint
from charlstm.inference.repeated_passages import LONGEST
from charlstm.inference.sampling import Sampling
from charlstm.inference.stop_regex import can_match
from charlstm.inference.stop_rules import StopRules, compiled
from charlstm.text.vocabulary import Vocabulary

_Temperature = Annotated[float, Meta(ge=0.0, le=1e9)]
_TwoTemperatures = Annotated[tuple[_Temperature, ...], Meta(min_length=2, max_length=2)]
"""Not ``tuple[_Temperature, _Temperature]``: msgspec 0.20 reads a wild bound beside a number with bounds."""

DEFAULT_PARTICLES = 32
"""Number of particles of each text with constraints."""

MOST_PARTICLES = 4096
"""Maximum number of particles of a text."""

LARGEST_RANDOM_SEED = 2**63 - 1

LARGEST_WINDOW = 10_000
"""Largest window in characters. A larger one would need gigabytes for its states."""


class GenerationOptions(TypedDict, total=False):
    """Options of every way to generate, by the names that the command line has, too.

    Attributes:
        length: Largest number of characters to generate. Default: 500.
        mode: ``stateless`` reads the last window for each character, ``stateful`` carries the state. Default: stateless.
        random_seed: Random seed of the first text; the others have the following ones. Default: a new one each time.
        temperature: Below 1 the text becomes safer, above 1 more varied; 0 always takes the likeliest character. Of
            two, the first applies to the first character and the second to the last of ``length``. Default: 0.6.
        word_temperature: Temperature for the choice of a word's first letter. Default: ``temperature``.
        window: Characters that stateless mode reads for each one. Default: the model's own window.
        top_k: Draw from the k likeliest characters only; 0 for all. Default: 0.
        top_p: Draw from the likeliest characters that together have this probability. Default: 1.
        min_p: Draw from the characters with at least this fraction of the likeliest one's probability. Default: 0.
        dry_multiplier: Above 0, a character that would repeat a passage of the text becomes less likely, the more the longer
            the passage is (DRY): against loops. 0.8 is a good value. Default: 0.
        dry_base: Factor on that penalty for each further character of the passage. Default: 1.15.
        dry_allowed_length: Characters of a passage from which it costs something. Default: 10.
        repetition_penalty: Above 1, characters just used become less likely. Default: 1.
        stop: A string, or several, each of which ends a text; the text does not contain it.
        stop_regex: A regular expression whose first match ends a text, in the syntax of Python's ``re``; the text does not
            contain the match.
        keep_stop: True for texts that contain the string or match that ended them.
        end: ``word``, ``line``, ``sentence`` or ``paragraph``: after ``length`` characters, continue until one ends, to at most
            three times the length. ``none``, the default, ends there.
        avoid: Characters that may not occur in a text. A warning names those that the model can never generate anyway.
        only: The characters that may occur, with ranges: ``a-z ,.``. A warning names those that never can.
        words: The words that may occur: the path of a file, a list, or ``corpus`` for the words of the training text. They
            may have a capital first letter where a sentence or a line begins. A warning names those of a file or a list that
            the model can never generate.
        pattern: A regular expression that the whole text matches, in the syntax of Python's ``re``.
        line_length: The maximum length of a line. Where a line ends, it takes the place of a space.
        acrostic: The first letters of the lines; the text has as many lines. A space is an empty line.
        particles: Continuations that are weighed against each other to find a text that obeys. Default: 32; 1 excludes
            characters only.
        on_unknown: Action for characters of the seed that the model does not know: ``error``, ``skip`` or ``replace``.
        with_seed: True to begin each text with the seed. Default: only if the seed was given.
    """

    length: int
    mode: Mode
    random_seed: int | None
    temperature: float | tuple[float, float]
    word_temperature: float | None
    window: int | None
    top_k: int
    top_p: float
    min_p: float
    dry_multiplier: float
    dry_base: float
    dry_allowed_length: int
    repetition_penalty: float
    stop: str | Sequence[str] | None
    stop_regex: str | None
    keep_stop: bool
    end: End
    avoid: str
    only: str | None
    words: str | Sequence[str] | None
    pattern: str | None
    line_length: int | None
    acrostic: str | None
    particles: int | None
    on_unknown: OnUnknown
    with_seed: bool | None


@dataclass(frozen=True, kw_only=True)
class GenerationSettings:
    """The settings of a generation; :func:`charlstm.config.build` checks their bounds.

    Attributes:
        length: Largest number of characters to generate.
        mode: Mode in which the model reads the text generated so far.
        random_seed: Random seed of the first text.
        temperature: See :class:`charlstm.inference.sampling.Sampling`, as for the following ones.
        top_k: Number of characters to draw from; 0 for all.
        top_p: Probability of the characters to draw from.
        min_p: Least fraction of the likeliest character's probability.
        repetition_penalty: Factor on the log-probabilities of characters just used.
        dry_multiplier: Logits that a repeated passage of the allowed length costs.
        dry_base: Factor for each further character.
        dry_allowed_length: Characters of a passage from which it costs something.
        word_temperature: Temperature for a word's first letter.
        window: Characters that stateless mode reads for each one; None for the model's own window.
        stop_regex: Regular expression that ends a text.
        keep_stop: True for texts that contain what ended them.
        end: The word, line, sentence or paragraph that a text completes after its length, or ``none``.
        avoid: See :class:`charlstm.inference.constraints.text_constraint.Constraints`, as for the following ones.
        only: The characters that may occur.
        words: The words that may occur.
        pattern: A regular expression that the whole text matches.
        line_length: The maximum length of a line.
        acrostic: The first letters of the lines.
        particles: Particles of each constrained text; None for 32.
    """

    length: Annotated[int, Meta(ge=0)] = 500
    mode: Mode = "stateless"
    random_seed: Annotated[int, Meta(ge=0, le=LARGEST_RANDOM_SEED)] = 0
    temperature: _Temperature | _TwoTemperatures = Sampling.temperature
    top_k: Annotated[int, Meta(ge=0)] = Sampling.top_k
    top_p: Annotated[float, Meta(ge=0.0, le=1.0)] = Sampling.top_p
    min_p: Annotated[float, Meta(ge=0.0, le=1.0)] = Sampling.min_p
    repetition_penalty: Annotated[float, Meta(ge=0.01, le=1e6)] = Sampling.repetition_penalty
    dry_multiplier: Annotated[float, Meta(ge=0.0, le=1e6)] = Sampling.dry_multiplier
    dry_base: Annotated[float, Meta(ge=1.0, le=100.0)] = Sampling.dry_base
    dry_allowed_length: Annotated[int, Meta(ge=1, le=LONGEST)] = Sampling.dry_allowed_length
    word_temperature: _Temperature | None = None
    window: Annotated[int, Meta(ge=1, le=LARGEST_WINDOW)] | None = None
    stop_regex: Annotated[str, Meta(max_length=10_000)] | None = None
    keep_stop: bool = False
    end: End = "none"
    avoid: str = ""
    only: str | None = None
    words: tuple[str, ...] | None = None
    pattern: Annotated[str, Meta(max_length=10_000)] | None = None
    line_length: Annotated[int, Meta(ge=1)] | None = None
    acrostic: Annotated[str, Meta(min_length=1)] | None = None
    particles: Annotated[int, Meta(ge=1, le=MOST_PARTICLES)] | None = None

    @property
    def sampling(self) -> Sampling:
        """The settings of the sampler."""
        first, last = self.temperature if isinstance(self.temperature, tuple) else (self.temperature, None)
        return Sampling(
            first,
            self.top_k,
            self.top_p,
            self.min_p,
            self.repetition_penalty,
            self.word_temperature,
            last,
            0 if last is None else self.length,
            self.dry_multiplier,
            self.dry_base,
            self.dry_allowed_length,
        )

    @property
    def constraints(self) -> Constraints:
        """The constraints on a text."""
        return Constraints(
            avoid=self.avoid,
            only=self.only,
            words=None if self.words is None else frozenset(self.words),
            pattern=self.pattern,
            line_length=self.line_length,
            acrostic=self.acrostic,
        )

    @property
    def rows(self) -> int:
        """The number of particles of each text; 1 for a text without constraints."""
        constrained = bool(self.constraints.names) and not self.sampling.greedy
        return (self.particles or DEFAULT_PARTICLES) if constrained else 1

    def constraints_of(self, vocabulary: Vocabulary, seeds: Sequence[str], stops: StopRules) -> tuple[TextConstraint, ...]:
        """Return the constraints compiled for each seed; none if texts are free.

        Raises:
            ConfigError: If a constraint is invalid or cannot be obeyed, or another setting does not go with it.
        """
        if not self.constraints.names:
            if self.particles is not None:
                raise ConfigError(setting="particles", expected="none for texts without constraints", found=self.particles)
            return ()
        most = stops.most(self.length)
        return constraints_of_seeds(self.constraints, vocabulary, seeds, most, stops.in_automaton)

    def reads(self, model: ModelConfig) -> ModelConfig:
        """Return the configuration of a network that reads ``window`` characters in stateless mode.

        Raises:
            ConfigError: If there is a window in stateful mode, which reads every character once.
        """
        if self.window is None:
            return model
        if self.mode == "stateful":
            raise ConfigError(setting="window", expected="none with `mode='stateful'`, which has no window", found=self.window)
        return replace(model, seq_len=self.window)

    def stop_rules(self, vocabulary: Vocabulary, strings: Sequence[str]) -> StopRules:
        """Return the rules that end a text, with stop strings in the characters of the model.

        Raises:
            ConfigError: If the regular expression is invalid, can match no text of the model or would end every text at once,
                or nothing can be kept.
        """
        if self.keep_stop and not strings and self.stop_regex is None:
            raise ConfigError("`keep_stop` keeps what ended a text; give `stop` or `stop_regex` too, or leave it out")
        if self.stop_regex is not None:
            compiled(self.stop_regex)
            if not can_match(self.stop_regex, vocabulary.characters):
                raise ConfigError(
                    setting="stop_regex", expected="an expression of characters that the model knows", found=self.stop_regex
                )
        return StopRules(tuple(strings), self.stop_regex, self.keep_stop, None if self.end == "none" else self.end)
