"""Rules of batches that were stamped by a wrong clock: re-timed once where that can be known, and never guessed."""

from pathlib import Path

from beacon_gateway.corrected import CorrectedClock
from beacon_gateway.spool import CLOCK_NEVER_SET, Progress
from groundwork.contracts.codec import decode_frame
from groundwork.plumbing.clock import ManualClock
from tests.beacon_gateway.build import batch, clock, fill, spool, waiting


def test_a_batch_sealed_before_the_clock_was_set_is_retimed_once_for_all_its_sends(tmp_path: Path) -> None:
    now = clock()
    corrected = CorrectedClock(now)
    opened = spool(tmp_path / "s", now=corrected)
    fill(opened, 1)
    before = decode_frame(waiting(opened).body())
    late_ms = 86_400_000
    corrected.correct(late_ms)
    moved = opened.timed(waiting(opened))
    assert moved is not None
    assert moved.retimed
    after = decode_frame(moved.body())
    assert after.header.sent_ms == before.header.sent_ms + late_ms
    assert after.header.covered_until_ms == before.header.covered_until_ms + late_ms
    starts = [list(frame.columns["window_start_ms"].cast("q")) for frame in (before, after)]
    assert starts[1] == [start_ms + late_ms for start_ms in starts[0]]
    assert [bytes(after.columns[name]) for name in ("rssi_median_dbm", "beacon", "adverts")] == [
        bytes(before.columns[name]) for name in ("rssi_median_dbm", "beacon", "adverts")
    ]
    opened.close()
    again = spool(tmp_path / "s", seed=2, now=corrected)
    assert again.timed(waiting(again)) == moved == waiting(again)


def test_a_clock_that_was_slewed_moves_nothing(tmp_path: Path) -> None:
    corrected = CorrectedClock(clock())
    opened = spool(tmp_path / "s", now=corrected)
    fill(opened, 1)
    corrected.correct(900)
    assert opened.timed(waiting(opened)) == waiting(opened)


def test_time_passing_is_no_clock_being_set(tmp_path: Path) -> None:
    now = clock()
    opened = spool(tmp_path / "s", now=now)
    fill(opened, 1)
    now.advance(3_600)
    assert opened.timed(waiting(opened)) == waiting(opened)


def test_of_an_earlier_run_of_the_machine_a_set_clock_is_believed_and_one_never_set_is_not(tmp_path: Path) -> None:
    now = ManualClock(12_000)  # 1970
    opened = spool(tmp_path / "s", now=now)
    opened.seal([batch(opened, start_ms=12_000)], Progress())
    opened.seal([batch(opened)], Progress())
    opened.close()
    after = spool(tmp_path / "s", seed=2, machine="the next run")
    never_set = waiting(after)
    assert after.timed(never_set) is None
    after.set_aside(never_set, CLOCK_NEVER_SET)
    assert after.timed(waiting(after)) == waiting(after)
