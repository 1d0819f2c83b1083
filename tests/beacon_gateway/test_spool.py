"""Rules of the spool: what was sealed is there, whole and in order, whatever happened to the process or the file."""

import shutil
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from beacon_gateway.exits import Stop
from beacon_gateway.spool import MEMORY, Gap, Progress, Spool, SpoolUnwritable
from tests.beacon_gateway.build import batch, spool


def fill(of: Spool, batches: int, rows: int = 3) -> list[bytes]:
    """Seals so many batches and returns their bodies."""
    bodies = []
    for _ in range(batches):
        sealed = batch(of, rows)
        of.seal([sealed], Progress(of.next_number * 500, of.next_number * 500, f"after {of.next_number}"))
        bodies.append(sealed.body())
    return bodies


def drain(of: Spool) -> list[bytes]:
    """Acknowledges everything, oldest first; returns the bodies."""
    bodies = []
    while (oldest := of.oldest()) is not None:
        bodies.append(oldest.body())
        assert of.acknowledge(oldest)
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
    assert [opened.acknowledge(oldest), opened.acknowledge(oldest)] == [True, False]
    assert opened.held.batches == 0


def test_what_can_never_be_accepted_makes_way_and_is_kept(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s")
    fill(opened, 2)
    oldest = opened.oldest()
    assert oldest is not None
    opened.set_aside(oldest, "http_422")
    assert opened.refused() == [(opened.boot, 1, "http_422")]
    assert [b[:4] for b in drain(opened)] == [b"ASF1"]


def test_beyond_the_budget_the_oldest_goes_and_becomes_one_gap(tmp_path: Path) -> None:
    opened = spool(tmp_path / "s", max_bytes=1_500)
    fill(opened, 20)
    (gap,) = opened.gaps()
    left = opened.held.batches
    assert gap == Gap(opened.boot, 1, 20 - left, rows=3 * (20 - left), adverts=6 * (20 - left), reason="spool_full")
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
