"""The log of the running server: a file that never stands in the way.

A full disk must pause the flow and not end it: whoever logs is in the middle of something else. So a line that cannot be written is
dropped, and once writing works again the log says how many are missing.
"""

import io
from pathlib import Path
from typing import Any, TextIO


def open_log(path: Path) -> TextIO:
    """Opens the log at `path` for appending, each text one write; raises OSError only here."""
    return io.TextIOWrapper(LogFile(path, "ab"), encoding="utf-8", errors="backslashreplace", write_through=True)


class LogFile(io.FileIO):
    """Takes whole lines, and writes them as long as that works."""

    _dropped = 0
    """Lines that could not be written since the last one that could."""
    _torn = False
    """The last write stopped in the middle of a line."""

    def write(self, line: Any, /) -> int:
        """Takes `line`, whatever becomes of it."""
        lost = b'{"level": "warning", "event": "log lines lost", "lines": %d}\n' % self._dropped if self._dropped else b""
        content = b"\n" * self._torn + lost + line
        try:
            written = self._put(content)
        except OSError:
            written = 0
        if written == len(content):
            self._dropped, self._torn = 0, False
        else:
            self._dropped, self._torn = self._dropped + 1, self._torn or written > 0
        return len(line)

    def _put(self, content: bytes) -> int:
        """How many bytes the disk took."""
        return super().write(content)
