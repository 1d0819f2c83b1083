"""A box that is told other rules or another window while it hears goes on by them without losing or doubling an advert."""

from array import array
from pathlib import Path

import pytest

from beacon_gateway.pipeline import Pipeline
from beacon_gateway.spool import Spool
from groundwork.adverts.gate import gate
from groundwork.adverts.reader import STRANGER as NO_RULE
from groundwork.contracts.codec import decode_frame
from groundwork.plumbing.hops import Hops
from tests.beacon_gateway.build import START_MS, STRANGER, UUID, advert, clock, plan, spool


def rows(of: Spool) -> list[tuple[int, int, int]]:
    """Start, length and adverts of every row in the spool, which is emptied."""
    found: list[tuple[int, int, int]] = []
    while (batch := of.oldest()) is not None:
        columns = decode_frame(batch.body()).columns
        starts, lengths = array("q", columns["window_start_ms"].tobytes()), array("H", columns["window_ms"].tobytes())
        found += zip((start - START_MS for start in starts), lengths, array("H", columns["adverts"].tobytes()), strict=True)
        of.acknowledge(batch.boot, batch.number, batch.number)
    return found


@pytest.mark.parametrize(("before_ms", "after_ms"), [(500, 200), (500, 1_000), (300, 500), (1_000, 100), (500, 500)])
@pytest.mark.parametrize("seal_every_ms", [0, 2_000])
def test_no_advert_is_lost_when_the_window_changes(tmp_path: Path, before_ms: int, after_ms: int, seal_every_ms: int) -> None:
    opened, hops = spool(tmp_path / "s", now=clock()), Hops()
    pipeline = Pipeline(plan(window_ms=before_ms, seal_every_ms=seal_every_ms), opened, hops)
    for at_ms in range(0, 12_000, 50):
        if at_ms == 3_250:
            pipeline.follow(plan(window_ms=after_ms))
        pipeline.hear([advert(at_ms)])
        if START_MS + at_ms + 50 >= pipeline.next_close_ms:
            pipeline.advance(START_MS + at_ms + 50)
    pipeline.finish(START_MS + 12_000)
    found = rows(opened)
    assert sum(adverts for _, _, adverts in found) == 240
    assert all(start % length == 0 or (START_MS + start) % length == 0 for start, length, _ in found)
    assert [length for _, length, _ in found] == sorted((length for _, length, _ in found), reverse=before_ms > after_ms)
    assert {length for start, length, _ in found if start >= 7_000} == {after_ms}
    assert all(hop.missing() == 0 for hop in hops.all())


def test_other_rules_hold_from_a_window_s_end_on(tmp_path: Path) -> None:
    opened, hops = spool(tmp_path / "s", now=clock()), Hops()
    pipeline = Pipeline(plan(), opened, hops)
    pipeline.follow(plan(gate=gate(ibeacon_uuids=[STRANGER])))
    for window in range(3):
        pipeline.hear([advert(window * 500 + 10, uuid=UUID), advert(window * 500 + 20, uuid=STRANGER)])
        pipeline.advance(START_MS + (window + 1) * 500)
    hop = hops.hop("gateway.gate", "adverts")
    assert (hop.out, hop.refused) == (3, {NO_RULE: 3})
    assert len(rows(opened)) == 3


def test_what_the_disk_did_not_take_is_sealed_by_the_plan_it_was_heard_under(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change waits until the disk takes rows again, because a batch has one window."""
    opened, hops = spool(tmp_path / "s", now=clock()), Hops()
    pipeline = Pipeline(plan(), opened, hops)
    pipeline.hear([advert(10)])
    opened._conn.execute("PRAGMA query_only=ON")
    pipeline.follow(plan(window_ms=250))
    assert pipeline.advance(START_MS + 500) == 0
    assert pipeline.window_ms == 500
    opened._conn.execute("PRAGMA query_only=OFF")
    pipeline.advance(START_MS + 1_000)
    assert pipeline.window_ms == 250
    assert rows(opened) == [(0, 500, 1)]
