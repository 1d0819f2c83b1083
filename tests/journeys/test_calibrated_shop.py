"""A retailer walks his shop: one loud gateway pulls everybody's fixes towards it until the calibration of the walk is put to use in the
running server. Shop, walk and shopper are simulated (the twin), and so are the figures.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from sqlalchemy import Connection

from aislecast.cli import main
from aislecast.replaying.survey import Windows, windows_of
from aislecast.twin.columns import Floats, Indices, Ints
from aislecast.twin.record import recorded, write_recording
from aislecast.twin.recording import Recording, Sightings, Truth
from aislecast.twin.shop import demo_plan, products
from aislecast.twin.twin import Twin, beacon_phones
from floorplans import queries as floorplan_queries
from geofence.columns import Flags
from geofence.settings import Settings
from geofence.tracking.outcome import Observed
from groundwork.contracts.calibration import CalibrationHeld, VenueCalibrations
from groundwork.contracts.ids import GatewayId
from groundwork.people import queries as people_queries
from groundwork.people.model import MANAGE_GATEWAYS
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.service import Parts
from tests.geofence.deployment import BOX, TAG, TAMIM, Deployment, Heard, add_everything, batch
from tests.geofence.venues import START_MS, VENUE

SEED, SURVEYORS, MINUTES = 7, 5, 7
LOUD_DB = 10.0
EVERY_MS = 10_000
"""The box sends what it has six times a minute."""
HOUR_MS = 3_600_000
INSTALLER = {"Authorization": "Bearer installer", "Content-Type": "application/json"}


def simulated() -> tuple[Recording, Recording]:
    """What the gateways heard of those who survey, and of one shopper who comes by at the same time; the fifth gateway is 10 dB loud."""
    plan = demo_plan(TAMIM, VENUE)
    twin = Twin(plan, SEED, beacon_phones(SURVEYORS + 1), START_MS, shelved=products())
    heard = twin.advance(START_MS + MINUTES * 60_000)
    whole = recorded(plan, heard, START_MS, name="walk", session="walk", ranging=False)
    louder = whole.sightings.rssi_dbm + LOUD_DB * (whole.sightings.receiver == 4)
    whole = replace(whole, sightings=replace(whole.sightings, rssi_dbm=louder))
    shopper = np.bincount(whole.truth.device).argmax()  # whoever stays the longest
    return only(whole, lambda device: device != shopper), only(whole, lambda device: device == shopper)


def only(recording: Recording, wanted: Callable[[Indices], Flags]) -> Recording:
    """The rows of some devices."""
    heard, truth = recording.sightings, recording.truth
    of_heard, of_truth = wanted(heard.device), wanted(truth.device)
    sightings = Sightings(*(getattr(heard, name)[of_heard] for name in Sightings.__dataclass_fields__))
    return replace(recording, sightings=sightings, truth=Truth(*(getattr(truth, name)[of_truth] for name in Truth.__dataclass_fields__)))


def add_shop(conn: Connection, plan_of: Recording) -> None:
    add_everything(conn)
    floorplan_queries.publish(conn, demo_plan(TAMIM, VENUE), START_MS)
    for name in plan_of.receivers:
        people_queries.add_gateway(conn, tenant=TAMIM, gateway=GatewayId(name), venue=VENUE, name=name, via=BOX, now_ms=START_MS)
    people_queries.add_access_key(
        conn, tenant=TAMIM, subject="installer", token_hash=token_hash("installer"), grants=(MANAGE_GATEWAYS,), scopes=(VENUE,), now_ms=0
    )


async def walk(shop: Deployment, windows: Windows, receivers: tuple[str, ...], from_ms: int, first: int) -> None:
    """The shopper's tag as the box tells of it, from `from_ms` on."""
    for number, until in enumerate(range(EVERY_MS, MINUTES * 60_000 + EVERY_MS, EVERY_MS), first):
        rows: list[Heard] = []
        for at in np.flatnonzero((windows.end_ms > until - EVERY_MS) & (windows.end_ms <= until)).tolist():
            read = windows.rssi_dbm[at]
            end_ms = from_ms + int(windows.end_ms[at])
            rows += [(receivers[radio], TAG, end_ms, float(read[radio])) for radio in np.flatnonzero(np.isfinite(read)).tolist()]
        await shop.at(from_ms + until)
        assert (await shop.send(batch(rows, from_ms + until, number=number))).status == 200
    await shop.at(from_ms + MINUTES * 60_000 + 120_000)


def errors_m(shown: list[Observed], truth: Truth, from_ms: int) -> Floats:
    """How far each fix lies from where she was."""
    at_ms = np.concatenate([one.at_ms for one in shown]) - START_MS - from_ms
    x_m, y_m = (np.concatenate([getattr(one, name) for one in shown]) for name in ("x_m", "y_m"))
    known: Ints = truth.t_ms
    found: Floats = np.hypot(x_m - np.interp(at_ms, known, truth.x_m), y_m - np.interp(at_ms, known, truth.y_m))
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_walk_through_the_shop_makes_the_running_servers_fixes_better(parts: Parts, tmp_path: Path) -> None:
    surveyed, shopper = simulated()
    write_recording(tmp_path / "walk", surveyed)
    file = tmp_path / "walk.json"
    assert main(["calibrate", str(tmp_path / "walk"), "--out", str(file)]) == 0
    shown: list[Observed] = []
    await parts.db.write(lambda conn: add_shop(conn, shopper))
    shop = await Deployment.start(parts, Settings(), shown.append)
    windows = windows_of(shopper)

    await walk(shop, windows, shopper.receivers, 0, 1)
    before = errors_m(shown, shopper.truth, 0)
    shown.clear()

    url = f"/v1/venues/{VENUE}/calibrations"
    answer = await shop.client.post(f"{url}?use=true", data=file.read_bytes(), headers=INSTALLER)
    assert answer.status == 201, await answer.text()
    held = msgspec.json.decode(await answer.read(), type=CalibrationHeld)
    assert held.fit is not None
    assert (held.in_force, held.fit.unplaced, held.fit.moved, held.fit.levels) == (True, [], [], [])

    await walk(shop, windows, shopper.receivers, HOUR_MS, 1_001)
    after = errors_m(shown, shopper.truth, HOUR_MS)
    shown.clear()
    assert np.median(after) < 0.6 * np.median(before)  # simulated: 1.7 m after 5.5 m

    answer = await shop.client.put(f"/v1/venues/{VENUE}/calibration", data=b'{"id": null}', headers=INSTALLER)
    back = msgspec.json.decode(await answer.read(), type=VenueCalibrations)
    assert [one.id for one in back.history] == [None, held.kept.id]
    await walk(shop, windows, shopper.receivers, 2 * HOUR_MS, 2_001)
    assert np.array_equal(errors_m(shown, shopper.truth, 2 * HOUR_MS), before)  # and back is back
    await shop.close()
