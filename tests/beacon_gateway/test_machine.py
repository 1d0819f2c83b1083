"""Rules of asking the machine: what it does not say is None, and no error."""

from pathlib import Path

from beacon_gateway import machine


def test_the_hottest_sensor_counts_and_broken_ones_do_not(tmp_path: Path) -> None:
    for number, text in enumerate(("48312\n", "51000\n", "no number", "")):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}" / "temp").write_text(text)
    assert machine.temperature_c(tmp_path) == 51.0
    assert machine.temperature_c(tmp_path / "none") is None


def test_the_room_is_that_of_the_disk_where_a_file_shall_be(tmp_path: Path) -> None:
    room = machine.disk(tmp_path / "later")
    assert room is not None
    assert 0 <= room.free_bytes <= room.total_bytes
    assert machine.disk(tmp_path / "no" / "folder") is None


def test_the_kernel_says_whether_its_clock_is_set() -> None:
    assert machine.clock_synced() in (True, False, None)


def test_the_memory_in_use_is_that_of_a_python() -> None:
    used = machine.memory_bytes()
    assert used is None or 5_000_000 < used < 5_000_000_000
