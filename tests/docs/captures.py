"""The captures of the terminal in the READMEs, made of the real thing: `python -m tests.docs.captures` starts the demo and keeps its view.

The demo runs in a pseudo-terminal, once for each language, for SECONDS; what it draws last is kept as text, bidi isolates and all: no
emulator of a terminal is asked, because those known count an isolate as a column or drop it. `test_readme.py` holds the steps of the flow
in the captures to be those of `aislecast/steps.py`, so whoever adds a step is told to run this.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT

PAGES: Final = {"README.md": "en", "README.ar.md": "ar"}
SECONDS: Final = 200
"""Until then coupons were redeemed, which takes the demo's shoppers two minutes."""
ENDING_S: Final = 30
PORT: Final = 8000
"""Shown in place of the one that was free."""
COLUMNS, ROWS = 106, 66
MARKED: Final = re.compile(r"(?<=<!-- capture -->\n)(?P<open>.*?```text\n)(?P<view>.*?)(?P<close>```\n.*?)(?=<!-- /capture -->)", re.DOTALL)
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_REDRAWN: Final = re.compile(r"(?:\r?\x1b\[2K(?:\x1b\[1A\x1b\[2K)+)|\r\x1b\[\d+A|\x1b\[1A\x1b\[2K")
"""How rich goes back to the first line to draw everything anew."""


def view_in(page: str) -> str:
    """The capture in a page."""
    found = MARKED.search(page)
    assert found, "no <!-- capture --> with a block of text in it"
    return found["view"]


def with_view(page: str, view: str) -> str:
    """The page with another capture."""
    return MARKED.sub(lambda found: found["open"] + view + found["close"], page)


def last_view(drawn: str) -> str:
    """What stood on the terminal in the end, of all that was written to it."""
    frames = [_CONTROL.sub("", frame) for frame in _REDRAWN.split(drawn)]
    whole = [frame for frame in frames if frame.count("\n") > ROWS // 2]
    assert whole, f"the view was never drawn whole:\n{drawn[-2_000:]}"
    return "\n".join(line.rstrip() for line in whole[-1].strip("\n").splitlines()) + "\n"


def drawn_by_the_demo(language: str, seconds: float = SECONDS) -> str:
    """Everything that `aislecast up --demo` writes to a terminal within `seconds`."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        command = [sys.executable, "-m", "aislecast.cli", "up", "--demo", "--lang", language, "--data", folder, "--port", str(port)]
        environment = os.environ | {"TERM": "xterm", "COLUMNS": str(COLUMNS), "LINES": str(ROWS), "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment)
        os.close(theirs)
        try:
            return _written(ours, seconds).replace(f":{port}/", f":{PORT}/")
        finally:
            process.send_signal(signal.SIGINT)
            _written(ours, ENDING_S)  # a terminal that nobody reads would hold up its last lines
            process.kill()
            process.wait()
            os.close(ours)


def _free_port() -> int:
    """A port with as many digits as the usual one, which somebody may be using."""
    for port in range(PORT + 100, 10_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port from 8100 to 9999 is free")


def _written(terminal: int, seconds: float) -> str:
    until = time.monotonic() + seconds  # noqa: TID251 # a tool by hand, not the product
    said = b""
    while (left := until - time.monotonic()) > 0:  # noqa: TID251 # as above
        if select.select([terminal], [], [], left)[0]:
            try:
                said += os.read(terminal, 65_536)
            except OSError:  # the other side is closed: the process has ended
                break
    return said.decode("utf-8", "replace")


def main(pages: list[str]) -> None:
    """Makes the captures of the named pages, or of both."""
    for name in pages or PAGES:
        path = Path(ROOT / name)
        page = path.read_text(encoding="utf-8")
        path.write_text(with_view(page, last_view(drawn_by_the_demo(PAGES[name]))), encoding="utf-8")
        print(f"{name}: made", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
