"""The demo shop's calibration: a simulated walk through its aisles before it opens, kept and put in force as a retailer's own would be.

Without one, its gateways being as uneven as real ones, four of ten zones that its shoppers are said to be in are wrong. The walk is made
anew in each installation and never shipped; whoever walks is none of the shoppers (`twin/survey.py`). What an operator does later stays.
"""

import asyncio

from aislecast.demo import shop as demo
from aislecast.demo.world import SEED
from aislecast.surveying.calibration import calibration_of
from aislecast.twin.survey import surveyed
from geofence.calibrating import keep
from geofence.calibrating.keep import Asked, File, file_of
from geofence.settings import Settings
from groundwork.contracts.subjects import CALIBRATION_CHANGED
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts

ACTOR = "demo"
"""Whose hand the list and the audit chain name."""
RECORDING = "demo: simulated walk"
MOST = Settings().calibrations


async def calibrate(parts: Parts, seed: int = SEED) -> None:
    """Has the demo shop, whose scene is set, calibrated before its first shopper moves, unless it has or had one; takes two seconds."""
    asked = Asked(demo.TENANT, demo.VENUE, ACTOR, parts.clock.now_ms())
    known = await keep.shown(parts.db, asked)
    if known.calibrations or known.history:
        return
    file = await asyncio.to_thread(learned, seed)

    def work(conn: Connection) -> None:
        keep.keep(conn, asked, file, MOST)
        keep.use(conn, asked, file.known)

    await parts.db.write(work)
    await parts.bus.announce(CALIBRATION_CHANGED, b"")


def learned(seed: int) -> File:
    """What the walk teaches. Its shoppers carry phones, which differ from one another by more than tags do."""
    return file_of(calibration_of(surveyed(demo.plan(), seed, demo.SHOPPERS, RECORDING), phones=True))
