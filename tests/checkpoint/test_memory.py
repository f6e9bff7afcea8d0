"""What a machine, or a container on it, has of memory."""

import math
import os

import pytest

from charlstm.checkpoint import memory
from charlstm.checkpoint.memory import check_room
from charlstm.errors import CheckpointError


@pytest.mark.parametrize(
    ("group", "limits", "expected"),
    [
        (None, {}, math.inf),
        (None, {"memory.max": "1000000"}, 1e6),
        (None, {"memory.max": "max"}, math.inf),
        ("0::/job/step", {"job/memory.max": "2000000", "job/step/memory.max": "max"}, 2e6),
        ("0::/job/step", {"job/memory.max": "2000000", "job/step/memory.max": "1000000"}, 1e6),
        ("5:cpu:/a\n4:memory:/job", {"memory/job/memory.limit_in_bytes": "1000000"}, 1e6),
        ("4:memory:/", {"memory/memory.limit_in_bytes": "9223372036854771712"}, math.inf),
    ],
)
def test_a_containers_limit_is_what_there_is(tmp_path, monkeypatch, group, limits, expected):
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name, limit in limits.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(limit + "\n")
    if group:
        (tmp_path / "own").write_text(group + "\n")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory, "_OWN_GROUP", tmp_path / "own")
    assert memory.memory.__wrapped__() == min(machine, expected)


def test_what_fits_is_let_in_and_what_does_not_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "memory", lambda: 3e9)
    check_room("story", 3e9)
    with pytest.raises(CheckpointError, match="story needs 4 GB of memory, and this machine has 3; use a smaller model"):
        check_room("story", 4e9)
