"""What a machine, or a container on it, has of memory."""

import math
import os

import pytest

from charlstm.checkpoint import memory
from charlstm.checkpoint.memory import check_room
from charlstm.errors import CheckpointError


@pytest.mark.parametrize(("limit", "expected"), [("1000000\n", 1e6), ("max\n", math.inf), (None, math.inf)])
def test_a_containers_limit_is_what_there_is(tmp_path, monkeypatch, limit, expected):
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if limit:
        (tmp_path / "memory.max").write_text(limit)
    monkeypatch.setattr(memory, "_LIMITS", (tmp_path / "none", tmp_path / "memory.max"))
    assert memory.memory.__wrapped__() == min(machine, expected)


def test_what_fits_is_let_in_and_what_does_not_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "memory", lambda: 3e9)
    check_room("story", 3e9)
    with pytest.raises(CheckpointError, match="story needs 4 GB of memory, and this machine has 3; use a smaller model"):
        check_room("story", 4e9)
