"""``charlstm serve``."""

import re
from functools import cache, partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charlstm.cli.generation_inputs import threads
from charlstm.cli.key_file import read_key
from charlstm.cli.options import integer
from charlstm.cli.terminal import SearchOption, find_model, printable_name, say
from charlstm.errors import ConfigError, short_repr

if TYPE_CHECKING:
    from charlstm.model import Model


def serve(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Checkpoints to serve, the default first. Default: the newest.", metavar="NAME"),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any but this machine's own needs --api-key-file.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 chooses one.", **integer(0, 65_535))] = 8000,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the key that every request must have, 16 to 1,000 ASCII characters.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Further name that a request may have as its host.", metavar="NAME", show_default=False),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Origin of pages that may use the server, such as https://example.org.", metavar="ORIGIN", show_default=False
        ),
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="Characters that a text may get.", **integer(1))] = 10_000,
    max_n: Annotated[int, typer.Option(help="Texts of a request.", **integer(1))] = 64,
    max_prompt: Annotated[int, typer.Option(help="Characters of a prompt.", **integer(1))] = 100_000,
    max_texts: Annotated[int, typer.Option(help="Texts written at a time; others wait.", **integer(1))] = 64,
    max_queue: Annotated[int, typer.Option(help="Texts that may wait; more are refused with status 429.", **integer(0))] = 256,
    checkpoints: SearchOption = None,
) -> None:
    """Serve models over HTTP, also to OpenAI's clients.

    The page with the model is at the address that is printed. The endpoint for clients is /v1 below it; a token is a character.
    """
    from charlstm.inference.memory_checks import check_generation
    from charlstm.inference.sampling import Sampling
    from charlstm.server.access import Access, is_loopback
    from charlstm.server.app import Server, create_app
    from charlstm.server.limits import Limits
    from charlstm.server.run import bind, run

    key = None if api_key_file is None else read_key(api_key_file)
    if key is None and not is_loopback(host):
        raise ConfigError(
            f"other machines could use the server at {host} without a key; give --api-key-file, or leave out --host to serve "
            "this machine alone"
        )
    models: dict[str, Model] = {}
    wanted: list[str | None] = [*names] if names else [None]
    for name in wanted:
        model = find_model(name, checkpoints)
        shown = printable_name(model.name)
        if shown in models and models[shown].path == model.path:
            continue
        if shown in models:
            raise ConfigError(f"two models have the name {shown}; serve one of them, or rename its folder")
        models[shown] = model
    limits = Limits(max_tokens=max_tokens, max_n=max_n, max_prompt=max_prompt, max_texts=max_texts, max_queue=max_queue)
    for model in models.values():
        check_generation(model.checkpoint, max_texts, 0, "stateless", Sampling())
    allowed = [_name(each) for each in [*(allow_host or []), host]]
    origins = [_origin(each) for each in allow_origin or []]
    access = Access(hosts=allowed, origins=origins, key=key, max_body=limits.max_body)
    listening = bind(host, port)
    with threads(next(iter(models.values())).config, rows=1):
        server = Server(models, limits, cache(lambda name: _page(models, name)))
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listening.getsockname()[1]}/"
        announce = partial(say, f"Serving {', '.join(models)} on {address} (Ctrl-C ends).")
        run(create_app(server, access, say), server, listening, announce)


def _page(models: "dict[str, Model]", name: str) -> str:
    """Return the page of a model, with a menu of the others."""
    from charlstm.export.card import make_card
    from charlstm.export.html import html_page

    model = models[name]
    card, _ = make_card(model.path, model.checkpoint, model.weights, "float16", measure=False)
    return html_page(model.checkpoint, model.weights, name, card, "float16", served=list(models))


def _name(host: str) -> str:
    """Return a host as requests have it.

    Raises:
        typer.BadParameter: If it is not a name or an address alone.
    """
    if not host or "/" in host or (":" in host and not is_address(host)):
        raise typer.BadParameter(f"--allow-host: expected a name without a port, such as example.org; found {short_repr(host)}")
    return host.lower()


def _origin(origin: str) -> str:
    """Return an origin as browsers send it.

    Raises:
        typer.BadParameter: If it is not a scheme and a host.
    """
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", origin):
        expected = "expected a scheme and a host without a path, such as https://example.org"
        raise typer.BadParameter(f"--allow-origin: {expected}; found {short_repr(origin)}")
    return origin


def is_address(host: str) -> bool:
    """Return whether a host is an IP address."""
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
