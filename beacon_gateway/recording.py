"""Recordings: a file or a pipe of records, heard when the clock passes their time.

What a record looks like is the `Form`'s to say (`sources/jsonl.py`, `sources/btsnoop.py`); opening, pacing, reading on after a restart
and counting what cannot be read are the same for all, and stand here. A regular file can be resumed to the record; a pipe cannot.
"""

import hashlib
import os
import stat
from collections import deque
from typing import Final, NamedTuple, Protocol

import msgspec

from beacon_gateway import exits, words
from beacon_gateway.exits import Stop
from beacon_gateway.outside import decoded
from beacon_gateway.source import MALFORMED, Heard
from groundwork.adverts.advert import Advert
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words

STDIN: Final = "-"
_CHUNK: Final = 1 << 16


class Form(Protocol):
    """How records follow one another in the bytes, and what each says."""

    @property
    def head_bytes(self) -> int:
        """How many bytes stand before the first record."""
        ...

    @property
    def wrong(self) -> Words:
        """The sentence about a record that cannot be read: `path`, `number`, `problem`."""
        ...

    def begin(self, head: bytes) -> None:
        """Takes what stands before the first record. Raises ValueError where this is no such recording."""
        ...

    def record_bytes(self, buffer: bytearray, searched: int, *, at_end: bool) -> int:
        """How many bytes of `buffer` the next record takes; 0 when it has not come whole.

        The first `searched` bytes were looked at before, in vain. At the end, what is left is the last record.
        Raises ValueError where records cannot be told apart any more.
        """
        ...

    def adverts(self, raw: bytes) -> list[Advert]:
        """What a record says: adverts of one moment, or none. Raises ValueError where it cannot be read."""
        ...


class _Position(msgspec.Struct, frozen=True, kw_only=True):
    """Records that start before `start` are dealt with; so are those before `read` whose time lies before `before_ms`."""

    first_line: str
    start: int
    line: int
    read: int
    before_ms: int


class _Read(NamedTuple):
    start: int
    number: int
    at_ms: int


_position_decoder = msgspec.json.Decoder(_Position)


class Recording:
    """Adverts of the file at `path`, or of standard input for `-`."""

    def __init__(self, path: str, form: Form, resume: str = "", *, strict: bool = False) -> None:
        """`resume` is what `position` said in an earlier run; `strict` ends the run at the first record that cannot be read."""
        self._path = path
        self._form = form
        self._resume = resume
        self._strict = strict
        self._fd = -1
        self._buffer = bytearray()
        self._searched = 0
        self._begun = False
        self._at_end = False
        self._waits_for_writer = False
        self._offset = form.head_bytes
        self._number = 1
        self._last_ms = 0
        self._next: tuple[list[Advert], int] | None = None
        self._open: deque[_Read] = deque()
        self._first = ""
        self._done: _Position | None = None
        self.rewindable = False

    @property
    def ended(self) -> bool:
        return self._at_end and self._next is None and not self._buffer

    @property
    def next_ms(self) -> int | None:
        return self._next[0][0].at_ms if self._next else None

    async def start(self) -> None:
        """Opens the file and goes to where the last run had got, if it is still the same file."""
        try:
            self._fd = 0 if self._path == STDIN else os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            mode = os.fstat(self._fd).st_mode
        except OSError as error:
            raise Stop(words.SOURCE_MISSING, exits.BAD_INPUT, path=self._path, problem=phrase_of(error)) from error
        self._waits_for_writer = stat.S_ISFIFO(mode) and self._path != STDIN
        self.rewindable = stat.S_ISREG(mode)
        if self.rewindable:
            self._first = _first(self._fd)
            self._go_on()
        else:
            os.set_blocking(self._fd, False)

    def read(self, now_ms: int) -> Heard:
        """The adverts whose time has come, in the order of the recording."""
        heard = Heard([], [])
        while True:
            if self._next is None and not self._parse_next(heard):
                return heard
            assert self._next is not None, "a parsed record is waiting"
            adverts, size = self._next
            if adverts[0].at_ms > now_ms:
                return heard
            self._next = None
            if self._consume(size, adverts[0].at_ms):
                heard.adverts.extend(adverts)

    def position(self, covered_until_ms: int) -> str:
        """Names the earliest record still open, how far was read, and the time before which records up to there are dealt with."""
        if not self.rewindable:
            return ""
        self._open = deque(read for read in self._open if read.at_ms >= covered_until_ms)
        start, number, _ = self._open[0] if self._open else _Read(self._offset, self._number, 0)
        position = _Position(first_line=self._first, start=start, line=number, read=self._offset, before_ms=covered_until_ms)
        return msgspec.json.encode(position).decode()

    async def close(self) -> None:
        if self._fd > 0:
            os.close(self._fd)
        self._fd, self._at_end = -1, True
        self._buffer.clear()
        self._next = None

    def _go_on(self) -> None:
        """Reads on where `resume` says; the form is told what stands before the first record all the same."""
        if not self._resume:
            return
        try:
            position = decoded(_position_decoder, self._resume)
        except ValueError:
            return
        if position.first_line == self._first and position.read <= os.fstat(self._fd).st_size:
            self._begin(os.pread(self._fd, self._form.head_bytes, 0))
            self._done = position
            self._offset, self._number = position.start, position.line
            os.lseek(self._fd, position.start, os.SEEK_SET)

    def _begin(self, head: bytes) -> None:
        try:
            self._form.begin(head)
        except ValueError as error:
            raise Stop(words.SOURCE_OTHER, exits.BAD_INPUT, path=self._path, problem=phrase_of(error)) from error
        self._begun = True

    def _parse_next(self, heard: Heard) -> bool:
        """Parses up to the next record with adverts; False when there is none yet."""
        while (raw := self._raw()) is not None:
            try:
                adverts = self._form.adverts(raw)
            except ValueError as error:  # msgspec's errors too
                self._malformed(len(raw), error, heard)
                continue
            if adverts:
                self._next = adverts, len(raw)
                return True
            self._consume(len(raw), self._last_ms)
        return False

    def _malformed(self, size: int, error: ValueError, heard: Heard) -> None:
        if self._strict:
            raise self._wrong(error)
        if self._consume(size, self._last_ms):
            heard.refused.append((self._last_ms, MALFORMED))

    def _wrong(self, error: ValueError) -> Stop:
        return Stop(self._form.wrong, exits.BAD_INPUT, path=self._path, number=self._number, problem=error)

    def _consume(self, size: int, at_ms: int) -> bool:
        """Moves past a record; False where an earlier run has dealt with it."""
        start, number = self._offset, self._number
        self._offset += size
        self._number += 1
        self._last_ms = at_ms
        if self._done is not None:
            if start < self._done.read and at_ms < self._done.before_ms:
                return False
            if start >= self._done.read:
                self._done = None
        if self.rewindable:
            self._open.append(_Read(start, number, at_ms))
        return True

    def _raw(self) -> bytes | None:
        """The next record's bytes; None when it has not come yet, or never will."""
        while True:
            size = self._size()
            if size:
                raw = bytes(self._buffer[:size])
                del self._buffer[:size]
                self._searched = 0
                return raw
            if self._at_end or not self._fill():
                return None

    def _size(self) -> int:
        if not self._begun:
            if len(self._buffer) < self._form.head_bytes and not self._at_end:
                return 0
            self._begin(bytes(self._buffer[: self._form.head_bytes]))
            del self._buffer[: self._form.head_bytes]
        try:
            size = self._form.record_bytes(self._buffer, self._searched, at_end=self._at_end)
        except ValueError as error:
            raise self._wrong(error) from error
        self._searched = len(self._buffer)
        return size

    def _fill(self) -> bool:
        try:
            chunk = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Stop(words.SOURCE_UNREADABLE, path=self._path, problem=phrase_of(error)) from error
        if chunk:
            self._waits_for_writer = False
            self._buffer += chunk
        elif not self._waits_for_writer:  # a named pipe reads as ended until its first writer comes
            self._at_end = True
        return bool(chunk) or self._at_end


def _first(fd: int) -> str:
    """What tells one recording from another of the same name: its first line, or as much of a binary one."""
    return hashlib.sha256(os.pread(fd, 4096, 0).partition(b"\n")[0]).hexdigest()[:16]
