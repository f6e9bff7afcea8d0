"""The model card: a description of a checkpoint for human readers."""

from collections.abc import Sequence

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.history import HistoryEntry, best_score
from charlstm.choices import DEFAULT_TEMPERATURE
from charlstm.config import TrainingConfig
from charlstm.formatting import bits, count_parameters, counted, decimal, exactly
from charlstm.text.vocabulary import Vocabulary

_PROTOCOL = "one pass over the {}, {}, state carried, best weights"
_ALL_LEARNED = "all characters in the vocabulary"
_TREATED = {"skip": "unknown characters left out", "replace": "unknown characters replaced by the nearest known ones"}
_SOME_RARE = "a rare character costs the placeholder and its name"


def model_card(config: CheckpointConfig, history: Sequence[HistoryEntry], sample: str) -> str:
    """Return the text of a checkpoint's ``README.md``.

    Args:
        config: The checkpoint's configuration.
        history: Its evaluations.
        sample: A text that the model generated; empty for none.
    """
    model, training, scored = config.model, config.training, best_score(history)
    name = _cell(config.corpus.name)
    own = config.validation_text
    characters = _TREATED.get(own.on_unknown if own else "error", _SOME_RARE if config.vocabulary.rare else _ALL_LEARNED)
    protocol = _PROTOCOL.format("validation text" if own else "held-out tail", characters)
    if own is None:
        protocol += f": the last {config.held_out:,} characters of the text"
    elif own.seen:
        protocol += f"; {_cell(own.seen[:1].lower() + own.seen[1:])}"
    if unknown := [_cell(base.name) for base in config.bases if not base.is_known]:
        protocol += f"; the text of {' and '.join(unknown)} is not known, and the scored text may be in it"
    parameters = count_parameters(model.weight_shapes)
    encoded = f"embedding of {model.embedding_size}" if model.encoding == "embedding" else model.encoding
    layers = " → ".join(f"LSTM {units}" for units in model.units)
    lines = [
        f"# A character-level LSTM trained on {name}",
        "",
        f"Made with charlstm, {config.created}.",
        "",
        "| | |",
        "| --- | --- |",
        f"| corpus | {name}, {config.corpus.characters:,} characters, {_distinct(config.vocabulary)} |",
        f"| fingerprint | SHA-256 `{config.corpus.fingerprint}` |",
        f"| network | window {model.seq_len} × 1 → {encoded} → {layers} → softmax {model.vocabulary_size:,} |",
        f"| parameters | {parameters:,} |",
        f"| training | targets `{model.targets}`, batches `{training.batches}` of {training.batch_size}, "
        f"learning rate {training.learning_rate:g} ({training.schedule}), dropout {model.dropout:g}, "
        f"DropConnect {model.drop_connect:g}, average of weights {training.weight_average:g}, {budget_phrase(training)}, "
        f"random seed {training.random_seed} |",
    ]
    for base in reversed(config.bases):
        held_out = round(base.validation * base.characters)
        lines.append(
            f"| fine-tuned from | {_cell(base.name)}, trained on {_cell(base.corpus)}"
            + (
                f", {base.characters:,} characters, {f'the last {held_out:,}' if held_out else 'nothing'} held out, "
                f"SHA-256 `{_cell(base.fingerprint)}` |"
                if base.is_known
                else " |"
            )
        )
    if scored:
        lines.append(f"| trained for | {counted(scored.step, 'step')}, {scored.epoch:.1f} epochs, {scored.seconds:,.0f} s |")
    if own is not None:
        lines.append(f"| validation text | {_cell(own.name)}, {config.held_out:,} characters, SHA-256 `{own.fingerprint}` |")
    if scored and scored.nats_per_char is not None:
        lines.append(
            f"| score | {decimal(scored.nats_per_char, 4)} nats = {decimal(bits(scored.nats_per_char), 4)} bits per character "
            f"({protocol}) |"
        )
    if sample:
        lines += [
            "",
            f"An unedited sample, written entirely by the model (temperature {DEFAULT_TEMPERATURE:g}, state carried):",
            "",
            *("    " + line for line in sample.split("\n")),
        ]
    return "\n".join(lines) + "\n"


def _distinct(vocabulary: Vocabulary) -> str:
    """Return a phrase for the number of distinct characters.

    >>> _distinct(Vocabulary("ab"))
    '2 distinct'
    """
    if vocabulary.rare is None:
        return f"{len(vocabulary):,} distinct"
    rare = len(vocabulary.rare.characters)
    return f"{len(vocabulary):,} distinct ones learned; {rare:,} rare ones share a placeholder that is never written"


def _cell(name: str) -> str:
    """Return a name as a table cell: escape bars, and bytes that are not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode().replace("|", "\\|")


def budget_phrase(training: TrainingConfig) -> str:
    """Return the budget of a training as a phrase.

    >>> budget_phrase(TrainingConfig(minutes=1.0, epochs=40)), budget_phrase(TrainingConfig(epochs=2.5))
    ('1 minute or 40 epochs', '2.5 epochs')
    """
    budgets = ((training.minutes, "minute"), (training.epochs, "epoch"))
    return " or ".join(exactly(budget, unit) for budget, unit in budgets if budget is not None)
