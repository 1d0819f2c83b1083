"""The data folder: private, locked by one, and honest about a full disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aislecast import exits
from aislecast.exits import Stop
from aislecast.folder import Folder, free_bytes, write_secret


def test_the_folder_is_for_this_account_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "deep" / "home")
    folder.make()
    folder.make()
    inside = [folder.root, folder.keys, folder.tls, folder.spool, folder.logs, folder.backups, folder.cache]
    assert [oct(path.stat().st_mode & 0o777) for path in inside] == ["0o700"] * len(inside)


def test_two_processes_do_not_share_a_folder(folder: Folder) -> None:
    with folder.locked(), pytest.raises(Stop) as caught, folder.locked():
        pass
    assert caught.value.code == exits.ENVIRONMENT
    assert str(caught.value) == (
        f"The data folder {folder.root} is in use by another Aislecast (process {os.getpid()}). "
        "Stop it first, or choose another folder with `--data`."
    )


def test_a_killed_process_holds_no_folder(folder: Folder) -> None:
    hold = f"from pathlib import Path; from aislecast.folder import Folder; f = Folder(Path({str(folder.root)!r}))\n"
    hold += "with f.locked(): print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Stop, match=f"process {holder.pid}"), folder.locked():
            pass
        holder.kill()
        holder.wait()
    with folder.locked():
        assert folder.lock_file.read_text() == f"{os.getpid()}\n"


def test_the_lock_is_free_again_after_an_error(folder: Folder) -> None:
    with pytest.raises(RuntimeError), folder.locked():
        raise RuntimeError
    with folder.locked():
        pass


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Stop, match="is a file, not a folder") as caught:
            Folder(root).make()
        assert caught.value.code == exits.ENVIRONMENT


def test_a_folder_we_may_not_make_is_named() -> None:
    """Nobody may make a folder in /sys, not even root."""
    with pytest.raises(Stop, match="No permission for /sys/home") as caught:
        Folder(Path("/sys/home")).make()
    assert caught.value.code == exits.ENVIRONMENT


def test_too_little_space_is_said_in_megabytes(folder: Folder) -> None:
    folder.need_space(1)
    with pytest.raises(Stop, match=r"and 1000000000 MB are needed") as caught:
        folder.need_space(10**15)
    assert caught.value.code == exits.ENVIRONMENT


def test_free_space_is_known_before_the_folder_exists(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") > 0


def test_a_key_is_made_once_and_only_we_can_read_it(folder: Folder) -> None:
    assert folder.key("codes", lambda: b"first") == b"first"
    assert folder.key("codes", lambda: b"second") == b"first"
    assert (folder.keys / "codes").stat().st_mode & 0o777 == 0o600


def test_a_key_that_others_can_read_is_refused(folder: Folder) -> None:
    folder.key("codes", lambda: b"first")
    (folder.keys / "codes").chmod(0o640)
    with pytest.raises(Stop, match="chmod 600"):
        folder.key("codes", lambda: b"second")


def test_a_secret_replaces_the_old_one_whole(tmp_path: Path) -> None:
    write_secret(tmp_path / "secret", b"a long old secret")
    write_secret(tmp_path / "secret", b"new")
    assert (tmp_path / "secret").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_there_is_no_send_fence_until_something_is_restored(folder: Folder) -> None:
    assert folder.send_fence_ms() is None


def test_a_send_fence_that_cannot_be_read_stops_the_start(folder: Folder) -> None:
    folder.send_fence.write_text("{}")
    with pytest.raises(Stop, match="send-fence"):
        folder.send_fence_ms()
