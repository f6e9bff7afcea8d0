"""A trained model's expectations of texts: next characters and words, surprisal, scores, activations."""

from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from charlstm.choices import Mode, OnUnknown
from charlstm.errors import check_choice, check_integer
from charlstm.inference.finite import check_finite
from charlstm.inference.generation import likeliest_next
from charlstm.inference.network import any_weights
from charlstm.model_files import ModelFiles
from charlstm.text.known_text import known_ids

if TYPE_CHECKING:
    from charlstm.inference.next_words import NextWords
    from charlstm.inspection.activations import Activations
    from charlstm.report.notebook import ColouredText, Score


class ReadingModel(ModelFiles):
    """A trained model that reads texts."""

    def next(
        self, text: str, top: int | None = 5, mode: Mode = "stateful", on_unknown: OnUnknown = "error"
    ) -> list[tuple[str, float]]:
        """Return the likeliest next characters of a text with their probabilities, the likeliest first.

        Args:
            text: At least one character.
            top: Number of characters; None for all ``V``, whose probabilities sum to 1.
            mode: ``stateful`` reads the whole text, ``stateless`` its last window.
            on_unknown: Action for characters that the model does not know: ``error``, ``skip`` or ``replace``.

        Raises:
            CharlstmError: If the text is empty or has characters that the model does not know.

        >>> import charlstm
        >>> charlstm.load("ferry").next("The ferr", top=1)[0][0]
        'y'
        """
        if top is not None:
            top = check_integer("top", top, 1)
        ids = known_ids(self.vocabulary, text, on_unknown, least=1)
        characters = self.vocabulary.characters
        return [(characters[place], p) for place, p in likeliest_next(self.decoder(mode), ids, len(characters))[:top]]

    def next_words(
        self,
        text: str,
        top: int = 10,
        mode: Mode = "stateful",
        on_unknown: OnUnknown = "error",
        *,
        word_ended: bool = False,
    ) -> "NextWords":
        """Return the likeliest next words of a text with their probabilities, found by a search over their spellings.

        A word comes with the white space and punctuation before it. If the text ends in a word, the rest of that word is one,
        too. In scripts without spaces a character is a word.

        Args:
            text: At least one character.
            top: Number of words.
            mode: As for :meth:`next`.
            on_unknown: As for :meth:`next`.
            word_ended: True if the last word of the text is complete, so that no letter follows it.

        Returns:
            The words, as an enumeration of all spellings would list them; ``complete`` is False if the search was ended before
            it found as many.

        Raises:
            CharlstmError: As :meth:`next`.

        >>> import charlstm
        >>> words = charlstm.load("ferry").next_words("The ri", top=3)
        >>> words.words[0].text, words.complete
        ('ver', True)
        """
        from charlstm.inference.next_words import next_words

        top = check_integer("top", top, 1, 1_000)
        check_choice("mode", mode, get_args(Mode))
        ids = known_ids(self.vocabulary, text, on_unknown, least=1)
        return next_words(self.network, self.vocabulary, ids, mode, top, word_ended=word_ended)

    @any_weights
    def surprisal(self, text: str, on_unknown: OnUnknown = "error") -> NDArray[np.float64]:
        """Return the surprisal of every character but the first, given all those before it.

        Args:
            text: At least two characters.
            on_unknown: As for :meth:`next`.

        Returns:
            Nats: ``[T - 1]``. That of a rare character includes the cost of naming it.

        Raises:
            CharlstmError: If the text is too short or has characters that the model does not know.
        """
        from charlstm.evaluation.surprisal import stateful_surprisal

        ids = known_ids(self.vocabulary, text, on_unknown)
        return check_finite(stateful_surprisal(self.network, ids, naming=self.vocabulary.naming_nats(ids)))

    def score(self, text: str, mode: Mode = "stateful", on_unknown: OnUnknown = "error") -> "Score":
        """Return the mean surprisal of a text.

        Args:
            text: At least two characters.
            mode: ``stateful`` carries the state through the text; ``stateless`` gives each character a window before it.
            on_unknown: As for :meth:`next`.

        Raises:
            CharlstmError: As :meth:`surprisal`.
        """
        from charlstm.evaluation.scores import evaluate, sampled_starts
        from charlstm.report.notebook import Score

        check_choice("mode", mode, get_args(Mode))
        if mode == "stateful":
            nats = self.surprisal(text, on_unknown)
            return Score.of(float(nats.mean()), len(nats) + 1)
        ids = known_ids(self.vocabulary, text, on_unknown)
        window, naming = self.config.seq_len, self.vocabulary.naming_nats(ids)
        found = evaluate(self.network, ids, sampled_starts(len(ids), len(ids), 0), [window], naming=naming)
        return Score.of(found.nats_per_char(window), len(ids))

    def coloured(self, text: str, on_unknown: OnUnknown = "error") -> "ColouredText":
        """Return a text that a notebook shows with its surprising characters coloured; see :meth:`surprisal`."""
        from charlstm.report.notebook import ColouredText

        read = self.vocabulary.decode(known_ids(self.vocabulary, text, on_unknown))
        return ColouredText(read, self.surprisal(read))

    def activations(self, text: str, layer: int = 1, on_unknown: OnUnknown = "error") -> "Activations":
        """Return what the gates, the cell state and the hidden state of a layer are along a text, from a zero state.

        Args:
            text: At least one character.
            layer: Number of the LSTM layer, from 1.
            on_unknown: As for :meth:`next`.

        Returns:
            ``i``, ``f``, ``g``, ``o``, ``c`` and ``h``, each ``[T, u]`` in float32.

        Raises:
            ConfigError: If there is no such layer.
            CharlstmError: If the text has characters that the model does not know.
        """
        from charlstm.inspection.activations import activations_along

        layer = check_integer("layer", layer, 1, len(self.config.units))
        return activations_along(self.network, known_ids(self.vocabulary, text, on_unknown, least=1))[layer - 1]
