"""Assemble large real texts on any machine, and score compressors and n-grams on them in bits per character.

The texts are the Python sources of the installed packages, and texts in Debian packages, which are downloaded and unpacked in a
folder of one's own. That needs ``apt-get`` and ``dpkg-deb``, but no root. No text is part of this repository.

    python -m benchmarks.texts FOLDER [--text python kjv gcide tang] [--learned 16000000] [--json]

The held-out part is that of ``charlstm train``: the last tenth, at most 200,000 characters. A compressor reads the training
part first, as far as its window reaches back. The 6-gram learns from the last ``--learned`` characters of it, which take 120
bytes of memory each.
"""

import argparse
import gzip
import json
import lzma
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from benchmarks.sources import write_texts
from charlstm.evaluation.baselines import Compressor, compressed_nats, lzma_compress, ngram_surprisal
from charlstm.planning.adaptation import MAX_HELD_OUT
from charlstm.text.vocabulary import Vocabulary

_WINDOW = 64 << 20


def zstd_compress(text: bytes) -> bytes:
    """Compress with the program zstd at its strongest level, whose window is 128 MiB."""
    return subprocess.run(["zstd", "--ultra", "-22", "--no-progress", "-c"], input=text, check=True, capture_output=True).stdout


COMPRESSORS = {
    "lzma, extreme": Compressor(lzma_compress, _WINDOW),
    "xz -9": Compressor(lambda text: lzma.compress(text, preset=9), _WINDOW),
    "zstd --ultra -22": Compressor(zstd_compress, 2 * _WINDOW),
}


def unpack(package: str, folder: Path) -> Path:
    """Download a Debian package, and return the folder of its files."""
    target = folder / package
    if not target.exists():
        subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True)
        (archive,) = folder.glob(f"{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, target], check=True)
        archive.unlink()
    return target


def python_sources(folder: Path) -> str:
    """Return the Python sources of the installed packages."""
    write_texts(folder)
    return (folder / "sources.txt").read_text(encoding="utf-8")


def king_james_bible(folder: Path) -> str:
    """Return the King James Version (1611, 1769), as the program ``bible`` prints it: public domain."""
    program, text = unpack("bible-kjv", folder), unpack("bible-kjv-text", folder)
    (data,) = {path.parent for path in text.rglob("bible.data")}
    command = [str(program / "usr/bin/bible"), "-p", str(data), "-f", "gen1:1-rev22:21"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dictionary(folder: Path) -> str:
    """Return the GNU Collaborative International Dictionary of English, which is built on Webster's of 1913: 40 MB."""
    (path,) = unpack("dict-gcide", folder).rglob("gcide.dict.dz")
    return gzip.decompress(path.read_bytes()).decode("utf-8", "replace")


def chinese_poems(folder: Path) -> str:
    """Return the Chinese poems of the package fortunes-zh, Tang and Song: public domain."""
    files = [path for path in unpack("fortunes-zh", folder).rglob("*") if path.name in ("tang300", "song100")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(files))
    return re.sub(r"\x1b\[[0-9;]*m", "", text)  # colours of the terminal


@dataclass(frozen=True)
class Text:
    """A text that this script assembles.

    Attributes:
        assemble: The function that returns it, given a folder for its files.
        programs: Programs that it needs.
    """

    assemble: Callable[[Path], str]
    programs: tuple[str, ...] = ("apt-get", "dpkg-deb")


TEXTS = {
    "python": Text(python_sources, ()),
    "kjv": Text(king_james_bible),
    "gcide": Text(dictionary),
    "tang": Text(chinese_poems),
}


def bits_per_character(text: str, learned: int) -> dict[str, float]:
    """Return the score of each baseline on the end of a text.

    Args:
        text: The text.
        learned: The maximum number of characters that the 6-gram learns from.
    """
    split = len(text) - min(len(text) // 10, MAX_HELD_OUT)
    before, end = text[:split], text[split:]
    found = {
        name: compressed_nats(before, end, compressor) / log(2)
        for name, compressor in COMPRESSORS.items()
        if name != "zstd --ultra -22" or shutil.which("zstd")
    }
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(before[-learned:]), vocabulary.encode(end)
    found["6-gram"] = float(ngram_surprisal(*ids, len(vocabulary), [6])[6][1:].mean()) / log(2)
    return found


def main() -> None:
    """Assemble the texts and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--text", nargs="+", choices=TEXTS, default=list(TEXTS))
    parser.add_argument("--learned", type=int, default=16_000_000, help="maximum number of characters for the 6-gram")
    parser.add_argument("--characters", type=int, help="use only so many at the beginning of each text")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    for name in arguments.text:
        if missing := [program for program in TEXTS[name].programs if not shutil.which(program)]:
            raise SystemExit(
                f"{name} needs {' and '.join(missing)}, which this machine does not have; choose others with --text"
            )
        path = arguments.folder / f"{name}.txt"
        if not path.exists():
            path.write_text(TEXTS[name].assemble(arguments.folder), encoding="utf-8", newline="")
        text = path.read_bytes().decode()[: arguments.characters]
        results[name] = {
            "characters": len(text),
            "distinct": len(set(text)),
            "bits_per_char": bits_per_character(text, arguments.learned),
        }
        if not arguments.json:
            print(f"{name}: {len(text):,} characters, {results[name]['distinct']:,} distinct")
            for baseline, bits in results[name]["bits_per_char"].items():
                print(f"    {baseline:20} {bits:.3f} bits/char")
    if arguments.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
