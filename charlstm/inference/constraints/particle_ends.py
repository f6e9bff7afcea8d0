"""Rules that end a constrained text: each particle ends where a rule applies first and the text before obeys."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from charlstm.inference.stop_rules import StopReason, StopRules, StopSearch


@dataclass
class _Particle:
    """A particle, as far as rules read it.

    Attributes:
        search: The search for its end.
        obeys: Whether its first n characters obey, by n.
        characters: Its characters.
        ended: Its length and the reason, once a rule has ended it.
    """

    search: StopSearch
    obeys: list[bool]
    characters: list[str] = field(default_factory=list)
    ended: tuple[int, StopReason] | None = None

    def copied(self) -> "_Particle":
        """Return a copy that grows on its own."""
        return replace(self, search=copy(self.search), obeys=self.obeys[:], characters=self.characters[:])


class ParticleEnds:
    """The search for the end of each of R particles."""

    def __init__(self, rules: StopRules, length: int, obeys: Sequence[bool]) -> None:
        """Start empty texts.

        Args:
            rules: The rules.
            length: The number of characters, as far as the rules do not say otherwise.
            obeys: Whether the empty text obeys, for each particle: R.
        """
        self._particles = [_Particle(StopSearch(rules, length), [each]) for each in obeys]

    def read(self, characters: str, obeys: Sequence[bool], over: NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Read the next character of each particle, and whether the text obeys with it: R.

        Args:
            characters: The characters.
            obeys: Whether each text obeys with its character.
            over: True for particles that have ended otherwise.

        Returns:
            The particles that end now, each with its length.
        """
        now = []
        for row, (particle, character, each) in enumerate(zip(self._particles, characters, obeys, strict=True)):
            if particle.ended is None and not over[row]:
                particle.characters.append(character)
                particle.obeys.append(each)
                particle.ended = particle.search.read(particle.characters, particle.obeys)
                if particle.ended is not None:
                    now.append((row, particle.ended[0]))
        return now

    def gather(self, rows: NDArray[np.int64]) -> None:
        """Replace the particles by copies: rows ``[R]``."""
        self._particles = [self._particles[row].copied() for row in rows.tolist()]

    @property
    def certain(self) -> NDArray[np.int64]:
        """The number of characters of each particle that no rule can remove any more: ``[R]``."""
        return np.array([each.search.certain if each.ended is None else each.ended[0] for each in self._particles])

    def reason(self, row: int) -> StopReason | None:
        """Return why a particle ended; None if no rule ended it."""
        ended = self._particles[row].ended
        return None if ended is None else ended[1]
