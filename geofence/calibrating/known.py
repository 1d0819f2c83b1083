"""Calibrations in memory: which one is in force in each venue, those themselves, and older ones for engines that still stand on them.

Kept fresh by a Refresh loop. One that was used once stays in memory until the process ends: a venue has a few in a year.
"""

import asyncio

import structlog

from floorplans.model import Plan
from geofence.positioning.anchors import Calibration
from geofence.positioning.fitting import Known, misfit
from geofence.queries import calibrations as queries
from groundwork.contracts.ids import CalibrationId, TenantId, VenueId
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.service import Trouble

_Key = tuple[TenantId, VenueId, CalibrationId]
_NONE = CalibrationId("")

_log = structlog.get_logger()


class CalibrationMissing(Trouble):
    """A calibration is not in memory yet; it passes, so nothing that needs it is to blame."""


class Calibrations:
    """Answers from memory."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._in_force: dict[tuple[TenantId, VenueId], CalibrationId] = {}
        self._known: dict[_Key, Calibration] = {}
        self._wanted: set[_Key] = set()
        self._gone: set[_Key] = set()
        """Asked for, looked for and not there: said once, in the log."""
        self._renewing = asyncio.Lock()

    def in_force(self, tenant: TenantId, venue: VenueId) -> CalibrationId:
        """The venue's calibration; the empty id where it has none."""
        return self._in_force.get((tenant, venue), _NONE)

    def version(self, tenant: TenantId, venue: VenueId, calibration: CalibrationId) -> Calibration:
        """The calibration itself; raises CalibrationMissing where it is not in memory, and sees to it that `renew` looks for it."""
        key = (tenant, venue, calibration)
        found = self._known.get(key)
        if found is None:
            self._wanted.add(key)
            raise CalibrationMissing(f"calibration {calibration!r} of venue {venue!r} of tenant {tenant!r} is not known here")
        return found

    @property
    def wanting(self) -> bool:
        """Whether a calibration was asked for that is not in memory."""
        return bool(self._wanted)

    async def renew(self) -> bool:
        """Reads which calibrations are in force, and those that are new or wanted; True when something changed.

        What is in force is only then said to be so when it is in memory: whatever an engine is told to stand on is at hand here. Two at
        once go one after the other: who read first might else have the last word, and set back what was put in force since.
        """
        async with self._renewing:
            return await self._renewed()

    async def _renewed(self) -> bool:
        wanted, known = frozenset(self._wanted), frozenset(self._known)

        def work(conn: Connection) -> tuple[dict[tuple[TenantId, VenueId], CalibrationId], dict[_Key, Calibration | None]]:
            in_force = queries.in_force(conn)
            keys = {(*venue, calibration) for venue, calibration in in_force.items() if calibration} | wanted
            return in_force, {key: queries.calibration(conn, *key) for key in sorted(keys - known)}

        in_force, found = await self._db.read(work)
        self._wanted -= wanted  # only now: a read that failed has found nothing
        loaded = {key: calibration for key, calibration in found.items() if calibration is not None}
        self._tell_gone(found.keys() - loaded.keys())
        changed = in_force != self._in_force or bool(loaded)
        self._known |= loaded
        self._in_force = in_force
        return changed

    def _tell_gone(self, missing: set[_Key]) -> None:
        """An engine waits for it, and with it its whole shard: a person has to hand the file in again."""
        for tenant, venue, calibration in sorted(missing - self._gone):
            _log.error("calibration_missing", tenant=tenant, venue=venue, calibration=calibration)
        self._gone |= missing


def tell_taken_up(plan: Plan, known: Known) -> None:
    """Logs that the engine of the plan's venue stands on the calibration from now on, and how many radios and levels do not fit."""
    wrong = misfit(known.calibration, plan)._asdict() if known.calibration is not None else {}
    fit = {name: len(names) for name, names in wrong.items()}
    _log.info("calibration_taken_up", tenant=plan.venue.tenant, venue=plan.venue.id, plan=plan.version, calibration=known.id, **fit)
