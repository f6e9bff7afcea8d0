"""charlstm: train a character-level LSTM on a text and let it write.

The rooms, and the direction in which they may import one another::

    cli ──► training ──► recipe ──► checkpoint ──► text ──► errors, config
     └─────────┴──────► inference ──────┘

TensorFlow is imported by ``charlstm.training`` alone, so that everything else starts at once.
"""

__version__ = "0.1.0"
