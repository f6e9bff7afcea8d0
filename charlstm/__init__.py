"""charlstm: train a character-level LSTM on a text, and generate text with it.

    >>> import charlstm
    >>> model = charlstm.load("ferry")
    >>> text = model.generate("The ferry ", length=300, temperature=0.6, mode="stateful", random_seed=1)
    >>> text.startswith("The ferry "), len(text)
    (True, 310)

The packages, from the lowest to the highest. Each may import only those before it::

    errors, choices, config, files, formatting, machine
    < text < checkpoint < inference < planning < nn < training < inspection, evaluation, report < export, importing
    < model, training_progress, model_training, model_comparison, model_import, model_mixture < cli

Only ``nn`` and ``training`` import TensorFlow. The others import them inside functions, so that the rest starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charlstm import errors
    from charlstm.inference.generation import Sample
    from charlstm.inference.generation_settings import GenerationOptions
    from charlstm.inference.next_words import NextWords
    from charlstm.inspection.activations import Activations
    from charlstm.model import Model, load
    from charlstm.model_comparison import Comparison, compare
    from charlstm.model_import import import_model
    from charlstm.model_mixture import MixedModel, mix
    from charlstm.model_training import TrainingSettings, train
    from charlstm.report.notebook import ColouredText, Score
    from charlstm.text.corpus import Corpus, read_corpus
    from charlstm.text.preparation import prepare_corpus

__version__ = "0.1.0"

__all__ = [
    "Activations",
    "ColouredText",
    "Comparison",
    "Corpus",
    "GenerationOptions",
    "MixedModel",
    "Model",
    "NextWords",
    "Sample",
    "Score",
    "TrainingSettings",
    "compare",
    "errors",
    "import_model",
    "load",
    "mix",
    "prepare_corpus",
    "read_corpus",
    "train",
]

_MODULES = {
    "Activations": "inspection.activations",
    "ColouredText": "report.notebook",
    "Comparison": "model_comparison",
    "Corpus": "text.corpus",
    "GenerationOptions": "inference.generation_settings",
    "MixedModel": "model_mixture",
    "Model": "model",
    "NextWords": "inference.next_words",
    "Sample": "inference.generation",
    "Score": "report.notebook",
    "TrainingSettings": "model_training",
    "compare": "model_comparison",
    "import_model": "model_import",
    "load": "model",
    "mix": "model_mixture",
    "prepare_corpus": "text.preparation",
    "read_corpus": "text.corpus",
    "train": "model_training",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the command line imports this package too, and should answer at once."""
    if name == "errors":
        return import_module("charlstm.errors")
    if name not in _MODULES:
        raise AttributeError(f"module 'charlstm' has no attribute {name!r}")
    return getattr(import_module(f"charlstm.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return [*__all__, "__version__"]
