"""A trained model as files: self-contained, portable, safe to open. NumPy and safetensors only.

The format is described in docs/checkpoint-format.md.
"""
