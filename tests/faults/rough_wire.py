"""A wire that does to requests what networks do: doubles, delays, reorders, cuts and swallows them, and answers in the server's name.

A proxy for HTTP/1.1 on the loopback, between a real box and a real server. What it does with a request is drawn from a seeded `Random`; it
remembers every batch that the server took in, so that a test can compare what was taken with what was heard.
"""

import asyncio
import random
import zlib
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from groundwork.contracts.codec import Frame, decode_frame

PASSES: Final = "passes"
MOODS: Final = (
    "twice",
    "again_later",
    "held",
    "half_a_request",
    "half_an_answer",
    "late_answer",
    "too_many",
    "broken",
    "taken_and_too_many",
    "taken_and_broken",
    "portal",
)
"""What befalls a batch that does not simply pass."""
_LATE_S: Final = 0.5
_PAGE: Final = b"<html>Welcome to the hotel</html>"


class Passed(NamedTuple):
    """One HTTP request or answer, as bytes."""

    head: bytes
    body: bytes

    @property
    def whole(self) -> bytes:
        return self.head + self.body


def _answer(status: str, body: bytes = b"{}", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _read(reader: StreamReader) -> Passed | None:
    """The next request or answer; None where the connection has ended."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        return Passed(head, await reader.readexactly(int(length.partition(b":")[2])))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


@dataclass
class RoughWire:
    """The wire to the server at `server_port`. A batch passes `calm` of the time; else each of `MOODS` in its turn befalls one."""

    server_port: int
    rng: random.Random
    calm: float = 0.5
    port: int = 0
    befell: Counter[str] = field(default_factory=Counter)
    taken: list[bytes] = field(default_factory=list)
    """Bodies of the batches to which the server said 200, as often as it did."""
    _later: list[Passed] = field(default_factory=list)
    _deck: list[str] = field(default_factory=list)

    def once(self) -> dict[tuple[str, int], Frame]:
        """The batches the server took in, by boot and number."""
        frames = [decode_frame(zlib.decompress(body)) for body in self.taken]
        return {(frame.header.boot, frame.header.batch): frame for frame in frames}

    async def settle(self) -> None:
        """Delivers what is still held, newest first."""
        while self._later:
            await self._forward(self._later.pop())

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection of the box's."""
        try:
            while (request := await _read(reader)) is not None:
                answer, whole = await self._befall(request)
                writer.write(answer)
                await writer.drain()
                if not whole:
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _befall(self, request: Passed) -> tuple[bytes, bool]:
        """What the box is answered, and whether the connection goes on after it."""
        is_batch = request.head.startswith(b"POST /v1/sightings ") and request.body
        mood = self._mood() if is_batch and self.rng.random() >= self.calm else PASSES
        self.befell[mood] += 1
        if self._later and self.rng.random() < 0.3:
            await self._forward(self._later.pop(self.rng.randrange(len(self._later))))
        if mood in ("held", "half_a_request", "too_many", "broken", "portal"):
            return await self._not_taken(mood, request)
        if mood == "twice":
            await asyncio.gather(self._forward(request), self._forward(request))
        answer = await self._forward(request)
        if mood == "again_later":
            self._later.append(request)
        if mood == "late_answer":
            await asyncio.sleep(_LATE_S)
        if mood == "half_an_answer":
            return answer[: len(answer) - 10], False
        said = {"taken_and_too_many": _answer("429 No", more="Retry-After: 1\r\n"), "taken_and_broken": _answer("500 No")}
        return said.get(mood, answer), bool(answer)

    def _mood(self) -> str:
        """Dealt like cards, so that each has its turn however few requests there are."""
        if not self._deck:
            self._deck = self.rng.sample(MOODS, len(MOODS))
        return self._deck.pop()

    async def _not_taken(self, mood: str, request: Passed) -> tuple[bytes, bool]:
        """The same for a batch that the server does not get now."""
        if mood == "held":
            self._later.append(request)
            return b"", False
        if mood == "half_a_request":
            await self._forward(Passed(request.head, request.body[: len(request.body) // 2]))
            return b"", False
        said = {"too_many": _answer("429 No", more="Retry-After: 1\r\n"), "broken": _answer("500 No"), "portal": _answer("200 OK", _PAGE)}
        return said[mood], True

    async def _forward(self, request: Passed) -> bytes:
        """The server's answer; empty where there is none."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        except ConnectionError:
            return b""
        try:
            writer.write(request.whole)
            if int(request.head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0) != len(request.body):
                writer.write_eof()
            answer = await _read(reader)
        except ConnectionError:
            return b""
        finally:
            writer.close()
        if answer is None:
            return b""
        if answer.head.startswith(b"HTTP/1.1 200 ") and request.head.startswith(b"POST /v1/sightings "):
            self.taken.append(request.body)
        return answer.whole


@asynccontextmanager
async def rough_wire(server_port: int, seed: int, calm: float = 0.5) -> AsyncIterator[RoughWire]:
    """A running one."""
    wire = RoughWire(server_port, random.Random(seed), calm)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()


def through(arguments: Sequence[str], from_port: int, to_port: int) -> None:
    """Has the box whose configuration is named in `arguments` send to another port."""
    config = Path(arguments[arguments.index("--config") + 1])
    config.write_text(config.read_text().replace(f"127.0.0.1:{from_port}", f"127.0.0.1:{to_port}"))
