"""Samples of files."""

import io

import pytest

from charlstm.text.encoding_sample import SAMPLE_BYTES, sample_of
from tests.text.passages import ENCODED, PASSAGES, passage


@pytest.mark.parametrize(("language", "encoding"), ENCODED)
def test_a_huge_line_is_sampled_at_character_borders(language, encoding):
    line = passage(language, encoding).replace("\n", " ").encode(encoding)
    content = b"The ferry crosses at six. " * 50_000 + line * (3_000_000 // len(line))
    sample = sample_of(io.BytesIO(content))
    assert len(sample) <= SAMPLE_BYTES
    assert PASSAGES[language][:20] in sample.decode(encoding)
