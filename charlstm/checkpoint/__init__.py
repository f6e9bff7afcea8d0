"""Checkpoint files: self-contained, portable and safe to open. Imports no TensorFlow.

The format is described in docs/reference/checkpoint-format.md.
"""
