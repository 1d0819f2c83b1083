"""GPS reports over HTTP and what follows: taken in once or refused with the field named; one visit from outside to inside; forgotten."""

import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import numpy as np
import pytest
from aiohttp import ClientResponse
from sqlalchemy import select

from floorplans import queries as floorplan_queries
from geofence.http.gps import rising
from geofence.http.ingest import REPEAT_HEADER
from geofence.queries import arrivals
from geofence.tables import ArrivalRow
from groundwork.contracts.gps_report import GPS_FRAME_TYPE, GpsBatch, GpsColumns, GpsHeader, GpsReport
from groundwork.contracts.ids import BootId, Pseudonym, ShopperId, TenantId, Track, VisitId
from groundwork.contracts.subjects import GPS_REPORTS, SIGHTINGS, ZONE_EVENTS
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people
from groundwork.people.model import READ_AGGREGATES
from groundwork.plumbing import queries as plumbing_queries
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts
from tests.geofence.deployment import DANA, TAMIM, Deployment, add_everything, batch, set_consent, standing_left, token_of
from tests.geofence.outdoor.ground import HALF_M, LAT, LON, Report, at, line, outdoors, still
from tests.geofence.venues import START_MS, VENUE, two_rooms

MANAGER = "token-of-a-manager"


def set_outdoors(conn: Connection) -> None:
    """Both tenants' shops get an outline and a ring, and a manager may ask for counts."""
    add_everything(conn)
    for tenant in (TAMIM, DANA):
        floorplan_queries.add_venue(conn, outdoors(two_rooms(tenant=tenant)), START_MS)
    people.add_access_key(conn, tenant=TAMIM, subject="manager", token_hash=token_hash(MANAGER), grants=(READ_AGGREGATES,), now_ms=START_MS)


@pytest.fixture
async def shop(parts: Parts) -> AsyncIterator[Deployment]:
    await parts.db.write(set_outdoors)
    deployment = await Deployment.start(parts)
    yield deployment
    await deployment.close()


def columns_of(reports: list[Report]) -> GpsColumns:
    places = [at(HALF_M, north) for _, north, _ in reports]
    return GpsColumns(
        lon=[lon for lon, _ in places],
        lat=[lat for _, lat in places],
        accuracy_m=[accuracy for _, _, accuracy in reports],
        at_ms=[START_MS + round(1_000 * s) for s, _, _ in reports],
    )


def said(reports: list[Report], number: int = 1, tenant: str = TAMIM) -> GpsBatch:
    return GpsBatch(tenant=TenantId(tenant), boot=BootId("app"), batch=number, sent_ms=START_MS, columns=columns_of(reports))


async def post(shop: Deployment, raw: bytes, media: str = "application/json", token: str = "") -> ClientResponse:
    headers = {"Authorization": f"Bearer {token or token_of(TAMIM)}", "Content-Type": media}
    return await shop.client.post("/v1/gps-reports", data=raw, headers=headers)


async def send(shop: Deployment, sent: GpsBatch) -> ClientResponse:
    return await post(shop, msgspec.json.encode(sent))


async def get(shop: Deployment, path: str, token: str) -> Any:
    answer = await shop.client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def walk(shop: Deployment, reports: list[Report], number: int = 1, every: int = 60) -> None:
    """Sends the reports as time goes by."""
    for start in range(0, len(reports), every):
        part = reports[start : start + every]
        await shop.at(round(1_000 * part[-1][0]))
        answer = await send(shop, said(part, number + start // every))
        assert answer.status == 200, await answer.text()
        await shop.at(round(1_000 * part[-1][0]))


def frame_of(header: GpsHeader, columns: GpsColumns) -> bytes:
    """The column frame as an app makes it, written from the table in `geofence/outdoor/frame.py`, not with its code."""
    head = msgspec.json.encode(header)
    spans = ((columns.at_ms, "q"), (columns.lon, "d"), (columns.lat, "d"), (columns.accuracy_m, "f"))
    packed = [struct.pack(f"<{len(values)}{code}", *values) for values, code in spans]
    return b"".join((b"AGF1", struct.pack("<II", len(head), len(columns.lon)), head, bytes(-(12 + len(head)) % 8), *packed))


# --- taken in --------------------------------------------------------------------------------------------------------------------


async def test_one_many_columns_and_a_frame_mean_the_same(shop: Deployment) -> None:
    way = line(-100, 60, 1.4)
    columns = columns_of(way)
    rows = zip(columns.lon, columns.lat, columns.accuracy_m, columns.at_ms, strict=True)
    reports = [GpsReport(lon=lon, lat=lat, accuracy_m=accuracy, at_ms=at_ms) for lon, lat, accuracy, at_ms in rows]
    header = GpsHeader(tenant=TAMIM, boot=BootId("app"), batch=1, sent_ms=START_MS)
    many = GpsBatch(tenant=TAMIM, boot=BootId("app"), batch=1, sent_ms=START_MS, reports=reports)
    frame = frame_of(header, columns)
    first = await send(shop, said(way))
    assert first.status == 200, await first.text()
    assert await first.json() == {"version": 1, "tenant": TAMIM, "boot": "app", "batch": 1, "accepted": len(way), "refused": {}}
    for raw, media in ((msgspec.json.encode(many), "application/json"), (frame, GPS_FRAME_TYPE)):
        again = await post(shop, raw, media)
        assert (again.status, again.headers[REPEAT_HEADER]) == (200, "true"), await again.text()
        assert await again.read() == await first.read()
    one = GpsBatch(tenant=TAMIM, boot=BootId("app"), batch=2, sent_ms=START_MS, reports=reports[:1])
    assert (await (await send(shop, one)).json())["accepted"] == 1
    assert shop.parts.hops.hop("ingest.gps", "GPS reports").missing() == 0


async def test_a_number_used_twice_for_other_reports_is_refused(shop: Deployment) -> None:
    assert (await send(shop, said(still(60, 5)))).status == 200
    answer = await send(shop, said(still(61, 5)))
    assert (answer.status, (await answer.json())["code"]) == (409, "batch_changed")


async def test_no_coordinate_is_kept_anywhere(shop: Deployment) -> None:
    lon, lat = at(17.3, 41.7)
    report = GpsReport(lon=lon, lat=lat, accuracy_m=5.0, at_ms=START_MS)
    await send(shop, GpsBatch(tenant=TAMIM, boot=BootId("app"), batch=1, sent_ms=START_MS, reports=[report]))
    (entry,) = await entries_of(shop, GPS_REPORTS)
    for degrees in (lon, lat):
        assert np.float64(degrees).tobytes() not in entry
        assert np.float32(degrees).tobytes() not in entry
        assert f"{degrees:.5f}".encode() not in entry


REPORT = {"lon": LON, "lat": LAT, "accuracy_m": 5.0, "at_ms": START_MS}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "lon": ({"lon": 180.5}, "/reports/0/lon"),
    "lat": ({"lat": -90.1}, "/reports/0/lat"),
    "accuracy": ({"accuracy_m": 0.0}, "/reports/0/accuracy_m"),
    "negative accuracy": ({"accuracy_m": -1.0}, "/reports/0/accuracy_m"),
    "future": ({"at_ms": START_MS + 600_000}, "/reports/0/at_ms"),
    "long ago": ({"at_ms": START_MS - 2 * 86_400_000}, "/reports/0/at_ms"),
}


async def test_a_report_that_cannot_be_is_refused_with_its_field_value_and_what_was_expected(shop: Deployment) -> None:
    for change, field in BAD.values():
        report = {"lon": LON, "lat": LAT, "accuracy_m": 5.0, "at_ms": START_MS} | change
        raw = msgspec.json.encode({"tenant": TAMIM, "boot": "app", "batch": 1, "sent_ms": START_MS, "reports": [report]})
        answer = await post(shop, raw)
        body = await answer.json()
        assert (answer.status, body["code"]) == (400, "bad_batch"), body
        assert body["at"] == field
        for detail in (body["detail_en"], body["detail_ar"]):
            assert field in detail
            assert str(next(iter(change.values()))) in detail
        assert "expected" not in body["detail_ar"]
    assert shop.parts.hops.hop("ingest.gps", "GPS reports").in_ == 0


MALFORMED: tuple[tuple[dict[str, Any], int], ...] = (
    ({"reports": []}, 400),
    ({}, 400),
    ({"reports": [REPORT | {"at_ms": 1 << 70}]}, 400),
    ({"reports": [REPORT | {"lon": "east"}]}, 422),
    ({"columns": {"lon": [LON], "lat": [], "accuracy_m": [], "at_ms": []}}, 400),
    ({"reports": [REPORT], "columns": {}}, 400),
    ({"batch": 0, "reports": [REPORT]}, 400),
    ({"boot": "", "reports": [REPORT]}, 400),
    ({"version": 2, "reports": [REPORT]}, 400),
    ({"tenant": DANA, "reports": [REPORT]}, 403),
)


async def test_a_malformed_batch_is_refused_as_a_whole(shop: Deployment) -> None:
    for change, status in MALFORMED:
        answer = await post(shop, msgspec.json.encode({"tenant": TAMIM, "boot": "app", "batch": 1, "sent_ms": START_MS} | change))
        assert answer.status == status, (change, await answer.text())
    assert await entries_of(shop, GPS_REPORTS) == []


async def test_too_many_reports_and_a_broken_frame_are_refused(shop: Deployment) -> None:
    many = await send(shop, said(still(60, 1_001)))
    assert (many.status, (await many.json())["code"]) == (413, "too_many_rows")
    for raw in (b"", b"AGF1", b"AGF1\x02\0\0\0\x01\0\0\0{}", b"ASF1" + bytes(40)):
        assert (await post(shop, raw, GPS_FRAME_TYPE)).status == 400


async def test_vague_reports_are_dropped_and_counted(shop: Deployment) -> None:
    answer = await send(shop, said([*still(60, 3), *still(60, 2, start_s=3, accuracy_m=900.0)]))
    assert (await answer.json())["refused"] == {"vague_report": 2}


async def test_without_consent_to_positioning_nothing_is_taken(shop: Deployment) -> None:
    await shop.parts.db.write(lambda conn: set_consent(conn, TAMIM, False))
    await shop.renew()
    answer = await send(shop, said(still(60, 5)))
    assert (answer.status, (await answer.json())["code"]) == (403, "no_positioning_consent")
    assert await entries_of(shop, GPS_REPORTS) == []


# --- what follows ----------------------------------------------------------------------------------------------------------------


async def entries_of(shop: Deployment, stream: str) -> list[bytes]:
    return await shop.parts.db.read(
        lambda conn: [entry.payload for shard in range(2) for entry in plumbing_queries.entries_after(conn, stream, shard, 0, 1_000)]
    )


async def _snapshots(shop: Deployment) -> list[bytes]:
    """What the outdoor engines' stored memories say, unpacked."""
    readers = [await shop.parts.bus.take(GPS_REPORTS, shard) for shard in range(2)]
    found = [reader.snapshot.state for reader in readers if reader is not None and reader.snapshot is not None]
    return [zlib.decompress(state[4:]) for state in found]


async def _told(shop: Deployment) -> list[ZoneEvent]:
    """What the notifier reads."""
    return [msgspec.json.decode(payload, type=ZoneEvent) for payload in await entries_of(shop, ZONE_EVENTS)]


async def test_approaching_arrived_and_heard_inside_are_one_visit_and_the_notifier_hears_all(shop: Deployment) -> None:
    way = line(-400, 60, 1.4)
    await walk(shop, way)
    arrived_s = way[-1][0]
    own = await get(shop, "/v1/arrivals", token_of(TAMIM))
    assert [one["state"] for one in own["arrivals"]] == ["arrived"]
    inside_ms = round(1_000 * arrived_s) + 120_000
    sent = batch(standing_left(inside_ms + 8_000, inside_ms), inside_ms + 8_000)
    await shop.at(inside_ms + 8_000)
    assert (await shop.send(sent)).status == 200
    await shop.at(inside_ms + 20_000)
    events = await shop.events()
    assert [event.zone for event in events if event.kind == "enter"] == ["approach:near", "venue", "left"]
    assert len({event.visit for event in events}) == 1
    assert {event.id for event in await _told(shop)} == {event.id for event in events}
    assert len({event.shopper for event in events}) == 1
    (visit,) = await shop.visits()
    assert visit.id == events[0].visit
    assert visit.start_ms == events[0].stay_start_ms
    await shop.at(inside_ms + 3 * 3_600_000)
    (visit,) = await shop.visits()
    assert visit.end_ms is not None
    assert own["arrivals"][0]["visit"] == visit.id


async def test_heard_inside_first_the_visit_outside_is_the_same(shop: Deployment) -> None:
    await shop.at(8_000)
    await shop.send(batch(standing_left(8_000), 8_000))
    await shop.at(9_000)
    await walk(shop, still(60, 60, start_s=20))
    events = await shop.events()
    assert [event.zone for event in events if event.kind == "enter"] == ["left", "venue"]
    assert len({event.visit for event in events}) == 1
    assert len(await shop.visits()) == 1


async def test_a_silent_phone_that_is_heard_inside_later_goes_on_with_its_visit(shop: Deployment) -> None:
    await walk(shop, line(-400, 60, 1.4))
    await shop.at(40 * 60_000)
    (visit,) = await shop.visits()
    assert visit.end_ms is not None
    inside_ms = 45 * 60_000
    await shop.at(inside_ms + 8_000)
    await shop.send(batch(standing_left(inside_ms + 8_000, inside_ms), inside_ms + 8_000))
    await shop.at(inside_ms + 20_000)
    (visit,) = await shop.visits()
    assert visit.end_ms is None
    await shop.at(inside_ms + 3_600_000)
    ended: Visit = (await shop.visits())[0]
    assert ended.end_ms is not None
    assert ended.end_ms > START_MS + inside_ms


async def test_heard_and_gone_in_one_go_the_visit_has_ended(shop: Deployment) -> None:
    """The engine was away for an hour: one commit holds both that she was heard inside and that she left."""
    await walk(shop, line(-400, 60, 1.4))
    await shop.at(40 * 60_000)
    inside_ms, later_ms = 45 * 60_000, 105 * 60_000
    shop.clock.set(START_MS + inside_ms + 8_000)
    await shop.send(batch(standing_left(inside_ms + 8_000, inside_ms), inside_ms + 8_000))
    shop.clock.set(START_MS + later_ms)
    await shop.send(batch([], later_ms, number=2))
    await shop.at(later_ms + 1_000)
    (visit,) = await shop.visits()
    assert visit.end_ms is not None
    assert START_MS + inside_ms < visit.end_ms < START_MS + later_ms


async def test_what_is_remembered_of_who_withdraws_leads_to_no_row_and_ends_her_visit(shop: Deployment) -> None:
    way = line(-400, 60, 1.4)
    await walk(shop, way)
    inside_ms = round(1_000 * way[-1][0]) + 20_000
    await shop.at(inside_ms + 8_000)
    await shop.send(batch(standing_left(inside_ms + 8_000, inside_ms), inside_ms + 8_000))
    await shop.at(inside_ms + 10_000)
    before = await shop.events()
    assert {event.zone for event in before} == {"approach:near", "venue", "left"}
    await shop.parts.db.write(lambda conn: set_consent(conn, TAMIM, False))
    await shop.at(inside_ms + 3_600_000)
    assert await shop.events() == before
    (visit,) = await shop.visits()
    assert visit.end_ms is not None
    (arrival,) = await shop.parts.db.read(lambda conn: arrivals.of_shopper(conn, TAMIM, before[0].shopper, 0))
    assert arrival.state == "left"


async def test_reports_that_were_let_in_as_she_withdrew_leave_nothing(shop: Deployment) -> None:
    """Memory of who consents lags by a moment; the rows do not."""
    await shop.parts.db.write(lambda conn: set_consent(conn, TAMIM, False))
    await walk(shop, line(-400, 60, 1.4))
    await shop.at(3_600_000)
    assert (await shop.events(), await shop.visits()) == ([], [])
    assert await shop.parts.db.read(lambda conn: len(conn.execute(select(ArrivalRow.visit)).all())) == 0


async def test_after_the_link_is_over_a_visit_inside_is_another_one(shop: Deployment) -> None:
    await walk(shop, line(-400, 60, 1.4))
    inside_ms = 3 * 3_600_000
    await shop.at(inside_ms + 8_000)
    await shop.send(batch(standing_left(inside_ms + 8_000, inside_ms), inside_ms + 8_000))
    await shop.at(inside_ms + 20_000)
    assert len(await shop.visits()) == 2


async def test_a_restart_goes_on_where_it_was(shop: Deployment) -> None:
    way = line(-400, 60, 1.4)
    await walk(shop, way[:200])
    before = await shop.events()
    for loop in shop.service.loops:
        await loop.close()
    again = await Deployment.start(shop.parts)
    await walk(again, way[200:], number=20)
    events = await again.events()
    assert [event.zone for event in events if event.kind == "enter"] == ["approach:near", "venue"]
    assert {event.id for event in before} < {event.id for event in events}
    await again.close()


# --- counts ----------------------------------------------------------------------------------------------------------------------


async def test_operators_see_counts_and_none_that_is_too_small(shop: Deployment) -> None:
    await walk(shop, line(-400, -150, 1.4))
    seen = await get(shop, f"/v1/venues/{VENUE}/arrivals", MANAGER)
    assert (seen["approaching"], seen["arrived"], seen["hidden_under"]) == (None, 0, 5)
    now_ms = shop.clock.now_ms()

    def more(conn: Connection) -> None:
        for n in range(12):
            minutes = 1 if n < 6 else 4
            who = (VisitId(f"{n:032x}"), Pseudonym(f"{n:016x}"), Track(n + 1))
            standing = arrivals.Standing(TAMIM, VENUE, *who, "approaching", now_ms, now_ms + minutes * 60_000)
            arrivals.set_standings(conn, [standing])

    await shop.parts.db.write(more)
    seen = await get(shop, f"/v1/venues/{VENUE}/arrivals", MANAGER)
    assert [window["expected"] for window in seen["windows"]] == [7, 13, 13, 13]
    assert seen["approaching"] == 13
    assert "shopper" not in str(seen)
    async with shop.client.get("/v1/venues/nowhere/arrivals", headers={"Authorization": f"Bearer {MANAGER}"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown_venue")


def test_a_count_that_would_give_a_small_one_away_is_not_told() -> None:
    assert rising([0, 3, 6, 7, 12], 5) == [0, None, 6, None, 12]


# --- forgotten -------------------------------------------------------------------------------------------------------------------


async def test_erasure_leaves_nothing_of_her_outside(shop: Deployment) -> None:
    await walk(shop, line(-400, 60, 1.4))
    assert await shop.events()
    (pseudonym,) = {event.shopper for event in await shop.events()}

    def begin(conn: Connection) -> None:
        people.request_erasure(conn, TAMIM, ShopperId("layla"), "erasure-1", "shopper", shop.clock.now_ms())

    await shop.parts.db.write(begin)
    await shop.at(600_000)
    await shop.at(4_000_000)
    assert await shop.events() == []
    assert await shop.visits() == []
    assert await shop.parts.db.read(lambda conn: arrivals.of_shopper(conn, TAMIM, pseudonym, 0)) == []
    for loop in shop.service.loops:
        await loop.close()
    for stream in (GPS_REPORTS, SIGHTINGS):
        assert not [payload for payload in await entries_of(shop, stream) if pseudonym.encode() in payload]
    assert not [raw for raw in await _snapshots(shop) if pseudonym.encode() in raw]
