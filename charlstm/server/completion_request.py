"""The fields of ``POST /v1/completions``, checked for a model."""

import math
from typing import Any

import msgspec
import numpy as np

from charlstm.choices import DEFAULT_TEMPERATURE, Mode
from charlstm.errors import CharlstmError, ConfigError
from charlstm.formatting import counted
from charlstm.inference.constraints.letters import allowed_characters
from charlstm.inference.generation_settings import LARGEST_RANDOM_SEED
from charlstm.inference.stop_rules import LONGEST_END, StopRules
from charlstm.server.api_error import ApiError
from charlstm.server.completion_fields import CompletionRequest
from charlstm.server.limits import Limits
from charlstm.text.known_text import known_text
from charlstm.text.vocabulary import Vocabulary, quoted

MOST_LOGPROBS = 20
"""Alternatives for each character, at most."""

MOST_STOPS = 4
"""Stop strings of a request, at most."""


class CheckedRequest(msgspec.Struct, kw_only=True, frozen=True):
    """A request for a model, checked, without missing fields.

    Attributes:
        prompts: Texts to continue, in the characters of the model; None for a passage of the corpus.
        texts: Texts to write for each prompt.
        n: Texts to return for each prompt.
        stops: Rules that end a text before ``max_tokens``, or continue it.
        bias: Numbers to add to the logits of characters, by id.
    """

    prompts: list[str | None]
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    mode: Mode
    n: int
    texts: int
    stops: StopRules
    seed: int | None
    stream: bool
    include_usage: bool
    logprobs: int | None
    echo: bool
    bias: dict[int, float]


def check_request(request: CompletionRequest, vocabulary: Vocabulary, limits: Limits) -> CheckedRequest:
    """Check a request, and put defaults in place of what is missing.

    Raises:
        ApiError: If a field is out of bounds, or not supported.
    """
    _check_supported(request)
    stream = bool(request.stream)
    n = _integer("n", request.n, 1, 1, limits.max_n)
    texts = _integer("best_of", request.best_of, n, 1, limits.max_n)
    if texts < n:
        raise ApiError(400, f"best_of: expected at least n = {n}; found {texts}", "best_of")
    if stream and texts > n:
        raise ApiError(400, "best_of: a stream cannot choose the best of several texts; leave best_of out", "best_of")
    max_tokens = _integer("max_tokens", request.max_tokens, 16, 0, limits.max_tokens)
    echo = bool(request.echo)
    if max_tokens == 0 and not echo:
        raise ApiError(400, "max_tokens: expected at least 1; 0 is for scoring a text, with echo", "max_tokens")
    logprobs = None if request.logprobs is None else _integer("logprobs", request.logprobs, 0, 0, MOST_LOGPROBS)
    prompts = _prompts(request.prompt, vocabulary, limits, reads_rare=max_tokens == 0)
    _check_used(request, prompts)
    if len(prompts) * texts > limits.max_n:
        raise ApiError(
            400,
            f"n: expected at most {counted(limits.max_n, 'text')} in all; found {counted(len(prompts), 'prompt')} of {texts}",
            "n",
        )
    if max_tokens == 0 and texts > 1:
        raise ApiError(400, f"n: expected 1, since scoring gives the same each time; found {texts}", "n")
    stops = StopRules(_stops(request.stop, vocabulary), keep=bool(request.keep_stop), end=request.end)
    if (most := stops.most(max_tokens)) > limits.max_tokens:
        allowed = limits.max_tokens // LONGEST_END
        raise ApiError(400, f"max_tokens: expected at most {allowed:,} with end; found {max_tokens:,}", "max_tokens")
    kept = texts * sum(len(prompt or "") * echo + most for prompt in prompts)
    if logprobs is not None and kept > limits.max_scored:
        raise ApiError(400, f"logprobs: expected at most {limits.max_scored:,} characters in all; found {kept:,}", "logprobs")
    seed = None if request.seed is None else _integer("seed", request.seed, 0, 0, LARGEST_RANDOM_SEED)
    if seed is not None and seed + texts - 1 > LARGEST_RANDOM_SEED:
        most, what = LARGEST_RANDOM_SEED - texts + 1, counted(texts, "text")
        raise ApiError(400, f"seed: expected at most {most:,} for {what}, which have consecutive seeds; found {seed:,}", "seed")
    return CheckedRequest(
        prompts=prompts,
        max_tokens=max_tokens,
        temperature=_number("temperature", request.temperature, DEFAULT_TEMPERATURE, 0, 1e9),
        top_p=_number("top_p", request.top_p, 1, 0, 1),
        top_k=_integer("top_k", request.top_k, 0, 0, 1 << 30),
        min_p=_number("min_p", request.min_p, 0, 0, 1),
        repetition_penalty=_number("repetition_penalty", request.repetition_penalty, 1, 0.01, 1e6),
        mode=request.mode or "stateful",
        n=n,
        texts=texts,
        stops=stops,
        seed=seed,
        stream=stream,
        include_usage=request.stream_options is not None and request.stream_options.include_usage,
        logprobs=logprobs,
        echo=echo,
        bias={**_bias(request.logit_bias or {}, vocabulary), **_excluded(request, vocabulary)},
    )


def _check_supported(request: CompletionRequest) -> None:
    """Refuse what OpenAI's completions have and these do not."""
    if request.suffix:
        raise ApiError(400, "suffix: a character model cannot fill in text before a suffix; leave it out", "suffix")
    for name in ("presence_penalty", "frequency_penalty"):
        if getattr(request, name):
            raise ApiError(400, f"{name} is not supported; use repetition_penalty", name)
    if request.stream_options is not None and request.stream_options.include_obfuscation:
        raise ApiError(400, "stream_options: include_obfuscation is not supported; leave it out", "stream_options")


def _check_used(request: CompletionRequest, prompts: list[str | None]) -> None:
    """Refuse fields that would do nothing, except those of OpenAI that clients send in every request."""
    if request.avoid == "":
        raise ApiError(400, "avoid: expected at least one character; found an empty string", "avoid")
    if request.stream_options is not None and not request.stream:
        raise ApiError(400, "stream_options is for streams; set stream to true", "stream_options")
    if request.max_tokens == 0:
        for name in ("end", "keep_stop", "avoid", "only"):
            if getattr(request, name):
                raise ApiError(400, f"{name} is about characters to write; leave it out, or give max_tokens above 0", name)
        if None in prompts:
            raise ApiError(400, "prompt: expected a text to score with max_tokens 0; found an empty one", "prompt")
    if request.keep_stop and request.stop in (None, []):
        raise ApiError(400, "keep_stop keeps what ended a text; give stop too, or leave keep_stop out", "keep_stop")
    if request.echo and not any(prompts):
        raise ApiError(400, "echo repeats the prompt; give a prompt too, or leave echo out", "echo")


def _integer(name: str, value: int | None, usual: int, least: int, greatest: int) -> int:
    if value is None:
        return usual
    if not least <= value <= greatest:
        raise ApiError(400, f"{name}: expected an integer from {least:,} to {greatest:,}; found {value:,}", name)
    return value


def _number(name: str, value: float | None, usual: float, least: float, greatest: float) -> float:
    if value is None:
        return usual
    if not least <= value <= greatest:
        raise ApiError(400, f"{name}: expected a number from {least:g} to {greatest:g}; found {value:g}", name)
    return value


def _prompts(prompt: Any, vocabulary: Vocabulary, limits: Limits, *, reads_rare: bool) -> list[str | None]:
    if isinstance(prompt, list) and len({type(each) for each in prompt}) > 1:
        raise ApiError(400, "prompt: expected strings, or ids; found both", "prompt")
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], int):
        if wrong := [each for each in prompt if not 0 <= each < len(vocabulary)]:
            raise ApiError(400, f"prompt: expected ids from 0 to {len(vocabulary) - 1}; found {wrong[0]}", "prompt")
        prompt = "".join(vocabulary.characters[each] for each in prompt)
    given = [prompt] if prompt is None or isinstance(prompt, str) else prompt
    if not given:
        raise ApiError(400, "prompt: expected a string, or several; found none", "prompt")
    return [_prompt(each, vocabulary, limits, reads_rare=reads_rare) for each in given]


def _prompt(text: str | None, vocabulary: Vocabulary, limits: Limits, *, reads_rare: bool) -> str | None:
    if not text:
        return None
    if len(text) > limits.max_prompt:
        raise ApiError(400, f"prompt: expected at most {limits.max_prompt:,} characters; found {len(text):,}", "prompt")
    try:
        known = known_text(vocabulary, text)
    except CharlstmError as error:
        raise ApiError(400, f"prompt: {error}", "prompt") from None
    unknown = vocabulary.unknown(known)
    if unknown and not (reads_rare and vocabulary.rare is not None):
        raise ApiError(400, f"prompt: the model does not know {quoted(unknown)}", "prompt")
    return known


def _stops(stop: str | list[str] | None, vocabulary: Vocabulary) -> tuple[str, ...]:
    given = [] if stop is None else [stop] if isinstance(stop, str) else stop
    if len(given) > MOST_STOPS:
        raise ApiError(400, f"stop: expected at most {MOST_STOPS} strings; found {len(given)}", "stop")
    if any(not each for each in given):
        raise ApiError(400, "stop: expected at least one character; found an empty string", "stop")
    # A string with a character that the model does not know can never be generated: it stops nothing.
    return tuple(known for each in given if not vocabulary.unknown(known := known_text(vocabulary, each)))


def _bias(given: dict[str, float], vocabulary: Vocabulary) -> dict[int, float]:
    ids = {character: number for number, character in enumerate(vocabulary.characters)}
    bias = {}
    for name, value in given.items():
        # A number is an id, as in OpenAI's requests; a digit can be named by its id.
        found = int(name) if name.isascii() and name.isdecimal() and len(name) < 10 else ids.get(name, -1)
        if not 0 <= found < len(vocabulary):
            raise ApiError(400, f"logit_bias: expected characters of the model, or ids; found {name[:20]!r}", "logit_bias")
        bias[found] = _number("logit_bias", value, 0, -100, 100)
    return bias


def _excluded(request: CompletionRequest, vocabulary: Vocabulary) -> dict[int, float]:
    """Return the biases of the characters that ``avoid`` and ``only`` exclude."""
    if request.avoid is None and request.only is None:
        return {}
    try:
        allowed = allowed_characters(vocabulary, request.avoid or "", request.only)
    except ConfigError as error:
        raise ApiError(400, str(error), "avoid" if request.only is None else "only") from None
    return dict.fromkeys(np.flatnonzero(~allowed).tolist(), -math.inf)
