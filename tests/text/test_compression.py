"""Tests of compressed texts: read as the files that they hold, whatever their names."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile

import pytest

from charlstm.errors import CorpusError
from charlstm.text.compression import bytes_read, unpacked
from charlstm.text.corpus import read_corpus, read_text
from charlstm.text.sources import expand_sources

TEXT = "Où est le bac ? \u6e21\u53e3.\n" * 3_000
PLAIN = TEXT.encode()


def zstd_of(content: bytes) -> bytes:
    zstd = pytest.importorskip("backports.zstd")
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd_of}
kinds = pytest.mark.parametrize("pack", PACK.values(), ids=PACK)


@kinds
def test_a_compressed_file_is_read_like_the_file_that_it_holds(make_file, pack):
    plain, packed = read_corpus(make_file(PLAIN)), read_corpus(make_file(pack(PLAIN), "packed.txt.any"))
    assert packed.vocabulary == plain.vocabulary
    assert packed.fingerprint == plain.fingerprint
    assert packed.ids.tolist() == plain.ids.tolist()
    assert packed.name == "packed.txt.any"


@kinds
def test_joined_streams_are_one_text(make_file, pack):
    assert read_text(make_file(pack(PLAIN) + pack(b"and back\n"))) == TEXT + "and back\n"


@kinds
def test_an_empty_compressed_file_is_an_empty_text(make_file, pack):
    with pytest.raises(CorpusError, match=r"text\.txt is empty"):
        read_corpus(make_file(pack(b"")))


@kinds
@pytest.mark.parametrize("damage", ["cut off", "changed"])
def test_a_damaged_file_is_named(make_file, pack, damage):
    content = bytearray(pack(PLAIN))
    if damage == "cut off":
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2] ^= 0x55
        content[len(content) // 2 + 1] ^= 0x55
    with pytest.raises(CorpusError, match=r"text\.txt cannot be read \(its \w+ data are damaged or cut off\)"):
        read_corpus(make_file(bytes(content)))


def test_compressed_standard_input_is_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(PLAIN))))
    assert read_text("-") == TEXT


def test_an_encoding_applies_to_the_text_inside(make_file):
    assert read_text(make_file(gzip.compress("Fährmann".encode("latin-1"))), "latin-1") == "Fährmann"


def test_a_compressed_archive_is_refused_with_its_type(make_file):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("text.txt"), io.BytesIO())
    with pytest.raises(CorpusError, match=r"is a tar archive; unpack it first"):
        read_corpus(make_file(file.getvalue(), "texts.tar.gz"))


def test_without_the_zstd_library_one_sentence_says_what_to_install(make_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "backports", None)
    with pytest.raises(CorpusError) as error:
        read_corpus(make_file(b"\x28\xb5\x2f\xfd rest", "text.txt.zst"))
    assert "text.txt.zst is a zstd file" in str(error.value)
    assert "pip install 'charlstm[zstd]'" in str(error.value)


def test_a_folder_has_compressed_texts_unless_the_text_itself_is_there(tmp_path):
    for name in ["a.txt.gz", "b.txt", "b.txt.gz", "c.TXT.XZ", "d.md.gz", ".e.txt.gz"]:
        (tmp_path / name).write_bytes(b"")
    found = expand_sources([tmp_path], lambda _: None)
    assert found == tuple(str(tmp_path / name) for name in ["a.txt.gz", "b.txt", "c.TXT.XZ"])


def test_the_position_is_that_in_the_compressed_file(make_file):
    content = gzip.compress(PLAIN)
    with make_file(content).open("rb") as file, unpacked(file, "text.txt") as text:
        assert bytes_read(text) < len(content)
        text.read()
        assert bytes_read(text) == len(content)
    with make_file(PLAIN).open("rb") as file:
        file.read(5)
        assert bytes_read(file) == 5
