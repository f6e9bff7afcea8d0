"""A text that a user and a model write in turn: a tree of additions, and the one at which the text stands."""

from dataclasses import dataclass, replace
from pathlib import Path

from charlstm.choices import End
from charlstm.inference.sampling import Sampling
from charlstm.text.boundaries import needs_space


@dataclass(frozen=True)
class Step:
    """One addition to a text: the user's line, then the characters that the model generated.

    Attributes:
        given: The user's text.
        written: The model's text.
        parent: Index of the step before it; None for the first.
        complete: True if it ends with a whole word or sentence.
    """

    given: str
    written: str
    parent: int | None = None
    complete: bool = False

    @property
    def text(self) -> str:
        """The addition."""
        return self.given + self.written


@dataclass(frozen=True)
class Draft:
    """The text generated so far, with all that was tried, and the settings for its next step.

    Attributes:
        steps: Every addition, in the order in which they were made.
        current: Index of the last step of the text; None for an empty text.
        sampling: Sampling settings.
        length: Characters to generate at a time.
        end: The word, line, sentence or paragraph that the model then completes, or ``none``.
        random_seed: Random seed of the next step.
        alternatives: Next words that were listed.
        saved: File that the text was written to last.
    """

    steps: tuple[Step, ...]
    current: int | None
    sampling: Sampling
    length: int
    end: End
    random_seed: int
    alternatives: tuple[str, ...] = ()
    saved: Path | None = None

    @property
    def path(self) -> list[int]:
        """Indices of the steps of the text, the first one first."""
        indices, index = list[int](), self.current
        while index is not None:
            indices.append(index)
            index = self.steps[index].parent
        return indices[::-1]

    @property
    def parts(self) -> list[Step]:
        """The steps of the text."""
        return [self.steps[index] for index in self.path]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(step.text for step in self.parts)

    @property
    def written(self) -> int:
        """Number of characters that the model generated: the position in its random numbers."""
        return sum(len(step.written) for step in self.parts)

    @property
    def complete(self) -> bool:
        """True if the text ends with a whole word or sentence, so that a space may be missing before what follows."""
        return self.current is not None and self.steps[self.current].complete

    def joined(self, given: str, *, whole_words: bool = False) -> str:
        """Return a line of the user with a space before it, and one after it, where they are missing.

        A space also follows a word that the user chose or typed; without it, the model could add letters to the word. If the
        model may end anywhere, it may also continue any word.

        Args:
            given: The line.
            whole_words: True if the line ends with a whole word.
        """
        chosen = self.current is not None and not self.steps[self.current].written
        if self.complete and needs_space(self.text, given or "a" * chosen):
            given = f" {given}"
        if whole_words and given and self.end != "none" and needs_space(given, "a"):
            given = f"{given} "
        return given

    def added(self, given: str, written: str, *, complete: bool) -> "Draft":
        """Return the draft with one more step."""
        steps = (*self.steps, Step(given, written, self.current, complete))
        return replace(self, steps=steps, current=len(steps) - 1, alternatives=())

    def at(self, index: int | None) -> "Draft":
        """Return the draft whose text ends with a step; what follows will have other random numbers."""
        return replace(self, current=index, random_seed=self.random_seed + 1, alternatives=())

    def children(self, index: int | None) -> list[int]:
        """Return the indices of the steps that follow a step."""
        return [number for number, step in enumerate(self.steps) if step.parent == index]
