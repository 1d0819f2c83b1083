"""Rules of condensing: one row per radio, beacon and window; nothing counted twice, nothing lost, order no matter."""

import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.adverts import condense
from groundwork.adverts.condense import CROWDED, LATE, Columns, Condenser
from groundwork.contracts.ids import BeaconKey, GatewayId

A, B = GatewayId("a"), GatewayId("b")
X, Y = BeaconKey("ibeacon:x:1:1"), BeaconKey("ibeacon:y:1:1")
HEARD = st.tuples(st.sampled_from([A, B]), st.sampled_from([X, Y]), st.integers(0, 3_000), st.integers(-127, -1).map(float))


def closed(heard: list[tuple[GatewayId, BeaconKey, int, float]], until_ms: int = 5_000) -> Columns:
    """The rows of `heard` once all windows have ended."""
    condenser = Condenser(500)
    for each in heard:
        assert condenser.add(*each) == ""
    ended = condenser.advance(until_ms)
    assert ended is not None
    return ended.columns


def test_a_row_says_count_median_extremes_and_last() -> None:
    rows = closed([(A, X, 10, -60.0), (A, X, 30, -70.0), (A, X, 20, -90.0)])
    assert (rows.gateway, rows.beacon, rows.window_start_ms, rows.adverts) == ([A], [X], [0], [3])
    assert (rows.rssi_median_dbm, rows.rssi_min_dbm, rows.rssi_max_dbm, rows.rssi_last_dbm) == ([-70.0], [-90.0], [-60.0], [-70.0])


def test_windows_are_cut_at_whole_multiples_of_their_length() -> None:
    rows = closed([(A, X, 499, -60.0), (A, X, 500, -61.0)])
    assert rows.window_start_ms == [0, 500]


def test_rows_come_by_window_radio_and_beacon() -> None:
    rows = closed([(B, Y, 600, -1.0), (A, X, 600, -1.0), (B, X, 0, -1.0)])
    assert list(zip(rows.window_start_ms, rows.gateway, rows.beacon, strict=True)) == [(0, B, X), (500, A, X), (500, B, Y)]


def test_a_window_closes_at_its_end_and_not_before() -> None:
    condenser = Condenser(500)
    condenser.add(A, X, 0, -60.0)
    assert condenser.advance(499) is None
    ended = condenser.advance(500)
    assert ended is not None
    assert (len(ended.columns), ended.until_ms) == (1, 500)


def test_an_advert_of_a_closed_window_is_late() -> None:
    condenser = Condenser(500)
    condenser.advance(1_000)
    assert condenser.add(A, X, 999, -60.0) == LATE
    assert condenser.add(A, X, 1_000, -60.0) == ""


def test_a_late_advert_is_counted_in_the_window_that_is_open() -> None:
    condenser = Condenser(500)
    condenser.advance(1_000)
    condenser.refuse(999, LATE)
    ended = condenser.advance(1_500)
    assert ended is not None
    assert ended.refused == {LATE: 1}


def test_a_run_goes_on_where_the_last_one_closed() -> None:
    assert Condenser(500, closed_until_ms=1_000).add(A, X, 700, -60.0) == LATE


def test_a_crowd_beyond_memory_is_refused_and_makes_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condense, "MOST_OPEN", 1)
    condenser = Condenser(500)
    assert condenser.add(A, X, 0, -60.0) == ""
    assert condenser.add(A, Y, 0, -60.0) == CROWDED
    assert condenser.add(A, X, 1, -60.0) == ""
    condenser.advance(500)
    assert condenser.add(A, Y, 500, -60.0) == ""


def test_a_clock_set_back_opens_time_again() -> None:
    condenser = Condenser(500)
    condenser.advance(10_000)
    condenser.turn_back(2_100)
    assert condenser.add(A, X, 2_000, -60.0) == ""
    assert condenser.add(A, X, 1_999, -60.0) == LATE


@pytest.mark.parametrize("window_ms", [0, -1, 70_000])
def test_a_window_of_impossible_length_is_refused(window_ms: int) -> None:
    with pytest.raises(ValueError, match="a window is 1 to 65535 ms long"):
        Condenser(window_ms)


@given(st.lists(HEARD, min_size=1), st.randoms(use_true_random=False))
def test_the_order_of_adverts_does_not_matter(heard: list[tuple[GatewayId, BeaconKey, int, float]], rng: random.Random) -> None:
    shuffled = heard.copy()
    rng.shuffle(shuffled)
    assert closed(shuffled) == closed(heard)


@given(st.lists(HEARD), st.lists(st.integers(0, 4_000), max_size=5))
def test_every_advert_is_in_one_row_or_late(heard: list[tuple[GatewayId, BeaconKey, int, float]], ticks: list[int]) -> None:
    condenser, rows, late = Condenser(500), Columns(), 0
    for index, each in enumerate(heard):
        late += condenser.add(*each) == LATE
        if index < len(ticks) and (ended := condenser.advance(ticks[index])):
            rows.extend(ended.columns)
    if ended := condenser.advance(10_000):
        rows.extend(ended.columns)
    assert sum(rows.adverts) + late == len(heard)
    spots = list(zip(rows.gateway, rows.beacon, rows.window_start_ms, strict=True))
    assert len(spots) == len(set(spots))


@given(st.lists(HEARD, min_size=1))
def test_a_row_s_figures_are_those_of_its_adverts(heard: list[tuple[GatewayId, BeaconKey, int, float]]) -> None:
    rows = closed(heard)
    for index, start_ms in enumerate(rows.window_start_ms):
        of_row = [h for h in heard if (h[0], h[1]) == (rows.gateway[index], rows.beacon[index]) and h[2] - h[2] % 500 == start_ms]
        rssi = [h[3] for h in of_row]
        assert rows.adverts[index] == len(of_row)
        assert rows.rssi_median_dbm[index] == median(rssi)
        assert (rows.rssi_min_dbm[index], rows.rssi_max_dbm[index]) == (min(rssi), max(rssi))
        assert rows.rssi_last_dbm[index] in {h[3] for h in of_row if h[2] == max(h[2] for h in of_row)}


def test_rows_so_far_leave_their_window_open_for_what_comes_later() -> None:
    condenser = Condenser(500)
    condenser.add(GatewayId("g"), BeaconKey("b"), 100, -50.0)
    first = condenser.so_far()
    assert (first.window_start_ms, first.adverts, condenser.closed_until_ms) == ([0], [1], 0)
    assert condenser.add(GatewayId("g"), BeaconKey("b"), 200, -60.0) == ""
    closed = condenser.advance(500)
    assert closed is not None
    assert (closed.columns.adverts, closed.columns.rssi_median_dbm) == ([1], [-60.0])
    assert len(condenser.so_far()) == 0
