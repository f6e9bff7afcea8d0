"""The built package, installed into a fresh environment and used in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
PROGRAM = """
import charlstm

model = charlstm.load()
text: str = model.generate("The ferry ", length=30, temperature=0.8, mode="stateful", random_seed=1)
pieces: list[str] = list(model.stream("The ferry ", length=30, random_seed=1))
likeliest: list[tuple[str, float]] = model.next("The ri", top=5)
score: charlstm.Score = model.score("The ferry crossed the river.")
nats: float = score.nats_per_char + float(model.surprisal("The ferry")[0])
gates = model.activations("The ferry", layer=1)
shape: tuple[int, ...] = gates.h.shape
corpus = charlstm.read_corpus("tale.txt")
x, y = corpus.windows(seq_len=10)
result = charlstm.compare(model, seed="Nan ", length=20)
first: int | None = result.first_difference
print(text[:10], len(pieces) > 1, len(likeliest), shape, x.shape, len(result.to_dict()) > 5, model.path.parent.name)


def own() -> charlstm.Model:
    return charlstm.train("tale.txt", minutes=3, units=(64, 64), callback=print)
"""


def install(archive: Path, folder: Path) -> Path:
    """Install an archive into a new environment; return the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    site = next((folder / "lib").glob("python*/site-packages"))
    # The dependencies come from this environment; its own installation of the project is not seen, since the .pth files of
    # an added folder are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    options = ["install", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*PIP, "--python", folder / "bin" / "python", *options, archive], check=True)
    return folder / "bin"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel, tmp_path_factory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("environment"))


def files_of(folder: Path) -> list[str]:
    """Return the installed files of the package, without compiled ones."""
    paths = (folder / "lib").rglob("charlstm/**/*")
    return [path.relative_to(folder).as_posix() for path in paths if path.is_file() and path.suffix != ".pyc"]


def run(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CHARLSTM"))}
    environment = clean | {"XDG_DATA_HOME": str(folder / "data"), "COLUMNS": "200"}
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="the folders of an environment have other names on Windows")
def test_an_installed_wheel_writes_the_readmes_text_in_an_empty_folder(programs, tmp_path):
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```console\n\$ charlstm (generate [^\n]*)\n(.*?)```", page, re.DOTALL)
    assert block is not None
    found = run(programs / "charlstm", *shlex.split(block[1]), folder=tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout == block[2]
    assert "ferry" in found.stderr  # which model was taken, since none is in ./checkpoints
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the folders of an environment have other names on Windows")
def test_the_library_of_an_installed_wheel_is_typed_and_works(programs, tmp_path):
    (tmp_path / "tale.txt").write_text("The ferry crosses at six.\n" * 10)
    (tmp_path / "program.py").write_text(PROGRAM)
    found = run(programs / "python", "program.py", folder=tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout == "The ferry  True 5 (9, 504) (250, 10, 1) True bundled\n"
    checked = run(
        sys.executable, "-m", "mypy", "--strict", "--python-executable", programs / "python", "program.py", folder=tmp_path
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the folders of an environment have other names on Windows")
def test_importing_the_package_is_quick(programs, tmp_path):
    script = "import charlstm, sys; print(sorted({'tensorflow', 'keras', 'matplotlib', 'numpy'} & set(sys.modules)))"
    assert run(programs / "python", "-c", script, folder=tmp_path).stdout == "[]\n"
    script = "import charlstm, sys; charlstm.load(); print(sorted({'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)))"
    assert run(programs / "python", "-c", script, folder=tmp_path).stdout == "[]\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the folders of an environment have other names on Windows")
def test_a_source_archive_installs_the_same_files(wheel, programs, tmp_path):
    script = "import sys; from hatchling.builders.sdist import SdistBuilder as B; print(*B(sys.argv[1]).build(directory='.'))"
    archive = run(sys.executable, "-c", script, ROOT, folder=tmp_path).stdout.strip()
    other = install(tmp_path / archive, tmp_path / "environment")
    found = [sorted(files_of(folder.parent)) for folder in (programs, other)]
    assert found[0] == found[1]
    assert len(found[0]) > 100
