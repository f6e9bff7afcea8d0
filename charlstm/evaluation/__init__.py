"""Evaluation of a trained model on a text: surprisal, useful context length and the effect of carrying the state.

Nothing here prints or trains. The networks come from ``charlstm.inference``, so TensorFlow is not needed.

Shapes: ``N`` characters of a text, ``B`` rows, ``V`` characters of vocabulary.
"""
