"""Tests of the number of threads in ``charlstm generate``."""

import pytest
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from charlstm.config import ModelConfig
from charlstm.inference.constrained_generation import continued_pieces

PANGRAM = "The quick brown fox jumps over the lazy dog.\n"


@pytest.fixture(autouse=True)
def several_threads():
    """Compute products on two threads unless told otherwise."""
    with threadpool_limits(2):
        yield


@pytest.fixture(autouse=True)
def tale(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale")


def test_small_products_run_on_one_thread_by_default(charlstm, monkeypatch):
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    seen = []

    def watched(*arguments, **options):
        seen.append(threads())
        return continued_pieces(*arguments, **options)

    monkeypatch.setattr("charlstm.model.continued_pieces", watched)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    usual = threads()
    assert set(usual) == {2}
    charlstm("generate", "--length", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    charlstm("generate", "--length", "1")
    assert seen == [[1] * len(usual), usual]
    assert threads() == usual


def test_large_products_use_several_threads(make_checkpoint, charlstm, monkeypatch, tmp_path):
    make_checkpoint(
        tmp_path / "checkpoints" / "wide", ModelConfig(vocabulary_size=len(set(PANGRAM)), seq_len=100, units=(400,))
    )
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    asked = []

    class Watched(ThreadpoolController):
        def limit(self, *, limits=None, **options):
            asked.append(limits)
            return super().limit(limits=limits, **options)

    monkeypatch.setattr("threadpoolctl.ThreadpoolController", Watched)
    for options in (["--mode", "stateful"], ["--mode", "stateless"], ["--mode", "stateful", "--samples", "200"]):
        assert charlstm("generate", "--checkpoint", "wide", "--length", "1", "--seed", "The ", *options).exit_code == 0
    assert asked == [1, None, None]
