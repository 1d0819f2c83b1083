"""Rules of the monitor source, over a real socket: every report is heard with its raw bytes, and the scan is the keeper's."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from beacon_gateway.exits import Stop
from beacon_gateway.hci import extended_event, report_event
from beacon_gateway.source import Heard, Radio
from beacon_gateway.sources.monitor import EVENT_FRAME, FRAME, MonitorSource, monitor_channel
from groundwork.adverts.advert import Advert
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import ManualClock
from tests.beacon_gateway.build import BOX, START_MS, clock

ADDRESS = "C0:11:22:33:44:55"
LEFT = GatewayId("left")


@dataclass
class Keeping:
    """A source that scans and hears nothing; it remembers what it was asked."""

    radios: Sequence[Radio]
    asked: list[str] = field(default_factory=list)
    rewindable: bool = False
    ended: bool = False
    next_ms: int | None = None

    async def start(self) -> None:
        self.asked.append("start")

    async def scan(self, radio: Radio) -> None:
        self.asked.append(f"scan {radio.gateway}")

    async def begin_anew(self) -> None:
        self.asked.append("anew")

    def read(self, _now_ms: int) -> Heard:
        return Heard([], [])

    def position(self, _covered_until_ms: int) -> str:
        return ""

    async def close(self) -> None:
        self.asked.append("close")


def frame(event: bytes, adapter: int = 0, kind: int = EVENT_FRAME) -> bytes:
    return FRAME.pack(kind, adapter, len(event)) + event


async def taken() -> None:
    """Lets the loop look at its sockets."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def listening(*radios: Radio) -> tuple[MonitorSource, socket.socket, ManualClock, Keeping]:
    """A started source and the kernel's end of its channel."""
    kernel, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    now, keeper = clock(), Keeping(radios or (Radio(BOX),))
    source = MonitorSource(keeper, now, lambda: ours)
    await source.start()
    return source, kernel, now, keeper


async def test_ten_equal_adverts_are_ten() -> None:
    source, kernel, now, _ = await listening()
    event = report_event(ADDRESS, -60, b"\x02\x01\x06")
    for _ in range(10):
        kernel.send(frame(event))
    await taken()
    assert source.read(START_MS) == Heard([Advert(BOX, START_MS, -60.0, b"\x02\x01\x06", ADDRESS)] * 10, [])
    now.advance(3)
    kernel.send(frame(extended_event(ADDRESS, -61, b"\x02\x01\x06")))
    await taken()
    assert [each.at_ms for each in source.read(START_MS).adverts] == [START_MS + 3_000]
    assert (source.radios[0].heard, source.radios[0].heard_s) == (11, now.monotonic_s())
    kernel.close()
    await source.close()


async def test_each_adapter_is_a_radio_and_the_default_one_hears_the_rest() -> None:
    source, kernel, _, _ = await listening(Radio(BOX), Radio(LEFT, "hci1"))
    for adapter in (1, 0, 2):
        kernel.send(frame(report_event(ADDRESS, -60, b""), adapter))
    await taken()
    assert [each.gateway for each in source.read(START_MS).adverts] == [LEFT, BOX, BOX]
    kernel.close()
    await source.close()


async def test_adapters_that_are_not_ours_are_not_listened_to() -> None:
    source, kernel, _, _ = await listening(Radio(LEFT, "hci1"))
    kernel.send(frame(report_event(ADDRESS, -60, b""), 0))
    await taken()
    assert source.read(START_MS) == Heard([], [])
    kernel.close()
    await source.close()


async def test_other_traffic_is_passed_over_and_what_is_cut_short_is_counted() -> None:
    source, kernel, _, _ = await listening()
    event = report_event(ADDRESS, -60, b"\x02\x01\x06")
    for sent in (frame(event, kind=2), frame(b"\x0e\x01\x00"), frame(event)[:-1], frame(event)[:4], frame(event)):
        kernel.send(sent)
    await taken()
    heard = source.read(START_MS)
    assert (len(heard.adverts), heard.refused) == (1, [(START_MS, "malformed_line")] * 2)
    kernel.close()
    await source.close()


async def test_repairs_are_the_keeper_s() -> None:
    source, kernel, _, keeper = await listening()
    await source.scan(source.radios[0])
    await source.begin_anew()
    await source.close()
    kernel.close()
    assert keeper.asked == ["start", "scan box", "anew", "close"]


async def test_a_channel_that_cannot_be_opened_is_explained() -> None:
    def refused() -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    source = MonitorSource(Keeping((Radio(BOX),)), clock(), refused)
    with pytest.raises(Stop, match=r"Operation not permitted.*CAP_NET_RAW"):
        await source.start()


def test_the_real_channel_opens_or_says_why_not() -> None:
    try:
        opened = monitor_channel()
    except OSError as error:  # no Bluetooth in this kernel, or no right to listen
        said = error.strerror
    else:
        said = f"open as {opened.fileno()}"
        opened.close()
    assert said
