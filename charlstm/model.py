"""A trained model: loading it, generating with it, and writing it in other formats."""

import secrets
import warnings
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from charlstm.checkpoint.search import find_model
from charlstm.choices import Engine, ExportFormat, OnnxInput, WeightsFormat
from charlstm.errors import check_instance
from charlstm.inference.constrained_generation import continued_pieces
from charlstm.inference.constraints.letters import unwritable_notes
from charlstm.inference.constraints.words import unwritable_words_note
from charlstm.inference.generation import Sample, generate_texts
from charlstm.inference.generation_inputs import GenerationInputs, generation_inputs
from charlstm.inference.generation_settings import GenerationOptions
from charlstm.model_reading import ReadingModel
from charlstm.text.sources import source_list

if TYPE_CHECKING:
    import keras

    from charlstm.export.exporting import Exported


class Model(ReadingModel):
    """A trained model.

    Its methods change nothing in it, so several threads can use one model at the same time. Shapes: ``V`` characters of
    vocabulary, ``T`` characters of text, ``u`` units of a layer.

    Attributes:
        path: Folder of its checkpoint.
        name: Name of its checkpoint.
        checkpoint: Everything that the checkpoint records: network, vocabulary, training, corpus and bases.
    """

    def generate(self, seed: str | None = None, **options: Unpack[GenerationOptions]) -> str:
        """Generate one text.

        Args:
            seed: The text to continue; a passage of the corpus if None.
            **options: See :class:`GenerationOptions`.

        Returns:
            The seed, if it was given, and its continuation, as the command prints them.

        Raises:
            CharlstmError: If an option is invalid, or the model does not know a character of the seed or of a stop string.

        >>> len(load("ferry").generate("The ferry ", length=50, temperature=0))
        60
        """
        return "".join(self.stream(seed, **options))

    def generate_batch(
        self, seed: str | Sequence[str] | None = None, samples: int = 1, **options: Unpack[GenerationOptions]
    ) -> list[str]:
        """Generate several texts from consecutive random seeds at once, which is faster than one after the other.

        Args:
            seed: As for :meth:`generate`, or several, whose texts follow in this order.
            samples: Number of texts for each seed.
            **options: See :class:`GenerationOptions`.

        Raises:
            CharlstmError: As :meth:`generate`.

        >>> [text[:4] for text in load("ferry").generate_batch(["Nan ", "The "], samples=2, length=20)]
        ['Nan ', 'Nan ', 'The ', 'The ']
        """
        inputs = self._inputs(seed, samples, **options)
        return [inputs.opening(sample.seed or "") + sample.text for sample in self.samples(inputs)]

    def generate_samples(
        self,
        seed: str | Sequence[str] | None = None,
        samples: int = 1,
        logprobs: int | None = None,
        **options: Unpack[GenerationOptions],
    ) -> list[Sample]:
        """Generate texts as :meth:`generate_batch` does, with why each ended and how likely its characters were.

        Args:
            seed: As for :meth:`generate_batch`.
            samples: Number of texts for each seed.
            logprobs: Number of likeliest characters to report for each character; None to report no log-probabilities.
            **options: See :class:`GenerationOptions`.

        Returns:
            The texts without their seeds. Log-probabilities are of the model's own distribution, before temperature and every
            other sampling setting.

        Raises:
            CharlstmError: As :meth:`generate`.

        >>> (sample,) = load("ferry").generate_samples("The ferr", logprobs=1, length=1, temperature=0)
        >>> sample.text, sample.stop_reason, list(sample.logprobs[0].top), round(sample.logprobs[0].logprob, 1)
        ('y', 'length', ['y'], -0.0)
        """
        return list(self.samples(self._inputs(seed, samples, logprobs, **options)))

    def stream(self, seed: str | None = None, **options: Unpack[GenerationOptions]) -> Iterator[str]:
        """Generate one text, and yield each piece of it as soon as it is certain, the seed first.

        The arguments are those of :meth:`generate`. Closing the iterator ends the work.

        Raises:
            CharlstmError: As :meth:`generate`, when it is called.
        """
        check_instance("seed", seed, str | None, "a string, or None for a passage of the corpus")
        inputs = self._inputs(seed, 1, **options)
        pieces = self.pieces(inputs)

        def texts() -> Iterator[str]:
            if inputs.with_seed:
                yield inputs.seeds[0]
            for (piece,) in pieces:
                if piece:
                    yield piece

        return texts()

    def _inputs(
        self,
        seed: str | Sequence[str] | None,
        samples: int,
        logprobs: int | None = None,
        /,
        **options: Unpack[GenerationOptions],
    ) -> GenerationInputs:
        if options.get("random_seed") is None:
            options["random_seed"] = secrets.randbelow(2**31)
        notes = []
        if (words := options.get("words")) is not None:
            options["words"] = allowed = self.word_list(words)
            if words != "corpus":  # rare words of a corpus are left out by design
                notes = unwritable_words_note(self.vocabulary, allowed)
        inputs = generation_inputs(self.checkpoint, seed, samples, logprobs, **options)
        for note in unwritable_notes(self.vocabulary, inputs.settings.avoid, inputs.settings.only) + notes:
            warnings.warn(note, stacklevel=3)
        return inputs

    def pieces(
        self, inputs: GenerationInputs, engine: Engine = "numpy", number: int = 0
    ) -> Generator[list[str], None, list[Sample]]:
        """Yield the texts that continue one seed of checked inputs, by its number, piece by piece.

        See :func:`charlstm.inference.constrained_generation.continued_pieces`.
        """
        settings = inputs.settings
        return continued_pieces(
            self.decoder(settings.mode, engine, settings.window),
            self.vocabulary,
            inputs.seeds[number],
            inputs.constraints[number] if inputs.constraints else None,
            particles=settings.rows,
            random_seeds=inputs.random_seeds,
            length=settings.length,
            sampling=settings.sampling,
            stops=inputs.stops,
            logprobs=inputs.logprobs,
        )

    def samples(self, inputs: GenerationInputs, engine: Engine = "numpy") -> Iterator[Sample]:
        """Yield the texts of checked inputs in the order of the seeds, those of one seed together."""
        for number, seed in enumerate(inputs.seeds):
            for sample in generate_texts(self.pieces(inputs, engine, number)):
                yield replace(sample, seed=seed)

    def to_keras(self, *, stateful: bool = False, batch_size: int | None = None) -> "keras.Model":
        """Return the model as a ``keras.Model`` of standard layers only, which starts TensorFlow.

        It reads normalised windows ``id / V``, ``[B, seq_len, 1]``, and returns probabilities: ``[B, V]`` if the model predicts
        after the window, ``[B, seq_len, V]`` if it predicts at every position. It can be saved as ``.keras`` and loaded
        without charlstm.

        Args:
            stateful: True for LSTM layers that carry their state between calls, for any number of characters in a call.
            batch_size: Number of rows, which a stateful model needs: 1 by default. None leaves it open otherwise.
        """
        from charlstm.nn.plain_keras import plain_keras

        return plain_keras(self.config, self.weights, stateful=stateful, batch_size=batch_size)

    def export(
        self,
        to: str | Path,
        *,
        format: ExportFormat | None = None,  # noqa: A002 (the setting's name)
        weights: WeightsFormat | None = None,
        corpus: str | Path | Sequence[str | Path] = (),
        text_encoding: str = "utf-8",
        stateful: bool = False,
        input: OnnxInput = "ids",  # noqa: A002 (the setting's name)
        int8: bool = False,
    ) -> "Exported":
        """Write the model in a format that works without charlstm; a file that exists is replaced.

        Args:
            to: A file to write, whose name ends in ``.html`` (a page that writes in any browser), ``.keras``, ``.onnx``,
                ``.pt.safetensors`` (PyTorch), ``.tflite`` (LiteRT) or ``.py`` (a program in NumPy); or a folder:
                ``savedmodel`` (TensorFlow), with any other name an ES module.
            format: ``html``, ``module``, ``keras``, ``onnx``, ``torch``, ``savedmodel``, ``litert`` or ``numpy``, if the name
                does not say it.
            weights: The format of the stored weights: ``float16``, the default for a browser, halves the file.
            corpus: Files of the corpus, if it has moved, to score weights in float16 or int8 on its held-out end.
            text_encoding: Text encoding of these files.
            stateful: For ``.keras``: layers that carry their state between calls, for one text.
            input: For ``.onnx``: character ids, or ``window`` for normalised windows.
            int8: For ``.tflite``: large matrices as 8-bit integers, which take a quarter of the space.

        Returns:
            The path, the size, and the score of the stored weights if the held-out text was found.

        Raises:
            CharlstmError: If an argument is invalid, or the file cannot be written.
        """
        from charlstm.export.exporting import export_model
        from charlstm.export.formats import FormatOptions

        return export_model(
            self.path,
            self.checkpoint,
            self.weights,
            to,
            name=self.name,
            file_format=format,
            weights_format=weights,
            corpus=source_list(corpus, "corpus", least=0),
            text_encoding=text_encoding,
            options=FormatOptions(stateful=stateful, input=input, int8=int8),
        )


def load(
    checkpoint: str | Path | None = None, *, checkpoints: str | Path | None = None, weights: WeightsFormat = "float32"
) -> Model:
    """Load a trained model.

    Args:
        checkpoint: Name or folder of its checkpoint; the newest one if None.
        checkpoints: The folder of checkpoints to search. By default ``./checkpoints``, then the user's data folder, then the
            demo model that comes with the package.
        weights: ``float16`` to round the weights as an exported file does, and so to generate the same texts.

    Raises:
        CheckpointError: If there is no such checkpoint, or it is damaged.
    """
    check_instance("checkpoint", checkpoint, str | PathLike | None, "the name or the path of a checkpoint")
    check_instance("checkpoints", checkpoints, str | PathLike | None, "the path of a folder")
    wanted = None if checkpoint is None else str(checkpoint)
    return Model(find_model(wanted, None if checkpoints is None else Path(checkpoints)), weights)
