"""Write the seed files of the fuzzer: for each message of each reader, the shortest mutated file that causes it.

    python -m tests.hostile.keep [EXAMPLES]

Mutations of seed files reach code that mutations of an undamaged file rarely reach. Seed files are also read unchanged.
"""

import re
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import numpy as np

from charlstm.errors import CharlstmError
from tests.hostile.conftest import FILES, Readers, make_readers
from tests.hostile.test_fuzz import KINDS, READERS, SEEDS, mutated, originals

MAX_BYTES = 10_000
"""Longest seed file, in bytes."""
EXAMPLES = 5_000
"""Mutated files to read for each reader, unless given on the command line."""


def message_kind(message: str, folder: Path) -> str:
    """Return a message without the parts that differ between files: paths, quoted text and numbers."""
    known = "|".join(map(re.escape, (str(folder), *FILES.values())))
    return re.sub(r"'[^']*'|\"[^\"]*\"|0x\w+|[\d,.]+", "…", re.sub(known, "", message))


def shortest(readers: Readers, name: str, examples: int) -> dict[str, bytes]:
    """Return the shortest refused content for each kind of message."""
    random, found = np.random.default_rng(0), dict[str, bytes]()
    contents = originals(readers, name)
    for _ in range(examples):
        edits = [
            (KINDS[random.integers(len(KINDS))], int(random.integers(1 << 20)), int(random.integers(4096)))
            for _ in range(random.integers(1, 7))
        ]
        content = mutated(contents[random.integers(len(contents))], edits)
        try:
            readers.read(name, content)
        except CharlstmError as error:
            kind = message_kind(str(error), readers.folder)
            if len(content) < min(MAX_BYTES, len(found.get(kind, b"x" * MAX_BYTES))):
                found[kind] = content
    return found


def main() -> None:
    """Search for seed files and write them."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    with tempfile.TemporaryDirectory() as folder:
        readers = make_readers(Path(folder) / "story")
        for name in READERS:
            (SEEDS / name).mkdir(parents=True, exist_ok=True)
            for content in shortest(readers, name, examples).values():
                (SEEDS / name / sha256(content).hexdigest()[:12]).write_bytes(content)


if __name__ == "__main__":
    main()
