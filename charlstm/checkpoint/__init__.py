"""Checkpoint files: self-contained, portable and safe to open. Uses NumPy and safetensors only.

The format is described in docs/checkpoint-format.md.
"""
