"""The Typer classes of the program: how errors end it, and the layout of the help."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise, takewhile
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from charlstm.cli.flags import FORMER_OPTIONS, flag, with_flags
from charlstm.cli.terminal import abandon, printable_name, say
from charlstm.errors import CharlstmError, ConfigError, short_repr, suggestion

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""Base class of Typer's usage errors, which Typer does not export."""

_MISSING = "expected a value; found none"
_FURTHER = re.compile(r"Got unexpected extra argument\(s\) \((.*)\)", re.DOTALL)

_WHOLE = "\N{NON-BREAKING HYPHEN}"
"""Replaces hyphens while help is wrapped, so that no option is broken after one."""

_MEMORY_ADVICE = {
    "generate": "reduce --samples, or use --mode stateful",
    "compare": "reduce --length or --windows",
    "evaluate": "score a shorter text",
    "inspect": "use a shorter text",
    "history": "compare fewer runs",
    "serve": "reduce --max-texts",
    "import": "import a smaller model",
    "train": "reduce --units, --batch-size or --seq-len",
}
"""Advice after an out-of-memory error, by command."""


class Program(TyperGroup):
    """The group of all commands. Its errors are one line on stderr and an exit code, not Typer's boxes."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **options: Any) -> Any:  # noqa: ARG002
        """Parse the arguments before the command; the program's name is always ``charlstm``."""
        with _errors_reported():
            return super().make_context("charlstm", args, *more, **options)

    def invoke(self, ctx: Any) -> Any:
        """Parse the arguments after the command, and run it."""
        with _errors_reported(ctx):
            return super().invoke(ctx)


@contextmanager
def _errors_reported(context: typer.Context | None = None) -> Iterator[None]:
    """End the process with one sentence on errors of the user and limits of the machine.

    Args:
        context: Context with the command's name, if the command line was parsed that far.
    """
    try:
        try:
            yield
        except typer.Exit:  # raised by --help, --version and interrupted trainings
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except UsageError as error:
        failed = getattr(error, "ctx", None)
        command = failed.command_path if failed else f"charlstm {_command(context)}".rstrip()
        _end(2, f"{_usage(error)}; see {command} --help")
    except ConfigError as error:
        option = f"{flag(error.setting)}: " if error.setting else ""
        _end(error.exit_code, f"{option}{error.reason}")
    except CharlstmError as error:
        _end(error.exit_code, *map(str, error.args))
    except KeyboardInterrupt:
        with suppress(OSError):
            sys.stdout.flush()  # output comes before the message about it
        say("")
        _end(130, "interrupted")
    except MemoryError:
        _end(1, f"out of memory; {_MEMORY_ADVICE.get(_command(context), 'close other programs')}")
    except ImportError as error:
        if (error.name or "").startswith("charlstm"):
            raise
        while isinstance(error.__context__, ImportError):  # the first error is the cause; NumPy and TensorFlow wrap it
            error = error.__context__
        _end(1, f"a library cannot be loaded ({error}); raise the memory limit if there is one, or install charlstm again")
    except BrokenPipeError:  # the reader of the output closed the pipe
        abandon(sys.stdout)
        sys.exit(0)
    except OSError as error:
        from charlstm.files import write_advice

        if not error.filename:
            abandon(sys.stdout)
        what = f"{error.filename} cannot be used" if error.filename else "the output cannot be written"
        _end(1, f"{what} ({error.strerror}); {write_advice(error, 'place')}")


def _command(context: typer.Context | None) -> str:
    """Return the name of the command; empty before it is known."""
    return (context and context.invoked_subcommand) or ""


def _end(code: int, sentence: str, *rows: str) -> NoReturn:
    # Names with line ends must not break a line.
    say("\n".join([f"charlstm: {printable_name(with_flags(sentence))}", *map(printable_name, map(with_flags, rows))]))
    sys.exit(code)


def _usage(error: Any) -> str:
    """Return a usage error as one sentence in the style of the other errors."""
    if isinstance(error, typer.BadParameter):
        if error.param is None:
            return error.message
        is_option = error.param.param_type_name == "option"
        return f"{_longest(error.param.opts) if is_option else error.param.name.upper()}: {error.message or _MISSING}"
    if hasattr(error, "possibilities"):
        return f"no such option {error.option_name}{suggestion(error.option_name, error.possibilities or ())}"
    if hasattr(error, "option_name"):
        return f"{error.option_name}: {'expected no value' if 'does not take' in error.message else _MISSING}"
    if further := _FURTHER.fullmatch(error.message):
        return f"expected no further argument; found {short_repr(further[1])}"
    message = re.sub(r"\. Did you mean (.*\?)$", r" (did you mean \1)", error.format_message().rstrip("."))
    return f"{message[:1].lower()}{message[1:]}"


def _longest(names: list[str]) -> str:
    """Return the longest of an option's names that are shown."""
    return max((name for name in names if name not in FORMER_OPTIONS), key=len)


def _current(names: str) -> str:
    """Return an option's names in the help without its former ones.

    >>> _current("--ema, --weight-average F"), _current("-i, --interactive")
    ('--ema F', '-i, --interactive')
    """
    return re.sub("|".join(rf", {name}(?![\w-])" for name in FORMER_OPTIONS), "", names)


def _check_values(context: typer.Context, parameters: Sequence[Any], arguments: Sequence[str]) -> None:
    """Check that no option stands where another one expects its value.

    Raises:
        typer.BadParameter: If one does.
    """
    options = [parameter for parameter in parameters if parameter.param_type_name == "option"]
    names = {name for option in options for name in (*option.opts, *option.secondary_opts)}
    with_value = {name for option in options if not option.is_flag for name in option.opts}
    for name, value in pairwise(takewhile(lambda argument: argument != "--", arguments)):
        if name in with_value and value in names:
            found = f"expected a value; found {value}, an option (if it is the value: {name}={value})"
            raise typer.BadParameter(f"{name}: {found}", context)


class Command(TyperCommand):
    """A command whose help lists options under the headings of their panels, without cut lines or broken names.

    An option is not read as the value of another one: in ``--seed --length 10`` the value of ``--seed`` is missing.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments of the command, after refusing options in the place of values."""
        _check_values(ctx, self.get_params(ctx), args)
        return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help, with lines that end between words."""
        return str(super().get_help(ctx)).replace(_WHOLE, "-")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of the help that list arguments and options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            is_option = parameter.param_type_name == "option"
            heading = getattr(parameter, "rich_help_panel", None) or ("Options" if is_option else "Arguments")
            if record := parameter.get_help_record(ctx):
                name = _current(record[0]) if is_option else str(parameter.metavar)
                sections.setdefault(heading, []).append((name, record[1].replace("-", _WHOLE)))
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)
