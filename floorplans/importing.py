"""Reads a plan file in a process of its own, so that no file can take the server's memory, time or life with it.

`read_file` is what everybody calls; `answer_to` is what runs over there. Merging what was drawn into a plan is for `merge.py`.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from floorplans.drawing import Choice, Drawn, PlanFileError, Remark

Progress = Callable[[str], None]
PACKAGES: Final = Path(__file__).resolve().parents[1]
LARGEST_FILE: Final = 64 << 20


class Limits(msgspec.Struct, frozen=True):
    """What reading one file may take."""

    seconds: int = 60
    """On the wall and of the processor; the largest real drawing takes 10."""
    megabytes: int = 2_048
    """Of address space, of which the libraries alone take 500."""


class Order(msgspec.Struct, frozen=True):
    """What the reading process is asked."""

    format: str = ""
    """Empty: to be recognised."""
    choice: Choice = Choice()
    limits: Limits = Limits()


class Answer(msgspec.Struct, frozen=True):
    """What it answers: either what was drawn or why not."""

    format: str = ""
    drawn: Drawn | None = None
    refused: Remark | None = None


class Import(msgspec.Struct, frozen=True):
    """A file that was read."""

    format: str
    drawn: Drawn


def read_file(
    path: Path, choice: Choice | None = None, format_name: str = "", limits: Limits | None = None, progress: Progress = lambda _step: None
) -> Import:
    """What the file holds, recognised unless its format is named. `progress` is told each step: `reading`, `imdf`, `drawn`.

    Blocks for as long as reading takes, `limits.seconds` at most: call it in a thread. Raises PlanFileError.
    """
    order = Order(format_name, choice or Choice(), limits or Limits())
    _refuse_giant(path)
    with tempfile.TemporaryDirectory(prefix="plan-") as folder:
        answer, complaint = Path(folder) / "answer", Path(folder) / "complaint"
        code = _run([str(path.resolve()), msgspec.json.encode(order).decode(), str(answer)], folder, progress)
        if code != 0 or not answer.exists():
            raise _ended(code, complaint, order.limits)
        found = msgspec.json.decode(answer.read_bytes(), type=Answer)
    if found.refused is not None:
        raise PlanFileError(found.refused.code, found.refused.at, **found.refused.values)
    assert found.drawn is not None  # one of the two is there
    progress("drawn")
    return Import(found.format, found.drawn)


def answer_to(path: Path, order_text: bytes, progress: Progress) -> bytes:
    """What the reading process does, as the bytes it answers."""
    from floorplans.formats import READERS, recognised

    order = msgspec.json.decode(order_text, type=Order)
    try:
        progress("reading")
        if order.format and order.format not in READERS:
            raise PlanFileError("unknown_format", path.name, found=order.format, known=", ".join(READERS))
        name = order.format or recognised(path)
        progress(name)
        return msgspec.json.encode(Answer(name, READERS[name](path, order.choice)))
    except PlanFileError as fault:
        return msgspec.json.encode(Answer(refused=fault.remark))
    except RecursionError:
        return msgspec.json.encode(Answer(refused=PlanFileError("circle", path.name, found="...").remark))
    except MemoryError:
        return msgspec.json.encode(Answer(refused=PlanFileError("too_much_memory", path.name, megabytes=order.limits.megabytes).remark))


def _refuse_giant(path: Path) -> None:
    """Before a process is started for it."""
    if path.is_file() and (size := path.stat().st_size) > LARGEST_FILE:
        raise PlanFileError("too_large", path.name, found=size, most=LARGEST_FILE)


def _run(arguments: list[str], folder: str, progress: Progress) -> int:
    """The reading process from start to end; its environment holds nothing of ours."""
    environment = {"PYTHONPATH": str(PACKAGES), "TMPDIR": folder, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment |= {key: os.environ[key] for key in ("PATH", "SYSTEMROOT") if key in os.environ}
    command = [sys.executable, "-P", "-m", "floorplans.reading", *arguments]
    with (
        (Path(folder) / "complaint").open("wb") as complaint,
        subprocess.Popen(  # noqa: S603 # our own interpreter and module; the file's name is an argument, not a command
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaint, env=environment, cwd=folder, text=True
        ) as process,
    ):
        assert process.stdout is not None  # PIPE, above
        for line in process.stdout:
            progress(line.strip())
        return process.wait()


def _ended(code: int, complaint: Path, limits: Limits) -> PlanFileError:
    """Why it ended without an answer."""
    if code in (-signal.SIGALRM, -signal.SIGXCPU, -signal.SIGKILL):
        return PlanFileError("took_too_long", seconds=limits.seconds)
    last = complaint.read_text(errors="replace").strip().rpartition("\n")[2]
    if "MemoryError" in last or "cannot allocate" in last.lower():
        return PlanFileError("too_much_memory", megabytes=limits.megabytes)
    return PlanFileError("reader_died", problem=f"{code}: {last[:150]}")
