"""The records of ``config.json``: the model of a checkpoint, its vocabulary, its training settings and its corpus."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from charlstm.checkpoint.sketches import Sketches
from charlstm.choices import OnUnknown
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import clip_text
from charlstm.text.vocabulary import Vocabulary

MAX_NAME = 1 << 21
"""Longest name of a corpus, in characters: the joined names of as many files as a command line can hold."""

MAX_WINDOWS = 64
"""Most windows of a corpus; fewer are ever written."""

MAX_WINDOW = 20_000
"""Longest window of a corpus, in characters; shorter ones are written."""

MAX_BASE_NAME = 1_000
"""Longest name of a base or of its corpus, in characters; longer ones are shortened."""


@dataclass(frozen=True, kw_only=True)
class CorpusRecord:
    """The corpus of a checkpoint.

    Attributes:
        name: File names, without folders.
        fingerprint: SHA-256 of the text in UTF-8.
        characters: Length N of the text, in characters.
        windows: A few passages of the text, used as seed texts when none is given.
    """

    name: Annotated[str, Meta(max_length=MAX_NAME)]
    fingerprint: Annotated[str, Meta(max_length=64)]
    characters: Annotated[int, Meta(ge=1, le=2**53)]
    windows: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=MAX_WINDOW)], ...], Meta(min_length=1, max_length=MAX_WINDOWS)
    ]

    @property
    def is_known(self) -> bool:
        """False for the text of an imported model, if its user has not given it."""
        return self.characters > 1

    @property
    def has_passages(self) -> bool:
        """False if no passage of the text is known, so that the windows are single characters."""
        return max(map(len, self.windows)) > 1

    @property
    def example(self) -> str:
        """A short text that the model knows, for examples of its use."""
        return self.windows[0][:20]


@dataclass(frozen=True, kw_only=True)
class BaseRecord:
    """A model that a checkpoint was fine-tuned from.

    Attributes:
        name: Name of its checkpoint.
        corpus: Name of the text that it was trained on.
        fingerprint: SHA-256 of that text in UTF-8.
        characters: Length N of that text, in characters.
        validation: Fraction of that text that was held out, at its end.
    """

    name: Annotated[str, Meta(max_length=MAX_BASE_NAME)]
    corpus: Annotated[str, Meta(max_length=MAX_BASE_NAME)]
    fingerprint: Annotated[str, Meta(max_length=64)]
    characters: Annotated[int, Meta(ge=1, le=2**53)]
    validation: Annotated[float, Meta(ge=0.0, le=0.9)]

    @property
    def is_known(self) -> bool:
        """False if the model was imported without its text."""
        return self.characters > 1


@dataclass(frozen=True, kw_only=True)
class ValidationRecord:
    """A validation text of the user's own, which is not a part of the corpus.

    Attributes:
        name: File names, without folders.
        fingerprint: SHA-256 of the text in UTF-8.
        characters: Length of the scored text, in characters.
        on_unknown: Treatment of characters of the text that the model does not know.
        trained_share: Estimated fraction of the text that the weights were trained on, 0 if none is recognised. It is written
            only if it is not 0: older releases refuse it.
    """

    name: Annotated[str, Meta(max_length=MAX_NAME)]
    fingerprint: Annotated[str, Meta(max_length=64)]
    characters: Annotated[int, Meta(ge=2, le=2**53)]
    on_unknown: OnUnknown = "error"
    trained_share: Annotated[float, Meta(ge=0, le=1)] = 0.0

    @property
    def seen(self) -> str:
        """A sentence without its end about the trained part of the text; empty if none is recognised.

        >>> ValidationRecord(name="a.txt", fingerprint="", characters=9, trained_share=0.5).seen
        'About 50 % of a.txt was trained on: the score is better than on new text'
        """
        if not self.trained_share:
            return ""
        share = f"About {max(1, round(100 * self.trained_share))} %"
        return f"{share} of {clip_text(self.name)} was trained on: the score is better than on new text"


@dataclass(frozen=True, kw_only=True)
class CheckpointConfig:
    """The content of ``config.json``.

    Attributes:
        model: Settings of the network.
        vocabulary: The characters that the model learned, and the rare ones that share a placeholder, if any.
        training: Settings of the training.
        corpus: The text that it was trained on.
        created: Start of the training, ISO 8601 in UTC.
        bases: The models that it was fine-tuned from, the oldest first; empty if it was trained from scratch.
        sketches: Sketches of what each base and the model itself were trained on; empty if none was recorded.
        validation_text: The text that it is scored on; None if that is the end of the corpus, or nothing.
        imported: Name of the file that it was imported from, trained elsewhere: ``training`` is a default then. None otherwise.
    """

    model: ModelConfig
    vocabulary: Vocabulary
    training: TrainingConfig
    corpus: CorpusRecord
    created: str
    bases: tuple[BaseRecord, ...] = ()
    sketches: Sketches = ()
    validation_text: ValidationRecord | None = None
    imported: str | None = None

    @property
    def held_out(self) -> int:
        """Number of characters that the model is scored on: of the validation text, or else of the end of the corpus."""
        if self.validation_text is not None:
            return self.validation_text.characters
        return round(self.training.validation * self.corpus.characters)
