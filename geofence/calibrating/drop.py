"""Drop: takes a calibration off its venue's list, where nothing can ever ask for it again.

An engine reads its venue's log again from the last snapshot on, and stands on whatever calibration that snapshot and those entries name: it
must find each. So one may go when neither names it, and when it has been out of force for so long that no process lets anything in
under it any more. That is looked at in one view of log and snapshot, before the transaction that deletes; in between nothing can begin to
name it, since only what is in force gets into the log, and that is asked for again inside. A replay of what is kept has the same bits.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from geofence import reasons
from geofence.admitted import AdmittedError, decode_header
from geofence.calibrating.keep import Asked, check_venue, in_force
from geofence.intake.accept import log_key
from geofence.pipeline import unpack
from geofence.queries import calibrations as queries
from geofence.tracking.engine import Engine
from groundwork.contracts.ids import CalibrationId
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.people import acts
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.bus import Bus, LogEntry, Snapshot
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Refusal

SETTLES_MS: Final = 60_000
"""How long after another was put in force a process may still let something in under the one before: it hears of the switch within a
second, and a request that it was working on is over by then. Shorter risks an entry that names what is gone."""
USES: Final = 1_000


async def needed(bus: Bus, asked: Asked) -> frozenset[CalibrationId]:
    """What the venue's engine may still have to find, by its snapshot and the log after it."""

    def look(snapshot: Snapshot | None, entries: Iterable[LogEntry]) -> frozenset[CalibrationId]:
        named = {found for entry in entries if (found := _named(entry.payload)) is not None}
        if snapshot is not None:
            named.add(_stood_on(snapshot.state, asked))
        return frozenset(named)

    return await bus.examine(SIGHTINGS, log_key(asked.tenant, asked.venue), look)


def drop(conn: Connection, asked: Asked, wanted: CalibrationId, named: frozenset[CalibrationId]) -> None:
    """Takes it off the list; `named` is what `needed` said a moment ago. Raises Refusal where it is not there, in force, or still named."""
    check_venue(conn, asked)
    stored = next((one for one in queries.calibrations(conn, asked.tenant, asked.venue) if one.id == wanted), None)
    if stored is None:
        raise Refusal(reasons.UNKNOWN_CALIBRATION, value=wanted)
    if in_force(conn, asked) == wanted:
        raise Refusal(reasons.CALIBRATION_IN_FORCE, value=wanted)
    if wanted in named or asked.now_ms - _ended_ms(conn, asked, wanted) < SETTLES_MS:
        raise Refusal(reasons.CALIBRATION_NEEDED, value=wanted)
    queries.drop_calibration(conn, asked.tenant, asked.venue, wanted)
    before = {"venue": asked.venue, "recording": stored.recording, "recording_hash": stored.recording_hash, "size": stored.size}
    record(conn, asked.tenant, asked.now_ms, Act(asked.actor, acts.REMOVE_CALIBRATION, wanted, before, None))


def _named(payload: bytes) -> CalibrationId | None:
    """Under which an entry of the log was let in; None for bytes that are none, which the engine's shard buries."""
    try:
        return decode_header(payload).calibration
    except AdmittedError:
        return None


def _stood_on(state: bytes, asked: Asked) -> CalibrationId:
    """What the venue's engine stands on in a pipeline's state; the empty id where there is no engine, or none is used."""
    engine = unpack(state).get(asked.tenant, {}).get(asked.venue)
    return Engine.stood_on(engine)[1] if engine is not None else CalibrationId("")


def _ended_ms(conn: Connection, asked: Asked, wanted: CalibrationId) -> int:
    """When it was in force last; 0 where it never was, or so many uses ago that it is long past."""
    uses = queries.uses(conn, asked.tenant, asked.venue, USES)
    return next((after.since_ms for after, use in pairwise(uses) if use.calibration == wanted), 0)
