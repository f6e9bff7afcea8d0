"""The benchmarks run at a tiny size and report every entry; their timings mean nothing here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.network import step_seconds
from benchmarks.recipes import table

RUN = {"text": "a.txt", "sha256": "a", "preset": "quick", "minutes": None, "parameters": 1_000, "seconds": 61.0, "epochs": 2.0}


def results(module: str, *arguments: str) -> dict:
    command = [sys.executable, "-m", f"benchmarks.{module}", "--json", *arguments]
    root = Path(__file__).parent.parent
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout)


@pytest.mark.slow
def test_training():
    (found,) = results("training", "--size", "1x8", "--batch", "8", "--steps", "5", "--rounds", "1").values()
    # bfloat16 is measured on processors with instructions for it.
    for precision in ("float32", *["bfloat16"] * ("charlstm bfloat16" in found)):
        for name in (
            f"charlstm {precision}",
            f"keras {precision}",
            f"ceiling {precision}, cut up",
            f"ceiling {precision}, by rows",
        ):
            assert found[name]["milliseconds"] > 0
    assert found["charlstm's input"]["milliseconds"] > 0


@pytest.mark.slow
def test_preparing():
    found = results("preparing", "--megabytes", "2")
    assert [(row["text"], row["task"]) for row in found[:3]] == [("ASCII", "prepare"), ("ASCII", "open"), ("ASCII", "read")]
    assert len(found) == 10
    assert all(row["characters"] > 500_000 and row["seconds"] > 0 for row in found)


@pytest.mark.slow
def test_vocabulary():
    found = results("vocabulary", "--characters", "65", "300", "--precision", "float32", "--rounds", "1")
    assert found["float32"]["300"]["over_smallest"] > 0
    assert found["writing"]["300"].keys() == found["writing"]["65"].keys() >= {"products, 1", "stateful top-p 0.9, 32"}


@pytest.mark.slow
def test_generation():
    found = results("generation", "--size", "1x8", "--rounds", "1")
    assert found["start_up_seconds"] > 0
    assert found["1x8"]["charlstm stateful, 1 at once, 1 thread"] > found["1x8"]["model.predict loop stateful"]


@pytest.mark.slow
def test_generation_against_another_version():
    found = results("generation", "--size", "1x8", "--rounds", "1", "--against", str(Path(__file__).parent.parent))["1x8"]
    assert all(number > 0 for number in found.values())
    assert "stateless, 1 at once, this / that" in found


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_browser_engine():
    found = results("browser_engine", "--seconds", "0.1")
    for kind in ("simd", "plain"):
        assert all(speed > 0 for speed in found[kind]["characters_per_second"])


@pytest.mark.slow
def test_growth():
    found = results("growth", "--megabytes", "1", "--rounds", "1")
    assert found["corpus"]["1"]["step_milliseconds"] > found["corpus"]["1"]["batch_milliseconds"]
    assert {"window", "units", "characters", "batch"} <= found.keys()


@pytest.mark.slow
def test_reading():
    found = results("reading", "--megabytes", "1", "--repeat", "1")
    assert {entry["reader"] for entry in found} == {"ours", "tutorial"}


@pytest.mark.slow
def test_saving(tmp_path):
    found = results("saving", "--folder", str(tmp_path), "--rounds", "2")["saving"]
    assert [one["preset"] for one in found] == ["quick", "standard", "best"]
    assert all(0 < one["share"] <= 0.02 for one in found)
    assert 10e6 < found[0]["bytes"] < found[1]["bytes"] < found[2]["bytes"]


@pytest.mark.slow
def test_gradient_precision(tmp_path):
    (tmp_path / "a.txt").write_text("the quick brown fox " * 100)
    small = ["--units", "4", "--seq-len", "8", "--batch-size", "4", "--epochs", "1", "--num-evaluations", "1"]
    (found,) = results("gradient_precision", str(tmp_path / "a.txt"), "--seeds", "5", *small)["gradient_precision"]
    assert found["seed"] == 5
    assert found["float32"] > 0
    assert found["bfloat16"] == pytest.approx(found["float32"], rel=0.1)


@pytest.mark.parametrize(("workers", "milliseconds"), [(8, 33), (64, 81), (512, 528)])
def test_the_cost_model_gives_the_figures_of_the_guide(workers, milliseconds):
    seconds = step_seconds(0.087, workers, 1_220_000, latency=0.5e-3, bandwidth=0.65e9, overhead=1.5e-3)
    assert round(1e3 * seconds) == milliseconds


def own_devices() -> bool:
    """Return whether this user may create network devices."""
    return os.access("/dev/net/tun", os.W_OK) and shutil.which("ip") is not None and os.geteuid() == 0


@pytest.mark.slow
@pytest.mark.skipif(not own_devices(), reason="network devices cannot be created")
def test_network():
    small = ["--workers", "2", "--units", "--floats", "1000", "--rounds", "1", "--delay", "5"]
    (found,) = results("network", *small)["network"]
    assert found["seconds"] > 2 * 0.005  # two stages


@pytest.mark.slow
def test_scaling():
    found = results(
        "scaling", "--units", "8", "--batch", "8", "--steps", "2", "--rounds", "1", "--floats", "1000", "--most-workers", "2"
    )["scaling"]
    assert [(one["workers"], one["what"]) for one in found] == [*[(n, "training") for n in (1, 1, 2, 1)], (2, "exchange")]
    assert all(one["seconds"] > 0 for one in found)
    assert found[-1]["bytes"] > 8 * 1000


@pytest.mark.slow
def test_measuring():
    found = results("measuring", "--megabytes", "1", "--characters", "2000")
    assert all(seconds > 0 for seconds in found["evaluation_seconds"].values())
    assert found["search"]["1"]["longest_copy"] >= 60


@pytest.mark.slow
def test_recipes(tmp_path):
    kept = tmp_path / "runs.jsonl"
    short = ("--presets", "quick", "--random-seeds", "1", "--minutes", "0.3", "--dynamic", "quick", "--results", str(kept))
    found = results("recipes", "data/villages.txt", *short)
    (run,) = found["runs"]
    assert run["machine"] == found["machine"]
    assert run["training"]["minutes"] == 0.3
    assert 0 <= run["stateless_error"] < 1  # 0 if every position of a short text is scored
    assert 0 < run["dynamic"] < 4
    assert 0 < run["stateless"] < 4
    assert run["seconds"] == pytest.approx(18, abs=5)
    assert results("recipes", "data/villages.txt", *short)["runs"] == [run]  # stored results are reused


def test_preset_table_has_mean_and_range_over_random_seeds():
    figures = [(1.0, 2.0, 0.1, None), (2.0, 4.0, 0.2, None), (1.5, 3.0, 0.3, None)]
    names = ("stateful", "stateless", "stateless_error", "dynamic")
    runs = [{**RUN, **dict(zip(names, each, strict=True))} for each in figures]
    runs.append({**runs[0], "preset": "classic", "minutes": 10.0, "dynamic": 0.5})
    runs.append({**runs[0], "sha256": "b", "text": "b.txt", "seconds": 1_234.4})
    assert table(runs).splitlines()[2:] == [
        "| a.txt | `quick` | 3 | 61 | 2.0 | 1,000 | 1.5000 (1.0000-2.0000) | 3.0000 (2.0000-4.0000) ± 0.3000 | - |",
        "| a.txt | `classic`, 10 minutes | 1 | 61 | 2.0 | 1,000 | 1.0000 (1.0000-1.0000) | 2.0000 (2.0000-2.0000) ± 0.1000 "
        "| 0.5000 (0.5000-0.5000) |",
        "| b.txt | `quick` | 1 | 1,234 | 2.0 | 1,000 | 1.0000 (1.0000-1.0000) | 2.0000 (2.0000-2.0000) ± 0.1000 | - |",
    ]


@pytest.mark.slow
def test_formats():
    found = results("formats", "--characters", "5", "--rounds", "1")
    assert all(measured["megabytes"] > 0.1 for measured in found.values())
    assert found.pop(".pt.safetensors")
    assert all(measured["characters_per_second"] > 0 for measured in found.values())


@pytest.mark.slow
def test_repetition():
    found = results("repetition", "--samples", "2", "--length", "30", "--temperature", "0.3", "1")
    assert found.keys() == {"0.3", "1"}
    assert all(0 <= each["loops"] <= 1 and each["known"] > 0.5 for settings in found.values() for each in settings.values())


@pytest.mark.slow
def test_ensemble(tmp_path):
    (tmp_path / "tale.txt").write_text("The quick brown fox jumps over the lazy dog.\n" * 60)
    options = "--epochs 0.2 --units 8 --seq-len 8 --num-evaluations 1 --validation-split 0.1"
    found = results("ensemble", str(tmp_path / "tale.txt"), "--random-seeds", "1", "2", f"--settings={options}")
    assert found.keys() == {"random seed 1", "random seed 2", "2 models mixed"}
    assert all(0 < nats < 5 for nats in found.values())


@pytest.mark.slow
def test_constraints():
    assert results("constraints", "--rounds", "1", "--texts", "2", "--draws", "100")


@pytest.mark.slow
def test_history():
    found = results("history", "--runs", "3")
    assert found["runs"] == 3
    assert all(seconds["processor"] > 0 for seconds in found["seconds"].values())


@pytest.mark.slow
def test_engines():
    found = results("engines", "--units", "8", "--rounds", "1")
    assert found.keys() == {"1", "64", "100"}
    assert all(microseconds > 0 for figures in found.values() for microseconds in figures.values())


@pytest.mark.slow
def test_texts(tmp_path):
    (tmp_path / "python.txt").write_text("The quick brown fox jumps over the lazy dog.\n" * 200)  # assembled before
    found = results("texts", str(tmp_path), "--text", "python")["python"]
    assert (found["characters"], found["distinct"]) == (9_000, 30)
    assert found["bits_per_char"].keys() >= {"lzma, extreme", "xz -9", "6-gram"}
    assert all(0 <= bits < 0.5 for bits in found["bits_per_char"].values())
