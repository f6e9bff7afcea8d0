"""The text generated so far: what of it is certain, and why it ended."""

from charlstm.inference.stop_rules import StopReason, StopRules


class GeneratedText:
    """The text generated so far; it releases a character once no rule can remove it any more.

    Attributes:
        stop_reason: ``length`` if it reached the maximum length, ``stop`` if a rule ended it; None before.
    """

    def __init__(self, stops: StopRules, length: int) -> None:
        """Start an empty text.

        Args:
            stops: The rules that end the text.
            length: The maximum number of characters.
        """
        self.stop_reason: StopReason | None = None if length else "length"
        self._characters: list[str] = []
        self._released = 0
        self._stops, self._length = stops, length

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
        begin = self._stops.found(self._characters)
        if begin is not None:
            del self._characters[begin:]
            self.stop_reason = "stop"
        elif len(self._characters) == self._length:
            self.stop_reason = "length"

    def give(self, *, all_of_it: bool = False) -> str:
        """Return the characters that are certain and were not returned before; with ``all_of_it``, all that remain."""
        certain = len(self._characters) - (0 if self.stop_reason == "stop" or all_of_it else self._stops.pending)
        end = max(self._released, certain)
        piece, self._released = "".join(self._characters[self._released : end]), end
        return piece
