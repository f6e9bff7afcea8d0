"""``POST /v1/completions``: from a checked request to its response."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from charlstm.inference.generation_inputs import default_seed
from charlstm.inference.logprobs import CharacterLogprob
from charlstm.inference.sampling import Sampling
from charlstm.inference.shared_batch import BatchText
from charlstm.model import Model
from charlstm.server.api_error import ApiError
from charlstm.server.completion_request import CheckedRequest
from charlstm.server.engine import Engine
from charlstm.server.json_response import LAST_EVENT, event
from charlstm.server.writing import Part, Writing

PAUSE = 0.02
"""Seconds between two chunks of a text, at least: everything written between is sent together."""


class Completion:
    """The answer to a request: its texts and the objects that describe them."""

    def __init__(self, model: Model, engine: Engine, request: CheckedRequest, name: str) -> None:
        """Make the texts, without starting them."""
        self.request, self.engine, self.model, self.name = request, engine, model, name
        self.id, self.created = f"cmpl-{secrets.token_hex(12)}", int(time.time())
        seed = secrets.randbelow(1 << 31) if request.seed is None else request.seed
        self.writings = [self._writing(prompt, seed + number) for prompt in request.prompts for number in range(request.texts)]

    async def response(self) -> dict[str, Any]:
        """Write all texts, and return the body of the response.

        Raises:
            ApiError: If the server ends before.
        """
        parts = [[part async for each in _parts(writing, pause=0) for part in each] for writing in self.writings]
        request = self.request
        chosen: list[int] = []
        for first in range(0, len(parts), request.texts):
            group = range(first, first + request.texts)
            best = sorted(group, key=lambda place: -self.writings[place].mean_logprob)
            chosen += best[: request.n] if request.texts > request.n else group
        choices = [self._choice(index, parts[place], self._offset(place)) for index, place in enumerate(chosen)]
        return {**self._head(), "choices": choices, "usage": self.usage()}

    async def events(self) -> AsyncIterator[bytes]:
        """Write all texts, and yield them as server-sent events."""
        queue: asyncio.Queue[tuple[int, list[Part] | ApiError]] = asyncio.Queue()
        tasks = [asyncio.create_task(_follow(index, writing, queue)) for index, writing in enumerate(self.writings)]
        offsets = [self._offset(index) for index in range(len(tasks))]
        unfinished = len(tasks)
        usage = {"usage": None} if self.request.include_usage else {}
        try:
            while unfinished:
                index, parts = await queue.get()
                if isinstance(parts, ApiError):
                    yield event(parts.body())
                    return
                yield event({**self._head(), "choices": [self._choice(index, parts, offsets[index])], **usage})
                offsets[index] += sum(len(part.text) for part in parts)
                unfinished -= parts[-1].finish_reason is not None
            if self.request.include_usage:
                yield event({**self._head(), "choices": [], "usage": self.usage()})
            yield LAST_EVENT
        finally:
            for task in tasks:
                task.cancel()

    def usage(self) -> dict[str, int]:
        """Return the numbers of characters read and written."""
        prompt = sum(len(text or "") for text in self.request.prompts)
        written = sum(writing.written for writing in self.writings)
        return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}

    def _writing(self, prompt: str | None, random_seed: int) -> Writing:
        request, vocabulary = self.request, self.model.vocabulary
        text = default_seed(self.model.checkpoint, random_seed) if prompt is None else prompt
        ids = vocabulary.encode_any(text) if request.max_tokens == 0 else vocabulary.encode(text)
        sampling = Sampling(request.temperature, request.top_k, request.top_p, request.min_p, request.repetition_penalty)
        reports = request.logprobs is not None or request.texts > request.n
        return Writing(
            text=BatchText(ids, len(vocabulary), request.mode, sampling, random_seed, request.bias, reports),
            vocabulary=vocabulary,
            length=request.max_tokens,
            stops=request.stops,
            prompt=text,
            naming_nats=vocabulary.naming_nats(ids),
            logprobs=request.logprobs,
            echo=request.echo and prompt is not None,
        )

    def _offset(self, index: int) -> int:
        """Return the place of a text's first character, counted from the beginning of its prompt."""
        return 0 if self.request.echo else len(self.request.prompts[index // self.request.texts] or "")

    def _head(self) -> dict[str, Any]:
        return {"id": self.id, "object": "text_completion", "created": self.created, "model": self.name}

    def _choice(self, index: int, parts: Sequence[Part], offset: int) -> dict[str, Any]:
        tokens = [token for part in parts for token in part.tokens]
        return {
            "index": index,
            "text": "".join(part.text for part in parts),
            "logprobs": None if self.request.logprobs is None else _logprobs(tokens, offset),
            "finish_reason": parts[-1].finish_reason,
        }


def _logprobs(tokens: Sequence[CharacterLogprob], offset: int) -> dict[str, Any]:
    """Return the log-probabilities as OpenAI's completions have them."""
    return {
        "tokens": [token.character for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [None if token.logprob is None else token.top for token in tokens],
        "text_offset": list(range(offset, offset + len(tokens))),
    }


async def _parts(writing: Writing, pause: float) -> AsyncIterator[list[Part]]:
    """Yield the parts of a text as they come, several together if they come fast.

    Raises:
        ApiError: If the text ends with an error.
    """
    while True:
        await writing.ready.wait()
        writing.ready.clear()
        parts = [writing.parts.popleft() for _ in range(len(writing.parts))]
        if parts:
            yield parts
        if parts and parts[-1].finish_reason is not None:
            return
        if writing.error is not None:
            raise writing.error if isinstance(writing.error, ApiError) else ApiError(500, "the text could not be written")
        await asyncio.sleep(pause)


async def _follow(index: int, writing: Writing, queue: "asyncio.Queue[tuple[int, list[Part] | ApiError]]") -> None:
    """Put the parts of a text into a queue, or its error."""
    try:
        async for parts in _parts(writing, PAUSE):
            queue.put_nowait((index, parts))
    except ApiError as error:
        queue.put_nowait((index, error))
