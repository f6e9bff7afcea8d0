"""Limits of a request."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a server.

    Attributes:
        max_tokens: Characters that a text may get.
        max_n: Texts of a request: prompts times ``n`` or ``best_of``.
        max_prompt: Characters of a prompt.
        max_texts: Texts that are written at a time; others wait.
        max_queue: Texts that may wait; a request beyond them is refused with status 429.
        max_body: Bytes of a request.
        max_scored: Characters of all texts of a request for which log-probabilities are kept.
    """

    max_tokens: int = 10_000
    max_n: int = 64
    max_prompt: int = 100_000
    max_texts: int = 64
    max_queue: int = 256
    max_body: int = 1_000_000
    max_scored: int = 400_000


RETRY_AFTER = 2
"""Seconds after which a client may try again when the queue is full."""
