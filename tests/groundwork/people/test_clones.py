"""Clones: what cannot have been in two places has no effect, and nobody honest is held up."""

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from groundwork.people.clones import QUARANTINE_MS, Clones, Heard, Site, distance_m, reach
from tests.data import data_folder

NOW_MS = 1_793_516_400_000
RIYADH, NEXT_DOOR, JEDDAH, NOWHERE = Site(1, 46.70, 24.70), Site(2, 46.702, 24.70), Site(3, 39.17, 21.54), Site(4)
LAYLA, OMAR = 7, 1 << 63

Row = tuple[int, float, float, float]
"""Who, seconds, x in metres, dBm."""


def _heard(rows: Iterable[Row], frame: int = 1) -> Heard:
    who, at_s, x_m, rssi = (list(column) for column in zip(*rows, strict=True))
    at_ms = np.array([NOW_MS + round(s * 1000) for s in at_s], np.int64)
    n = len(who)
    return Heard(np.array(who, np.uint64), at_ms, np.array(x_m, float), np.zeros(n), np.full(n, frame, np.int64), np.array(rssi, float))


def _flags(clones: Clones, *rows: Row, site: Site = RIYADH, frame: int = 1) -> list[bool]:
    flags: list[bool] = clones.flagged(_heard(rows, frame), site).tolist()
    return flags


def test_two_gateways_far_apart_cannot_both_hear_one_phone_from_near() -> None:
    assert _flags(Clones(), (LAYLA, 0, 0, -50), (LAYLA, 0, 60, -50), (OMAR, 0, 60, -50)) == [True, True, False]


def test_it_is_noticed_across_batches_and_in_any_order() -> None:
    clones = Clones()
    assert _flags(clones, (LAYLA, 0.5, 0, -50), (OMAR, 0.5, 0, -50)) == [False, False]
    assert _flags(clones, (LAYLA, 0, 60, -50), (OMAR, 0.5, 5, -50)) == [True, False]


@pytest.mark.parametrize(("apart_m", "flagged"), [(17, False), (18, True)])
def test_how_far_apart_is_too_far_follows_from_how_loud_it_was(apart_m: float, flagged: bool) -> None:
    """At -50 dBm the loudest sender is 5.6 m away at most; twice that and the slack are 17.2 m."""
    assert _flags(Clones(), (LAYLA, 0, 0, -50), (LAYLA, 0, apart_m, -50)) == [flagged, flagged]
    assert reach(np.array([-35.0, -55.0])).tolist() == pytest.approx([1.0, 10.0])


def test_a_weak_hearing_bounds_nobodys_place() -> None:
    assert _flags(Clones(), (LAYLA, 0, 0, -50), (LAYLA, 0, 60, -70)) == [False, False]


@pytest.mark.parametrize(("seconds", "flagged"), [(10, True), (11, False)])
def test_a_walk_that_nobody_walks_is_no_walk(seconds: float, flagged: bool) -> None:
    """60 m less what both can have heard and the slack are 42.8 m: 10.7 s at 4 m/s."""
    clones = Clones()
    _flags(clones, (LAYLA, 0, 0, -50))
    assert _flags(clones, (LAYLA, seconds, 60, -50)) == [flagged]


def test_levels_with_frames_of_their_own_are_not_compared() -> None:
    clones = Clones()
    _flags(clones, (LAYLA, 0, 0, -50))
    assert _flags(clones, (LAYLA, 0, 60, -50), frame=2) == [False]


@pytest.mark.parametrize(("site", "flagged"), [(JEDDAH, True), (NEXT_DOOR, False), (NOWHERE, False), (RIYADH, False)])
def test_nobody_is_in_two_cities_at_once(site: Site, flagged: bool) -> None:
    clones = Clones()
    assert _flags(clones, (LAYLA, 0, 0, -80)) == [False]
    assert _flags(clones, (LAYLA, 60, 0, -80), (OMAR, 60, 0, -80), site=site) == [flagged, False]


@pytest.mark.parametrize(("hours", "flagged"), [(1, True), (4, False)])
def test_a_journey_takes_its_time(hours: float, flagged: bool) -> None:
    """Riyadh to Jeddah are 848 km: 3.4 h at 70 m/s."""
    clones = Clones()
    _flags(clones, (LAYLA, 0, 0, -80))
    assert _flags(clones, (LAYLA, hours * 3600, 0, -80), site=JEDDAH) == [flagged]
    assert distance_m(np.array([RIYADH.lon]), np.array([RIYADH.lat]), JEDDAH)[0] == pytest.approx(848_000, rel=0.01)


def test_a_contradiction_silences_both_for_a_minute_and_no_longer() -> None:
    clones = Clones()
    _flags(clones, (LAYLA, 0, 0, -50), (LAYLA, 0, 60, -50))
    quiet_s = QUARANTINE_MS / 1000
    assert _flags(clones, (LAYLA, 30, 0, -50)) == [True]
    assert _flags(clones, (LAYLA, quiet_s, 0, -50), (LAYLA, quiet_s + 0.5, 0, -50)) == [True, False]


def test_a_backlog_of_three_days_ago_contradicts_nothing() -> None:
    clones = Clones()
    _flags(clones, (LAYLA, 0, 0, -50), (LAYLA, 0, 60, -50))
    assert _flags(clones, (LAYLA, -3 * 86_400, 60, -50), (LAYLA, -3 * 86_400 + 30, 0, -50)) == [False, False]
    assert _flags(clones, (LAYLA, 61, 0, -50)) == [False]  # and does not replace what is newer


def test_whoever_shares_a_slot_is_forgotten_and_never_taken_for_the_other() -> None:
    clones = Clones()
    strangers = np.arange(1, 400_000, dtype=np.uint64)
    for at in range(0, len(strangers), 1000):
        some = strangers[at : at + 1000]
        x_m = np.full(len(some), float(at % 100))
        zeros = np.zeros(len(some))
        heard = Heard(some, np.full(len(some), NOW_MS), x_m, zeros, np.ones(len(some), np.int64), zeros - 45)
        assert not clones.flagged(heard, RIYADH).any()


# --- recorded walks ------------------------------------------------------------------------------------------------------------------


def _anchors(folder: Path) -> dict[str, tuple[float, float]]:
    with (folder / "anchors.csv").open() as file:
        return {row["anchor_id"]: (float(row["x_m"]), float(row["y_m"])) for row in csv.DictReader(file)}


def _windows(folder: Path) -> Iterator[list[tuple[int, int, float, float, float]]]:
    """The recording as a gateway would send it: per session, rows of 500 ms in order: who, ms, x, y, median dBm."""
    anchors, people = _anchors(folder), dict[str, int]()
    sessions: dict[str, dict[tuple[int, int, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(folder / "dev" / "sightings.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            fixed, moved = row["receiver_id"], row["device_id"]
            if fixed not in anchors:  # a phone that ranges
                fixed, moved = moved, fixed
            if float(row["rssi_dbm"]) < 0:
                who = people.setdefault(f"{row['session']}/{moved}", len(people) + 1)
                sessions[row["session"]][math.floor(float(row["t_s"]) * 2), who, fixed].append(float(row["rssi_dbm"]))
    for rows in sessions.values():
        yield [(who, (at + 1) * 500, *anchors[fixed], float(np.median(rssi))) for (at, who, fixed), rssi in sorted(rows.items())]


@pytest.mark.parametrize("name", ["tetam-office", "warsaw-flat", "uji-library", "sal-door"])
def test_no_recorded_walk_is_flagged(name: str) -> None:
    """Four places, two dozen phones and tags, walked, driven and standing: of 200,000 windows none may be taken for a clone's."""
    clones, rows, flagged = Clones(), 0, 0
    for session in _windows(data_folder(name)):
        for start in range(0, len(session), 500):
            who, at_ms, x_m, y_m, rssi = (np.array(column) for column in zip(*session[start : start + 500], strict=True))
            heard = Heard(who.astype(np.uint64), at_ms + NOW_MS, x_m, y_m, np.ones(len(who), np.int64), rssi)
            rows += len(who)
            flagged += int(clones.flagged(heard, RIYADH).sum())
    assert rows > 5_000
    assert flagged == 0


def test_a_recorded_walk_replayed_at_the_other_end_of_a_shop_is_caught() -> None:
    """The same walk, sent again 80 m away: from its first loud windows on, next to nothing of either has an effect."""
    session = max(_windows(data_folder("tetam-office")), key=len)
    clones, flags = Clones(), []
    for start in range(0, len(session), 250):
        who, at_ms, x_m, y_m, rssi = (np.array(column) for column in zip(*session[start : start + 250], strict=True))
        times = np.concatenate((at_ms, at_ms)) + NOW_MS
        places = (np.concatenate((x_m, x_m + 80)), np.concatenate((y_m, y_m)), np.ones(2 * len(who), np.int64))
        heard = Heard(np.concatenate((who, who)).astype(np.uint64), times, *places, np.concatenate((rssi, rssi)))
        flags.append(clones.flagged(heard, RIYADH))
    assert np.concatenate(flags).mean() > 0.9
