"""Coverage: distance and shelves weaken, gaps are found where they are, and a walk test says how far to trust it."""

from dataclasses import replace

import numpy as np
import pytest

from aislecast.twin.columns import Floats
from aislecast.twin.radio import Air as RealAir
from aislecast.twin.radio import Physics
from aislecast.twin.shop import GROUND, demo_plan
from floorplans.coverage import APART_M, Air, Radios, gap_fillers, placed, predicted
from floorplans.model import Fixture, Level, Names, Opening, Placement, Plan, Polygon
from floorplans.walk_test import Measured, compared
from groundwork.contracts.ids import LevelId, TenantId, VenueId
from tests.floorplans.centre import box, zone

DEMO = demo_plan(TenantId("default"), VenueId("souq"))
FLOOR = Level(GROUND, 0, Names("أ", "A"), (box(0, 0, 40, 20),))
HALL = replace(DEMO, levels=(FLOOR,), zones=(), placements=(Placement("gateway", "gw", GROUND, 20.5, 10.5, 3.0),))


def heard(plan: Plan, x: float, y: float) -> float:
    """dBm of a phone at a point, by the one gateway there is."""
    (gateway,) = placed(plan.placements, GROUND)
    return float(Radios(plan, plan.levels[0]).rssi_dbm(np.array([[x, y]]), (gateway.x_m, gateway.y_m), gateway.z_m)[0])


def with_fixture(kind: str, category: str = "") -> Plan:
    return replace(HALL, fixtures=(Fixture("f", GROUND, kind, (box(25, 0, 25.5, 20),), category=category),))


def test_the_signal_falls_with_the_logarithm_of_the_distance() -> None:
    metres = np.hypot(10.0, 3.0 - 1.1)
    assert heard(HALL, 30.5, 10.5) == pytest.approx(-58.8 - 16 * np.log10(metres))
    assert heard(HALL, 20.5, 10.5) > heard(HALL, 22.5, 10.5) > heard(HALL, 39.5, 10.5)


@pytest.mark.parametrize(
    ("kind", "category", "loss_db"),
    [("shelf", "", 1.6), ("wall", "", 5.0), ("window", "", 2.0), ("wall", "wall.brick", 8.0), ("wall", "Concrete", 12.0)],
)
def test_what_stands_between_weakens_by_its_kind_or_material(kind: str, category: str, loss_db: float) -> None:
    plan = with_fixture(kind, category)
    assert heard(HALL, 30.5, 10.5) - heard(plan, 30.5, 10.5) == pytest.approx(loss_db)
    assert heard(plan, 15.5, 10.5) == heard(HALL, 15.5, 10.5)


def test_a_wall_between_two_rooms_is_crossed_once() -> None:
    rooms = (zone("a", GROUND, "room", box(20, 0, 30, 20), "أ", "A"), zone("b", GROUND, "room", box(30, 0, 40, 20), "ب", "B"))
    doors = (Opening("d", GROUND, "door", ((30, 2), (30, 3))),)
    plan = replace(HALL, zones=rooms, openings=doors)
    assert heard(HALL, 35.5, 10.5) - heard(plan, 35.5, 10.5) == pytest.approx(4.0)


def test_shares_count_floor_and_nothing_outside_it() -> None:
    cut = Polygon(box(0, 0, 40, 20).outer, (box(5, 5, 15, 15).outer,))
    coverage = predicted(replace(HALL, levels=(replace(FLOOR, outline=(cut,)),)), GROUND)
    assert len(coverage.points) == 700
    assert coverage.shares(-70.0)[1] == pytest.approx(float(np.mean(coverage.rssi_dbm[:, 0] >= -70)))
    assert coverage.shares(-200.0) == {1: 1.0, 2: 0.0, 3: 0.0}
    assert 0.0 < min(coverage.heat().values()) < max(coverage.heat().values()) <= 1.0


def test_a_venue_without_gateways_is_heard_by_none() -> None:
    coverage = predicted(replace(HALL, placements=()), GROUND)
    assert coverage.shares() == {1: 0.0, 2: 0.0, 3: 0.0}
    assert set(coverage.heat().values()) == {0.0}


def test_a_gateway_counts_where_it_hung_at_the_time() -> None:
    moved = (Placement("gateway", "gw", GROUND, 5.0, 5.0, from_ms=10), Placement("gateway", "gw", LevelId("1"), 9.0, 5.0, from_ms=20))
    plan = replace(HALL, placements=moved)
    assert predicted(plan, GROUND, at_ms=15).gateways == ("gw",)
    assert predicted(plan, GROUND, at_ms=9).gateways == predicted(plan, GROUND, at_ms=20).gateways == predicted(plan, GROUND).gateways == ()


def test_gap_fillers_go_where_it_is_quiet_and_each_brings_something() -> None:
    corner = replace(HALL, placements=(Placement("gateway", "gw", GROUND, 3.0, 3.0, 3.0),))
    fillers = gap_fillers(corner, GROUND, most=4, wanted=1, threshold_dbm=-76.0)
    assert fillers[0].x_m > 15
    for one in fillers:
        assert one.share_after > one.share_before
    added = tuple(Placement("gateway", f"new-{n}", GROUND, one.x_m, one.y_m, one.z_m) for n, one in enumerate(fillers))
    assert predicted(replace(corner, placements=corner.placements + added), GROUND).shares(-76.0)[1] == pytest.approx(
        fillers[-1].share_after
    )


def test_no_two_gateways_are_asked_for_in_one_place() -> None:
    fillers = gap_fillers(HALL, GROUND, most=5, threshold_dbm=-74.0)
    spots = [(20.5, 10.5), *((one.x_m, one.y_m) for one in fillers)]
    assert len(fillers) == 5
    assert min(np.hypot(a[0] - b[0], a[1] - b[1]) for n, a in enumerate(spots) for b in spots[:n]) >= APART_M


def test_a_floor_that_is_heard_everywhere_needs_nothing() -> None:
    assert gap_fillers(HALL, GROUND, wanted=1, threshold_dbm=-100.0) == []


def walk_of(plan: Plan, louder_db: float = 0.0, gateway: str = "gw") -> list[Measured]:
    return [Measured(gateway, GROUND, x, 5.5, heard(plan, x, 5.5) + louder_db) for x in np.arange(1.5, 39.0, 2.0).tolist()]


def test_a_walk_as_predicted_has_neither_bias_nor_spread() -> None:
    test = compared(HALL, walk_of(HALL))
    assert (test.points, test.good) == (19, True)
    assert (test.bias_db, test.spread_db, test.mean_error_db) == pytest.approx((0, 0, 0))


def test_a_walk_that_is_louder_throughout_shows_as_bias() -> None:
    test = compared(HALL, walk_of(HALL, 6.0))
    assert (test.bias_db, test.spread_db) == pytest.approx((6.0, 0.0))
    assert test.by_gateway == pytest.approx({"gw": 0.0})


def test_the_worst_places_lie_behind_the_wall_nobody_drew() -> None:
    test = compared(HALL, walk_of(with_fixture("wall", "concrete")), worst=3)
    assert test.bias_db < 0 < test.spread_db
    assert all(one.measured.x_m > 25 for one in test.worst)
    assert all(one.off_db == pytest.approx(-12.0) for one in test.worst)


def test_a_gateway_that_is_not_on_the_plan_is_named() -> None:
    test = compared(HALL, [*walk_of(HALL), Measured("stranger", GROUND, 3, 3, -60.0)])
    assert test.unknown == ("stranger",)
    assert compared(HALL, [Measured("stranger", GROUND, 3, 3, -60.0)]).points == 0
    with pytest.raises(ValueError, match="must be finite"):
        compared(HALL, [Measured("gw", GROUND, float("nan"), 3, -60.0)])


def test_the_prediction_holds_in_the_simulated_shop() -> None:
    """With its reflections averaged, and the phone held every way: what is left is shadowing and the receivers' own gain."""
    gateways = placed(DEMO.placements, GROUND)
    rng = np.random.default_rng(3)
    air = RealAir(DEMO.levels[0], gateways, 1, Physics(handset_sd_db=0.0), rng)
    radios = Radios(DEMO, DEMO.levels[0], Air())
    points = radios.cells(2.0)
    facing: Floats = rng.uniform(-np.pi, np.pi, len(points))
    loud = air.mean_dbm(np.zeros(len(points), np.int64), points[:, 0], points[:, 1], facing)
    walk = [
        Measured(gateway.subject, GROUND, x, y, float(loud[at, n]))
        for n, gateway in enumerate(gateways)
        for at, (x, y) in enumerate(points.tolist())
    ]
    test = compared(DEMO, walk)
    assert test.good
    assert test.mean_error_db < 6.0
    assert len(test.by_gateway) == len(gateways)


def test_an_unknown_level_and_a_square_without_sides_are_refused() -> None:
    with pytest.raises(ValueError, match="no level 'attic'; there are ground"):
        predicted(HALL, LevelId("attic"))
    with pytest.raises(ValueError, match="over 0 m, got 0"):
        predicted(HALL, GROUND, cell_m=0)
