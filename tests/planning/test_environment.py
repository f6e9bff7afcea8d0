"""The choice of precision and the estimate of the speed, on machines simulated by files."""

import pytest

from charlstm.planning import environment
from charlstm.planning.cost_model import TWO_FAST_CORES, Speed
from charlstm.planning.environment import environment_record, fastest_precision, machine_speed, processor

NEW, AMX, OLD = (f"flags : fpu sse {flags}\n" for flags in ("avx512f avx512_bf16", "amx_tile amx_bf16", "avx2 avx512f"))


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    def processor(text: str | None, *, gpu: bool = False) -> None:
        path = tmp_path / "cpuinfo"
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(environment, "_PROCESSOR", path)
        monkeypatch.setattr(environment, "_GPUS", (tmp_path / "none", tmp_path if gpu else tmp_path / "none"))

    return processor


@pytest.mark.parametrize(("text", "expected"), [(NEW, "bfloat16"), (AMX, "bfloat16"), (OLD, "float32"), (None, "float32")])
def test_bfloat16_needs_processor_instructions(pretend, text, expected):
    pretend(text)
    assert fastest_precision(32, "one-hot") == expected


X86, AVX512 = "flags : fpu sse2 avx avx2\n", "flags : fpu sse2 avx avx2 avx512f\n"


@pytest.mark.parametrize(
    ("text", "cores", "slowdown", "phrase"),
    [
        (X86, 1, 4.8, "one core without AVX-512 trains"),
        (X86, 2, 2.4, "2 cores without AVX-512 train"),
        (X86, 4, 1.2, "4 cores without AVX-512 train"),
        (X86, 5, 1.0, "two fast cores train"),
        (AVX512, 1, 2.0, "one core trains"),
        (AVX512, 2, 1.0, "two fast cores train"),
        (AVX512, 64, 1.0, "two fast cores train"),
        ("Features : fp asimd\n", 1, 1.0, "two fast cores train"),  # ARM
        (None, 1, 1.0, "two fast cores train"),
    ],
)
def test_speed_follows_from_cores_and_instructions(pretend, monkeypatch, text, cores, slowdown, phrase):
    pretend(text)
    monkeypatch.setattr(environment, "cores", lambda: cores)
    assert machine_speed() == Speed(pytest.approx(slowdown), phrase)
    assert machine_speed(alike=True) == TWO_FAST_CORES
    pretend(text, gpu=True)
    assert machine_speed() == TWO_FAST_CORES


def test_environment_record_has_the_processor(pretend):
    pretend("processor : 0\nmodel name\t: Difference Engine 2\n" + NEW)
    assert environment_record()["processor"] == processor() == "Difference Engine 2"
    pretend(None)
    assert processor()


def test_one_row_scalar_encoding_and_gpus_use_float32(pretend):
    pretend(NEW)
    assert fastest_precision(1, "one-hot") == "float32"
    assert fastest_precision(32, "scalar") == "float32"
    pretend(NEW, gpu=True)
    assert fastest_precision(32, "one-hot") == "float32"


@pytest.mark.parametrize("processor", [NEW, OLD])
def test_the_users_precision_overrides_the_automatic_one(pretend, plan, processor):
    pretend(processor)
    here = "bfloat16" if processor == NEW else "float32"
    assert plan().config.training.precision == here
    assert plan(given={"precision": "auto"}).config.training.precision == here
    assert plan(given={"precision": "float32"}).config.training.precision == "float32"
    assert plan(given={"precision": "bfloat16"}).config.training.precision == "bfloat16"
    assert plan(preset="classic").config.training.precision == "float32"
    assert plan(given={"batch_size": 1}).config.training.precision == "float32"
    assert plan(given={"encoding": "scalar"}).config.training.precision == "float32"


def test_precision_depends_on_the_adapted_batch_size(pretend, plan, tmp_path):
    pretend(NEW)
    (tmp_path / "short.txt").write_text("The quick brown fox jumps over the lazy dog.\n" * 20)
    training = plan(tmp_path / "short.txt").config.training
    assert (training.batch_size, training.precision) == (1, "float32")
