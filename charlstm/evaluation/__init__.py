"""What a trained model does with a text: how surprised it is, how far back it sees, what carrying the state changes.

Nothing here prints or trains, and nothing needs TensorFlow: networks are those of ``charlstm.inference``.

Shapes: ``N`` characters of a text, ``B`` rows, ``V`` characters of vocabulary.
"""
