"""The base class of every result."""

from typing import Any, Self

import msgspec
from msgspec import UNSET, UnsetType, field
from msgspec.structs import replace

__all__ = ["UNSET", "JsonRecord", "UnsetType", "field", "replace"]


class JsonRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object with fixed keys, in the order of the fields.

    A field that is ``UNSET`` has no key. An ``Attributes`` section documents the fields, for docs/reference/json.md.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object.

        >>> from charlstm.results.scores import ScoreRecord
        >>> ScoreRecord(nats_per_char=1.5, bits_per_char=2.16).to_dict()
        {'nats_per_char': 1.5, 'bits_per_char': 2.16}
        """
        found: dict[str, Any] = msgspec.to_builtins(self, str_keys=True)
        return found

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the record of a JSON object, as :meth:`to_dict` gives it.

        Raises:
            msgspec.DecodeError: If it is not one.
        """
        return msgspec.json.decode(text, type=cls)
