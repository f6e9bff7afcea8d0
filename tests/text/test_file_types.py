"""Tests of file types: files that are not plain text are named, with advice."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import struct
import sys
import tarfile
import wave
import zipfile
import zlib

import numpy as np
import pytest
from safetensors.numpy import save

from charlstm.errors import CorpusError
from charlstm.text.corpus import read_corpus, read_text
from charlstm.text.file_types import markup_kind

TEXT = "The ferry crosses at six.\n" * 20


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def media(kind: str) -> bytes:
    return zipped(**{"mimetype": f"application/{kind}", "content.xml": "<p/>"})


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("text.txt"), io.BytesIO())
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8_000, 0, "NONE", ""))
        writer.writeframes(bytes(800))
    return file.getvalue()


def arrays(write) -> bytes:
    file = io.BytesIO()
    write(file, np.arange(9))
    return file.getvalue()


def image() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize 12345\n"
OFFICE = {"[Content_Types].xml": "<Types/>"}
FILES = {
    # Packed twice: a file that is packed once is read.
    "gzip": (packed(packed(TEXT.encode())), "a gzip file", "gunzip"),
    "xz": (packed(lzma.compress(TEXT.encode())), "an xz file", "unxz"),
    "bzip2": (packed(bz2.compress(TEXT.encode())), "a bzip2 file", "bunzip2"),
    "bzip2, small blocks": (packed(bz2.compress(TEXT.encode(), 1)), "a bzip2 file", "bunzip2"),
    "zstd": (packed(b"\x28\xb5\x2f\xfd\x04\x58"), "a zstd file", "unzstd"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive", "7z x"),
    "RAR": (b"Rar!\x1a\x07\x01\x00", "a RAR archive", "unrar"),
    "tar": (tarred(), "a tar archive", "tar -xf"),
    "zip": (zipped(**{"text.txt": TEXT}), "a zip archive", "unzip"),
    "zip, cut off": (zipped(**{"text.txt": TEXT})[:40], "a zip archive", "unzip"),
    "zip of a folder": (zipped(**{"word/list.txt": TEXT}), "a zip archive", "unzip"),
    "docx": (zipped(**OFFICE, **{"word/document.xml": "<w/>"}), "a Word document (.docx)", "plain text"),
    "xlsx": (zipped(**OFFICE, **{"xl/workbook.xml": "<x/>"}), "an Excel workbook (.xlsx)", "plain text"),
    "pptx": (zipped(**OFFICE, **{"ppt/presentation.xml": "<p/>"}), "a PowerPoint presentation (.pptx)", "plain text"),
    "odt": (media("vnd.oasis.opendocument.text"), "an OpenDocument text (.odt)", "plain text"),
    "ods": (media("vnd.oasis.opendocument.spreadsheet"), "an OpenDocument spreadsheet (.ods)", "plain text"),
    "epub": (media("epub+zip"), "an e-book (.epub)", "plain text"),
    "npz": (arrays(np.savez), "a file of NumPy arrays (.npz)", "plain text"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "a PDF", "pdftotext"),
    "PostScript": (b"%!PS-Adobe-3.0\n%%Title: ferry\n", "a PostScript file", "plain text"),
    "RTF": (b"{\\rtf1\\ansi The ferry}", "an RTF document", "plain text"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16), "an old Office document (.doc, .xls or .ppt)", "plain text"),
    "mobi": (b"Ferry" + bytes(55) + b"BOOKMOBI" + bytes(8), "a Kindle book (.mobi)", "plain text"),
    "PNG": (image(), "a PNG image", "plain text"),
    "JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a JPEG image", "plain text"),
    "GIF": (b"GIF89a\x01\x00\x01\x00", "a GIF image", "plain text"),
    "WebP": (b"RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00", "a WebP image", "plain text"),
    "TIFF": (b"II*\x00\x08\x00\x00\x00", "a TIFF image", "plain text"),
    "MP3 with a tag": (b"ID3\x04\x00\x00\x00\x00\x00\x21", "an MP3 sound", "plain text"),
    "MP3": (b"\xff\xfb\x90\x64\x00\x00", "an MP3 sound", "plain text"),
    "Ogg": (b"OggS\x00\x02\x00\x00", "an Ogg sound or video", "plain text"),
    "FLAC": (b"fLaC\x00\x00\x00\x22", "a FLAC sound", "plain text"),
    "MP4": (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "an MP4 video or sound", "plain text"),
    "WAV": (sound(), "a WAV sound", "plain text"),
    "SQLite": (b"SQLite format 3\x00\x10\x00", "an SQLite database", "export"),
    "ELF": (b"\x7fELF\x02\x01\x01\x00\x00", "a Linux program (ELF)", "plain text"),
    "PE": (b"MZ\x90\x00\x03\x00\x00\x00", "a Windows program (PE)", "plain text"),
    "Mach-O": (b"\xcf\xfa\xed\xfe\x07\x00\x00\x01", "a macOS program (Mach-O)", "plain text"),
    "TrueType": (b"\x00\x01\x00\x00\x00\x12\x01\x00", "a font", "plain text"),
    "WOFF2": (b"wOF2\x00\x01\x00\x00", "a font", "plain text"),
    "pickle": (pickle.dumps({"ferry": [1, 2]}), "a Python pickle", "plain text"),
    **{
        f"pickle of {value!r:.9}, protocol 0": (pickle.dumps(value, 0), "a Python pickle", "plain text")
        for value in ({"ferry": [1, 2]}, ["ferry"], ("ferry", 6), (1.5, 2), {1, 2}, "ferry", np.arange(3), [])
    },
    "Git LFS": (LFS, "a Git LFS pointer", "git lfs pull"),
    "Git LFS, CRLF": (LFS.replace(b"\n", b"\r\n"), "a Git LFS pointer", "git lfs pull"),
    "npy": (arrays(np.save), "a NumPy array (.npy)", "plain text"),
    "HDF5": (b"\x89HDF\r\n\x1a\n\x00\x00", "an HDF5 file", "plain text"),
    "safetensors": (save({"kernel": np.zeros(3, np.float32)}), "a safetensors file", "plain text"),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "gb18030"])
@pytest.mark.parametrize(("content", "kind", "advice"), FILES.values(), ids=FILES)
def test_a_file_type_is_recognised_by_its_content(make_file, content, kind, advice, encoding):
    path = make_file(content)
    for read in (read_text, lambda path, encoding: read_corpus([path], encoding)):
        with pytest.raises(CorpusError) as error:
            read(path, encoding)
        assert str(error.value).startswith(f"{path} is {kind}; ")
        assert advice in str(error.value)


def test_a_real_database_and_program_are_recognised(tmp_path):
    with sqlite3.connect(tmp_path / "ferry.db") as database:
        database.execute("create table crossing (hour integer)")
    database.close()
    for path, kind in ((tmp_path / "ferry.db", "an SQLite database"), (sys.executable, "program")):
        with pytest.raises(CorpusError, match=kind):
            read_text(path)


@pytest.mark.parametrize(
    "text",
    [
        *["BZhivago had a ferry", "%PDF is not what this is", "PK and I", "%!PS too", "MZ, she said", "BM means the museum"],
        *["ID3 is a tag", "GIF89a is a format", "OggS and fLaC", "The ftyp of a box", "RIFF and WAVEs", "Rar! said the bear"],
        *["II* is a rank", "7zip", "SQLite format 3 is a file", "GGUF, PAR1 and wOFF", "OTTO and true love", "{rtf}", "AT&T"],
        *["Section\np1\nfoo", "(Very good\nhe said", "chapter\none\np1\nIt was", "lp0\nlp1\n", "version https://git-lfs.com\n"],
        "x" * 257 + "ustar is a word",
    ],
    ids=lambda text: text[-20:],
)
def test_a_text_that_begins_like_a_binary_file_is_accepted(make_file, text):
    told = []
    assert read_text(make_file(text.encode()), "utf-8", told.append) == text
    assert told == []


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
@pytest.mark.parametrize("text", ["ятаган блеснул", "яма", "Явился он"])
def test_an_encoded_text_that_begins_like_audio_is_accepted(make_file, text, encoding):
    assert read_text(make_file(text.encode(encoding)), encoding) == text


MAIL = "a mail message or MHTML page"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<!DOCTYPE html>\n<title>Ferry</title>", "HTML"),
        ("\n <html lang='en'>", "HTML"),
        ("<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC '-'>\n<html>", "HTML"),
        ("<?xml version='1.0'?><TEI/>", "XML"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "XML"),
        (json.dumps({"cells": [{"cell_type": "code"}], "nbformat": 4}), "a Jupyter notebook"),
        (json.dumps({"text": "The ferry", "id": 1}), "JSON"),
        (json.dumps([{"text": "The ferry"}], indent=2), "JSON"),
        ('{"text": "one"}\n{"text": "two"}\n', "JSON"),
        (json.dumps(["The ferry", "crosses"]), "JSON"),
        ('["one", 1]\n["two", 2]\n', "JSON"),
        ("From: a@b.de\nSubject: Ferry\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\nVGhl", MAIL),
        ("From a@b.de Sat Jan  3 01:05:34 1996\nReceived: from b.de\n by c.de\nTo: d@c.de\n\nThe ferry", MAIL),
        ("Subject: =?utf-8?q?F=C3=A4hre?=\n =?utf-8?q?_um_sechs?=\nMessage-ID:\n <1@b.de>\n\nThe ferry", MAIL),
        ("From: <Saved by Blink>\nSnapshot-Content-Location: http://b.de\nSubject: Ferry\nMIME-Version: 1.0\n", MAIL),
        ("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nVGhl", MAIL),
        ("From: Anna\nTo: Ben\n\nThe ferry crosses at six.", None),
        ("ANNA: Where is he?\nBEN: Received: from whom?\n", None),
        ("Message-ID is a header of mail.\n", None),
        ("[1] The ferry, [2] the river", None),
        ('["Hello," she said.]', None),
        ('{"Hello," she said.}', None),
        ('"text","id"\n"one",1\n', None),
        ("<3 is a heart", None),
        ("{\n  a: 1\n}", None),
        ("", None),
        ("The tag <html> comes first.", None),
    ],
)
def test_markup_is_distinguished_from_plain_text(text, kind):
    assert markup_kind(text) == kind
