"""Whatever comes, in whatever order and however it is cut: the engine goes on, counts every row once, and comes to the same state."""

import dataclasses
import itertools
import math
import random

import msgspec
import numpy as np
import pytest

from geofence.admitted import Admitted, Reference, decode, encode, forget
from geofence.pipeline import visits, zone_events
from geofence.positioning.anchors import GENERIC, Calibration
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.outcome import Outcome
from tests.geofence.venues import START_MS, TENANT, VENUE, Row, entry, report, shopper_of, tick, two_rooms

RULES = Settings(silence_ms=6_000, dwell_s=(5,), visit_end_ms=30_000, late_wait_ms=8_000, late_horizon_ms=60_000)
LEARNING = msgspec.structs.replace(GENERIC, gains_db={"g-left": 1.0})
OF_ROWS = ("window_start_ms", "rssi_dbm", "device", "anchor", "window_ms", "adverts")
ANCHORS = ("g-left", "g-right", "g-nowhere")


def heard(chance: random.Random, now_ms: int, track: int) -> list[Row]:
    """Rows of one device: of now, of a while ago, ahead of time, doubled, of a radio that is not on the plan."""
    late_ms = chance.choice((0, 0, 0, 0, 2_000, 7_000, 20_000, 70_000, -3_000))
    ends = range(max(500, now_ms - late_ms - 1_500), now_ms - late_ms + 1, 500)
    rows = [(track, chance.choice(ANCHORS), end // 500 * 500, -40.0 - chance.randrange(50)) for end in ends]
    return [*rows, *rows[: chance.randrange(2)]]


def felt(chance: random.Random, one: Admitted, now_ms: int) -> Admitted:
    """The report with steps, some of long ago, some without a heading."""
    if not len(one.tracks):
        return one
    at_ms = np.array([START_MS + max(0, now_ms - chance.choice((0, 400, 3_000, 40_000))) for _ in range(chance.randrange(4))], np.int64)
    heading = np.array([chance.choice((math.nan, 90.0 * chance.randrange(4))) for _ in at_ms], np.float32)
    header = msgspec.structs.replace(one.header, steps=len(at_ms))
    return dataclasses.replace(one, header=header, step_ms=at_ms, heading_deg=heading, step_device=np.zeros(len(at_ms), np.int64))


def anything(seed: int, count: int = 60) -> list[Admitted]:
    """Batches of two boxes, reports of phones (of steps alone, too), ticks, shoppers who are forgotten: as they would come off the log."""
    chance, now_ms, found = random.Random(seed), 1_000, list[Admitted]()
    for _ in range(count):
        now_ms += chance.choice((0, 200, 500, 1_000, 4_000, 25_000))
        match chance.choice(("box", "box", "box", "phone", "phone", "steps", "tick", "forget")):
            case "box":
                rows = [row for track in range(1, 4) if chance.random() < 0.6 for row in heard(chance, now_ms, track)]
                references = [Reference("g-left", "ibeacon:lamp", START_MS + now_ms, -60.0)] if chance.random() < 0.2 else []
                one = entry(rows, max(500, now_ms - chance.choice((0, 0, 500, 9_000))), source=chance.choice("ab"))
                found.append(dataclasses.replace(one, header=msgspec.structs.replace(one.header, references=references)))
            case "phone":
                track = chance.choice((3, 4))
                found.append(felt(chance, report(track, [row[1:] for row in heard(chance, now_ms, track)], now_ms), now_ms))
            case "steps":
                alone = report(4, [("g-left", now_ms, -50.0)], now_ms)
                empty = {
                    name: getattr(alone, name)[:0] for name in ("window_start_ms", "rssi_dbm", "device", "anchor", "window_ms", "adverts")
                }
                header = msgspec.structs.replace(alone.header, rows=0)
                found.append(felt(chance, dataclasses.replace(alone, header=header, **empty), now_ms))
            case "tick":
                found.append(tick(now_ms))
            case _:
                found.append(decode(forget(TENANT, VENUE, "an erasure", shopper_of(chance.randrange(1, 5)), START_MS + now_ms)))
    return [decode(encode(one)) for one in found]


def told(outcomes: list[Outcome]) -> list[str]:
    """Zone events and visits; not when they were decided, which is when what was fed together ends."""
    undated = [outcome._replace(decided_ms=0) for outcome in outcomes]
    return sorted(str(one) for outcome in undated for one in (*zone_events(outcome), *visits(outcome)))


@pytest.mark.parametrize("calibration", [None, LEARNING], ids=["plain", "learning"])
@pytest.mark.parametrize("seed", [*range(5), 131])
def test_the_engine_goes_on_counts_every_row_and_does_not_depend_on_cuts_or_restarts(seed: int, calibration: Calibration | None) -> None:
    entries, chance = anything(seed), random.Random(seed)
    whole, cut = Engine(two_rooms(), RULES, calibration), Engine(two_rooms(), RULES, calibration)
    at_once = whole.feed(entries)
    edges = sorted({0, len(entries), *(chance.randrange(len(entries)) for _ in range(5))})
    pieces = []
    for first, last in itertools.pairwise(edges):
        pieces.append(cut.feed(entries[first:last]))
        heir = Engine(two_rooms(), RULES, calibration)
        heir.restore(cut.state())
        cut = heir
    rows = sum(each.header.rows for each in entries)
    assert rows == at_once.rows + sum(at_once.refused.values()) + whole.waiting()
    assert (sum(one.rows for one in pieces), sum(one.fixes for one in pieces)) == (at_once.rows, at_once.fixes)
    assert told(pieces) == told([at_once])
    assert cut.state() == whole.state()
