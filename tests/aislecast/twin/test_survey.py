"""A survey of the twin's shop: the same air as its shoppers', other phones; every aisle, out and back."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from aislecast.replaying.survey import samples_of
from aislecast.twin.recording import Recording
from aislecast.twin.shop import demo_plan
from aislecast.twin.survey import FACING_MS, MARK_M, MARK_MS, PHONES, STAY_MS, surveyed
from aislecast.twin.twin import STRANGERS, Twin, beacon_phones
from aislecast.twin.walkways import shape_of
from geofence.positioning.anchors import anchors_of
from geofence.positioning.calibrate import GAIN_SD_DB, fit_path_loss, one_facing
from groundwork.contracts.ids import TenantId, VenueId
from tests.conftest import START_MS

PLAN = demo_plan(TenantId("t"), VenueId("shop"))
SHOPPERS, SEED = 6, 3


@pytest.fixture(scope="module")
def walk() -> Recording:
    return surveyed(PLAN, SEED, SHOPPERS, "walk")


def test_the_same_walk_is_heard_alike_and_in_another_shop_otherwise(walk: Recording) -> None:
    again, elsewhere = surveyed(PLAN, SEED, SHOPPERS, "walk"), surveyed(PLAN, SEED + 1, SHOPPERS, "walk")
    assert np.array_equal(walk.sightings.rssi_dbm, again.sightings.rssi_dbm)
    assert not np.array_equal(walk.sightings.rssi_dbm, elsewhere.sightings.rssi_dbm)


def test_she_stands_where_one_can_walk_in_every_zone_and_only_there_is_she_heard(walk: Recording) -> None:
    truth, heard = walk.truth, walk.sightings
    assert shapely.contains_xy(shape_of(PLAN.levels[0].outline), truth.x_m, truth.y_m).all()
    assert not shapely.contains_xy(shape_of(PLAN.levels[0].obstacles), truth.x_m, truth.y_m).any()
    for zone in PLAN.zones:
        assert shapely.contains_xy(shape_of(zone.polygons), truth.x_m, truth.y_m).sum() >= 2 * 2 * PHONES, zone.id
    assert (heard.t_ms % MARK_MS < STAY_MS).all()
    assert (np.diff(heard.session * 10**9 + heard.t_ms) >= 0).all()


def test_every_mark_is_stood_at_twice_and_out_and_back_no_facing_is_missing(walk: Recording) -> None:
    samples = samples_of(walk, (str(PLAN.levels[0].id),))
    assert not one_facing(samples)
    places, counts = np.unique(np.stack([samples.x_m, samples.y_m], axis=1), axis=0, return_counts=True)
    assert (counts >= 2 * PHONES).all()
    assert abs(len(places) * MARK_M**2 / 712 - 1) < 0.1, "a mark for each square of the walkable 712 m2"
    assert STAY_MS == 2 * FACING_MS


def test_it_teaches_the_gains_of_the_very_twin_whose_shoppers_come_later(walk: Recording) -> None:
    twin = Twin(PLAN, SEED, beacon_phones(SHOPPERS), START_MS)
    gateways = replace(PLAN, placements=tuple(one for one in PLAN.placements if one.kind == "gateway"))
    fit = fit_path_loss(samples_of(walk, (str(PLAN.levels[0].id),)), anchors_of(gateways), GAIN_SD_DB)
    assert np.corrcoef(fit.gain_db, twin.gain_db)[0, 1] > 0.8


def test_her_phones_are_nobodys_who_shops() -> None:
    assert PHONES <= STRANGERS
