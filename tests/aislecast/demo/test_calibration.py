"""The demo shop is calibrated by the product's own doors, once, and what an operator does later stays."""

from aislecast.demo import shop as demo
from aislecast.demo.calibration import ACTOR, RECORDING, calibrate
from aislecast.scene import Secrets
from geofence.calibrating import keep
from geofence.calibrating.keep import Asked
from groundwork.contracts.calibration import VenueCalibrations
from groundwork.plumbing import audit
from groundwork.plumbing.service import Parts


async def listed(parts: Parts) -> VenueCalibrations:
    asked = Asked(demo.TENANT, demo.VENUE, "", parts.clock.now_ms())
    return await keep.shown(parts.db, asked)


async def opened(parts: Parts) -> None:
    await parts.db.write(lambda conn: demo.set_demo(conn, Secrets(b"calibrated"), parts.clock.now_ms()))
    await calibrate(parts)


async def test_it_is_in_the_list_as_the_demos_in_force_and_in_the_chain(parts: Parts) -> None:
    await opened(parts)
    told = await listed(parts)
    assert told.in_force is not None
    assert [(one.id, one.made_by, one.recording) for one in told.calibrations] == [(told.in_force.id, ACTOR, RECORDING)]
    assert told.fit is not None
    assert not told.fit.unplaced
    assert not told.fit.moved
    assert {subject.split(":")[0] for subject in told.fit.unknown} == {"ibeacon"}, "the beacons that one phone ranges; the walk's send"
    chain = await parts.db.read(lambda conn: audit.rows(conn, demo.TENANT, 0, 100))
    assert [(row.action, row.actor) for row in chain][-2:] == [("calibration.add", ACTOR), ("calibration.use", ACTOR)]


async def test_what_an_operator_put_in_force_since_stays(parts: Parts) -> None:
    await opened(parts)
    asked = Asked(demo.TENANT, demo.VENUE, "manager", parts.clock.now_ms())
    await parts.db.write(lambda conn: keep.use(conn, asked, None))
    await opened(parts)
    told = await listed(parts)
    assert (told.in_force is not None and told.in_force.id, len(told.calibrations), len(told.history)) == (None, 1, 2)
