"""The server's log: a full disk costs lines of it and nothing else."""

import json
from pathlib import Path

import pytest

from aislecast.upkeep.log_file import LogFile, open_log


class SmallDisk(LogFile):
    """A log on a disk with room for `room` bytes, until there is more."""

    room = 0

    def _put(self, content: bytes) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        part = content[: self.room]
        self.room -= len(part)
        return super()._put(part)


def test_a_line_is_in_the_file_at_once_and_what_was_there_stays(tmp_path: Path) -> None:
    for text in ("one", "اثنان"):
        with open_log(tmp_path / "log") as log:
            print(text, file=log)
            assert (tmp_path / "log").read_text().splitlines()[-1] == text
    assert (tmp_path / "log").read_text() == "one\nاثنان\n"


def test_a_device_that_is_full_raises_nothing() -> None:
    with open_log(Path("/dev/full")) as log:
        print("a line", file=log, flush=True)


@pytest.mark.parametrize("room", [0, 7])
def test_what_is_missing_is_said_once_there_is_room_again(tmp_path: Path, room: int) -> None:
    with SmallDisk(tmp_path / "log", "ab") as log:
        log.room = room
        for number in range(3):
            log.write(b'{"event": "%d"}\n' % number)
        log.room = 1_000
        log.write(b'{"event": "again"}\n')
        log.write(b'{"event": "and again"}\n')
    whole = [json.loads(line) for line in (tmp_path / "log").read_bytes()[room:].splitlines() if line]
    assert [line.get("lines", line["event"]) for line in whole] == [3, "again", "and again"]
