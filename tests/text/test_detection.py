"""The likely encodings of a sample of a file."""

import io
import subprocess
import sys

import pytest

from charlstm.text.detection import likely_readings
from charlstm.text.encoding_sample import sample_of
from tests.text.passages import PASSAGES


@pytest.mark.parametrize("content", [bytes(range(256)) * 9, b"\x89\xff\xfe\x00\x01" * 99], ids=["all bytes", "some bytes"])
def test_binary_data_has_no_likely_encoding(content):
    assert likely_readings(content) == []


CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy. Šel tudy a řekl, že žena šla ještě dál, až k řece.\n"
FRENCH = "Le vieux pêcheur était assis près de la rivière. La forêt était déjà dorée à côté.\n"
TURKISH = "Yaşlı balıkçı ırmağın kıyısında oturuyordu. Güneş doğuyor, çocuk ağaçların altında şarkı söylüyordu.\n"
POLISH = "Zażółć gęślą jaźń. Stary rybak siedział nad rzeką i śpiewał. Chłopiec usłyszał śmiech.\n"


@pytest.mark.parametrize("times", [1, 700])
@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("Le prix : 5 € - à côté\n", "iso8859-15", "iso8859-15"),
        ("Le cœur du bœuf : 5 €, l'œuvre de la sœur à côté.\n", "iso8859-15", "iso8859-15"),
        ("Le prix est à côté. Il a été là.\n", "latin-1", "cp1252"),
        (FRENCH, "latin-1", "cp1252"),
        (CZECH, "iso8859-2", "iso8859-2"),
        (CZECH, "cp1250", "cp1250"),
        (POLISH, "iso8859-2", "iso8859-2"),
        (POLISH, "cp1250", "cp1250"),
        (TURKISH, "cp1254", "cp1254"),
        (TURKISH, "iso8859-9", "cp1254"),
        ("Kırmızı şapka\n", "cp1254", "cp1254"),
        ("Það var kalt, en ána þurfti að sækja.\n", "cp1252", "cp1252"),
        ("Õhtul läks vana kalur järve äärde, šokolaad ja žest.\n", "cp1257", "cp1257"),
        ("Senas žvejys sėdėjo prie upės ir žiūrėjo į vandenį.\n", "cp1257", "cp1257"),
    ],
)
def test_relatives_of_a_latin_encoding_are_told_apart_by_letters(text, encoding, found, times):
    first, *others = likely_readings(sample_of(io.BytesIO((text * times).encode(encoding))))
    assert (first.encoding, first.text) == (found, text)
    assert len(others) == 2


def test_charset_normalizer_is_imported_only_when_needed(make_file):
    good, bad = make_file(PASSAGES["Russian"].encode(), "good.txt"), make_file(PASSAGES["Russian"].encode("cp1251"), "bad.txt")
    program = (
        "import sys; from charlstm.text.corpus import read_corpus\n"
        "read_corpus(sys.argv[1:2]); print('charset_normalizer' in sys.modules)\n"
        "try:\n    read_corpus(sys.argv[2:])\nexcept Exception:\n    print('charset_normalizer' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", program, good, bad], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
