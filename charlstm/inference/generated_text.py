"""The text generated so far: what of it is certain, and why it ended."""

from charlstm.inference.stop_rules import StopReason, StopRules, StopSearch


class GeneratedText:
    """The text generated so far; it releases a character once no rule can remove it any more.

    Attributes:
        stop_reason: ``length`` if it reached its greatest length, ``stop`` or ``end`` if a rule ended it; None before.
    """

    def __init__(self, stops: StopRules, length: int) -> None:
        """Start an empty text.

        Args:
            stops: The rules that end the text.
            length: The number of characters, as far as the rules do not say otherwise.
        """
        self.stop_reason: StopReason | None = None if length else "length"
        self._characters: list[str] = []
        self._released = 0
        self._search = StopSearch(stops, length)

    def __len__(self) -> int:
        """Return the number of characters."""
        return len(self._characters)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self._characters)

    def append(self, character: str) -> None:
        """Append a character, unless the text has ended."""
        if self.stop_reason:
            return
        self._characters.append(character)
        if ended := self._search.read(self._characters):
            length, self.stop_reason = ended
            del self._characters[length:]

    def give(self, *, all_of_it: bool = False) -> str:
        """Return the characters that are certain and were not returned before; with ``all_of_it``, all that remain."""
        ended = all_of_it or self.stop_reason in ("stop", "end")
        end = max(self._released, len(self._characters) if ended else self._search.certain)
        piece, self._released = "".join(self._characters[self._released : end]), end
        return piece
