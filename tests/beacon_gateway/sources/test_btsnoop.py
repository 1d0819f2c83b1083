"""Rules of the btsnoop source: what others recorded is heard at its time, all else passed over, and nothing wrong goes unnoticed."""

import os
import random
import secrets
from pathlib import Path

import pytest

from beacon_gateway.exits import Stop
from beacon_gateway.hci import report_event
from beacon_gateway.source import Heard
from beacon_gateway.sources import btsnoop
from beacon_gateway.sources.btsnoop import EPOCH_US, HCI, HEAD, MAGIC, MONITOR, MONITOR_EVENT, RECORD, UART, BtsnoopSource, Packets
from groundwork.adverts.advert import Advert
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.contracts.ids import GatewayId
from tests.beacon_gateway.build import BOX, START_MS, UUID

FOREVER = 10**14
ADDRESS = "C0:11:22:33:44:55"
LEFT = GatewayId("left")


def head(link: int = MONITOR) -> bytes:
    return HEAD.pack(MAGIC, 1, link)


def record(packet: bytes, at_ms: int = 0, flags: int = MONITOR_EVENT) -> bytes:
    return RECORD.pack(len(packet), len(packet), flags, 0, (START_MS + at_ms) * 1_000 + EPOCH_US) + packet


def event(minor: int = 1) -> bytes:
    return report_event(ADDRESS, -60, encode_ibeacon(UUID, 1, minor))


def advert(at_ms: int, minor: int = 1, radio: GatewayId = BOX) -> Advert:
    return Advert(radio, START_MS + at_ms, -60.0, encode_ibeacon(UUID, 1, minor), ADDRESS)


async def started(path: Path | str, resume: str = "", *, strict: bool = False) -> BtsnoopSource:
    source = BtsnoopSource(str(path), {3: LEFT}, BOX, resume, strict=strict)
    await source.start()
    return source


async def test_records_are_heard_when_the_clock_passes_them_and_other_traffic_is_not(tmp_path: Path) -> None:
    command = record(b"\x0c\x20\x02\x01\x00", 100, 2)
    (tmp_path / "walk").write_bytes(head() + record(event()) + command + record(event(2), 400) + record(b"\x0e\x01\x01", 500))
    source = await started(tmp_path / "walk")
    assert [source.read(START_MS + at_ms) for at_ms in (-1, 0, 399, 400)] == [
        Heard([], []),
        Heard([advert(0)], []),
        Heard([], []),
        Heard([advert(400, 2)], []),
    ]
    source.read(FOREVER)
    assert source.ended


async def test_the_adapter_names_the_radio(tmp_path: Path) -> None:
    (tmp_path / "walk").write_bytes(
        head() + record(event(), flags=3 << 16 | MONITOR_EVENT) + record(event(), flags=1 << 16 | MONITOR_EVENT)
    )
    source = await started(tmp_path / "walk")
    assert [each.gateway for each in source.read(FOREVER).adverts] == [LEFT, BOX]


@pytest.mark.parametrize(("link", "packet", "flags"), [(HCI, event(), 3), (UART, b"\x04" + event(), 1), (UART, b"\x04" + event(), 3)])
async def test_what_androids_and_other_tools_write_is_read_too(tmp_path: Path, link: int, packet: bytes, flags: int) -> None:
    (tmp_path / "walk").write_bytes(head(link) + record(packet, flags=flags) + record(b"\x02data", flags=0))
    source = await started(tmp_path / "walk")
    assert source.read(FOREVER) == Heard([advert(0)], [])


async def test_a_pipe_is_read_as_it_is_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    source = await started(tmp_path / "pipe")
    assert (source.read(FOREVER), source.ended) == (Heard([], []), False)
    writer = os.open(tmp_path / "pipe", os.O_WRONLY)
    bytes_ = head() + record(event()) + record(event(2))
    heard = []
    for at in range(0, len(bytes_), 7):
        os.write(writer, bytes_[at : at + 7])
        heard += source.read(FOREVER).adverts
    os.close(writer)
    assert heard == [advert(0), advert(0, 2)]
    assert (source.read(FOREVER), source.ended) == (Heard([], []), True)


async def test_reading_goes_on_at_the_record_where_the_last_run_had_got(tmp_path: Path) -> None:
    (tmp_path / "walk").write_bytes(head() + b"".join(record(event(minor), minor * 100) for minor in range(10)))
    source = await started(tmp_path / "walk")
    first = source.read(START_MS + 450).adverts
    again = await started(tmp_path / "walk", source.position(START_MS + 300))
    assert [len(first), first[3:] + again.read(FOREVER).adverts[2:]] == [5, [advert(at * 100, at) for at in range(3, 10)]]


async def test_a_torn_record_is_counted(tmp_path: Path) -> None:
    (tmp_path / "walk").write_bytes(head() + record(event()) + record(event())[:-1])
    source = await started(tmp_path / "walk")
    assert source.read(FOREVER) == Heard([advert(0)], [(START_MS, "malformed_line")])
    assert source.ended


async def test_a_strict_source_names_file_and_record(tmp_path: Path) -> None:
    (tmp_path / "walk").write_bytes(head() + record(event()) + record(event()[:-1]))
    source = await started(tmp_path / "walk", strict=True)
    with pytest.raises(Stop, match="walk, record 2: an advertising report cut short"):
        source.read(FOREVER)


@pytest.mark.parametrize("first", [b"", b"{}", b"btsnoop\0" + bytes(8), HEAD.pack(MAGIC, 1, 1003), HEAD.pack(MAGIC, 2, MONITOR)])
async def test_another_kind_of_file_is_named(tmp_path: Path, first: bytes) -> None:
    (tmp_path / "walk").write_bytes(first)
    source = await started(tmp_path / "walk")
    with pytest.raises(Stop, match="walk is of another kind"):
        source.read(FOREVER)


async def test_an_absurd_length_ends_the_run_for_records_cannot_be_told_apart(tmp_path: Path) -> None:
    (tmp_path / "walk").write_bytes(head() + RECORD.pack(1, 1 << 20, 0, 0, 0) + bytes(100))
    source = await started(tmp_path / "walk")
    with pytest.raises(Stop, match="record 1: a packet of 1048576 bytes"):
        source.read(FOREVER)


def test_the_epoch_is_the_one_of_the_format() -> None:
    """As in Wireshark's sources: a file's 0x00E03AB44A676000 is the first of January 2000."""
    assert 0x00E03AB44A676000 - btsnoop.EPOCH_US == 946_684_800 * 1_000_000


@pytest.mark.parametrize("count", [100_000, pytest.param(10_000_000, marks=pytest.mark.long)])
def test_no_record_whatever_ends_the_run(count: int) -> None:
    """Prints the seed."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    rng, packets = random.Random(seed), Packets({}, BOX)
    packets.begin(head())
    for _ in range(count):
        packet = rng.randbytes(rng.randrange(40))
        raw = (
            RECORD.pack(
                len(packet), len(packet) + rng.choice((0, 0, 0, 1)), rng.choice((3, 3 << 16 | 3, 2)), 0, rng.randrange(-(2**63), 2**63)
            )
            + packet
        )
        try:
            packets.adverts(raw)
        except ValueError:
            continue
