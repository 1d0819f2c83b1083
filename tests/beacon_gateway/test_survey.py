"""Rules of the survey: the strongest beacon first, strangers only counted, tokens never shown, and columns that stand in both languages."""

import io
import json
from pathlib import Path

import pytest

from beacon_gateway.exits import Stop
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.survey import FORGOTTEN_MS, SPAN_MS, Survey, plain, summary, table
from beacon_gateway.tools import survey as run_survey
from groundwork.adverts.advert import Advert
from groundwork.adverts.frame import Options
from groundwork.adverts.gate import gate
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import SystemClock
from tests.beacon_gateway.build import BOX, START_MS, STRANGER, UUID, advert, key

LEFT = GatewayId("left")


def survey() -> Survey:
    return Survey(gate(ibeacon_uuids=[UUID], tokens=True), Options(token_company=0xFFFF))


def test_the_strongest_stands_first_and_each_radio_by_itself() -> None:
    heard = survey()
    heard.hear([advert(0, -80.0), advert(100, -70.0), advert(200, -60.0), advert(0, -50.0, minor=2), advert(0, -90.0, radio="left")])
    rows = heard.rows(START_MS + 1_000)
    assert [(row.radio, row.beacon, row.adverts, row.median_dbm, row.min_dbm, row.max_dbm) for row in rows] == [
        (BOX, key(2), 1, -50.0, -50.0, -50.0),
        (BOX, key(1), 3, -70.0, -80.0, -60.0),
        (LEFT, key(1), 1, -90.0, -90.0, -90.0),
    ]


def test_a_beacon_falls_silent_then_is_forgotten() -> None:
    heard = survey()
    heard.hear([advert(0, -50.0), advert(SPAN_MS, -90.0, minor=2)])
    assert [(row.beacon, row.adverts) for row in heard.rows(START_MS + SPAN_MS + 1)] == [(key(2), 1), (key(1), 0)]
    assert heard.rows(START_MS + SPAN_MS + FORGOTTEN_MS + 1) == []


def test_a_beacon_without_a_rule_is_shown_as_such_and_a_stranger_only_counted() -> None:
    heard = survey()
    heard.hear([advert(0, uuid=STRANGER), Advert(BOX, START_MS, -50.0, b"\x03\xff\x4c\x10", "AA:BB:CC:DD:EE:FF")])
    rows = heard.rows(START_MS)
    assert [row.passes for row in rows] == [False]
    lines = "\n".join([summary(heard, rows, "en"), *table(rows, START_MS, "en")])
    assert "1 beacons" in lines
    assert "1 adverts of strangers" in lines
    assert "no rule" in lines
    assert "AA:BB" not in lines


def test_who_passes_by_address_or_by_company_is_shown_as_passing() -> None:
    """The gate's own judgement, so that nobody looks for a fault that is none."""
    tag, sensor = "C0:00:00:00:00:01", "C0:00:00:00:00:02"
    heard = Survey(gate(addresses=[tag], companies=[0x0499]), Options())
    named, made = b"\x03\x03\xaa\xfe", b"\x07\xff\x99\x04\x07\x00\x00\x00"
    heard.hear([Advert(BOX, START_MS, -50.0, named, tag), Advert(BOX, START_MS, -60.0, made, sensor)])
    heard.hear([Advert(BOX, START_MS, -70.0, made.replace(b"\x99", b"\x98"), "C0:00:00:00:00:03")])
    rows = {str(row.beacon): row.passes for row in heard.rows(START_MS)}
    assert rows.get("address:c00000000002") is True
    assert heard.strangers >= 1
    assert False not in rows.values()


def test_a_shopper_s_token_is_never_shown() -> None:
    heard = survey()
    for first in (1, 2):
        heard.hear([Advert(BOX, START_MS, -50.0, b"\x14\xff\xff\xff\xa1" + bytes([first]) * 16)])
    rows = heard.rows(START_MS)
    assert [(row.beacon, row.adverts) for row in rows] == [("token", 2)]
    assert "0101" not in "".join(table(rows, START_MS, "en")) + plain(rows[0])


@pytest.mark.parametrize("language", ["en", "ar"])
def test_columns_stand_under_one_another(language: str) -> None:
    heard = survey()
    heard.hear([advert(0, -50.0), advert(0, -100.0, minor=60_000)])
    head, first, second = table(heard.rows(START_MS), START_MS, language)
    assert first.index(" -50 ") == second.index(" -100 ")
    assert len(head) > 40


def test_a_crowd_takes_no_memory() -> None:
    heard = survey()
    heard.hear(advert(0, minor=minor) for minor in range(5_000))
    assert len(heard.rows(START_MS)) == 500


async def test_a_recording_is_surveyed_to_its_end(tmp_path: Path) -> None:
    one = advert(0, -55.0)
    (tmp_path / "walk").write_text(json.dumps({"at_ms": one.at_ms, "rssi_dbm": -55, "data": one.data.hex()}))
    settings = GatewaySettings(
        gateway="box",
        source="jsonl",
        source_file=str(tmp_path / "walk"),
        allow_ibeacon=[UUID],
        clock=f"{START_MS}@{SystemClock().now_ms()}x20",
    )
    shown = io.StringIO()
    await run_survey(settings, shown, "en", seconds=2, plain=True)
    assert shown.getvalue().splitlines()[0] + "\n" == f"box\t{key(1)}\t1\t-55.0\t-55.0\t-55.0\t{START_MS}\t1\n"


async def test_a_mute_radio_is_said_instead_of_an_empty_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    with pytest.raises(Stop, match=r"does not scan: .*No such file"):
        await run_survey(GatewaySettings(), io.StringIO(), "en", seconds=1, plain=False)
