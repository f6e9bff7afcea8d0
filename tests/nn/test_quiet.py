"""Native noise on standard error, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "charlstm" / "nn"

NOISE = f"""
import os, runpy
quiet = runpy.run_path({str(ROOM / "quiet.py")!r})["quiet"]  # without TensorFlow, which takes seconds to load
with quiet():
    os.write(2, b"native noise\\n")
    {{fail}}
os.write(2, b"after\\n")
"""


def stderr_of(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr


def test_only_noise_inside_the_block_is_suppressed():
    assert stderr_of(NOISE.format(fail="pass")) == "after\n"


def test_noise_is_shown_when_the_block_fails():
    shown = stderr_of(NOISE.format(fail="raise OSError('failed')"))
    assert shown.startswith("native noise\nTraceback")
    assert shown.endswith("OSError: failed\n")


def test_noise_is_not_shown_for_a_reported_error():
    fail = "from charlstm.errors import CharlstmError; raise CharlstmError('stated')"
    assert "native noise" not in stderr_of(NOISE.format(fail=fail))


def test_noise_is_not_shown_after_an_interrupt():
    assert "native noise" not in stderr_of(NOISE.format(fail="raise KeyboardInterrupt"))


@pytest.mark.slow
def test_importing_and_using_tensorflow_prints_nothing():
    code = """
from charlstm.config import ModelConfig
from charlstm.nn.network import build_layers
from charlstm.nn import tensorflow as tf
build_layers(ModelConfig(vocabulary_size=3, seq_len=2, units=(2,)))
tf.function(lambda: tf.random.normal((2, 2)))()
"""
    assert stderr_of(code) == ""
