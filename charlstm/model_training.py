"""Training from Python: :func:`train`."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, get_args

from charlstm.checkpoint.folder import creation_obstacle
from charlstm.checkpoint.search import CURRENT
from charlstm.choices import Activation, Batches, Encoding, OnUnknown, Precision, PrecisionOrAuto, Schedule, Targets
from charlstm.errors import ConfigError, CorpusError, check_choice, check_instance
from charlstm.inference.generation_inputs import plain
from charlstm.model import Model
from charlstm.planning.environment import machine_speed
from charlstm.planning.presets import Preset
from charlstm.planning.recipe_file import read_recipe
from charlstm.planning.resume_plan import plan_resuming
from charlstm.planning.settings import field_of
from charlstm.planning.training_plan import plan_training
from charlstm.text.sources import GIVEN_AS_STRING, source_list
from charlstm.training_progress import follow

if TYPE_CHECKING:
    from charlstm.training.events import Event

Sources = str | Path | Sequence[str | Path]


class TrainingSettings(TypedDict, total=False):
    """Settings of :func:`train`, each named like the option of the command; the preset gives those that are left out."""

    min_count: int | Literal["auto"]
    input_encoding: Encoding
    embedding_size: int
    units: int | Sequence[int]
    seq_len: int
    targets: Targets
    dropout: float
    activation: Activation
    recurrent_activation: Activation
    use_bias: bool
    unit_forget_bias: bool
    input_initializer: str
    kernel_initializer: str
    recurrent_initializer: str
    bias_initializer: str
    kernel_regularizer: str
    recurrent_regularizer: str
    bias_regularizer: str
    kernel_constraint: str
    recurrent_constraint: str
    bias_constraint: str
    recurrent_dropout: float
    drop_connect: float
    batches: Batches
    batch_size: int
    state_reset: float
    epochs: float
    minutes: float
    learning_rate: float
    input_rate_multiplier: float
    schedule: Schedule
    warmup: float
    weight_decay: float
    clip_norm: float
    ema: float
    validation_split: float
    num_evaluations: int
    patience: int
    precision: PrecisionOrAuto
    gradient_precision: Precision
    save_every: float
    random_seed: int


def train(
    corpus: Sources | None = None,
    *,
    text: str | Iterable[str] | None = None,
    name: str | None = None,
    preset: Preset | None = None,
    base: str | None = None,
    resume: str | None = None,
    resume_if_exists: bool = False,
    recipe: str | Path | None = None,
    validation_file: Sources | None = None,
    on_unknown: OnUnknown = "error",
    tensorboard: str | Path | None = None,
    text_encoding: str | None = None,
    checkpoints: str | Path = CURRENT,
    progress: bool = True,
    callback: "Callable[[Event], object] | None" = None,
    page: str | Path | None = None,
    **settings: Unpack[TrainingSettings],
) -> Model:
    """Train a model on a text, which starts TensorFlow.

    KeyboardInterrupt (in a notebook: interrupting the kernel) ends the training after the present step, saves it, and returns
    the model so far; ``resume`` continues it. A second one stops at once.

    Args:
        corpus: Text files, folders of them, or patterns, read as one text.
        text: The text itself, or an iterable of texts, in place of files.
        name: Name of the new checkpoint. Default: the first file's name.
        preset: The preset of all settings that are not given. Default: standard.
        base: Name of a checkpoint to fine-tune, as a new checkpoint.
        resume: Name of a checkpoint whose training to resume.
        resume_if_exists: Resume the training of ``name`` if it exists; start it otherwise.
        recipe: Path of a TOML file of settings, which those that are given override.
        validation_file: Files of a validation text of your own; the whole corpus is trained on then.
        on_unknown: Action for characters of the validation text that the corpus lacks: ``error``, ``skip`` or ``replace``.
        tensorboard: Folder for the event files of TensorBoard.
        text_encoding: Text encoding of the files. Default: utf-8. A prepared corpus has none.
        checkpoints: The folder of checkpoints.
        progress: Show a progress bar and the notes on the text and the settings.
        callback: Called with every event of :mod:`charlstm.training.events`.
        page: Path of an HTML page to watch the training in a browser: rewritten during the training, at the end its report.
        **settings: See :class:`TrainingSettings`.

    Returns:
        The trained model, read from its checkpoint.

    Raises:
        CharlstmError: If the text or a setting cannot be used, or the training fails.
    """
    started = time.monotonic()
    given = _fields_of(settings)
    if preset is not None:
        check_choice("preset", preset, get_args(Preset))
    for setting, value in {"name": name, "base": base, "resume": resume, "text_encoding": text_encoding}.items():
        check_instance(setting, value, str | None, "a string")
    check_instance("checkpoints", checkpoints, str | PathLike, "the path of a folder")
    check_instance("page", page, str | PathLike | None, "the path of an HTML file")
    if page is not None and Path(page).suffix.lower() not in (".html", ".htm"):
        raise ConfigError(setting="page", expected="a file that ends in .html", found=str(page))
    if page is not None and not Path(page).parent.is_dir():
        raise ConfigError(setting="page", expected="a file in a folder that exists", found=str(page))
    check_instance("tensorboard", tensorboard, str | PathLike | None, "the path of a folder")
    check_instance("recipe", recipe, str | PathLike | None, "the path of a TOML file")
    if callback is not None and not callable(callback):
        raise ConfigError(setting="callback", expected="a function", found=callback)
    _check_combination(corpus, text, name, preset, base, resume, resume_if_exists)
    if resume_if_exists and name is not None and (Path(checkpoints) / name).exists():
        resume = name
    check_choice("on_unknown", on_unknown, get_args(OnUnknown))
    read = None if recipe is None else read_recipe(recipe)
    summaries = None if tensorboard is None else Path(tensorboard)
    if summaries is not None and (reason := creation_obstacle(summaries / "train")):
        raise ConfigError(setting="tensorboard", reason=f"the event files cannot be written ({reason}); choose another folder")
    validation_files = [] if validation_file is None else source_list(validation_file, "validation_file")
    with _paths(corpus, text) as paths:
        if resume is not None:
            plan = plan_resuming(
                Path(checkpoints), resume, paths, given, text_encoding, recipe=read, validation_files=validation_files
            )
            if plan.finished is not None:
                if page is not None:
                    from charlstm.report.live_page import write_page

                    write_page(Path(page), plan.folder)
                return Model(plan.folder)
        else:
            plan = plan_training(
                Path(checkpoints),
                paths,
                given,
                preset=preset or (read and read.preset) or "standard",
                recipe=read,
                validation_files=validation_files,
                on_unknown=on_unknown,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                name=name,
                base_name=base,
                text_encoding=text_encoding,
                speed=machine_speed(),
            )
        if text is not None:  # its temporary file is soon gone
            plan = replace(plan, paths=(GIVEN_AS_STRING,))
        return Model(follow(replace(plan, tensorboard=summaries), started, progress, callback, page))


def _fields_of(settings: TrainingSettings) -> dict[str, object]:
    """Return settings by the names of the fields that hold them.

    Raises:
        ConfigError: If there is no such setting.
    """
    given: dict[str, object] = {}
    for setting, number in settings.items():
        field = field_of(setting, further="; see TrainingSettings")
        value = plain(number)
        units = setting == "units" and isinstance(value, int)
        if value is not None:
            given[field] = (value,) if units else tuple(value) if isinstance(value, list) else value
    return given


def _check_combination(
    corpus: Sources | None,
    text: str | Iterable[str] | None,
    name: str | None,
    preset: Preset | None,
    base: str | None,
    resume: str | None,
    resume_if_exists: bool,
) -> None:
    """Check that the arguments can be combined.

    Raises:
        ConfigError: If they cannot.
    """
    if corpus is not None and text is not None:
        raise ConfigError("a training reads files or a text; give `corpus` or `text`, not both")
    if corpus is None and text is None and resume is None:
        raise ConfigError("there is no text to train on; give the path of a text file, or the text itself as `text`")
    if resume_if_exists and (name is None or resume is not None):
        raise ConfigError("`resume_if_exists` resumes the training of `name`; give `name`, and leave out `resume`")
    if resume is not None and (base is not None or name is not None or preset is not None):
        raise ConfigError("`resume` resumes a training with its own settings; leave out `base`, `name` and `preset`")


@contextmanager
def _paths(corpus: Sources | None, text: str | Iterable[str] | None) -> Iterator[list[str]]:
    """Yield the paths of the text, which is written to a temporary file if it is given as strings.

    Raises:
        ConfigError: If ``corpus`` does not hold paths, or ``text`` does not hold strings.
        CorpusError: If a string has lone surrogates, which no file can hold.
    """
    if text is None:
        yield [] if corpus is None else source_list(corpus, "corpus")
        return
    parts = [text] if isinstance(text, str | bytes) else text  # iterating bytes would yield numbers
    check_instance("text", parts, Iterable, "a string, or several")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        with path.open("w", encoding="utf-8", newline="") as file:
            try:
                for part in parts:
                    check_instance("text", part, str, "a string, or several")
                    file.write(part if part.endswith("\n") or isinstance(text, str) else part + "\n")
            except UnicodeEncodeError as error:
                raise CorpusError(f"the text has the lone surrogate {error.object[error.start]!r}; remove it") from None
        try:
            yield [str(path)]
        except CorpusError as error:
            raise CorpusError(*(sentence.replace(str(path), "the text") for sentence in error.args)) from None
