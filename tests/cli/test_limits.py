"""Messages for limits of the machine: memory, address space, libraries that cannot be loaded."""

import os
import re
import subprocess
import sys

import pytest

from tests.cases import slow
from tests.cli.conftest import TEXT


@pytest.fixture(autouse=True)
def _tale(tale):
    """Make a checkpoint in every test."""


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ("generate", "charlstm.model.continued_pieces"),
        ("compare", "charlstm.evaluation.comparison.compare"),
        ("evaluate tale.txt", "charlstm.evaluation.scores.evaluate"),
        ("inspect", "charlstm.inspection.sections.inspect_model"),
        ("train tale.txt --name saga", "charlstm.planning.training_plan.plan_training"),
        ("list", "charlstm.checkpoint.folder.list_checkpoints"),
    ],
)
def test_out_of_memory_advises_what_needs_less(charlstm, monkeypatch, tmp_path, arguments, place):
    def exhausted(*_, **__):
        raise MemoryError

    monkeypatch.setattr(place, exhausted)
    (tmp_path / "tale.txt").write_text(TEXT)
    result = charlstm(*arguments.split())
    assert (result.exit_code, result.stdout) == (1, "")
    sentence = result.stderr.splitlines()[-1]
    assert sentence.startswith("charlstm: out of memory; ")
    options = re.findall("--[a-z-]+", sentence)
    assert set(options) <= set(re.findall("--[a-z-]+", charlstm(arguments.split()[0], "--help").stdout))


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of the address space is Linux's")
@pytest.mark.parametrize(
    ("arguments", "kilobytes"),
    [
        ("train tale.txt --name saga --units 8", 1_000_000),
        ("generate --engine keras", 2_900_000),
        slow("train tale.txt --name saga --units 8", 2_900_000),
        slow("generate --engine keras", 1_000_000),
        slow("inspect --keras", 1_000_000),
        slow("inspect --keras", 2_900_000),
        slow("evaluate --corpus tale.txt --dynamic", 1_000_000),
        slow("evaluate --corpus tale.txt --dynamic", 2_900_000),
    ],
)
def test_too_small_address_space_is_reported(tmp_path, arguments, kilobytes):
    (tmp_path / "tale.txt").write_text(TEXT)
    command = ["sh", "-c", f'ulimit -v {kilobytes}; exec "$0" -m charlstm "$@"', sys.executable, *arguments.split()]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    sentence = run.stderr.splitlines()[-1]
    assert re.match(r"charlstm: TensorFlow needs about 3 GB of address space, and this process may have \d\.\d GB; ", sentence)
    assert "Traceback" not in run.stderr
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["tale"]


@pytest.mark.skipif(sys.platform == "win32", reason="the limit of the size of files is POSIX's")
@pytest.mark.parametrize(
    "arguments",
    [
        "generate --length 100 --samples 40 --output many.jsonl",
        "prepare tale.txt --to prepared",
        slow("export --to tale.html"),
        slow("history --plot tale.png"),
        slow("train tale.txt --name saga --units 8 --preset quick --epochs 1"),
    ],
)
def test_a_limit_of_the_size_of_files_is_reported(tmp_path, arguments):
    (tmp_path / "tale.txt").write_text(TEXT * 40)
    command = ["sh", "-c", 'ulimit -f 1; exec "$0" -m charlstm "$@"', sys.executable, *arguments.split()]
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}  # it writes a file
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=unmeasured)
    assert (run.returncode, run.stdout) == (1, "")
    sentence = run.stderr.splitlines()[-1]
    assert re.match(r"charlstm: .*File too large.*; raise the limit of the size of files \(ulimit -f\)", sentence)
    assert "Traceback" not in run.stderr


BROKEN = {
    "generate --engine keras": ("tensorflow", 'raise ImportError("libtensorflow_cc.so.2: failed to map segment")'),
    "inspect --keras": ("keras", 'raise ImportError("libtensorflow_cc.so.2: failed to map segment")'),
    "list": ("safetensors", 'raise ImportError("libtensorflow_cc.so.2: failed to map segment")'),
    "generate": (
        "numpy",
        "try:\n    raise ImportError('libtensorflow_cc.so.2: failed to map segment')\n"
        "except ImportError as error:\n    raise ImportError('\\nIMPORTANT: a page\\nof advice\\n') from error",
    ),
}


@pytest.mark.parametrize(("arguments", "broken"), BROKEN.items(), ids=BROKEN)
def test_unloadable_library_is_reported(program, tmp_path, arguments, broken):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / f"{broken[0]}.py").write_text(broken[1])
    path = os.pathsep.join([str(tmp_path / "broken"), os.environ.get("PYTHONPATH", "")])
    process = program(*arguments.split(), env={"PYTHONPATH": path})
    written, said = (stream.decode() for stream in process.communicate())
    assert (process.returncode, written) == (1, "")
    assert said.splitlines()[-1].startswith(
        "charlstm: a library cannot be loaded (libtensorflow_cc.so.2: failed to map segment); "
    )
    assert "Traceback" not in said
