"""Cut the network between two workers during training, and report how they end.

Run it in a network namespace of its own, whose loopback interface can be disabled:

    unshare -rn python -m tests.cut_network FOLDER train story.txt ...

Writes JSON: the exit codes, the seconds from the cut to the end of both, the last line of each.
"""

import fcntl
import json
import socket
import struct
import sys
import time
from pathlib import Path

from tests.test_nothing_lost import at_work
from tests.worker_processes import free_addresses, start

SIOCSIFFLAGS, UP = 0x8914, 1


def loopback(flags: int) -> None:
    """Set the flags of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags))


def main() -> None:
    folder, *training = sys.argv[1:]
    loopback(UP)
    command = ["-m", "charlstm", *training, "--cluster", free_addresses(2), "--rank"]
    workers = [start([*command, str(rank)], Path(folder)) for rank in range(2)]
    at_work(workers[0])
    loopback(0)
    began = time.monotonic()
    said = [worker.communicate(timeout=100)[1] for worker in workers]
    ends = [worker.returncode for worker in workers]
    sys.stdout.write(json.dumps([ends, time.monotonic() - began, [each.splitlines()[-1] for each in said]]))


if __name__ == "__main__":
    main()
