"""The demo's shopper who walks up: where she is by the twin's time, and what the geofence makes of it all."""

import itertools
import math

import pytest

from aislecast.demo import shop as demo
from aislecast.demo.walk import ACCURACY_M, EVERY_MS, WALK_M, WalkUp
from aislecast.demo.world import SEED, WARM_UP_MS
from aislecast.twin import twin
from aislecast.twin.shop import products
from floorplans.earth import Frame
from geofence.outdoor.fences import fences_of

START_MS = 1_793_516_400_000


@pytest.fixture
def walk() -> WalkUp:
    phones = [twin.Phone(lambda _at_ms: b"", demo.ranges(number)) for number in range(demo.SHOPPERS)]
    return WalkUp(twin.Twin(demo.plan(), SEED, phones, START_MS, shelved=products()), demo.WALKS_UP, demo.ANCHOR, SEED)


def test_she_is_on_her_way_as_the_demo_starts_and_walks_straight_into_her_visit(walk: WalkUp) -> None:
    begins_ms = walk.twin.visit(demo.WALKS_UP).starts_ms
    assert 30_000 < begins_ms - WARM_UP_MS < 90_000, "too late or too early to be watched"
    places = [walk.place(at_ms) for at_ms in range(WARM_UP_MS, begins_ms + 20_000, 1_000)]
    assert all(place is not None for place in places)
    steps = [math.dist(one, other) for one, other in itertools.pairwise(places) if one and other]
    assert max(steps) < 2.0, "nobody jumps"
    first = places[0]
    assert first is not None
    assert -WALK_M < first[1] < -40


def test_after_her_visit_she_walks_away_until_her_phone_falls_silent(walk: WalkUp) -> None:
    ends_ms = walk.twin.visit(demo.WALKS_UP).ends_ms
    inside = walk.place(ends_ms)
    walk.twin.advance(START_MS + ends_ms + 2_000)  # the twin sends her on to her next visit
    near, far = walk.place(ends_ms + 10_000), walk.place(ends_ms + 200_000)
    assert inside is not None
    assert near is not None
    assert near[1] < inside[1] < 25
    assert far is None


def test_a_report_comes_every_few_seconds_and_is_off_by_what_it_claims(walk: WalkUp) -> None:
    frame, errors, before_ms = Frame(demo.ANCHOR), [], None
    for now_ms in range(START_MS + WARM_UP_MS, START_MS + WARM_UP_MS + 60_000, 250):
        report = walk.report(now_ms)
        if report is None:
            continue
        assert before_ms is None or now_ms - before_ms == EVERY_MS
        before_ms, place = now_ms, walk.place(now_ms - START_MS)
        assert place is not None
        errors.append(math.dist(place, frame.to_metres(report.lon, report.lat)))
    assert len(errors) == 12
    assert 0.2 < max(errors) < 2 * ACCURACY_M


def test_the_demo_shop_has_an_outline_and_a_ring_on_the_earth() -> None:
    plan = demo.plan()
    fences, problems = fences_of(plan.venue.outline, plan.venue.approaches, plan.levels)
    assert problems == []
    assert [fence.zone for fence in fences] == ["venue", "approach:near"]
