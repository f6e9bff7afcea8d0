"""charlstm: train a character-level LSTM on a text, and generate text with it.

The packages, from the lowest to the highest. Each may import only those before it::

    errors, config, formatting < text < checkpoint < inference < planning < nn < training < inspection, evaluation, report < cli

Only ``nn`` and ``training`` import TensorFlow, and only ``training`` and ``cli`` import them, so that the rest starts quickly.
"""

__version__ = "0.1.0"
