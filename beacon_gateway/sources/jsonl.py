"""JSON lines: a recording or a pipe of adverts, one a line, heard when the clock passes their time.

    {"gateway": "gw-01", "at_ms": 1793516400000, "rssi_dbm": -67, "data": "0201061aff4c00...", "address": "AA:BB:CC:DD:EE:FF"}

`gateway` may be left out on a box with one radio, `address` always. A line that cannot be read is counted, or with `strict` ends the run
naming file and line. A regular file can be resumed to the line; a pipe cannot.
"""

import hashlib
import os
import stat
from collections import deque
from typing import Annotated, Final, NamedTuple

import msgspec

from beacon_gateway import exits, words
from beacon_gateway.exits import Stop
from beacon_gateway.source import MALFORMED, Heard
from groundwork.adverts.advert import Advert
from groundwork.contracts.ids import GatewayId

STDIN: Final = "-"
_CHUNK: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 16
"""An advert of 255 bytes takes 700; without a bound, a pipe that never ends its line would take all memory."""
_EXPECTED: Final = '{"at_ms": 1793516400000, "rssi_dbm": -67, "data": "<hex>"}'
_YEAR_10000_MS: Final = 253_402_300_800_000


class _Line(msgspec.Struct, frozen=True, gc=False):
    at_ms: Annotated[int, msgspec.Meta(ge=0, lt=_YEAR_10000_MS)]
    rssi_dbm: float
    data: str
    gateway: str = ""
    address: str = ""


class _Position(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that start before `start` are dealt with; so are those before `read` whose time lies before `before_ms`."""

    first_line: str
    start: int
    line: int
    read: int
    before_ms: int


class _Read(NamedTuple):
    start: int
    line: int
    at_ms: int


_decoder = msgspec.json.Decoder(_Line)
_position_decoder = msgspec.json.Decoder(_Position)


class JsonlSource:
    """Adverts of the file at `path`, or of standard input for `-`."""

    def __init__(self, path: str, gateway: GatewayId, resume: str = "", *, strict: bool = False) -> None:
        """`gateway` is the radio of lines that name none; `resume` is what `position` said in an earlier run."""
        self._path = path
        self._gateway = gateway
        self._resume = resume
        self._strict = strict
        self._fd = -1
        self._buffer = bytearray()
        self._scanned = 0
        self._at_end = False
        self._waits_for_writer = False
        self._offset = 0
        self._line = 1
        self._last_ms = 0
        self._next: tuple[Advert, int] | None = None
        self._open: deque[_Read] = deque()
        self._first_line = ""
        self._done: _Position | None = None
        self.rewindable = False

    @property
    def ended(self) -> bool:
        return self._at_end and self._next is None and not self._buffer

    @property
    def next_ms(self) -> int | None:
        return self._next[0].at_ms if self._next else None

    async def start(self) -> None:
        """Opens the file and goes to where the last run had got, if it is still the same file."""
        try:
            self._fd = 0 if self._path == STDIN else os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            mode = os.fstat(self._fd).st_mode
        except OSError as error:
            raise Stop(words.SOURCE_MISSING, exits.BAD_INPUT, path=self._path, problem=error.strerror) from error
        self._waits_for_writer = stat.S_ISFIFO(mode) and self._path != STDIN
        self.rewindable = stat.S_ISREG(mode)
        if self.rewindable:
            self._first_line = _first_line(self._fd)
            self._go_on()
        else:
            os.set_blocking(self._fd, False)

    def read(self, now_ms: int) -> Heard:
        """The lines whose time has come, in file order."""
        heard = Heard([], [])
        while True:
            if self._next is None and not self._parse_next(heard):
                return heard
            assert self._next is not None, "a parsed line is waiting"
            advert, size = self._next
            if advert.at_ms > now_ms:
                return heard
            self._next = None
            if self._consume(size, advert.at_ms):
                heard.adverts.append(advert)

    def position(self, covered_until_ms: int) -> str:
        """Names the earliest line that is still open, how far was read, and the time before which lines up to there are dealt with."""
        if not self.rewindable:
            return ""
        self._open = deque(read for read in self._open if read.at_ms >= covered_until_ms)
        start, line, _ = self._open[0] if self._open else _Read(self._offset, self._line, 0)
        position = _Position(first_line=self._first_line, start=start, line=line, read=self._offset, before_ms=covered_until_ms)
        return msgspec.json.encode(position).decode()

    async def close(self) -> None:
        if self._fd > 0:
            os.close(self._fd)
        self._fd, self._at_end = -1, True
        self._buffer.clear()
        self._next = None

    def _go_on(self) -> None:
        if not self._resume:
            return
        try:
            position = _position_decoder.decode(self._resume)
        except msgspec.DecodeError:
            return
        if position.first_line == self._first_line and position.read <= os.fstat(self._fd).st_size:
            self._done = position
            self._offset, self._line = position.start, position.line
            os.lseek(self._fd, position.start, os.SEEK_SET)

    def _parse_next(self, heard: Heard) -> bool:
        """Parses up to the next good line; False when there is none yet."""
        while (raw := self._raw_line()) is not None:
            try:
                line = _decoder.decode(raw)
                advert = Advert(GatewayId(line.gateway) or self._gateway, line.at_ms, line.rssi_dbm, bytes.fromhex(line.data), line.address)
            except ValueError as error:  # msgspec's errors too
                self._malformed(len(raw), error, heard)
                continue
            self._next = advert, len(raw)
            return True
        return False

    def _malformed(self, size: int, error: ValueError, heard: Heard) -> None:
        if self._strict:
            raise Stop(words.SOURCE_LINE, exits.BAD_INPUT, path=self._path, line=self._line, problem=error, expected=_EXPECTED)
        if self._consume(size, self._last_ms):
            heard.refused.append((self._last_ms, MALFORMED))

    def _consume(self, size: int, at_ms: int) -> bool:
        """Moves past a line; False where an earlier run has dealt with it."""
        start, line = self._offset, self._line
        self._offset += size
        self._line += 1
        self._last_ms = at_ms
        if self._done is not None:
            if start < self._done.read and at_ms < self._done.before_ms:
                return False
            if start >= self._done.read:
                self._done = None
        if self.rewindable:
            self._open.append(_Read(start, line, at_ms))
        return True

    def _raw_line(self) -> bytes | None:
        """The next line with its end; None when it has not come yet, or never will."""
        while True:
            end = self._buffer.find(b"\n", self._scanned) + 1
            self._scanned = len(self._buffer)
            if not end and (self._at_end or len(self._buffer) > _LONGEST_LINE):
                end = len(self._buffer)
            if end:
                line = bytes(self._buffer[:end])
                del self._buffer[:end]
                self._scanned = 0
                return line
            if self._at_end or not self._fill():
                return None

    def _fill(self) -> bool:
        try:
            chunk = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Stop(words.SOURCE_UNREADABLE, path=self._path, problem=error.strerror) from error
        if chunk:
            self._waits_for_writer = False
            self._buffer += chunk
        elif not self._waits_for_writer:  # a named pipe reads as ended until its first writer comes
            self._at_end = True
        return bool(chunk) or self._at_end


def _first_line(fd: int) -> str:
    """What tells one recording from another of the same name."""
    return hashlib.sha256(os.pread(fd, 4096, 0).partition(b"\n")[0]).hexdigest()[:16]
