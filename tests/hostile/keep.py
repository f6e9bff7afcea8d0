"""Fill ``seeds``: for each sentence with which a reader refuses a mutated file, the shortest file that it refused so.

    python -m tests.hostile.keep [EXAMPLES]

They lead the fuzzer to code that mutations of an undamaged file rarely reach, and are also read unchanged.
"""

import re
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import numpy as np

from charlstm.errors import CharlstmError
from tests.hostile.conftest import HELD, Readers, make_readers
from tests.hostile.test_fuzz import KINDS, READERS, SEEDS, mutated, originals

LONGEST = 10_000
EXAMPLES = 5_000


def kind_of(sentence: str, folder: Path) -> str:
    """Return a sentence without the parts that differ between files."""
    known = "|".join(map(re.escape, (str(folder), *HELD.values())))
    return re.sub(r"'[^']*'|\"[^\"]*\"|0x\w+|[\d,.]+", "…", re.sub(known, "", sentence))


def shortest(readers: Readers, name: str, examples: int) -> dict[str, bytes]:
    """Return the shortest file for each kind of refusal."""
    random, found = np.random.default_rng(0), dict[str, bytes]()
    contents = originals(readers, name)
    for _ in range(examples):
        how = [
            (KINDS[random.integers(len(KINDS))], int(random.integers(1 << 20)), int(random.integers(4096)))
            for _ in range(random.integers(1, 7))
        ]
        content = mutated(contents[random.integers(len(contents))], how)
        try:
            readers.read(name, content)
        except CharlstmError as error:
            kind = kind_of(str(error), readers.folder)
            if len(content) < min(LONGEST, len(found.get(kind, b"x" * LONGEST))):
                found[kind] = content
    return found


def main() -> None:
    """Search, and write the files found."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    with tempfile.TemporaryDirectory() as folder:
        readers = make_readers(Path(folder) / "story")
        for name in READERS:
            (SEEDS / name).mkdir(parents=True, exist_ok=True)
            for content in shortest(readers, name, examples).values():
                (SEEDS / name / sha256(content).hexdigest()[:12]).write_bytes(content)


if __name__ == "__main__":
    main()
