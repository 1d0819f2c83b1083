"""Rules of `check`: each fault is named in plain words of both languages, what is well is said too, and nothing is changed."""

import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from beacon_gateway import check as checks
from beacon_gateway import words
from beacon_gateway.check import Finding, Means, State, check
from beacon_gateway.exits import Stop
from beacon_gateway.host import Adapter, BluetoothAway, BusTrouble
from beacon_gateway.keys import write_key
from beacon_gateway.line import Transport, TransportFailed
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.source import Heard, Radio
from beacon_gateway.sources.jsonl import JsonlSource
from beacon_gateway.transport import HttpTransport
from groundwork.adverts.advert import Advert
from groundwork.plumbing import signatures
from groundwork.plumbing.reasons import Words
from tests.beacon_gateway.backend import KEY, PUBLIC
from tests.beacon_gateway.build import BOX, START_MS, STRANGER, UUID, advert, clock

HCI0 = Adapter("hci0", "00:1A:7D:DA:71:13", True, False)


@dataclass
class Machine:
    """A host that says what the test tells it to."""

    known: Sequence[Adapter] = (HCI0,)
    raises: Exception | None = None

    async def adapters(self) -> list[Adapter]:
        if self.raises is not None:
            raise self.raises
        return list(self.known)

    async def power_cycle(self, adapter: str) -> None:
        raise AssertionError(f"a check changed {adapter}")

    async def restart_bluetooth(self) -> None:
        raise AssertionError("a check restarted Bluetooth")

    async def reboot(self) -> None:
        raise AssertionError("a check restarted the machine")

    async def close(self) -> None:
        return


@dataclass
class Air:
    """Radios that hear what the test puts in the air."""

    adverts: list[Advert] = field(default_factory=list)
    trouble: str = ""
    rewindable: bool = False
    ended: bool = False
    next_ms: int | None = None

    def __post_init__(self) -> None:
        self.radios = [Radio(BOX, trouble=self.trouble)]

    async def start(self) -> None:
        return

    async def scan(self, _radio: Radio) -> None:
        raise AssertionError("a check repairs nothing")

    async def begin_anew(self) -> None:
        raise AssertionError("a check repairs nothing")

    def read(self, _now_ms: int) -> Heard:
        return Heard(self.adverts, [])

    def position(self, _covered_until_ms: int) -> str:
        return ""

    async def close(self) -> None:
        return


@asynccontextmanager
async def server(*answers: web.Response, offset_ms: int = 0) -> AsyncIterator[str]:
    """Answers as told, to empty batches with a good signature only."""
    waiting = list(answers)

    async def take(request: web.Request) -> web.Response:
        signature = signatures.parse(request.headers[signatures.HEADER])
        assert signature is not None
        assert await request.read() == b""
        assert signatures.holds(signature, PUBLIC, "POST", request.raw_path, b"")
        answer = waiting.pop(0)
        if not waiting:
            assert signature.at_ms == START_MS + offset_ms
        return answer

    app = web.Application()
    app.router.add_post("/v1/sightings", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def refused(status: int, code: str, server_ms: int | None = None) -> web.Response:
    return web.json_response({"code": code, "server_ms": server_ms}, status=status)


def settings(folder: Path, **changes: object) -> GatewaySettings:
    if not (folder / "key.pem").exists():
        write_key(folder / "key.pem", KEY)
    told = {"key_file": folder / "key.pem", "spool_file": folder / "spool", "allow_ibeacon": [UUID], "spool_bytes": 1_000_000}
    return GatewaySettings(**{**told, **changes})  # type: ignore[arg-type] # fields by name, for tests that change one or two


async def found(
    told: GatewaySettings, host: Machine | None = None, air: Air | JsonlSource | None = None, wire: Transport | None = None
) -> dict[str, Finding]:
    """The findings by the name of their sentence; the machine's own clock and heat left out."""
    transport = wire or HttpTransport(told.server)
    means = Means(told, host or Machine(), transport, clock(), air or Air([advert(0)]), listen_s=0)
    findings = await check(means)
    await transport.close()
    names = {id(said): name for module in (checks, words) for name, said in vars(module).items() if isinstance(said, Words)}
    by_name = {names.get(id(finding.words), finding.said("en")): finding for finding in findings}
    for finding in findings:
        assert finding.said("ar") != finding.said("en")
    return {name: each for name, each in by_name.items() if name not in {"_CLOCK_FREE", "_CLOCK_WELL", "_HOT", "_COOL"}}


async def test_where_all_is_well_all_is_said_to_be_well(tmp_path: Path) -> None:
    async with server(refused(400, "frame")) as url:
        findings = await found(settings(tmp_path, server=url))
    assert {each.state for name, each in findings.items() if name != "_DISK_LITTLE"} == {State.WELL}
    assert {"_ADAPTER", "_HEARD", "_KEY", "_SERVER_WELL"} <= set(findings)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (Machine(raises=BluetoothAway("no such name")), "_NO_BLUETOOTHD"),
        (Machine(raises=BusTrouble("denied")), "_NO_BUS"),
        (Machine([]), "_NO_ADAPTER"),
        (Machine([HCI0._replace(powered=False)]), "_OFF"),
    ],
)
async def test_what_keeps_the_radio_from_working_is_named(tmp_path: Path, host: Machine, name: str) -> None:
    findings = await found(settings(tmp_path), host)
    assert findings[name].state is State.ILL


async def test_an_adapter_of_the_settings_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    findings = await found(settings(tmp_path, radios={"left": "hci0", "right": "hci4"}))
    assert findings["_MISSING"].said("en") == "The radio right is set to the adapter hci4, which is not there; there are: hci0."


@pytest.mark.parametrize(
    ("air", "name", "state"),
    [
        (Air(), "_HEARD_NOTHING", State.ODD),
        (Air([advert(0, uuid=STRANGER)]), "_HEARD_STRANGERS", State.ODD),
        (Air(trouble="InProgress"), "_NO_SCAN", State.ILL),
    ],
)
async def test_what_the_radio_hears_is_judged(tmp_path: Path, air: Air, name: str, state: State) -> None:
    assert (await found(settings(tmp_path), air=air))[name].state is state


async def test_a_box_without_rules_is_told_that_nobody_passes(tmp_path: Path) -> None:
    assert (await found(settings(tmp_path, allow_ibeacon=[])))["_NO_RULES"].state is State.ILL


async def test_where_a_recording_is_read_no_radio_is_asked(tmp_path: Path) -> None:
    told = settings(tmp_path, source="jsonl", source_file="walk")
    assert (
        set(await found(told, Machine(raises=BluetoothAway("")), JsonlSource("walk", BOX))) & {"_NO_BLUETOOTHD", "_HEARD_NOTHING"} == set()
    )


async def test_a_clock_that_is_wrong_is_said_and_the_key_tried_with_the_server_s(tmp_path: Path) -> None:
    away_ms = 86_400_000
    async with server(refused(401, "clock", START_MS + away_ms), refused(400, "frame"), offset_ms=away_ms) as url:
        findings = await found(settings(tmp_path, server=url))
    assert findings["_CLOCK_OFF"].said("en").startswith("The server's clock shows 86400 s more")
    assert findings["_SERVER_WELL"].state is State.WELL


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (refused(401, "signature_unknown_key"), "_SERVER_KEY"),
        (refused(403, "grant_missing"), "_SERVER_KEY"),
        (web.Response(text="hello", status=200), "NOT_A_SERVER"),
        (web.Response(text="nginx", status=400), "NOT_A_SERVER"),
        (web.Response(status=404), "NOT_A_SERVER"),
    ],
)
async def test_what_the_server_answers_is_understood(tmp_path: Path, answer: web.Response, name: str) -> None:
    async with server(answer) as url:
        assert (await found(settings(tmp_path, server=url)))[name].state is State.ILL


async def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        findings = await found(settings(tmp_path, server=f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert findings["SERVER_AWAY"].state is State.ILL


async def test_a_missing_key_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    findings = await found(settings(tmp_path, key_file=tmp_path / "none.pem", spool_file=tmp_path / "none" / "spool"))
    assert findings["_DISK_GONE"].said("en").startswith(f"The folder of the spool {tmp_path}/none cannot be used: No such file")
    assert "No such file" in findings["KEY_MISSING"].said("en")


async def test_little_room_is_said(tmp_path: Path) -> None:
    assert (await found(settings(tmp_path, spool_bytes=10**18)))["_DISK_LITTLE"].state is State.ODD


def test_a_blocked_radio_is_told_by_what_blocks_it(tmp_path: Path) -> None:
    for number, (kind, soft, hard) in enumerate(
        [("wlan", "1", "1"), ("bluetooth", "1", "0"), ("bluetooth", "0", "1"), ("bluetooth", "0", "0")]
    ):
        folder = tmp_path / f"rfkill{number}"
        folder.mkdir()
        for name, text in (("type", kind), ("soft", soft), ("hard", hard)):
            (folder / name).write_text(f"{text}\n")
    (tmp_path / "rfkill9").mkdir()
    assert [finding.words for finding in checks._blocks(tmp_path)] == [checks._BLOCKED, checks._SWITCHED]


def test_a_finding_is_plain_values() -> None:
    assert msgspec.to_builtins(State.ILL) == "ill"


@pytest.mark.parametrize(
    ("trouble", "arabic"),
    [
        ("[Errno 2] No such file or directory", "لا يوجد ملف أو مجلد بهذا الاسم"),
        (BusTrouble("[Errno 13] Permission denied"), "لا توجد صلاحية"),
        (TransportFailed("Connection refused (127.0.0.1:1)"), "رُفض الاتصال (127.0.0.1:1)"),
        (TransportFailed(Words("no answer within 10 s", "لا رد خلال 10 ثوانٍ")), "لا رد خلال 10 ثوانٍ"),
        (ValueError("org.bluez.Error.InProgress"), "org.bluez.Error.InProgress"),
    ],
)
def test_what_the_system_says_is_arabic_in_an_arabic_sentence(trouble: object, arabic: str) -> None:
    finding = Finding(State.ILL, Words("{radio}: {problem}.", "{radio}: {problem}."), {"radio": BOX, "problem": trouble})
    stop = Stop(finding.words, radio=BOX, problem=trouble)
    assert finding.said("ar") == stop.said("ar") == f"{BOX}: {arabic}."
    assert not re.search("[ء-ي]", finding.said("en") + stop.said("en") + str(stop))
