"""Rules of reading HCI events: real bytes are read, parts are joined, and no bytes whatever are an error."""

import random
import secrets

import pytest

from beacon_gateway.hci import Report, Reports, extended_event, report_event
from groundwork.adverts.decode import decode
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from tests.beacon_gateway.build import UUID

ADDRESS = "C0:11:22:33:44:55"
IBEACON = encode_ibeacon(UUID, 1, 7)


def test_a_report_as_a_controller_sent_it() -> None:
    """Put together by hand from the specification, not by our own encoder."""
    event = bytes.fromhex("3e2a0201" + "0301" + "554433221 1c0".replace(" ", "") + "1e" + IBEACON.hex() + "c5")
    assert Reports().of(event) == ([Report(ADDRESS, -59, IBEACON)], True)
    assert event == report_event(ADDRESS, -59, IBEACON)


def test_several_reports_in_one_event() -> None:
    one, other = report_event(ADDRESS, -59, b"\x02\x01\x06"), report_event("C0:11:22:33:44:56", 127, b"")
    both = bytes((0x3E, len(one) + len(other) - 6, 0x02, 2)) + one[4:] + other[4:]
    assert Reports().of(both) == ([Report(ADDRESS, -59, b"\x02\x01\x06"), Report("C0:11:22:33:44:56", 127, b"")], True)


def test_an_extended_report_says_the_same() -> None:
    reports, whole = Reports().of(extended_event(ADDRESS, -70, IBEACON))
    assert (reports, whole) == ([Report(ADDRESS, -70, IBEACON)], True)
    assert decode(reports[0].data)[0].format == "ibeacon"


def test_an_advert_in_parts_is_one_advert() -> None:
    reports = Reports()
    assert reports.of(extended_event(ADDRESS, -70, b"\x04\xff\x4c", more=True)) == ([], True)
    assert reports.of(extended_event("C0:11:22:33:44:56", -71, b"\x02\x01\x06")) == (
        [Report("C0:11:22:33:44:56", -71, b"\x02\x01\x06")],
        True,
    )
    assert reports.of(extended_event(ADDRESS, -70, b"\x00a")) == ([Report(ADDRESS, -70, b"\x04\xff\x4c\x00a")], True)


def test_adverts_that_never_end_take_no_memory() -> None:
    reports = Reports()
    for number in range(10_000):
        reports.of(extended_event(f"C0:00:00:00:{number >> 8:02X}:{number & 255:02X}", -70, bytes(200), more=True))
    found = [reports.of(extended_event(ADDRESS, -70, bytes(200), more=True))[0] for _ in range(9)]
    assert len(reports._unfinished) <= 64
    assert [len(each[0].data) for each in found if each] == [1_800]


def test_an_event_cut_short_keeps_what_was_whole() -> None:
    one = report_event(ADDRESS, -59, IBEACON)
    two = bytes((0x3E, 2 * len(one) - 6, 0x02, 2)) + one[4:] + one[4:]
    for end in range(4, len(two)):
        reports, whole = Reports().of(two[:end])
        assert not whole
        assert reports == [Report(ADDRESS, -59, IBEACON)] * (end >= len(one))


def test_other_events_are_passed_over() -> None:
    assert [Reports().of(event) for event in (b"", b"\x3e", b"\x0e\x04\x01\x03\x0c\x00", b"\x3e\x01\x0a\x01")] == [([], True)] * 4


@pytest.mark.parametrize("count", [100_000, pytest.param(10_000_000, marks=pytest.mark.long)])
def test_no_bytes_whatever_are_an_error(count: int) -> None:
    """Events as a controller, a monitor frame and a recorded packet may hold them, most with a right head. Prints the seed."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    rng, reports = random.Random(seed), Reports()
    for _ in range(count):
        event = bytearray(rng.randbytes(rng.randrange(60)))
        if len(event) > 3 and rng.random() < 0.9:
            event[0], event[1], event[2], event[3] = 0x3E, len(event) - 2, rng.choice((0x02, 0x0D)), rng.choice((1, 1, 2, 255))
        found, _ = reports.of(bytes(event))
        assert all(len(report.data) <= 1_650 + 255 for report in found)
