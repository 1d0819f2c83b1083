"""Rules of the flow: every advert once in a row or once refused with its reason, and time covered without gaps."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from beacon_gateway.pipeline import Pipeline, Plan
from beacon_gateway.spool import MEMORY, Spool
from beacon_gateway.strangers import Strangers
from groundwork.adverts.advert import Advert
from groundwork.adverts.formats.eddystone_tlm import encode_eddystone_tlm
from groundwork.contracts.codec import Frame, decode_frame
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.hops import Hops
from tests.beacon_gateway.build import BOX, START_MS, STRANGER, UUID, advert, clock, key, plan, spool


def taken(of: Spool) -> list[Frame]:
    """Every waiting batch as a frame, acknowledged."""
    frames = []
    while (batch := of.oldest()) is not None:
        frames.append(decode_frame(batch.body()))
        of.acknowledge(batch.boot, batch.number, batch.number)
    return frames


def gateway(of: Plan | None = None, into: Spool | None = None) -> tuple[Pipeline, Spool, Hops]:
    opened, hops = into or spool(MEMORY), Hops()
    return Pipeline(of or plan(), opened, hops), opened, hops


def adverts_in(frame: Frame) -> int:
    return sum(frame.columns["adverts"].cast("H"))


def test_a_beacon_of_ours_becomes_a_row() -> None:
    pipeline, opened, _ = gateway()
    pipeline.hear([advert(10), advert(20, -70.0)])
    assert pipeline.advance(START_MS + 500) == 1
    (frame,) = taken(opened)
    assert (frame.header.gateways, frame.header.beacons, adverts_in(frame)) == (["box"], [key(1)], 2)
    assert frame.header.covered_until_ms == START_MS + 500
    assert frame.columns["rssi_median_dbm"].cast("f").tolist() == [-65.0]


def test_the_refused_are_counted_by_reason_and_leave_no_other_trace() -> None:
    pipeline, opened, hops = gateway()
    wrong = [advert(1, uuid=STRANGER), advert(2, 5.0), advert(3, -128.0), advert(4, radio="elsewhere")]
    pipeline.hear([*wrong, advert(5)])
    pipeline.advance(START_MS + 500)
    (frame,) = taken(opened)
    assert frame.header.refused == {"impossible_rssi": 2, "stranger": 1, "unknown_radio": 1}
    assert STRANGER.replace("-", "") not in str(frame.header)
    assert hops.hop("gateway.gate", "adverts").refused == Counter(frame.header.refused)


def test_a_late_advert_is_refused_and_told() -> None:
    pipeline, opened, _ = gateway()
    pipeline.hear([advert(100)])
    pipeline.advance(START_MS + 500)
    pipeline.hear([advert(499), advert(501)])
    pipeline.advance(START_MS + 1_000)
    assert [(adverts_in(f), f.header.refused) for f in taken(opened)] == [(1, {}), (1, {"late_advert": 1})]


def test_silence_right_after_sightings_is_told_and_later_is_silent() -> None:
    pipeline, opened, _ = gateway(plan(hold_ms=1_000))
    pipeline.hear([advert(0)])
    for window in range(1, 11):
        pipeline.advance(START_MS + window * 500)
    frames = taken(opened)
    assert [frame.rows for frame in frames] == [1, 0, 0]
    assert [frame.header.covered_until_ms - START_MS for frame in frames] == [500, 1_000, 1_500]


def test_a_box_that_never_heard_anything_says_nothing() -> None:
    pipeline, opened, _ = gateway()
    for window in range(1, 50):
        pipeline.advance(START_MS + window * 500)
    assert opened.held.batches == 0


def test_a_large_window_is_cut_into_batches_and_only_the_last_covers_it() -> None:
    pipeline, opened, _ = gateway(plan(max_rows=4))
    pipeline.hear([advert(10, minor=n) for n in range(10)])
    assert pipeline.advance(START_MS + 500) == 3
    frames = taken(opened)
    assert [frame.rows for frame in frames] == [4, 4, 2]
    assert [frame.header.covered_until_ms for frame in frames] == [0, 0, START_MS + 500]
    assert [frame.header.batch for frame in frames] == [1, 2, 3]


def test_windows_may_be_sealed_together() -> None:
    pipeline, opened, _ = gateway(plan(seal_every_ms=2_000))
    for window in range(9):
        pipeline.hear([advert(window * 500)])
        pipeline.advance(START_MS + (window + 1) * 500)
    assert [frame.rows for frame in taken(opened)] == [1, 4, 4]


def test_a_backlog_is_sealed_in_fewer_batches() -> None:
    pipeline, opened, _ = gateway(plan(backlog_batches=3, backlog_seal_ms=2_000))
    for window in range(20):
        pipeline.hear([advert(window * 500)])
        pipeline.advance(START_MS + (window + 1) * 500)
    assert [frame.rows for frame in taken(opened)] == [1, 1, 1, 1, 4, 4, 4, 4]


def test_radios_of_one_box_travel_in_its_batch() -> None:
    pipeline, opened, _ = gateway(plan(radios=frozenset({GatewayId("r1"), GatewayId("r2")})))
    pipeline.hear([advert(10, radio="r2"), advert(10, radio="r1"), advert(10, radio="box")])
    pipeline.advance(START_MS + 500)
    (frame,) = taken(opened)
    assert (frame.header.gateway, frame.header.gateways) == ("box", ["r1", "r2"])
    assert frame.header.refused == {"unknown_radio": 1}


def test_finishing_closes_what_is_open() -> None:
    pipeline, opened, _ = gateway()
    pipeline.hear([advert(10), advert(700)])
    assert not pipeline.at_rest
    assert pipeline.finish(START_MS + 800) == 1
    (frame,) = taken(opened)
    assert (frame.rows, frame.header.covered_until_ms) == (2, START_MS + 1_000)
    assert pipeline.at_rest


def test_what_the_budget_cost_is_told_later_to_the_last_advert() -> None:
    pipeline, opened, _ = gateway(into=spool(MEMORY, max_bytes=1_200))
    for window in range(12):
        pipeline.hear([advert(window * 500, minor=minor) for minor in range(5)])
        pipeline.hear([advert(window * 500, uuid=STRANGER)])
        pipeline.advance(START_MS + (window + 1) * 500)
    given_up = sum(gap.adverts for gap in opened.gaps())
    told = Counter(opened.unreported)
    for frame in taken(opened):
        told.update(frame.header.refused)
    assert given_up > 0
    assert told == {"spool_full": given_up, "stranger": 12}


def test_a_clock_set_back_by_hours_does_not_deafen_the_box() -> None:
    pipeline, opened, _ = gateway()
    pipeline.advance(START_MS + 3_600_000)
    pipeline.hear([advert(100)])  # the first one is late: the box has not looked at the clock yet
    pipeline.advance(START_MS + 500)
    pipeline.hear([advert(600)])
    pipeline.advance(START_MS + 1_000)
    assert [adverts_in(frame) for frame in taken(opened)][-1] == 1


def test_a_full_disk_holds_rows_back_until_there_is_room() -> None:
    pipeline, opened, hops = gateway()
    opened._conn.execute("PRAGMA query_only=ON")  # writes fail as on a disk that turned read-only
    pipeline.hear([advert(0)])
    assert pipeline.advance(START_MS + 500) == 0
    opened._conn.execute("PRAGMA query_only=OFF")
    pipeline.hear([advert(500)])
    assert pipeline.advance(START_MS + 1_000) == 1
    assert [frame.rows for frame in taken(opened)] == [2]
    assert [hop.missing() for hop in hops.all()] == [0, 0, 0]


def tlm(at_ms: int, *, battery_mv: int = 2_900, address: str = "aa") -> Advert:
    return Advert(BOX, START_MS + at_ms, -60.0, encode_eddystone_tlm(battery_mv, 21.0, 1, 1), address)


def test_who_has_left_and_what_has_changed_is_told_with_the_rows() -> None:
    pipeline, opened, hops = gateway(plan(left_after_ms=2_000))
    pipeline.hear([replace(advert(10), address="aa"), tlm(20), tlm(30, address="bb"), advert(40, minor=2)])
    for window in range(1, 8):
        pipeline.hear([replace(advert(window * 500), address="aa"), tlm(window * 500 + 1)])
        pipeline.advance(START_MS + window * 500)
    headers = [frame.header for frame in taken(opened)]
    told = [(at, each.beacon, each.battery_mv, each.temperature_c) for at, header in enumerate(headers) for each in header.telemetry]
    assert told == [(0, key(1), 2_900, 21.0)]
    assert [(at, left.beacon, left.heard_until_ms - START_MS) for at, header in enumerate(headers) for left in header.left] == [
        (4, key(2), 500)
    ]
    assert headers[0].refused == {"stranger": 1, "telemetry_only": 1}
    assert [hop.missing() for hop in hops.all()] == [0, 0, 0]


def test_leaving_is_told_though_nothing_else_is_heard() -> None:
    pipeline, opened, _ = gateway(plan(left_after_ms=60_000, hold_ms=0))
    pipeline.hear([advert(10)])
    for window in range(1, 200):
        pipeline.advance(START_MS + window * 500)
    frames = taken(opened)
    assert [(frame.rows, len(frame.header.left)) for frame in frames] == [(1, 0), (0, 1)]
    assert frames[1].header.covered_until_ms == START_MS + 60_500


def test_a_crowd_that_leaves_at_once_is_told_in_parts() -> None:
    pipeline, opened, _ = gateway(plan(left_after_ms=1_000, max_rows=4, hold_ms=0))
    pipeline.hear([advert(10, minor=n) for n in range(10)])
    for window in range(1, 12):
        pipeline.advance(START_MS + window * 500)
    left = [frame.header.left for frame in taken(opened)]
    assert [len(each) for each in left if each] == [4, 4, 2]
    assert len({each.beacon for part in left for each in part}) == 10


def test_a_quiet_box_says_now_and_then_that_it_is_alive() -> None:
    pipeline, opened, _ = gateway(plan(heartbeat_ms=60_000))
    for window in range(1, 400):
        pipeline.advance(START_MS + window * 500)
    assert [frame.header.covered_until_ms - START_MS for frame in taken(opened)] == [60_500, 120_500, 180_500]


def test_strangers_are_counted_only_where_that_is_asked_for() -> None:
    crowd = [replace(advert(n, uuid=STRANGER), address=f"00:00:00:00:00:{n:02x}") for n in range(200)]
    counted = []
    for strangers in (None, Strangers(lambda: b"k" * 16)):
        opened = spool(MEMORY)
        pipeline = Pipeline(plan(), opened, Hops(), strangers=strangers)
        pipeline.hear([*crowd, *crowd, replace(advert(1), address="aa")])
        pipeline.advance(START_MS + 900_000)
        (frame,) = taken(opened)
        assert frame.header.refused == {"stranger": 400}
        assert "00:00:00" not in str(frame.header)
        counted.append([each.devices for each in frame.header.strangers])
    assert counted == [[], [pytest.approx(200, abs=4)]]


def test_every_advert_is_accounted_for_at_every_moment() -> None:
    rng, now = random.Random(5), clock()
    pipeline, opened, hops = gateway(into=spool(MEMORY, max_bytes=20_000))
    heard = 0
    for step in range(300):
        at_ms = step * 97
        adverts = [
            advert(
                max(0, at_ms - rng.randrange(900)),
                rng.uniform(-135, 5),
                minor=rng.randrange(9),
                uuid=rng.choice([STRANGER, UUID, UUID, UUID]),
            )
            for _ in range(20)
        ]
        pipeline.hear(adverts)
        heard += len(adverts)
        now.set(START_MS + at_ms)
        pipeline.advance(now.now_ms())
        assert [hop.missing() for hop in hops.all()] == [0, 0, 0]
    pipeline.finish(now.now_ms())
    assert hops.hop("gateway.gate", "adverts").in_ == heard
    assert hops.hop("gateway.condense", "adverts").held == 0
    rows = sum(frame.rows for frame in taken(opened))
    assert rows == hops.hop("gateway.spool", "sightings").held
