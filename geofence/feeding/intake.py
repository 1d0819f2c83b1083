"""Intake of feeds: what the sieve lets through becomes windows, and these batches that go where our own boxes' go (`intake/accept.py`).

What a box posts is kept before it is answered. What a broker hands over is in `line.py`. Both count here: each payload, and each
advert in it, was kept or refused for a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from geofence.feeding.registry import FeedRegistry, KnownFeed
from geofence.feeding.sieve import Kept, Sifted
from geofence.intake.accept import Accepted, Ingest
from groundwork.adverts.condense import Columns, Condenser
from groundwork.contracts.ids import BootId, GatewayId, TenantId
from groundwork.contracts.sighting import SightingBatch, SightingColumns
from groundwork.plumbing.hops import Hop, Hops
from groundwork.plumbing.reasons import Refusal

PAYLOADS = "feeds.payloads"
ADVERTS = "feeds.adverts"
REPEAT = "feed_repeat"
TRAIL_MS = 20_000
"""For so long after the last row it is told too that nobody was heard, so that nobody waits for it: longer than a silent stay lasts."""
_POSTED = BootId("posted")
"""Batches under it are numbered by what was posted, so that a box which posts twice is heard once."""
_NUMBER_BYTES = 7


@dataclass(frozen=True, slots=True)
class Tally:
    """The counters of all feeds."""

    hops: Hops

    @property
    def payloads(self) -> Hop:
        return self.hops.hop(PAYLOADS, "payloads")

    @property
    def adverts(self) -> Hop:
        return self.hops.hop(ADVERTS, "adverts")

    def payload(self, refused: str = "") -> None:
        """One payload came in, and was read or refused."""
        self.payloads.take()
        if refused:
            self.payloads.refuse(refused)
        else:
            self.payloads.give()

    def sifted(self, sifted: Sifted) -> None:
        """What was in a payload; what was kept of it is held until its window is closed."""
        self.payload(sifted.payload_refused)
        self.adverts.take(sifted.adverts)
        self.adverts.held += len(sifted.kept)
        for code, count in sorted(sifted.refused.items()):
            self.adverts.refuse(code, count)

    def closed(self, adverts: int, refused: str = "") -> None:
        """So many adverts went on in a batch, or did not after all."""
        self.adverts.held -= adverts
        if refused:
            self.adverts.refuse(refused, adverts)
        else:
            self.adverts.give(adverts)


def sealed(
    known: KnownFeed, source: GatewayId, boot: BootId, number: int, *, sent_ms: int, covered_ms: int, window_ms: int, rows: Columns
) -> SightingBatch:
    """The rows, which may be none, as a gateway's batch."""
    gateways, beacons = list(dict.fromkeys(rows.gateway)), list(dict.fromkeys(rows.beacon))
    radio, beacon = {name: at for at, name in enumerate(gateways)}, {name: at for at, name in enumerate(beacons)}
    return SightingBatch(
        tenant=known.stored.tenant,
        gateway=source,
        boot=boot,
        batch=number,
        sent_ms=sent_ms,
        covered_until_ms=covered_ms,
        gateways=gateways,
        beacons=beacons,
        columns=SightingColumns(
            gateway=[radio[name] for name in rows.gateway],
            beacon=[beacon[name] for name in rows.beacon],
            window_start_ms=rows.window_start_ms,
            window_ms=[window_ms] * len(rows),
            adverts=rows.adverts,
            rssi_median_dbm=rows.rssi_median_dbm,
            rssi_min_dbm=rows.rssi_min_dbm,
            rssi_max_dbm=rows.rssi_max_dbm,
            rssi_last_dbm=rows.rssi_last_dbm,
        ),
    )


class Posted:
    """Takes in what boxes post."""

    def __init__(self, ingest: Ingest, registry: FeedRegistry) -> None:
        self._ingest = ingest
        self._registry = registry
        self._tally = Tally(ingest.parts.hops)
        self._heard_ms: dict[tuple[TenantId, GatewayId], int] = {}
        """When each box last heard somebody known."""

    async def take(self, known: KnownFeed, topic: str, payload: bytes) -> Sifted:
        """Keeps what may be kept of the payload, which says itself what box it is from, or else its topic does; durable when it returns.

        Raises Refusal as `Ingest.heard` does.
        """
        now_ms = self._ingest.parts.clock.now_ms()
        sifted = known.sieve().sift(topic, payload, now_ms)
        self._tally.sifted(sifted)
        if sifted.kept:
            await self._keep(known, sifted.kept, self._registry.tag(known, topic, payload), now_ms)
        for box in sorted(sifted.spoke - {one.gateway for one in sifted.kept}):
            if now_ms - self._heard_ms.get((known.stored.tenant, box), -TRAIL_MS) < TRAIL_MS:
                await self._tell_nobody(known, box, now_ms)
        return sifted

    async def _tell_nobody(self, known: KnownFeed, box: GatewayId, now_ms: int) -> None:
        """The box is well and hears nobody known any more: without that word, who left would be taken for unheard."""
        window_ms = self._registry.window_ms(known)
        boot = BootId(f"posted-{self._ingest.parts.ids.new()}")
        covered_ms = now_ms - now_ms % window_ms
        nobody = sealed(known, box, boot, 1, sent_ms=now_ms, covered_ms=covered_ms, window_ms=window_ms, rows=Columns())
        await self._ingest.heard(known.stored.venue, nobody)

    async def _keep(self, known: KnownFeed, kept: Sequence[Kept], tag: bytes, now_ms: int) -> Accepted:
        window_ms = self._registry.window_ms(known)
        rows = _condensed(kept, window_ms)
        heard_by = set(rows.gateway)
        source = rows.gateway[0] if len(heard_by) == 1 else known.stored.gateway
        boot, number = (_POSTED, 1 + int.from_bytes(tag[:_NUMBER_BYTES], "big"))
        if not known.dated_by_boxes:  # the same words may well be said twice
            boot, number = BootId(f"posted-{self._ingest.parts.ids.new()}"), 1
        # The last window may go on in the box's next payload, so it is not told complete.
        covered_ms = max(rows.window_start_ms)
        batch = sealed(known, source, boot, number, sent_ms=now_ms, covered_ms=covered_ms, window_ms=window_ms, rows=rows)
        try:
            accepted = await self._ingest.heard(known.stored.venue, batch)
        except Refusal as refusal:
            self._tally.closed(len(kept), refusal.reason.code)
            raise
        self._tally.closed(len(kept), REPEAT if accepted.repeat else "")
        for box in heard_by:
            self._heard_ms[known.stored.tenant, box] = now_ms
        return accepted


def _condensed(kept: Sequence[Kept], window_ms: int) -> Columns:
    """All windows of one payload."""
    condenser = Condenser(window_ms)
    for one in kept:
        condenser.add(*one)
    closed = condenser.advance(condenser.newest_end_ms)
    assert closed is not None  # there was something in it
    return closed.columns
