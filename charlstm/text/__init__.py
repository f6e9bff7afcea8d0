"""Conversion of text to batches of numbers: vocabulary, corpus, windows and streams. NumPy only.

Shapes: ``N`` characters of corpus, ``V`` characters of vocabulary, ``B`` windows or streams in a batch, ``T`` characters
in a window (``seq_len``).
"""
