"""Calibrations over HTTP: handed in, put in force, taken back; by whom, of which venue, and what is refused."""

import asyncio
import io
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse
from sqlalchemy import Connection

from floorplans import queries as floorplan_queries
from floorplans.model import Venue
from geofence.calibrating import keep
from geofence.calibrating.drop import SETTLES_MS
from geofence.calibrating.keep import MOST_BYTES
from geofence.intake.accept import log_key
from geofence.places import Places
from geofence.positioning.anchors import Calibration, Found, RadioMap, Source, write_calibration
from geofence.queries import calibrations as queries
from geofence.settings import Settings
from groundwork.contracts.calibration import CalibrationHeld, VenueCalibrations
from groundwork.contracts.ids import CalibrationId, VenueId
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.people import queries as people_queries
from groundwork.people.model import MANAGE_GATEWAYS, READ_STATUS
from groundwork.plumbing import audit
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.bus import Entry
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from tests.geofence.deployment import DANA, TAMIM, Deployment, add_everything
from tests.geofence.venues import START_MS, VENUE, names

INSTALLER, ELSEWHERE, VIEWER, FOREIGN = "installer", "elsewhere", "viewer", "foreign"
OTHER_VENUE = VenueId("other-shop")
WALKED = Calibration(
    gains_db={"g-left": 4.5, "g-old": 1.0},
    anchors={"g-left": Found(level="F1", x_m=10.0, y_m=12.0), "g-right": Found(level="F1", x_m=33.0, y_m=12.0)},
    maps=[RadioMap(level="F1", x_m=[1.0], y_m=[1.0], residual_ddb={"g-left": [10]})],
    source=Source(recording="walk-1", sha256="ab" * 32),
    notes=["one way"],
)
AGAIN = Calibration(gains_db={"g-left": 3.0, "g-right": -1.0})


def add_calling(conn: Connection) -> None:
    add_everything(conn)
    floorplan_queries.add_venue(conn, Venue(OTHER_VENUE, TAMIM, names("other"), "Asia/Riyadh"), START_MS)
    keys = (
        (TAMIM, INSTALLER, MANAGE_GATEWAYS, VENUE),
        (TAMIM, ELSEWHERE, MANAGE_GATEWAYS, OTHER_VENUE),
        (TAMIM, VIEWER, READ_STATUS, VENUE),
    )
    for tenant, name, grant, venue in (*keys, (DANA, FOREIGN, MANAGE_GATEWAYS, VENUE)):
        people_queries.add_access_key(
            conn, tenant=tenant, subject=name, token_hash=token_hash(name), grants=(grant,), scopes=(venue,), now_ms=START_MS
        )


@dataclass(slots=True)
class Office:
    """Operators at a running geofence."""

    shop: Deployment

    async def ask(self, method: str, path: str, body: Any = None, key: str = INSTALLER, venue: str = VENUE) -> ClientResponse:
        raw = body if isinstance(body, bytes) else None if body is None else msgspec.json.encode(body)
        headers = {"Authorization": f"Bearer {key}"} | ({"Content-Type": "application/json"} if raw is not None else {})
        sent = io.BytesIO(raw) if raw is not None else None
        return await self.shop.client.request(method, f"/v1/venues/{venue}/{path}", data=sent, headers=headers)

    async def post(self, calibration: Calibration, *, use: bool = False, key: str = INSTALLER) -> CalibrationHeld:
        answer = await self.ask("POST", "calibrations?use=true" if use else "calibrations", write_calibration(calibration), key)
        assert answer.status == 201, await answer.text()
        return msgspec.json.decode(await answer.read(), type=CalibrationHeld)

    async def use(self, wanted: str | None) -> VenueCalibrations:
        answer = await self.ask("PUT", "calibration", {"id": wanted})
        assert answer.status == 200, await answer.text()
        return msgspec.json.decode(await answer.read(), type=VenueCalibrations)

    async def listed(self, key: str = INSTALLER, venue: str = VENUE) -> VenueCalibrations:
        return msgspec.json.decode(await (await self.ask("GET", "calibrations", key=key, venue=venue)).read(), type=VenueCalibrations)


@pytest.fixture
async def office(parts: Parts) -> AsyncIterator[Office]:
    await parts.db.write(add_calling)
    deployment = await Deployment.start(parts)
    await deployment.at(0)
    yield Office(deployment)
    await deployment.close()


async def refused(answer: ClientResponse) -> tuple[int, str]:
    return answer.status, msgspec.json.decode(await answer.read())["code"]


# --- kept, used, taken back ----------------------------------------------------------------------------------------------------------


async def test_a_calibration_of_another_venue_is_not_put_in_force(office: Office) -> None:
    theirs = await office.post(Calibration(gains_db={"g-elsewhere": 2.0}))
    assert await refused(await office.ask("PUT", "calibration", {"id": theirs.kept.id})) == (409, "calibration_of_elsewhere")
    also = write_calibration(Calibration(gains_db={"g-far": 1.0}))
    assert await refused(await office.ask("POST", "calibrations?use=true", also)) == (409, "calibration_of_elsewhere")
    listed = await office.listed()
    assert ([one.id for one in listed.calibrations], listed.history) == ([theirs.kept.id], [])
    assert (await office.post(Calibration(noise_db=6.0), use=True)).in_force, "it names no radio, so it is of no venue"


async def test_a_file_is_kept_with_what_it_holds_and_what_does_not_fit_the_plan(office: Office) -> None:
    held = await office.post(WALKED)
    assert (held.in_force, held.gains, held.maps, held.prints, held.notes) == (False, 2, 1, 0, ["one way"])
    assert (held.kept.made_by, held.kept.recording, held.kept.recording_sha256) == (INSTALLER, "walk-1", "ab" * 32)
    assert held.fit is not None
    assert (held.fit.unplaced, held.fit.unknown, held.fit.moved, held.fit.levels) == (["g-old"], [], ["g-right"], [])
    listed = await office.listed()
    assert ([one.id for one in listed.calibrations], listed.in_force, listed.history) == ([held.kept.id], None, [])


async def test_the_same_file_twice_is_one_calibration_and_one_entry_in_the_chain(office: Office) -> None:
    first, again = await office.post(WALKED), await office.post(WALKED)
    assert first == again
    chain = await office.shop.parts.db.read(lambda conn: audit.rows(conn, TAMIM, 0, 100))
    assert [(row.action, row.actor, row.subject) for row in chain] == [("calibration.add", INSTALLER, first.kept.id)]


async def test_one_is_used_then_another_then_the_first_again_then_none(office: Office) -> None:
    first, second = (await office.post(WALKED)).kept.id, (await office.post(AGAIN, use=True)).kept.id
    told = [await office.use(first), await office.use(first), await office.use(None)]
    assert [one.in_force.id if one.in_force else "" for one in told] == [first, first, None]
    assert told[0].fit is not None
    assert told[0].fit.moved == ["g-right"]
    assert told[2].fit is None
    assert [(one.id, one.used_by, one.since_ms) for one in told[2].history] == [
        (None, INSTALLER, START_MS),
        (first, INSTALLER, START_MS),
        (second, INSTALLER, START_MS),
    ]
    chain = await office.shop.parts.db.read(lambda conn: audit.rows(conn, TAMIM, 0, 100))
    used = [(row.subject, msgspec.json.decode(row.after)) for row in chain if row.action == "calibration.use"]
    assert used == [(VENUE, {"calibration": one}) for one in (second, first, None)]


async def test_the_file_comes_back_as_it_was_handed_in(office: Office) -> None:
    held = await office.post(WALKED)
    answer = await office.ask("GET", f"calibrations/{held.kept.id}")
    assert (answer.status, await answer.read()) == (200, write_calibration(WALKED))


async def test_what_is_put_in_force_by_another_process_is_known_here_within_a_second(office: Office) -> None:
    asked = keep.Asked(TAMIM, VENUE, "machine", START_MS)
    file = keep.file_of(AGAIN)

    def elsewhere(conn: Connection) -> None:
        keep.keep(conn, asked, file, 30)
        keep.use(conn, asked, file.known)

    await office.shop.parts.db.write(elsewhere)
    places = Places(office.shop.parts.db)
    await places.calibrations.renew()
    assert places.calibrations.in_force(TAMIM, VENUE) == file.id
    assert places.calibrations.version(TAMIM, VENUE, file.id) == AGAIN


async def test_two_who_use_at_once_both_stand_in_the_history(office: Office) -> None:
    first, second = (await office.post(WALKED)).kept.id, (await office.post(AGAIN)).kept.id
    await asyncio.gather(office.use(first), office.use(second))
    history = (await office.listed()).history
    assert sorted(str(one.id) for one in history) == sorted([first, second])


# --- dropped, and no more than so many ------------------------------------------------------------------------------------------------


async def test_what_was_never_in_force_can_be_dropped_and_stands_in_the_chain(office: Office) -> None:
    kept = (await office.post(WALKED)).kept.id
    answer = await office.ask("DELETE", f"calibrations/{kept}")
    assert answer.status == 200, await answer.text()
    assert msgspec.json.decode(await answer.read(), type=VenueCalibrations).calibrations == []
    assert await refused(await office.ask("GET", f"calibrations/{kept}")) == (404, "unknown_calibration")
    assert await refused(await office.ask("PUT", "calibration", {"id": kept})) == (404, "unknown_calibration")
    assert await refused(await office.ask("DELETE", f"calibrations/{kept}")) == (404, "unknown_calibration")
    newest = (await office.shop.parts.db.read(lambda conn: audit.rows(conn, TAMIM, 0, 100)))[-1]
    assert (newest.action, newest.actor, newest.subject) == ("calibration.remove", INSTALLER, kept)
    assert msgspec.json.decode(newest.before)["recording"] == "walk-1"


async def test_what_is_in_force_stays_and_what_was_a_moment_ago(office: Office) -> None:
    first = (await office.post(WALKED, use=True)).kept.id
    assert await refused(await office.ask("DELETE", f"calibrations/{first}")) == (409, "calibration_in_force")
    await office.use(None)
    assert await refused(await office.ask("DELETE", f"calibrations/{first}")) == (409, "calibration_needed")
    office.shop.clock.advance(SETTLES_MS / 1000)
    assert (await office.ask("DELETE", f"calibrations/{first}")).status == 200
    assert [one.id for one in (await office.listed()).history] == [None, first], "when it was in force stays on record"
    assert (await office.post(WALKED, use=True)).in_force, "the same file may be handed in again"


async def test_what_was_dropped_between_finding_and_using_is_not_put_in_force(office: Office) -> None:
    """Else the venue's shard would wait for a file that is nowhere."""
    kept, asked, db = (await office.post(WALKED)).kept.id, keep.Asked(TAMIM, VENUE, INSTALLER, START_MS), office.shop.parts.db
    known = await keep.find(db, asked, kept)
    assert (await office.ask("DELETE", f"calibrations/{kept}")).status == 200
    with pytest.raises(Refusal) as told:
        await db.write(lambda conn: keep.use(conn, asked, known))
    assert told.value.reason.code == "unknown_calibration"
    assert (await office.listed()).history == []


async def test_a_fit_is_of_what_is_in_force_whatever_was_read_before(office: Office) -> None:
    asked, db = keep.Asked(TAMIM, VENUE, INSTALLER, START_MS), office.shop.parts.db
    before = await keep.find(db, asked, (await office.post(WALKED, use=True)).kept.id)
    await office.post(AGAIN, use=True)
    told = await db.read(lambda conn: keep.listed(conn, asked, before))
    assert told.fit is not None
    assert told.fit.unplaced == [], "g-old stands in the one before"


async def test_a_full_list_says_what_could_go(parts: Parts) -> None:
    await parts.db.write(add_calling)
    shop = await Deployment.start(parts, Settings(calibrations=2))
    await shop.at(0)
    office = Office(shop)
    used, idle = (await office.post(WALKED, use=True)).kept.id, (await office.post(AGAIN)).kept.id
    answer = await office.ask("POST", "calibrations", write_calibration(Calibration(noise_db=6.0)))
    told = msgspec.json.decode(await answer.read())
    assert (answer.status, told["code"]) == (409, "too_many_calibrations")
    assert idle in told["detail"]
    assert used not in told["detail"]
    assert (await office.post(AGAIN)).kept.id == idle, "one that is there already is no more"
    assert (await office.ask("DELETE", f"calibrations/{idle}")).status == 200
    await office.post(Calibration(noise_db=6.0))
    await shop.close()


async def test_what_is_no_entry_in_the_log_keeps_nothing_from_being_dropped(office: Office) -> None:
    """Its shard buries it, and a restart would; it stays in the log until the next snapshot."""
    kept = (await office.post(WALKED)).kept.id
    await office.shop.parts.bus.put([Entry(SIGHTINGS, log_key(TAMIM, VENUE), b"no entry")])
    assert (await office.ask("DELETE", f"calibrations/{kept}")).status == 200


async def test_a_list_is_shown_where_the_file_of_what_is_in_force_is_gone(office: Office) -> None:
    """Who is to hand it in again has to see which one it is."""
    kept = (await office.post(WALKED, use=True)).kept.id
    await office.shop.parts.db.write(lambda conn: queries.drop_calibration(conn, TAMIM, VENUE, kept))
    told = await office.listed()
    assert (told.in_force and told.in_force.id, told.fit, told.calibrations) == (kept, None, [])


# --- who may, and where --------------------------------------------------------------------------------------------------------------


async def test_another_tenant_and_another_venue_see_none_of_it(office: Office) -> None:
    held = await office.post(WALKED, use=True)
    assert (await office.listed(FOREIGN)).calibrations == []
    assert await refused(await office.ask("GET", f"calibrations/{held.kept.id}", key=FOREIGN)) == (404, "unknown_calibration")
    assert await refused(await office.ask("PUT", "calibration", {"id": held.kept.id}, FOREIGN)) == (404, "unknown_calibration")
    assert await refused(await office.ask("GET", "calibrations", key=ELSEWHERE)) == (404, "unknown_venue")
    answer = await office.ask("PUT", "calibration", {"id": held.kept.id}, ELSEWHERE, OTHER_VENUE)
    assert await refused(answer) == (404, "unknown_calibration")
    assert await refused(await office.ask("DELETE", f"calibrations/{held.kept.id}", key=FOREIGN)) == (404, "unknown_calibration")
    assert await refused(await office.ask("DELETE", f"calibrations/{held.kept.id}", key=ELSEWHERE)) == (404, "unknown_venue")
    assert (await office.listed()).in_force is not None


async def test_who_may_only_look_at_the_shop_may_not_calibrate_it(office: Office) -> None:
    for method, path, body in (
        ("GET", "calibrations", None),
        ("POST", "calibrations", {}),
        ("PUT", "calibration", {"id": None}),
        ("DELETE", "calibrations/x", None),
    ):
        assert (await office.ask(method, path, body, VIEWER)).status == 403


# --- what is refused -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"gains_db": {"g-left": "loud"}}, "/gains_db"),
        ({"noise_db": -1}, "/noise_db"),
        ({"maps": [{"level": "F1", "x_m": [1], "y_m": [], "residual_ddb": {}}]}, "/maps/0"),
        ({"gain": {}}, "/gain"),
        ({"version": 99}, "/version"),
    ],
)
async def test_a_file_that_is_none_is_refused_naming_the_field(office: Office, body: dict[str, Any], at: str) -> None:
    answer = await office.ask("POST", "calibrations", body)
    told = msgspec.json.decode(await answer.read())
    assert (answer.status, at in msgspec.json.encode(told).decode()) == (422, True), told
    assert (await office.listed()).calibrations == []


async def test_a_file_too_large_is_refused_as_it_came_and_as_it_would_be_kept(office: Office) -> None:
    assert await refused(await office.ask("POST", "calibrations", b" " * (MOST_BYTES + 1))) == (413, "body_too_large")
    chance = random.Random(1)
    residual = {f"g{number}": [chance.randrange(-999, 999) for _ in range(20_000)] for number in range(130)}
    wide = RadioMap(level="F1", x_m=[float(i) for i in range(20_000)], y_m=[0.0] * 20_000, residual_ddb=residual)
    raw = msgspec.json.encode(Calibration(maps=[wide]))
    assert len(raw) < MOST_BYTES
    assert await refused(await office.ask("POST", "calibrations", raw)) == (413, "calibration_too_large")


def test_what_is_kept_can_be_handed_in_again() -> None:
    """One number a line is four times as long as what came, however well it packs; it is what the file's route answers."""
    wide = RadioMap(level="F1", x_m=[1.0] * 20_000, y_m=[0.0] * 20_000, residual_ddb={f"g{number}": [0] * 20_000 for number in range(130)})
    assert len(msgspec.json.encode(Calibration(maps=[wide]))) < MOST_BYTES / 2
    with pytest.raises(Refusal) as told:
        keep.file_of(Calibration(maps=[wide]))
    assert (told.value.reason.code, told.value.values["limit"]) == ("calibration_too_large", MOST_BYTES)


async def test_an_unknown_id_cannot_be_used(office: Office) -> None:
    assert await refused(await office.ask("PUT", "calibration", {"id": "f" * 32})) == (404, "unknown_calibration")
    assert (await office.shop.parts.db.read(lambda conn: queries.in_force(conn))) == {}
    assert await refused(await office.ask("GET", f"calibrations/{CalibrationId('x')}")) == (404, "unknown_calibration")
