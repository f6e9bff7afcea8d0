"""Total and available memory of a machine or a container."""

import math
import os

import pytest

from charlstm import machine as this_machine
from charlstm.errors import CheckpointError
from charlstm.machine import check_size


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
def test_total_memory_is_the_lowest_limit(tmp_path, monkeypatch, group, limits, expected):
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name, limit in limits.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(limit + "\n")
    if group:
        (tmp_path / "own").write_text(group + "\n")
    monkeypatch.setattr(this_machine, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(this_machine, "_OWN_GROUP", tmp_path / "own")
    assert this_machine.total_memory.__wrapped__() == min(machine, expected)


@pytest.mark.parametrize(
    ("machine", "group", "files", "expected"),
    [
        ("MemTotal: 9000 kB\nMemAvailable: 3000 kB\n", None, {}, 3_072_000),
        ("MemTotal: 9000 kB\n", None, {}, 9e9),
        (None, None, {}, 9e9),
        ("MemAvailable: 3000 kB\n", None, {"memory.max": "max", "memory.current": "5"}, 3_072_000),
        (
            None,
            None,
            {"memory.max": "1000000", "memory.current": "300000", "memory.stat": "anon 7\ninactive_file 9\n"},
            700_009,
        ),
        (
            None,
            "0::/job",
            {"job/memory.max": "100", "job/memory.current": "90", "job/memory.stat": "active_file 60\ninactive_file 5\n"},
            75,
        ),
        (
            None,
            "4:memory:/a",
            {
                "memory/a/memory.limit_in_bytes": "100",
                "memory/a/memory.usage_in_bytes": "90",
                "memory/a/memory.stat": "inactive_file 1\ntotal_inactive_file 20\n",
            },
            30,
        ),
        (None, None, {"memory.max": "100", "memory.current": "190", "memory.stat": ""}, 0),
        (None, None, {"memory.max": "1000", "memory.current": "190", "memory.stat": "what is this\n"}, 1000),
    ],
)
def test_available_memory_excludes_used_memory(tmp_path, monkeypatch, machine, group, files, expected):
    for name, content in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(content)
    for name, content in (("machine", machine), ("own", group)):
        if content:
            (tmp_path / name).write_text(content)
    monkeypatch.setattr(this_machine, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(this_machine, "_OWN_GROUP", tmp_path / "own")
    monkeypatch.setattr(this_machine, "_MACHINE", tmp_path / "machine")
    limits = [
        float(content) for name, content in files.items() if name.endswith(("max", "limit_in_bytes")) and content != "max"
    ]
    monkeypatch.setattr(this_machine, "total_memory", lambda: min([9e9, *limits]))
    assert this_machine.available_memory() == expected


def test_data_larger_than_memory_is_refused(monkeypatch):
    monkeypatch.setattr(this_machine, "total_memory", lambda: 3e9)
    check_size("story", 3e9)
    with pytest.raises(CheckpointError, match="story needs 4 GB of memory, and this machine has 3; use a smaller model"):
        check_size("story", 4e9)
