"""Sends ready-made HTTP requests over connections that stay open, as fast as they are answered or at a fixed rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Make = Callable[[int], bytes]
"""Gives the bytes of the request with this number."""


@dataclass
class Answers:
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] * 1000


class Sender:
    """One connection, which sends one request after the other and waits for each answer."""

    def __init__(self, address: tuple[str, int], answers: Answers) -> None:
        self.address, self.answers = address, answers
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def send(self, request: bytes, since: float) -> None:
        """`since` is when the request was to be sent: what it waited for a connection counts too."""
        try:
            head = await self._exchange(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            # The web server closes a connection that rests for two seconds.
            self.close()
            head = await self._exchange(request)
        assert self.reader is not None
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
        await self.reader.readexactly(length)
        self.answers.latencies.append(time.perf_counter() - since)
        status = lines[0].split()[1]
        self.answers.statuses[status] = self.answers.statuses.get(status, 0) + 1
        if "connection: close" in lines:
            self.close()

    async def _exchange(self, request: bytes) -> bytes:
        if self.reader is None or self.writer is None or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection(*self.address)
        self.writer.write(request)
        return await self.reader.readuntil(b"\r\n\r\n")

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def send_one(address: tuple[str, int], request: bytes) -> Answers:
    return as_fast_as_answered(address, lambda _: request, 0, 1)


def as_fast_as_answered(address: tuple[str, int], make: Make, seconds: float, connections: int) -> Answers:
    """At least one on each connection."""
    return asyncio.run(_as_fast_as_answered(address, make, seconds, connections))


async def _as_fast_as_answered(
    address: tuple[str, int], make: Make, seconds: float, connections: int
) -> Answers:
    answers = Answers()
    numbers = iter(range(10**9))
    began = time.perf_counter()

    async def one(sender: Sender) -> None:
        while True:
            now = time.perf_counter()
            await sender.send(make(next(numbers)), now)
            if time.perf_counter() - began >= seconds:
                break
        sender.close()

    await asyncio.gather(*(one(Sender(address, answers)) for _ in range(connections)))
    answers.seconds = time.perf_counter() - began
    return answers


def at_a_rate(address: tuple[str, int], make: Make, seconds: float, per_second: float) -> Answers:
    return asyncio.run(_at_a_rate(address, make, seconds, per_second))


async def _at_a_rate(address: tuple[str, int], make: Make, seconds: float, per_second: float) -> Answers:
    """Each request has its moment, whether or not those before it have been answered."""
    answers = Answers()
    idle: list[Sender] = []
    began = time.perf_counter()

    async def one(number: int, at: float) -> None:
        sender = idle.pop() if idle else Sender(address, answers)
        await sender.send(make(number), at)
        idle.append(sender)

    tasks = []
    for number in range(int(seconds * per_second)):
        at = began + number / per_second
        await asyncio.sleep(max(at - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(one(number, at)))
    await asyncio.gather(*tasks)
    answers.seconds = time.perf_counter() - began
    for sender in idle:
        sender.close()
    return answers
