"""Calibration: what was put into simulated readings comes out again, and what a survey cannot know is left out."""

import numpy as np
import pytest
from msgspec.structs import replace

from geofence.positioning.anchors import GENERIC, Calibration, anchors_of, expected_dbm, read_calibration, unknown_db2, write_calibration
from geofence.positioning.calibrate import Samples, calibrate, fit_path_loss, one_facing
from geofence.positioning.cells import cells_of
from geofence.positioning.placing import Heard, Loss, place
from tests.geofence.venues import plan, rectangle, zone

SHOP = plan(
    [zone("a", rectangle(0, 0, 20, 25)), zone("b", rectangle(20, 0, 40, 25))],
    {f"g{i}": (8.0 * (i % 6), 24.0 * (i // 6)) for i in range(12)},
)
ANCHORS, CELLS = anchors_of(SHOP), cells_of(SHOP, SHOP.zones)
GAINS = np.linspace(-5, 5, 12)


def walked(*, two_ways: bool = True, bump_db: float = 0.0, count: int = 1_500) -> Samples:
    """Readings of two devices, 12 dB apart, with exponent 2.6; `bump_db` more for one anchor in one corner."""
    chance = np.random.default_rng(1)
    x, y = chance.uniform(1, 39, count), chance.uniform(1, 24, count)
    device = np.arange(count) % 2
    loss = 5.0 * np.log10((x[:, None] - ANCHORS.x_m) ** 2 + (y[:, None] - ANCHORS.y_m) ** 2 + 1.0)
    rssi = -58 - 2.6 * loss + GAINS + np.where(device, 6.0, -6.0)[:, None] + chance.normal(0, 3, (count, 12))
    rssi[(x < 15) & (y < 12), 3] += bump_db
    rssi[chance.random(rssi.shape) < 0.2] = np.nan
    facing = chance.choice([0.0, np.pi] if two_ways else [0.0, 0.1], count)
    return Samples(np.zeros(count, np.int64), x, y, np.arange(count) // 75, device, facing, rssi)


def test_exponent_gains_and_noise_come_out_as_they_went_in() -> None:
    found = calibrate(walked(), ANCHORS, CELLS, ("F1",), phones=True)
    assert found.exponent == pytest.approx(2.6, abs=0.05)
    assert [found.gains_db[f"g{i}"] for i in range(12)] == pytest.approx(GAINS.tolist(), abs=0.6)
    assert found.noise_db == pytest.approx(3.0, abs=0.4)
    assert found.offset_sd_db > 6


def test_a_map_is_made_where_it_pays_and_only_there() -> None:
    assert not calibrate(walked(), ANCHORS, CELLS, ("F1",), phones=True).maps
    bumpy = calibrate(_everywhere_bumpy(), ANCHORS, CELLS, ("F1",), phones=True)
    assert [found.level for found in bumpy.maps] == ["F1"]
    noise_db = fit_path_loss(_everywhere_bumpy(), ANCHORS, 6.0).noise_db
    assert 3.0 < bumpy.noise_db < noise_db + 1.0, "what a map leaves is more than the scatter of readings"
    assert 1.0 < bumpy.walking_firmness <= 1.75, "for a walker little but scatter is left of the noise"


@pytest.mark.parametrize("blocks", [4, 5, 7, 14])
def test_any_number_of_minutes_teaches(blocks: int) -> None:
    samples = walked(count=420)
    minutes = samples._replace(block=np.arange(420) % blocks)
    assert calibrate(minutes, ANCHORS, CELLS, ("F1",), phones=False).exponent == pytest.approx(2.6, abs=0.1)


def test_a_tag_that_was_carried_for_a_minute_only_is_held_back_like_any_other() -> None:
    samples = walked(count=450)
    late = samples._replace(device=np.where(samples.block == 2, 2, samples.device))
    assert calibrate(late, ANCHORS, CELLS, ("F1",), phones=False).exponent == pytest.approx(2.6, abs=0.1)


def test_tags_are_taken_to_be_alike_and_phones_are_not() -> None:
    tags, phones = (calibrate(walked(count=300), ANCHORS, CELLS, ("F1",), phones=phones) for phones in (False, True))
    assert tags.offset_sd_db <= 1.0 < 10.0 < phones.offset_sd_db
    assert tags.offset_drift_db2 < phones.offset_drift_db2


def _everywhere_bumpy() -> Samples:
    """Every anchor reads up to 8 dB more or less in patches of some metres."""
    samples = walked(count=900)
    phase = np.arange(12)
    bumps = 8.0 * np.sin(samples.x_m[:, None] / 4 + phase) * np.cos(samples.y_m[:, None] / 4 - phase)
    return samples._replace(rssi_dbm=samples.rssi_dbm + bumps)


def test_phones_carried_one_way_teach_neither_gains_nor_map() -> None:
    samples = walked(two_ways=False, bump_db=12.0)
    assert one_facing(samples)
    found = calibrate(samples, ANCHORS, CELLS, ("F1",), phones=True)
    assert not found.maps
    assert max(abs(gain) for gain in found.gains_db.values()) < 5.0
    assert "one way" in found.notes[0]


def test_without_a_reading_nothing_is_learned() -> None:
    samples = walked()
    with pytest.raises(ValueError, match="no reading"):
        calibrate(samples._replace(rssi_dbm=np.full_like(samples.rssi_dbm, np.nan)), ANCHORS, CELLS, ("F1",), phones=True)


def test_a_file_gives_back_what_was_written() -> None:
    found = calibrate(walked(bump_db=12.0), ANCHORS, CELLS, ("F1",), phones=False)
    assert read_calibration(write_calibration(found)) == found
    with pytest.raises(ValueError, match="version"):
        read_calibration(b'{"version": 3}')


def test_a_map_says_what_it_does_not_know_and_an_older_file_says_nothing_of_it() -> None:
    samples = _everywhere_bumpy()
    left = calibrate(samples.where(samples.x_m < 15), ANCHORS, CELLS, ("F1",), phones=True)
    unknown = unknown_db2(CELLS, left, SHOP)
    assert unknown[CELLS.x_m > 25].mean() > 2 * unknown[(CELLS.x_m > 2) & (CELLS.x_m < 13)].mean()
    older = replace(left, maps=[replace(one, unknown_ddb2=[]) for one in left.maps])
    assert np.isnan(unknown_db2(CELLS, older, SHOP)).all()
    assert read_calibration(b'{"version": 2}') == GENERIC
    assert (GENERIC.walking_firmness, GENERIC.known_part) == (1.0, 0.0)


def test_without_a_file_rssi_falls_with_distance() -> None:
    expected = expected_dbm(CELLS, ANCHORS, GENERIC, SHOP)
    nearest = np.hypot(CELLS.x_m - 8.0, CELLS.y_m - 0.0).argsort()
    assert (np.diff(expected[1, nearest]) <= 1e-4).all()
    assert Calibration() == GENERIC


def test_a_beacon_is_found_where_it_hangs() -> None:
    chance = np.random.default_rng(2)
    x, y = chance.uniform(0, 40, 400), chance.uniform(0, 25, 400)
    rssi = -66 - 12.5 * np.log10((x - 12) ** 2 + (y - 9) ** 2 + 4) + chance.normal(0, 5, 400)
    level = np.where(chance.random(400) < 0.1, 1, 0)
    found = place(Heard(level, x, y, np.where(level == 1, rssi - 20, rssi)), Loss(-66, 2.5, 5))
    assert found is not None
    assert found.level == 0
    assert np.hypot(found.x_m - 12, found.y_m - 9) < 2.5
    assert abs(found.gain_db) < 2.0
    louder = place(Heard(level, x, y, np.where(level == 1, rssi - 20, rssi) + 6), Loss(-66, 2.5, 5))
    assert louder is not None
    assert 3.0 < louder.gain_db - found.gain_db < 6.5
    assert place(Heard(level[:5], x[:5], y[:5], rssi[:5]), Loss(-66, 2.5, 5)) is None
