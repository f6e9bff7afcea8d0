"""Measure `charlstm serve` with the demo model: throughput of one stream and of 64, and how long the first character takes.

    python -m benchmarks.serving [SECONDS]

SECONDS of load with clients that leave at random: 30 by default. The clients run in this process, on the same cores.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
STREAMS = 64


async def stream(port: int, length: int, seed: int) -> AsyncGenerator[str]:
    """Ask for a text, and yield its pieces as they come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"prompt": "The ferry ", "max_tokens": length, "seed": seed, "stream": True}).encode()
    head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    try:
        while line := await reader.readline():
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])["choices"][0]["text"]
            elif line.startswith(b"data: [DONE]"):
                return
            elif line.startswith(b"HTTP") and b" 200 " not in line:
                raise RuntimeError(line.decode())
    finally:
        writer.close()


async def read(port: int, length: int, seed: int) -> tuple[str, float]:
    """Return a text, and the seconds until its first character."""
    began, first, text = time.perf_counter(), 0.0, ""
    async for piece in stream(port, length, seed):
        first = first or time.perf_counter() - began
        text += piece
    return text, first


async def throughput(port: int, streams: int, length: int) -> float:
    """Return the characters a second of streams that begin together."""
    began = time.perf_counter()
    texts = await asyncio.gather(*(read(port, length, seed) for seed in range(streams)))
    return sum(len(text) for text, _ in texts) / (time.perf_counter() - began)


async def first_characters(port: int, count: int, load: int) -> list[float]:
    """Return the milliseconds to the first character of texts that are asked for one after the other, beside others."""
    others = [asyncio.create_task(read(port, 10_000, 1_000 + number)) for number in range(load)]
    await asyncio.sleep(1 if load else 0)
    times = []
    for number in range(count):
        times.append(1000 * (await read(port, 5, number))[1])
        await asyncio.sleep(0.02)
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    return times


async def leave(port: int) -> float:
    """Return the milliseconds from a client that leaves to the end of its work."""
    pieces = stream(port, 10_000, 1)
    await anext(pieces)
    await pieces.aclose()
    began = time.perf_counter()
    while await number(port, "charlstm_texts"):
        pass
    return 1000 * (time.perf_counter() - began)


async def number(port: int, name: str) -> float:
    """Return a metric."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    return float(re.search(rf"^{name}\S* (\S+)$", answer, re.MULTILINE)[1])  # type: ignore[index]


@dataclass
class Load:
    """The result of a load.

    Attributes:
        whole: Texts that were read to the end.
        wrong: Those that are not what the same request gives alone.
        left: Clients that left before the end.
        memory: Memory of the server along the way: MB.
    """

    whole: int = 0
    wrong: int = 0
    left: int = 0
    memory: list[float] = field(default_factory=list)


async def disturb(port: int, process: int, seconds: float) -> Load:
    """Load the server with clients that leave at random, and compare every whole text."""
    chance = random.Random(0)
    expected = {seed: (await read(port, 200, seed))[0] for seed in range(8)}
    end, load = time.monotonic() + seconds, Load()

    async def client() -> None:
        while time.monotonic() < end:
            seed, patience, text = chance.randrange(8), chance.choice([1, 3, 10_000]), ""
            async for piece in stream(port, 200, seed):
                text += piece
                patience -= 1
                if not patience:
                    load.left += 1
                    break
            else:
                load.whole += 1
                load.wrong += text != expected[seed]

    clients = [asyncio.create_task(client()) for _ in range(STREAMS)]
    for part in range(6):
        await asyncio.sleep(max(0.0, end - seconds * (5 - part) / 6 - time.monotonic()))
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
        load.memory.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)  # type: ignore[index]
    await asyncio.gather(*clients)
    return load


async def measure(port: int, process: int, seconds: float) -> None:
    """Print all measurements."""
    await read(port, 200, 0)
    one = [await throughput(port, 1, 4_000) for _ in range(3)]
    many = [await throughput(port, STREAMS, 1_000) for _ in range(3)]
    alone, together = np.median(one), np.median(many)
    print(f"one stream: {alone:,.0f} characters/s; {STREAMS} streams: {together:,.0f}, {together / alone:.1f} times as many")
    for others in (0, STREAMS - 1):
        times = await first_characters(port, 100, others)
        beside = f"beside {others} streams" if others else "idle"
        print(f"first character, {beside}: median {np.median(times):.0f} ms, 99th percentile {np.percentile(times, 99):.0f} ms")
    print(f"a client that leaves: its work ends within {max([await leave(port) for _ in range(20)]):.0f} ms")
    load = await disturb(port, process, seconds)
    print(f"{seconds:.0f} s of load: {load.whole} texts read to the end, {load.wrong} of them wrong; {load.left} clients left")
    print(f"memory along the way, MB: {', '.join(f'{each:.0f}' for each in load.memory)}")


def main() -> None:
    """Start a server, and measure it."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    command = [sys.executable, "-m", "charlstm", "serve", "ferry", "--checkpoints", str(ROOT / "checkpoints"), "--port", "0"]
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, stderr=log) as process:
        try:
            while not (found := re.search(rb"http://\S+?:(\d+)/", Path(f"/proc/self/fd/{log.fileno()}").read_bytes())):
                time.sleep(0.05)
            asyncio.run(measure(int(found[1]), process.pid, seconds))
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
