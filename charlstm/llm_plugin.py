"""The plugin for the command ``llm``: each model of this machine is a model ``charlstm/NAME`` of it."""

from collections.abc import Callable, Iterator
from typing import Any

import llm
from pydantic import Field

from charlstm.checkpoint.folder import list_checkpoints
from charlstm.checkpoint.search import checkpoint_folders
from charlstm.choices import DEFAULT_TEMPERATURE, Mode
from charlstm.model import load


@llm.hookimpl
def register_models(register: Callable[..., None]) -> None:
    """Register the models that are found without a folder."""
    names: set[str] = set()
    for folder in checkpoint_folders():
        for path, _ in list_checkpoints(folder)[0] if folder.is_dir() else []:
            if path.name not in names:  # the first folder wins, as for the command
                names.add(path.name)
                register(Charlstm(path.name))


class Charlstm(llm.Model):
    """A model of this machine. The prompt is continued; a conversation is not: a character model has no turns."""

    can_stream = True

    class Options(llm.Options):
        """The options of a text, with the names and meanings of the library."""

        length: int = Field(default=300, ge=1, description="Characters to write")
        temperature: float = Field(default=DEFAULT_TEMPERATURE, ge=0, description="Below 1 safer, above 1 bolder")
        top_k: int = Field(default=0, ge=0, description="Draw from the k likeliest characters only; 0 for all")
        top_p: float = Field(default=1.0, ge=0, le=1, description="Draw from the characters with this probability together")
        min_p: float = Field(default=0.0, ge=0, le=1, description="Draw from characters with this share of the likeliest one's")
        mode: Mode = Field(default="stateful", description="stateful or stateless")
        random_seed: int | None = Field(default=None, ge=0, description="Random seed; a new one each time without it")
        stop: str | None = Field(default=None, description="A text that ends the writing")

    def __init__(self, name: str) -> None:
        self.name = name
        self.model_id = f"charlstm/{name}"

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Iterator[str]:  # noqa: ARG002
        """Yield the continuation of a prompt, piece by piece."""
        options = {name: value for name, value in prompt.options.model_dump().items() if value is not None}
        yield from load(self.name).stream(prompt.prompt or None, with_seed=False, **options)
