"""Samples of files, and the likely encodings of their bytes."""

import io
import subprocess
import sys

import pytest

from charlstm.text.detection import SAMPLE_BYTES, likely_readings, sample_of
from tests.text.passages import ENCODED, PASSAGES, passage


@pytest.mark.parametrize(("language", "encoding"), ENCODED)
def test_a_huge_line_is_sampled_at_character_borders(language, encoding):
    line = passage(language, encoding).replace("\n", " ").encode(encoding)
    content = b"The ferry crosses at six. " * 50_000 + line * (3_000_000 // len(line))
    sample = sample_of(io.BytesIO(content))
    assert len(sample) <= SAMPLE_BYTES
    assert PASSAGES[language][:20] in sample.decode(encoding)


@pytest.mark.parametrize("content", [bytes(range(256)) * 9, b"\x89\xff\xfe\x00\x01" * 99], ids=["all bytes", "some bytes"])
def test_binary_data_has_no_likely_encoding(content):
    assert likely_readings(content) == []


def test_charset_normalizer_is_imported_only_when_needed(make_file):
    good, bad = make_file(PASSAGES["Russian"].encode(), "good.txt"), make_file(PASSAGES["Russian"].encode("cp1251"), "bad.txt")
    program = (
        "import sys; from charlstm.text.corpus import read_corpus\n"
        "read_corpus(sys.argv[1:2]); print('charset_normalizer' in sys.modules)\n"
        "try:\n    read_corpus(sys.argv[2:])\nexcept Exception:\n    print('charset_normalizer' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", program, good, bad], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
