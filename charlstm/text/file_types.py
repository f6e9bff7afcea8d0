"""Detection of files that are not plain text by their first bytes, and of markup."""

import re
import zipfile
from typing import IO

HEAD_BYTES = 4096
"""Bytes or characters at the beginning of a file that the detection looks at."""

_BINARY = rb"(?=[^\0]{0,500}\0)"
"""Added to a signature that a text can begin with too: requires a NUL soon after, which no text has."""

_PICKLE_0 = (
    rb"\(+[ld]p\d+\n|\(+[VS][^\n]*\np\d+\n|\(+[IF]-?[\d.]+\n[IFVStl(]|"  # a list or dict, a tuple of strings or numbers
    rb"c[\w.]+\n\w+\np[01]\n\(|V[^\n]*\np[01]\n\.\Z"  # an object, a string
)
"""A pickle of protocol 0, which is ASCII."""

_SAVE, _EXPORT = "save it as plain text first", "export it as plain text first"
_UNPACK = "unpack it first"
_NOT_TEXT = "give plain text"

_KINDS = [
    (re.compile(pattern, re.DOTALL), kind, advice)
    for pattern, kind, advice in [
        (rb"\x1f\x8b", "a gzip file", f"{_UNPACK} (gunzip)"),
        (rb"\xfd7zXZ\0", "an xz file", f"{_UNPACK} (unxz)"),
        (rb"BZh[1-9]1AY&SY", "a bzip2 file", f"{_UNPACK} (bunzip2)"),
        (rb"\x28\xb5\x2f\xfd", "a zstd file", f"{_UNPACK} (unzstd)"),
        (rb"\x04\x22\x4d\x18", "an lz4 file", f"{_UNPACK} (unlz4)"),
        (rb"\x1f\x9d", "a compress file (.Z)", f"{_UNPACK} (uncompress)"),
        (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", f"{_UNPACK} (7z x)"),
        (rb"Rar!\x1a\x07", "a RAR archive", f"{_UNPACK} (unrar x)"),
        (rb".{257}ustar" + _BINARY, "a tar archive", f"{_UNPACK} (tar -xf)"),
        (rb"%PDF-", "a PDF", f"{_SAVE} (pdftotext)"),
        (rb"%!PS-Adobe", "a PostScript file", f"{_SAVE} (ps2ascii)"),
        (rb"\{\\rtf\d", "an RTF document", _SAVE),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.doc, .xls or .ppt)", _SAVE),
        (rb".{60}(BOOKMOBI|TEXtREAd)", "a Kindle book (.mobi)", f"{_SAVE} (ebook-convert)"),
        (rb"AT&TFORM", "a DjVu document", f"{_SAVE} (djvutxt)"),
        (rb"\x89PNG\r\n\x1a\n", "a PNG image", _NOT_TEXT),
        (rb"\xff\xd8\xff", "a JPEG image", _NOT_TEXT),
        (rb"GIF8[79]a" + _BINARY, "a GIF image", _NOT_TEXT),
        (rb"RIFF.{4}WEBP" + _BINARY, "a WebP image", _NOT_TEXT),
        (rb"II\*\0|MM\0\*", "a TIFF image", _NOT_TEXT),
        (rb"BM" + _BINARY, "a BMP image", _NOT_TEXT),
        (rb"8BPS\0", "a Photoshop image", _NOT_TEXT),
        (rb"\0.{3}ftyp(heic|heix|mif1|avif)", "a HEIF or AVIF image", _NOT_TEXT),
        (rb"\0.{3}ftyp", "an MP4 video or sound", _NOT_TEXT),
        (rb"\x1a\x45\xdf\xa3", "a Matroska or WebM video", _NOT_TEXT),
        (rb"RIFF.{4}AVI " + _BINARY, "an AVI video", _NOT_TEXT),
        (rb"RIFF.{4}WAVE" + _BINARY, "a WAV sound", _NOT_TEXT),
        (rb"(ID3|\xff[\xf2\xf3\xfa\xfb])" + _BINARY, "an MP3 sound", _NOT_TEXT),
        (rb"OggS\0", "an Ogg sound or video", _NOT_TEXT),
        (rb"fLaC\0", "a FLAC sound", _NOT_TEXT),
        (rb"MThd\0", "a MIDI file", _NOT_TEXT),
        (rb"SQLite format 3\0", "an SQLite database", _EXPORT),
        (rb"\x7fELF", "a Linux program (ELF)", _NOT_TEXT),
        (rb"MZ" + _BINARY, "a Windows program (PE)", _NOT_TEXT),
        (rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe", "a macOS program (Mach-O)", _NOT_TEXT),
        (rb"OTTO\0|\0\x01\0\0\0|true\0|ttcf\0|wOF[F2]" + _BINARY, "a font", _NOT_TEXT),
        (rb"\x80[\x02-\x05]", "a Python pickle", _EXPORT),
        (_PICKLE_0, "a Python pickle", _EXPORT),
        (rb"version https://git-lfs\.github\.com/spec/v1\r?\n", "a Git LFS pointer", "run `git lfs pull` for the file itself"),
        (rb"\x93NUMPY", "a NumPy array (.npy)", _EXPORT),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", _EXPORT),
        (rb".{4}\0{4}\{", "a safetensors file", "give plain text, not weights"),
        (rb"GGUF" + _BINARY, "a GGUF file", "give plain text, not weights"),
        (rb"PAR1" + _BINARY, "a Parquet table", _EXPORT),
    ]
]

_ZIPPED = {
    "word/document.xml": ("a Word document (.docx)", _SAVE),
    "xl/workbook.xml": ("an Excel workbook (.xlsx)", _SAVE),
    "ppt/presentation.xml": ("a PowerPoint presentation (.pptx)", _SAVE),
    "Index/Document.iwa": ("a Pages document (.pages)", _EXPORT),
}
_MEDIA_TYPES = {
    b"application/vnd.oasis.opendocument.text": ("an OpenDocument text (.odt)", _SAVE),
    b"application/vnd.oasis.opendocument.spreadsheet": ("an OpenDocument spreadsheet (.ods)", _SAVE),
    b"application/vnd.oasis.opendocument.presentation": ("an OpenDocument presentation (.odp)", _SAVE),
    b"application/epub+zip": ("an e-book (.epub)", f"{_SAVE} (ebook-convert or pandoc)"),
}


def binary_kind(head: bytes, file: IO[bytes]) -> str | None:
    """Return the kind of a binary file and what to do with it; None if the file may be text.

    Args:
        head: The first :data:`HEAD_BYTES` bytes of the file, or all of a shorter file.
        file: The file; its position may change.
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kind, advice = _zipped_kind(file)
        return f"{kind}; {advice}"
    return next((f"{kind}; {advice}" for pattern, kind, advice in _KINDS if pattern.match(head)), None)


def _zipped_kind(file: IO[bytes]) -> tuple[str, str]:
    """Return the kind of a zip archive, by the names of its members, and what to do with it."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            media_type = b""
            if "mimetype" in names:
                with archive.open("mimetype") as member:
                    media_type = member.read(100).strip()
    except Exception:  # zipfile and zlib raise many types for a truncated, encrypted or damaged archive
        return "a zip archive", f"{_UNPACK} (unzip)"
    if media_type in _MEDIA_TYPES:
        return _MEDIA_TYPES[media_type]
    if names and all(name.endswith(".npy") for name in names):
        return "a file of NumPy arrays (.npz)", _EXPORT
    return next((kind for name, kind in _ZIPPED.items() if name in names), ("a zip archive", f"{_UNPACK} (unzip)"))


_STRING = r'"(?:[^"\\\n]|\\.)*"'
_JSON = re.compile(rf"[\[\s]*(\{{\s*{_STRING}\s*:|\[\s*{_STRING}\s*,\s*[\"\[{{\d])")
_HEADER = r"[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*"
_MAIL = re.compile(
    rf"(from \S+ [^\n]*\n)?({_HEADER})*?"
    r"(mime-version: *1|message-id:\s*<|received: (from|by) |return-path: *<|content-type: *\w+/[\w.+-]+ *[;\n])"
)


def markup_kind(text: str) -> str | None:
    """Return the kind of markup or wrapper that a text begins with; None for plain text.

    >>> markup_kind("<!DOCTYPE html><title>Ferry</title>"), markup_kind("<3 is a heart")
    ('HTML', None)
    """
    head = text[:HEAD_BYTES].lstrip().lower()
    if head.startswith(("<!doctype html", "<html")) or (head.startswith("<?xml") and "<html" in head):
        return "HTML"
    if head.startswith(("<?xml", "<!doctype", "<svg")):
        return "XML"
    if head.startswith("{") and '"cell_type"' in head:
        return "a Jupyter notebook"
    if _JSON.match(head):
        return "JSON"
    return "a mail message or MHTML page" if _MAIL.match(head) else None
