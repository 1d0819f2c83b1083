"""Clocks of boxes that are off: corrected at the door, told in the log, and not taken for a backlog or the other way round."""

from collections.abc import Iterable

import msgspec
import pytest

from geofence.admitted import decode
from geofence.intake.accept import Ingest, log_key
from geofence.intake.clocks import BEHIND_MS, Clocks, Skew
from geofence.places import Places
from geofence.queries.clocks import skews
from geofence.settings import Settings
from groundwork.contracts.ids import BootId, GatewayId, TenantId
from groundwork.contracts.sighting import SightingBatch, SightingHeader
from groundwork.contracts.subjects import SIGHTINGS
from tests.geofence.deployment import BOX, TAMIM, Deployment, Heard, batch, standing_left
from tests.geofence.venues import START_MS, VENUE

HOUR_MS = 3_600_000
WINDOW_MS = 500


def said(number: int, sent_ms: int, boot: str = "boot") -> SightingHeader:
    return SightingHeader(tenant=TAMIM, gateway=BOX, boot=BootId(boot), batch=number, sent_ms=sent_ms, covered_until_ms=sent_ms)


def offsets(clocks: Clocks, batches: Iterable[tuple[int, SightingHeader]]) -> list[int]:
    """What is added to each batch's times; `batches` come with the moment at which they do."""
    return [clocks.read(header, now_ms, WINDOW_MS)[0] for now_ms, header in batches]


def live(by_ms: int, from_s: int = 0, until_s: int = 60, delay_ms: int = 80) -> list[tuple[int, SightingHeader]]:
    """A batch a second from a box whose clock shows `by_ms` more than the server's."""
    return [(at * 1000 + HOUR_MS * 9, said(at + 1, at * 1000 + HOUR_MS * 9 + by_ms - delay_ms)) for at in range(from_s, until_s)]


def test_a_clock_that_is_right_is_left_alone() -> None:
    assert set(offsets(Clocks(), live(0))) == {0}
    assert set(offsets(Clocks(), live(1_500))) == {0}
    assert set(offsets(Clocks(), live(-BEHIND_MS // 2))) == {0}


def test_a_clock_an_hour_ahead_is_corrected_from_the_first_batch_on() -> None:
    assert set(offsets(Clocks(), live(HOUR_MS))) == {-HOUR_MS}


def test_a_clock_an_hour_behind_is_corrected_once_its_lag_has_stayed_for_ten_seconds() -> None:
    found = offsets(Clocks(), live(-HOUR_MS))
    assert found[:10] == [0] * 10
    assert set(found[10:]) == {HOUR_MS}


def test_corrections_are_whole_windows_and_do_not_follow_every_delay() -> None:
    batches = [
        (now_ms, msgspec.structs.replace(header, sent_ms=header.sent_ms - 37 * (now_ms // 1000 % 7))) for now_ms, header in live(61_234)
    ]
    found = set(offsets(Clocks(), batches))
    assert len(found) == 1
    assert found.pop() % WINDOW_MS == 0


@pytest.mark.parametrize("speed", [2, 5, 50])
def test_a_backlog_that_is_worked_off_is_no_skew(speed: int) -> None:
    """Oldest first, as boxes of others may do."""
    now_ms = HOUR_MS * 9
    batches = [(now_ms + at * 1000 // speed, said(at + 1, now_ms - HOUR_MS + at * 1000)) for at in range(3_000)]
    assert set(offsets(Clocks(), batches)) == {0}


def test_a_backlog_between_batches_of_now_changes_nothing() -> None:
    clocks = Clocks()
    mixed = [
        pair for now in live(HOUR_MS, 1_000, 1_100) for pair in (now, (now[0] + 1, said(now[1].batch - 900, now[1].sent_ms - 900_000)))
    ]
    assert set(offsets(clocks, mixed)) == {-HOUR_MS}


def test_a_backlog_after_an_hour_away_is_no_skew_though_it_is_the_first_that_comes() -> None:
    clocks = Clocks()
    offsets(clocks, live(0, 0, 30))
    now_ms = HOUR_MS * 10
    back = [(now_ms + at * 20, said(31 + at, HOUR_MS * 9 + 30_000 + at * 1000)) for at in range(3_000)]
    assert set(offsets(clocks, back)) == {0}


def test_a_clock_that_is_set_right_is_believed_at_once() -> None:
    clocks = Clocks()
    assert offsets(clocks, live(HOUR_MS, 0, 30))[-1] == -HOUR_MS
    assert set(offsets(clocks, live(0, 30, 60))) == {0}
    clocks = Clocks()
    assert offsets(clocks, live(-HOUR_MS, 0, 30))[-1] == HOUR_MS
    assert set(offsets(clocks, live(0, 30, 60))) == {0}


def test_what_was_known_before_a_restart_is_known_after_it() -> None:
    clocks = Clocks()
    clocks.load([Skew(TAMIM, BOX, HOUR_MS, 0)])
    assert set(offsets(clocks, live(-HOUR_MS))) == {HOUR_MS}


def test_boxes_of_two_tenants_have_clocks_of_their_own() -> None:
    clocks = Clocks()
    offsets(clocks, live(HOUR_MS))
    other = said(1, HOUR_MS * 9)
    assert clocks.read(msgspec.structs.replace(other, tenant=TenantId("dana")), HOUR_MS * 9, WINDOW_MS) == (0, False)
    assert clocks.skewed() == {(TAMIM, BOX): -HOUR_MS}


# --- through the routes --------------------------------------------------------------------------------------------------------------


async def ingest(shop: Deployment) -> Ingest:
    """The door once more, as another process opens it."""
    places = Places(shop.parts.db)
    await places.renew_plans()
    await places.renew_gateways()
    return Ingest(shop.parts, Settings(), places, shop.people)


def off_by(sent: SightingBatch, by_ms: int) -> SightingBatch:
    """What the box would have sent with its clock off by so much."""
    assert sent.columns is not None
    columns = msgspec.structs.replace(sent.columns, window_start_ms=[at + by_ms for at in sent.columns.window_start_ms])
    return msgspec.structs.replace(sent, sent_ms=sent.sent_ms + by_ms, covered_until_ms=sent.covered_until_ms + by_ms, columns=columns)


async def walked(shop: Deployment, by_ms: int, until_ms: int = 40_000) -> list[tuple[str, int, bool]]:
    """Somebody stands in the left room for all of the time; the box sends every second."""
    for number, at in enumerate(range(1_000, until_ms + 1, 1_000), 1):
        await shop.at(at)
        rows: list[Heard] = standing_left(at, at - 500)
        assert (await shop.send(off_by(batch(rows, at, number=number), by_ms))).status == 200
        await shop.at(at)
    return [(event.kind, event.at_ms - START_MS, event.late) for event in await shop.events()]


@pytest.mark.parametrize(("by_ms", "skewed"), [(0, 0), (HOUR_MS, 160)])
async def test_an_hour_ahead_the_same_events_come_as_with_a_right_clock(shop: Deployment, by_ms: int, skewed: int) -> None:
    assert await walked(shop, by_ms) == [("enter", 3_000, False), ("dwell", 11_500, False), ("dwell", 31_500, False)]
    assert shop.parts.hops.hop("ingest.skewed", "sightings").out == skewed
    assert [hop.missing() for hop in shop.parts.hops.all()] == [0] * len(shop.parts.hops.all())


async def test_an_hour_behind_they_come_once_that_is_known_and_nothing_is_lost(shop: Deployment) -> None:
    found = await walked(shop, -HOUR_MS)
    assert [(kind, late) for kind, at_ms, late in found if at_ms > 0] == [("enter", False), ("dwell", False)]
    locate = shop.parts.hops.hop("locate", "sightings")
    assert (locate.missing(), locate.refused.get("too_old", 0)) == (0, 0)


async def test_one_skewed_box_does_not_move_the_time_of_the_others(shop: Deployment) -> None:
    """The one that is ahead may not make the other's rows late."""
    door, other = await ingest(shop), GatewayId("feed:other")
    for number, at in enumerate(range(1_000, 20_001, 1_000), 1):
        await shop.at(at)
        assert (await shop.send(batch(standing_left(at, at - 500), at, number=number))).status == 200
        ahead = off_by(msgspec.structs.replace(batch([], at, number=number), gateway=other), HOUR_MS)
        await door.heard(VENUE, ahead)
        await shop.at(at)
    assert shop.parts.hops.hop("locate", "sightings").refused.get("late", 0) == 0
    assert [(event.kind, event.late) for event in await shop.events()] == [("enter", False), ("dwell", False)]


async def test_the_correction_stands_in_the_log_and_in_a_row_and_outlives_a_restart(shop: Deployment) -> None:
    parts = shop.parts
    for number, at in enumerate((1_000, 2_000, 3_000), 1):
        shop.clock.set(START_MS + at)
        await shop.send(off_by(batch(standing_left(at, at - 500), at, number=number), HOUR_MS))
    assert await parts.db.read(skews) == [Skew(TAMIM, BOX, -HOUR_MS, START_MS + 1_000)]
    again = await ingest(shop)
    await again.heard(
        VENUE, msgspec.structs.replace(batch([], 4_000, number=4), gateway=GatewayId("feed:other"), sent_ms=START_MS - 60_000)
    )
    assert again.clocks.skewed() == {(TAMIM, BOX): -HOUR_MS}
    reader = await parts.bus.take(SIGHTINGS, parts.bus.shard_of(SIGHTINGS, log_key(TAMIM, VENUE)))
    assert reader is not None
    headers = [decode(one.payload).header for one in await reader.read(10)]
    assert [header.clock_offset_ms for header in headers] == [*[-HOUR_MS] * 3, 0]
    assert [header.covered_until_ms - START_MS for header in headers[:3]] == [1_000, 2_000, 3_000]
