"""Rules of the spool: what was sealed is there, whole and in order, whatever happened to the process or the file."""

import random
import shutil
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from beacon_gateway import spool_file
from beacon_gateway.exits import Stop
from beacon_gateway.spool import KEPT_MS, MEMORY, Held, Progress, Spool, SpoolUnwritable
from beacon_gateway.torn import torn_bytes
from groundwork.contracts.codec import decode_frame
from groundwork.contracts.sighting import SpoolGap
from tests.beacon_gateway.build import batch, clock, fill, spool, waiting


def drain(of: Spool) -> list[bytes]:
    """Acknowledges everything, oldest first; returns the bodies."""
    bodies = []
    while (oldest := of.oldest()) is not None:
        bodies.append(oldest.body())
        assert of.acknowledge(oldest.boot, oldest.number, oldest.number)
    return bodies


def test_batches_come_back_oldest_first_and_byte_for_byte(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    bodies = fill(opened, 5)
    assert opened.held.batches == 5
    assert opened.held.rows == 15
    assert drain(opened) == bodies
    assert (opened.held.batches, opened.held.rows, opened.held.bytes) == (0, 0, 0)


def test_a_restart_finds_batches_and_progress(tmp_path: Path) -> None:
    first = spool(tmp_path / "s")
    bodies = fill(first, 3)
    held, progress = first.held, first.progress
    first.close()
    second = spool(tmp_path / "s", seed=2)
    assert (second.held, second.progress) == (held, progress)
    assert drain(second) == bodies


def test_each_run_opens_a_boot_of_its_own_and_numbers_from_one(tmp_path: Path) -> None:
    runs = []
    for seed in (1, 2, 1, 1):  # the third and fourth draw ids that were used before
        opened = spool(tmp_path / "s", seed=seed)
        runs.append((opened.boot, opened.next_number))
        fill(opened, 2)
        opened.close()
    assert [number for _, number in runs] == [1, 1, 1, 1]
    assert len({boot for boot, _ in runs}) == 4


def test_a_number_out_of_turn_is_refused_and_nothing_kept(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    with pytest.raises(ValueError, match=r"goes on with batches \[1\]"):
        opened.seal([batch(opened, ahead=1)], Progress(1, 1, "x"))
    assert opened.oldest() is None
    assert opened.progress == Progress()


def test_several_batches_are_sealed_all_or_nothing(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    fill(opened, 1)
    opened._conn.execute("CREATE TRIGGER full BEFORE INSERT ON batch WHEN NEW.number = 3 BEGIN SELECT RAISE(FAIL, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        opened.seal([batch(opened), batch(opened, ahead=1)], Progress(9_999, 9_999, "x"))
    assert opened.next_number == 2
    assert (opened.held.batches, len(drain(opened))) == (1, 1)


def test_an_acknowledgement_is_taken_once(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    fill(opened, 1)
    oldest = opened.oldest()
    assert oldest is not None
    assert [opened.acknowledge(oldest.boot, 1, 1), opened.acknowledge(oldest.boot, 1, 1)] == [3, 0]
    assert opened.held.batches == 0


def test_what_can_never_be_accepted_makes_way_and_is_kept(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    fill(opened, 2)
    oldest = opened.oldest()
    assert oldest is not None
    opened.set_aside(oldest, "http_422")
    assert opened.refused() == [(opened.boot, 1, "http_422")]
    assert [decode_frame(body).header.batch for body in drain(opened)] == [2]


def test_beyond_the_budget_the_oldest_goes_and_becomes_one_gap(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s", max_bytes=1_500)
    fill(opened, 20)
    (gap,) = opened.gaps()
    left = opened.held.batches
    assert gap == SpoolGap(boot=opened.boot, first=1, last=20 - left, rows=3 * (20 - left), adverts=6 * (20 - left), reason="spool_full")
    assert opened.held.bytes <= 1_500
    assert len(drain(opened)) == left


def test_what_the_last_seal_cost_waits_to_be_reported_also_after_a_restart(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s", max_bytes=1_500)
    while not opened.gaps():
        fill(opened, 1)
    assert opened.unreported == {"spool_full": 6}
    opened.close()
    assert spool(tmp_path / "s", seed=2).unreported == {"spool_full": 6}


def test_the_newest_batch_is_never_given_up(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s", max_bytes=10)
    fill(opened, 2, rows=50)
    assert opened.held.batches == 1


def test_two_gateways_do_not_share_a_spool(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    with pytest.raises(Stop, match="in use by another process"):
        spool(tmp_path / "s", seed=2)
    opened.close()
    spool(tmp_path / "s", seed=2).close()


def test_a_spool_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="nowhere"):
        spool(tmp_path / "nowhere" / "s")


@pytest.mark.parametrize("damage", ["text", "header", "middle", "cut"])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "s"
    first = spool(path)
    fill(first, 200, rows=20)
    first.close()
    whole = path.read_bytes()
    path.write_bytes(
        {
            "text": b"this is no database" * 100,
            "header": bytes(100) + whole[100:],
            "middle": whole[:8_192] + b"\xff" * 40_000 + whole[48_192:],
            "cut": whole[: len(whole) // 2],
        }[damage]
    )
    damaged = path.read_bytes()
    second = spool(path, seed=2)
    assert second.moved_aside is not None
    assert second.moved_aside.read_bytes()[100:] == damaged[100:]  # SQLite counts an opening in its header
    assert second.oldest() is None
    assert second.boot != first.boot
    assert len(fill(second, 1)) == 1


def test_a_copy_taken_at_any_moment_opens_with_a_whole_prefix(tmp_path: Path) -> None:
    """What a power cut leaves: the file and its log as they stood, the log perhaps cut in the middle of a page."""
    path = tmp_path / "s"
    live = spool(path)
    bodies: list[bytes] = []
    for moment in range(12):
        bodies += fill(live, 1, rows=10)
        log = tmp_path / "s-wal"
        for cut in (0, 1, 700):
            copy = tmp_path / f"copy-{moment}-{cut}"
            shutil.copy(path, copy)
            data = log.read_bytes()
            copy.with_name(copy.name + "-wal").write_bytes(data[: len(data) - cut])
            after = spool(copy, seed=99)
            assert after.moved_aside is None
            found = drain(after)
            after.close()
            assert found == bodies[: len(found)]
            assert len(found) >= len(bodies) - (1 if cut else 0)


def test_a_spool_in_memory_needs_no_disk() -> None:
    opened = spool(MEMORY)
    assert drain(opened) == [] != fill(opened, 2)


def test_progress_never_runs_ahead_of_batches(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    seen = []
    for _ in range(3):
        fill(opened, 1)
        seen.append(opened.progress)
    assert all(a.covered_until_ms < b.covered_until_ms for a, b in pairwise(seen))


def test_a_full_disk_keeps_what_was_sealed_and_takes_the_rest_later(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    fill(opened, 1)
    pages = opened._conn.execute("PRAGMA page_count").fetchone()[0]
    opened._conn.execute(f"PRAGMA max_page_count={pages}")  # as SQLite sees ENOSPC: SQLITE_FULL
    with pytest.raises(SpoolUnwritable):
        fill(opened, 50, rows=50)
    sealed = opened.next_number - 1
    assert opened.held.batches == sealed
    opened._conn.execute(f"PRAGMA max_page_count={pages * 100}")
    fill(opened, 1)
    assert len(drain(opened)) == sealed + 1


# Acknowledged, and kept a while.


def test_what_is_acknowledged_is_kept_a_quarter_of_an_hour_and_then_deleted(tmp_path: Path) -> None:
    now = clock()
    opened = spool(tmp_path / "s", now=now)
    fill(opened, 3)
    assert opened.acknowledge(opened.boot, 1, 2) == 6
    assert (opened.held.batches, opened.kept.batches, len(kept(opened))) == (1, 2, 3)
    now.advance(KEPT_MS / 1000 - 1)
    fill(opened, 1)
    assert (opened.kept.batches, len(kept(opened))) == (2, 4)
    now.advance(1)
    fill(opened, 1)
    assert (opened.kept, len(kept(opened))) == (Held(), 3)


def kept(of: Spool) -> list[int]:
    return [number for (number,) in of._conn.execute("SELECT number FROM batch ORDER BY seq")]


def test_a_backend_that_lost_the_last_minutes_can_be_sent_them_again(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    bodies = fill(opened, 4)
    opened.acknowledge(opened.boot, 1, 3)
    opened.close()
    again = spool(tmp_path / "s", seed=2)
    assert (again.held.batches, again.kept.batches) == (1, 3)
    assert again.wait_again() == 9
    assert (again.held.batches, again.held.rows, again.kept) == (4, 12, Held())
    assert drain(again) == bodies


def test_what_is_acknowledged_goes_before_anything_that_waits(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s", max_bytes=1_300)
    fill(opened, 3)
    opened.acknowledge(opened.boot, 1, 3)
    fill(opened, 2)
    assert (opened.gaps(), opened.held.batches) == ([], 2)
    assert opened.kept == Held()


def test_what_is_counted_as_waiting_is_what_waits(tmp_path: Path) -> None:
    """After any sequence of what can be done to a spool, and after a restart."""
    rng, now = random.Random(11), clock()
    opened = spool(tmp_path / "s", max_bytes=4_000, now=now)
    for _ in range(200):
        act = rng.randrange(5)
        if act <= 1:
            fill(opened, rng.randint(1, 3), rows=rng.randint(0, 4))
        elif act == 2 and (oldest := opened.oldest()):
            opened.acknowledge(oldest.boot, oldest.number, oldest.number + rng.randrange(3))
        elif act == 3 and (oldest := opened.oldest()):
            opened.set_aside(oldest, "http_422")
        else:
            now.advance(rng.choice([1, 600]))
            opened.wait_again()
        held, waiting = opened.held, opened.kept
        opened.close()
        opened = spool(tmp_path / "s", max_bytes=4_000, now=now, seed=rng.getrandbits(40))
        assert (opened.held, opened.kept) == (held, waiting)


# Gaps, told until they have arrived.


def test_a_gap_is_told_in_the_next_batch_and_again_where_that_one_is_given_up_too(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s", max_bytes=1_500)
    while not opened.gaps():
        fill(opened, 1)
    assert opened.unreported_gaps == opened.gaps()
    for _ in range(6):
        told = batch(opened, gaps=opened.unreported_gaps)
        assert told.gaps() == opened.unreported_gaps
        opened.seal([told], Progress())
    waiting = []
    while (oldest := opened.oldest()) is not None:
        waiting += oldest.gaps()
        opened.acknowledge(oldest.boot, oldest.number, oldest.number)
    last_told = {number for gap in [*waiting, *opened.unreported_gaps] for number in range(gap.first, gap.last + 1)}
    (gap,) = opened.gaps()
    assert last_told >= set(range(gap.first, gap.last + 1))


# Times that a wrong clock gave.


def test_a_spool_of_the_first_version_keeps_what_waits_in_it(tmp_path: Path) -> None:
    path = tmp_path / "s"
    opened = spool(path)
    bodies = fill(opened, 2)
    packed = [(one.boot, one.number, one.rows, one.adverts, one.packed) for one in (waiting(opened),)]
    opened.close()
    path.unlink()
    with closing(sqlite3.connect(path)) as old:
        old.executescript(f"{spool_file._SCHEMA} PRAGMA user_version=1;")
        old.executemany("INSERT INTO batch (boot, number, rows, adverts, packed) VALUES (?, ?, ?, ?, ?)", packed)
        old.commit()
    upgraded = spool(path, seed=2)
    assert upgraded.moved_aside is None
    assert drain(upgraded) == bodies[:1]


@pytest.mark.parametrize("cut", [1, 700, 4_000])
def test_what_a_power_cut_tore_is_counted(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "s"
    live = spool(path)
    fill(live, 5, rows=10)
    copy = tmp_path / "copy"
    shutil.copy(path, copy)
    log = (tmp_path / "s-wal").read_bytes()
    (tmp_path / "copy-wal").write_bytes(log[: len(log) - cut])
    after = spool(copy, seed=99)
    assert after.torn_bytes > 0
    assert after.moved_aside is None
    assert len(drain(after)) == 4


def test_a_log_that_ends_with_a_commit_is_not_torn(tmp_path: Path) -> None:
    live = spool(tmp_path / "s")
    for _ in range(40):
        fill(live, 1, rows=200)
        assert torn_bytes(tmp_path / "s-wal") == 0
    assert torn_bytes(tmp_path / "nothing") == 0
