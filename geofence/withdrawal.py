"""Withdrawal in the geofence: who takes back her consent to positioning is forgotten by every engine at once, not when silence comes.

Nothing of hers is written from the withdrawal on whatever an engine remembers (`barred.py`); this ends the remembering. An engine's state
follows from its log, so forgetting is an entry of that log, as for an erasure (`erasure.py`), but one that names none: her rows of before
stay for as long as they are kept, her visits end where she withdrew, and no exit is told. It is told twice: rows of hers that were let in
in the moment before this process knew may come into the log after the first time.

Withdrawals are found in the consent chain, each once, by the announcement that something changed and, where that was missed, by looking.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Final

from floorplans import queries as floorplan_queries
from geofence.admitted import forget
from geofence.intake.accept import log_key
from geofence.outdoor import reported
from groundwork.contracts.ids import TenantId
from groundwork.contracts.subjects import GPS_REPORTS, SIGHTINGS
from groundwork.people import queries as people
from groundwork.people.model import POSITIONING
from groundwork.people.queries import Withdrawal
from groundwork.plumbing.bus import Append, Entry
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts

AGAIN_MS: Final = 10_000
"""Ingest knows of a withdrawal within a second or two; by then the last of her rows is in the log."""
BACK_MS: Final = 3_600_000
"""What a process looks back as it starts: longer ago, silence has ended every stay."""
_BACK: Final = 10_000
"""Entries of the chain that it looks back at most."""


@dataclass(slots=True)
class Withdrawals:
    """Tells the engines; `run` is called by a Refresh loop, in every process: an entry is appended once, whoever else does the same."""

    parts: Parts
    _read: dict[TenantId, int] = field(default_factory=dict)
    """How far each tenant's chain was looked through."""
    _again: dict[tuple[TenantId, int], tuple[Withdrawal, int]] = field(default_factory=dict)
    """Those that are to be told once more, by tenant and number, each with when that is due."""

    async def run(self) -> bool:
        """Tells what is new, and once more what was told a while ago; True where there was any."""
        now_ms = self.parts.clock.now_ms()
        ends = await self.parts.db.read(people.consent_ends)
        fresh: list[tuple[TenantId, Withdrawal]] = []
        for tenant, end in ends.items():
            after = self._read.get(tenant, end - _BACK)
            if after < end:
                found = await self.parts.db.read(partial(people.withdrawals, tenant=tenant, after_seq=after, purpose=POSITIONING))
                fresh += [(tenant, one) for one in found if one.at_ms > now_ms - BACK_MS]
        for tenant, one in fresh:
            await self._tell(tenant, one, "first")
            self._again[tenant, one.seq] = (one, now_ms + AGAIN_MS)
        self._read = ends  # only now: a database that was away is asked again
        due = [(key, one) for key, (one, due_ms) in self._again.items() if now_ms >= due_ms]
        for (tenant, seq), one in due:
            await self._tell(tenant, one, "again")
            del self._again[tenant, seq]
        return bool(fresh or due)

    async def _tell(self, tenant: TenantId, one: Withdrawal, time: str) -> None:
        await self.parts.bus.append((tenant, "withdrawal", str(one.seq), time), lambda conn: self._entries(conn, tenant, one))

    def _entries(self, conn: Connection, tenant: TenantId, one: Withdrawal) -> Append:
        """One entry for the outdoor engine and one for each venue with a plan; none where she has agreed again since."""
        if one.shopper not in people.withdrawn(conn, tenant, [one.shopper], POSITIONING):
            return Append(b"", [])
        now_ms = self.parts.clock.now_ms()
        venues = sorted(venue for of_tenant, venue in floorplan_queries.published_versions(conn) if of_tenant == tenant)
        outside = Entry(GPS_REPORTS, one.shopper, reported.forget(tenant, one.shopper, "", now_ms))
        inside = [Entry(SIGHTINGS, log_key(tenant, venue), forget(tenant, venue, "", one.shopper, now_ms)) for venue in venues]
        return Append(b"", [outside, *inside])
