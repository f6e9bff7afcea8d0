"""The fields in the body of ``POST /v1/completions``, each with its type."""

import json
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from charlstm.choices import Mode, TextEnd
from charlstm.errors import clip_text, join_alternatives, suggestion
from charlstm.server.api_error import ApiError


class StreamOptions(msgspec.Struct, forbid_unknown_fields=True):
    """Options of a stream."""

    include_usage: bool = False
    include_obfuscation: bool = False


class CompletionRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields of OpenAI's completions, with some of this program.

    Those are ``mode``, ``top_k``, ``min_p``, ``repetition_penalty``, ``end``, ``keep_stop``, ``avoid`` and ``only``. A token is
    a character.
    A field that is null counts as missing.
    """

    model: str | None = None
    prompt: str | list[str | int] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    best_of: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logprobs: int | None = None
    echo: bool | None = None
    suffix: str | None = None
    logit_bias: dict[str, float] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    user: str | None = None
    mode: Mode | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    end: TextEnd | None = None
    keep_stop: bool | None = None
    avoid: str | None = None
    only: str | None = None


_decode = msgspec.json.Decoder(CompletionRequest).decode

_EXPECTED = {
    "prompt": "a string, a list of strings or a list of ids",
    "stop": "a string or a list of strings",
    "logit_bias": "an object of numbers, by character or id",
    "stream_options": "an object",
}
_WORDS = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}


def read_request(body: bytes) -> CompletionRequest:
    """Return the request in a body.

    Raises:
        ApiError: If it is not a JSON object of such fields.
    """
    try:
        try:
            return _decode(body)
        except msgspec.ValidationError:
            raise _refusal(msgspec.json.decode(body)) from None
    except UnicodeDecodeError:
        raise ApiError(400, "the body is not valid UTF-8") from None
    except RecursionError:
        raise ApiError(400, "the body has too many lists or objects inside each other") from None
    except msgspec.ValidationError:  # of a body without types
        raise ApiError(400, "the body has a number that is too large") from None
    except msgspec.DecodeError as error:
        raise ApiError(400, f"the body is not valid JSON: {error}") from None


def _refusal(body: Any) -> ApiError:
    """Return the error that names the first wrong field of a body."""
    if not isinstance(body, dict):
        return ApiError(400, f'the body: expected a JSON object, such as {{"prompt": "The "}}; found {_found(body)}')
    for field, problem in _problems(CompletionRequest, body):
        return ApiError(400, problem, clip_text(field, 100))
    return ApiError(400, "the body is not an object of these fields: " + ", ".join(CompletionRequest.__struct_fields__))


def _problems(kind: type[msgspec.Struct], body: dict[str, Any], inside: str = "") -> list[tuple[str, str]]:
    """Return the fields of an object that are unknown or of another type, with a sentence for each."""
    hints = {field.name: field.type for field in msgspec.structs.fields(kind)}
    problems = []
    for name, value in body.items():
        if name not in hints:
            hint = suggestion(name, list(hints)) or f"; there are {', '.join(hints)}"
            problems.append((name, f"{inside}there is no field {_found(name)}{hint}"))
        elif not _fits(value, hints[name]):
            if name == "stream_options" and isinstance(value, dict):
                within = _problems(StreamOptions, value, "stream_options: ")
                problems += [(name, sentence) for _, sentence in within]
            else:
                expected = _EXPECTED.get(name) or _described(hints[name])
                hint = suggestion(value, _choices(hints[name]))
                found = _part(value, hints[name]) if name in _EXPECTED else _found(value)
                problems.append((name, f"{inside}{name}: expected {expected}; found {found}{hint}"))
    return problems


def _fits(value: Any, hint: Any) -> bool:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return True


def _choices(hint: Any) -> tuple[str, ...]:
    """Return the words that a field takes; none if it takes any value of its type."""
    words = [each for each in get_args(hint) if get_origin(each) is Literal]
    return get_args(words[0]) if words else ()


def _described(hint: Any) -> str:
    """Return the valid values of a field, which may be null."""
    if choices := _choices(hint):
        return join_alternatives(choices)
    return _WORDS[get_args(hint)[0] if get_origin(hint) in (Union, UnionType) else hint]


def _part(value: Any, hint: Any) -> str:
    """Return the part of a value that does not fit its field."""
    if isinstance(value, list) and (wrong := [each for each in value if not _fits([each], hint)]):
        return f"{_found(wrong[0])} in the list"
    if isinstance(value, dict):
        for name, each in value.items():
            if not _fits({name: each}, hint):
                return f"{_found(each)} for {_found(name)}"
    return _found(value)


def _found(value: Any) -> str:
    """Return a JSON value for use in a sentence.

    >>> _found("20"), _found(True), _found(["a"])
    ('"20"', 'true', 'a list')
    """
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return clip_text(json.dumps(value, ensure_ascii=False), 80)
