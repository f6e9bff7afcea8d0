"""The default seed texts of a checkpoint."""

from itertools import pairwise

import numpy as np
import pytest


def test_seed_windows_span_the_training_set_and_start_at_words(plan, text):
    windows = plan(given={"seq_len": 40}).config.corpus.windows
    assert len(windows) == len(set(windows)) == 8
    places = [text.index(window) for window in windows]
    assert places[0] == 0
    assert all(text[place - 1] in " \n" for place in places[1:])
    assert all(51_000 < after - before < 52_000 for before, after in pairwise(places))
    assert all(len(window) == 40 for window in windows)
    assert "".join(windows) == "".join(windows).lower()  # held-out text is in capitals


@pytest.mark.parametrize("length", [17, 18, 40, 100, 1000])
def test_seed_windows_of_a_short_text_without_spaces(plan, tmp_path, length):
    text = "".join(chr(0x4E00 + code) for code in np.random.default_rng(0).integers(0, 300, length))
    path = tmp_path / "short.txt"
    path.write_text(text, "utf-8")
    windows = plan(path, given={"seq_len": 10, "batch_size": 1, "validation": 0.1}).config.corpus.windows
    assert 1 <= len(set(windows)) == len(windows) <= 8
    assert all(0 < len(window) <= 10 for window in windows)
    assert all(window in text[: round(length * 0.9)] for window in windows)


def test_seed_windows_have_no_rare_characters(plan, tmp_path):
    random = np.random.default_rng(0)
    odd = "".join(chr(0x4E00 + place) if place % 37 == 5 else random.choice(list("ab \n")) for place in range(20_000))
    path = tmp_path / "odd.txt"
    path.write_text(odd)
    made = plan(path, given={"min_count": 2, "seq_len": 30})
    assert len(made.config.corpus.windows) == 8
    for window in made.config.corpus.windows:
        assert set(window) <= set("ab \n")
        assert window in odd
    everywhere = tmp_path / "everywhere.txt"
    everywhere.write_text("".join("ab"[place % 2] if 100 < place < 109 else chr(0x4E00 + place) for place in range(5_000)))
    made = plan(everywhere, given={"min_count": 2, "validation": 0.0, "units": (4,), "seq_len": 2})
    assert made.config.corpus.windows == ("a",)  # the candidate windows have no learned character
