"""Rules of rotation, against the real registry: no crash leaves the box without a key that the server knows."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from beacon_gateway.cli import main
from beacon_gateway.keys import next_of, put_in_place, read_key, signing_of
from beacon_gateway.line import Line
from beacon_gateway.rotate import Rotation
from beacon_gateway.transport import HttpTransport
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.proofs import key_name
from tests.beacon_gateway.site import INSTALLER, Site
from tests.data import PROJECT

DAY_S = 86_400
DIES_AT = {"fsync": 3, "link,linkat": 1, "unlink,unlinkat": 2, "utimensat": 1, "sendto": 1, "rename,renameat": 1}
"""Calls of the kernel that a rotation makes, with how many of each there are."""


def line_of(site: Site, clock: ManualClock) -> Line:
    return Line(HttpTransport(site.url), signing_of(read_key(site.key)), clock)


async def test_the_key_is_changed_when_it_is_old_and_not_before(site: Site, clock: ManualClock) -> None:
    await site.enrolled()
    os.utime(site.key, (clock.now_ms() / 1000, clock.now_ms() / 1000))
    line = line_of(site, clock)
    rotation = Rotation(line, site.key, 90)
    first = line.signing.key_id
    clock.advance(90 * DAY_S - 1)
    assert not rotation.due()
    clock.advance(1)
    assert rotation.due()
    assert await rotation.turn()
    assert line.signing.key_id == key_name(site.public()) != first
    assert not rotation.due()
    signers = site.served.credentials
    assert signers.signer(line.signing.key_id) is not None
    former = signers.signer(first)
    assert former is not None
    assert former.valid_until_ms == clock.now_ms() + DAY_S * 1000
    await line.close()


async def test_a_key_is_never_changed_by_age_where_the_settings_say_so(site: Site, clock: ManualClock) -> None:
    await site.enrolled()
    line = line_of(site, clock)
    clock.advance(4_000 * DAY_S)
    assert not Rotation(line, site.key, 0).due()


async def test_a_box_that_died_in_the_middle_and_slept_past_the_overlap_goes_on_with_the_key_it_had_told_of(
    site: Site, clock: ManualClock
) -> None:
    await site.enrolled()
    line = line_of(site, clock)
    rotation = Rotation(line, site.key, 90)
    before = site.key.read_bytes()
    assert await rotation.turn()
    shutil.copy(site.key, next_of(site.key))
    next_of(site.key).chmod(0o600)
    site.key.write_bytes(before)  # as if it had died before the rename
    clock.advance(3 * DAY_S)
    again = line_of(site, clock)
    rotation = Rotation(again, site.key, 90)
    assert rotation.due()
    assert await rotation.turn()
    assert again.signing == line.signing or again.signing.key_id == line.signing.key_id
    assert not next_of(site.key).exists()
    for each in (line, again):
        await each.close()


async def test_without_a_server_the_key_stays_and_the_next_one_waits(site: Site, clock: ManualClock, unused_tcp_port: int) -> None:
    await site.enrolled()
    before = site.public()
    line = Line(HttpTransport(f"http://127.0.0.1:{unused_tcp_port}"), signing_of(read_key(site.key)), clock)
    rotation = Rotation(line, site.key, 90)
    assert not await rotation.turn()
    waiting = next_of(site.key).read_bytes()
    assert not await rotation.turn()
    assert next_of(site.key).read_bytes() == waiting
    assert (site.public(), bool(rotation.trouble)) == (before, True)
    await line.close()


async def test_a_revoked_box_changes_nothing(site: Site, clock: ManualClock) -> None:
    await site.enrolled()
    await site.served.client.delete("/v1/gateways/box-1", headers=INSTALLER)
    line = line_of(site, clock)
    rotation = Rotation(line, site.key, 90)
    assert not await rotation.turn()
    assert rotation.trouble == "signature_unknown_key"
    await line.close()


async def test_a_key_that_another_process_has_changed_is_followed(site: Site, clock: ManualClock) -> None:
    await site.enrolled()
    running, typed = line_of(site, clock), line_of(site, clock)
    assert await Rotation(typed, site.key, 90).turn()
    rotation = Rotation(running, site.key, 90)
    rotation.follow()
    assert running.signing.key_id == typed.signing.key_id
    for line in (running, typed):
        await line.close()


async def test_two_processes_that_change_it_at_once_end_with_one_key(site: Site, clock: ManualClock) -> None:
    await site.enrolled()
    lines = [line_of(site, clock), line_of(site, clock)]
    done = await asyncio.gather(*(Rotation(line, site.key, 90).turn() for line in lines), return_exceptions=True)
    assert True in done
    for line in lines:
        Rotation(line, site.key, 90).follow()
        await line.close()
    assert {line.signing.key_id for line in lines} == {key_name(site.public())}


async def test_rotate_is_a_command(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    await site.enrolled()
    before = site.public()
    assert await asyncio.to_thread(main, ["rotate", "--config", str(site.config), "--lang", "en"]) == 0, capsys.readouterr().err
    assert site.public() != before
    assert key_name(site.public()) in capsys.readouterr().out


async def test_where_the_settings_name_the_key_it_is_not_changed(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    await site.enrolled()
    site.config.write_text(site.config.read_text() + 'key_id = "door"\n')
    assert await asyncio.to_thread(main, ["rotate", "--config", str(site.config), "--lang", "ar"]) == 2
    assert "door" in capsys.readouterr().err


@pytest.mark.faults
@pytest.mark.skipif(shutil.which("strace") is None, reason="missing tool: strace")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("call", DIES_AT)
async def test_killed_at_any_step_it_comes_back_with_a_key_that_the_server_knows(site: Site, clock: ManualClock, call: str) -> None:
    await site.enrolled()
    for number in range(1, DIES_AT[call] + 1):
        assert await killed(site.config, call, number), f"{call} {number} was never reached"
        line = line_of(site, clock)
        assert await Rotation(line, site.key, 90).turn()
        assert site.served.credentials.signer(key_name(site.public())) is not None
        assert sorted(path.name for path in site.folder.glob("gateway.pem*") if path.suffix != ".part") == ["gateway.pem"]
        await line.close()


async def killed(config: Path, call: str, number: int) -> bool:
    """Runs `rotate` and has the kernel kill it as it makes its `number`th such call; False where it made fewer and came through."""
    rotate = [sys.executable, "-m", "beacon_gateway.cli", "rotate", "--config", str(config), "--lang", "en"]
    kill = f"inject={call}:signal=KILL:when={number}"
    command = ["strace", "-f", "-qq", "-e", f"trace={call}", "-e", kill, "-o", "/dev/null", *rotate]
    environ = {"PYTHONPATH": str(PROJECT), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    process = await asyncio.create_subprocess_exec(*command, cwd=config.parent, env=environ, stdout=PIPE, stderr=PIPE)
    said, wrong = await process.communicate()
    assert process.returncode in (0, -9, 137), (said, wrong)
    return process.returncode != 0


def test_the_next_key_takes_its_place_whole(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_bytes(b"old")
    next_of(path).write_bytes(b"new")
    put_in_place(path)
    assert (path.read_bytes(), next_of(path).exists()) == (b"new", False)
