"""Text in, numbers out: vocabulary, corpus, windows and streams. NumPy only.

Shapes: ``N`` characters of corpus, ``V`` characters of vocabulary, ``B`` windows or streams in a batch, ``T`` characters
in a window (``seq_len``).
"""
