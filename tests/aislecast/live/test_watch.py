"""Watching: what happens in the venue is shown once, in order; what is elsewhere, or was before, is not shown."""

from collections.abc import Sequence

import numpy as np
import pytest

from aislecast.live.state import LiveState, PushLine, RedemptionLine, ZoneLine
from aislecast.live.watch import GONE_MS, LOOK_S, Watch
from floorplans import queries as places
from floorplans.model import Names, Venue
from geofence import queries as geofence
from geofence.tracking.outcome import Observed
from groundwork.contracts.ids import LevelId, TenantId, VenueId, ZoneId
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts
from tests.notifier.served import serving
from tests.notifier.shop import TENANT, VENUE, Shop, a_campaign


class Drawn:
    """A view that counts how often it was asked to draw."""

    def __init__(self) -> None:
        self.times = 0
        self.closed = False

    def refresh(self, now_ms: int, monotonic_s: float) -> None:
        assert now_ms == round(monotonic_s * 1000)
        self.times += 1

    def close(self) -> None:
        self.closed = True


async def _watched(shop: Shop) -> tuple[Watch, LiveState, Drawn]:
    venue = await shop.parts.db.read(lambda conn: places.venue(conn, TENANT, VENUE))
    assert venue is not None
    state, view = LiveState(shop.parts.hops, venue.names, {}, venue.time_zone), Drawn()
    return Watch(shop.parts.db, shop.parts.clock, venue, state, view), state, view


async def _look(watch: Watch, clock: ManualClock) -> None:
    clock.advance(LOOK_S)
    assert await watch.step()


def _observed(clock: ManualClock, tracks: Sequence[int], zones: Sequence[int], tenant: TenantId = TENANT) -> Observed:
    n = len(tracks)
    return Observed(
        tenant=tenant,
        venue=VENUE,
        levels=(LevelId("ground"),),
        zones=(ZoneId("dairy"), ZoneId("bakery")),
        track=np.array(tracks, dtype=np.int64),
        at_ms=np.full(n, clock.now_ms(), dtype=np.int64),
        level=np.zeros(n, dtype=np.int32),
        x_m=np.zeros(n),
        y_m=np.zeros(n),
        radius_m=np.ones(n),
        zone_raw=np.array(zones, dtype=np.int32),
        probability=np.ones(n),
        zone=np.array(zones, dtype=np.int32),
        shares=np.zeros((n, 2)),
        zone_likely=np.array(zones, dtype=np.int32),
        held=np.array(zones, dtype=np.int64).reshape(n, 1),
    )


async def test_what_happens_is_shown_once_and_in_order(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    her = await shop.shopper("amal", language="en")
    watch, state, view = await _watched(shop)
    async with serving(shop) as served:
        clock.advance(1)
        entered = shop.event("amal", "enter")
        await parts.db.write(lambda conn: geofence.add_zone_events(conn, [entered]))
        clock.advance(1)
        await shop.happen(shop.event("amal"))
        clock.advance(1)
        await served.redeem(await served.code(), "R-1")
        for _ in range(5):
            await _look(watch, clock)
    lines = state.since(0)
    assert [type(line) for line in lines] == [ZoneLine, PushLine, PushLine, RedemptionLine]
    zone, push = lines[0], lines[1]
    assert isinstance(zone, ZoneLine)
    assert isinstance(push, PushLine)
    assert (zone.kind, zone.zone, zone.shopper) == ("enter", "dairy", her.pseudonym)
    assert (push.shopper, push.outcome, push.language) == (her.pseudonym, "delivered", "en")
    assert "{code}" not in push.title
    assert view.times == 5


async def test_what_was_not_delivered_comes_with_its_reason(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    watch, state, _ = await _watched(shop)
    clock.advance(1)
    await shop.put(shop.event("amal"), shop.event("amal", "exit"))
    await shop.settle()
    await _look(watch, clock)
    assert {(line.outcome, line.reason) for line in state.last(PushLine, 9) if isinstance(line, PushLine)} == {("cancelled", "left_zone")}


async def test_what_was_before_is_not_shown(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    await shop.happen(shop.event("amal"))
    watch, state, _ = await _watched(shop)
    await _look(watch, clock)
    assert state.added == 0


async def test_shoppers_are_counted_where_they_are_and_only_here(parts: Parts, clock: ManualClock) -> None:
    watch, state, _ = await _watched(await Shop.open(parts, clock))
    watch.observe(_observed(clock, [1, 2, 3], [0, 0, -1]))
    watch.observe(_observed(clock, [4], [0], TenantId("another")))
    await _look(watch, clock)
    assert state.counts == {"dairy": 2}
    watch.observe(_observed(clock, [2], [1]))
    await _look(watch, clock)
    assert state.counts == {"dairy": 1, "bakery": 1}
    clock.advance(GONE_MS / 1000)
    await _look(watch, clock)
    assert state.counts == {}, "nobody was heard for so long"


async def test_it_looks_no_more_often_than_it_says_and_closes_its_view(parts: Parts, clock: ManualClock) -> None:
    watch, _, view = await _watched(await Shop.open(parts, clock))
    await _look(watch, clock)
    assert not await watch.step()
    await watch.close()
    assert (view.times, view.closed) == (1, True)


@pytest.mark.parametrize("venue", ["", "elsewhere"])
async def test_a_venue_without_anything_is_watched_in_peace(parts: Parts, clock: ManualClock, venue: str) -> None:
    view = Drawn()
    state = LiveState(parts.hops, Names("م", "V"), {})
    watch = Watch(parts.db, clock, Venue(VenueId(venue), TENANT, Names("م", "V"), "UTC"), state, view)
    await _look(watch, clock)
    assert (state.added, view.times) == (0, 1)
