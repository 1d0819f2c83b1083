"""Faults: what is broken on purpose is broken as it says, and nothing else is."""

import numpy as np
import pytest

from aislecast.twin.columns import Ints
from aislecast.twin.recording import Recording, read_recording
from benchmarks.faults import DEAD, HOUR_MS, LOUD_DB, behind, caught_up, dead, draws, loud
from tests.data import data_folder


@pytest.fixture(scope="module")
def flat() -> Recording:
    return read_recording(data_folder("warsaw-flat"))


def of(recording: Recording, receivers: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(recording.sightings.receiver, receivers)


@pytest.mark.parametrize("receivers", [5, 12])
def test_each_receiver_is_loud_once_and_none_breaks_twice_in_a_draw(receivers: int) -> None:
    found = draws(receivers)
    assert [draw.loud.tolist() for draw in found] == [[number] for number in range(receivers)]
    for draw in found:
        broken = np.concatenate(draw)
        assert len(broken) == len(set(broken.tolist())) == 2 + max(1, round(DEAD * receivers))
    assert [draw.dead.tolist() for draw in draws(receivers)] == [draw.dead.tolist() for draw in found]


def test_the_dead_hear_nothing_and_the_others_what_they_heard(flat: Recording) -> None:
    gone = np.array([1])
    left = dead(flat, gone)
    assert not of(left, gone).any()
    assert len(left.sightings.t_ms) == int((~of(flat, gone)).sum())


def test_a_clock_an_hour_behind_moves_its_own_rows_alone_and_they_stay_in_order(flat: Recording) -> None:
    slow = np.array([2])
    shifted = behind(flat, slow)
    before, after = flat.sightings, shifted.sightings
    assert (np.diff(after.t_ms)[np.diff(after.session) == 0] >= 0).all()
    assert np.array_equal(np.sort(after.t_ms[of(shifted, slow)] + HOUR_MS), np.sort(before.t_ms[of(flat, slow)]))
    assert np.array_equal(np.sort(after.t_ms[~of(shifted, slow)]), np.sort(before.t_ms[~of(flat, slow)]))


def test_a_clock_that_is_found_out_is_right_from_then_on(flat: Recording) -> None:
    slow = np.array([2])
    mended = caught_up(flat, slow)
    before, after = (np.sort(one.sightings.t_ms[of(one, slow)]) for one in (flat, mended))
    late = before > 60_000
    assert late.any()
    assert np.array_equal(after[-int(late.sum()) :], before[late])
    assert (after < 0).any()  # until then they are an hour off


def test_the_loud_read_more_up_to_what_can_be_read(flat: Recording) -> None:
    box = np.array([0])
    more = loud(flat, box).sightings.rssi_dbm - flat.sightings.rssi_dbm
    assert (more[~of(flat, box)] == 0).all()
    assert np.median(more[of(flat, box)]) == LOUD_DB
    assert loud(flat, box).sightings.rssi_dbm.max() <= -1.0
