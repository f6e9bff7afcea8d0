"""Texts to prepare, with everything that reading treats specially."""

from pathlib import Path


def write_texts(folder: Path) -> list[Path]:
    """Write files whose distinct characters grow beyond 256, with line ends, marks and joins of every kind."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "a.txt": "The ferry\r\ncrosses at six.\rNo line end" * 30,
        "b.txt": "",
        "c.txt": "\ufeffJoined\ufeffin the middle of a line\n" * 20,
        "d.txt": "".join(map(chr, range(0x400, 0x600))) + "渡口\n" * 40 + "é",
        "e.txt": "\n\nThe end of the ferry, é and e\u0301." + "The ferry crosses at six.\n" * 30,
    }
    for name, text in contents.items():
        (folder / name).write_bytes(text.encode())
    return [folder / name for name in contents]
