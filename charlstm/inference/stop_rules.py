"""What ends a text before its maximum length."""

from dataclasses import dataclass
from typing import Literal

StopReason = Literal["length", "stop"]


@dataclass(frozen=True)
class StopRules:
    """The rules that end a text.

    Attributes:
        strings: Strings each of which ends the text; the text does not contain it.
    """

    strings: tuple[str, ...] = ()

    @property
    def pending(self) -> int:
        """The greatest number of characters at the end of a text that can be the beginning of a stop string."""
        return max((len(string) for string in self.strings), default=1) - 1

    def found(self, characters: list[str]) -> int | None:
        """Return where a stop string begins that ends with the last character of a text; None if there is none."""
        for string in self.strings:
            if "".join(characters[-len(string) :]) == string:
                return len(characters) - len(string)
        return None


NO_STOPS = StopRules()
"""No rules: a text ends at its maximum length."""
