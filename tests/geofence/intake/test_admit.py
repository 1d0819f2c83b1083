"""What is admitted, without HTTP: the order of faults, tokens by minute, digests, and bytes that are no entry or snapshot."""

import re

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofence.admitted import AdmittedError, decode, encode
from geofence.device_columns import DeviceColumns
from geofence.intake import admit
from geofence.intake.admit import Batch
from geofence.intake.faults import BatchError, TooManyRows
from geofence.tracking.snapshot import SnapshotError, from_bytes
from groundwork.contracts.ids import BeaconKey, GatewayId, Pseudonym, Track
from groundwork.contracts.sighting import Sighting
from tests.geofence.deployment import TAG, batch, frame_of, standing_left
from tests.geofence.venues import START_MS, entry

LAYLA = (Track(7), Pseudonym("0" * 16))


def read(*rows: tuple[str, str, int, float]) -> Batch:
    return admit.from_json(batch(rows, 10_000), 5_000)


def test_a_row_is_dropped_for_its_first_fault() -> None:
    rows = read(("g-left", TAG, 500, 5.0), ("g-left", TAG, 500, -50.0), ("g-left", TAG, 500, -50.0), ("g-left", TAG, 500, -50.0))
    kept = admit.keep(rows, np.array([-1, -1, 0, 0]), [LAYLA], ["g-left"], np.array([-1, -1, -1, 0]))
    assert kept.refused == {"impossible_rssi": 1, "unknown_beacon": 1, "unplaced": 1}
    assert len(kept.device) == 1


@pytest.mark.parametrize(
    ("dbm", "possible"), [(-127.0, True), (-127.5, False), (-0.5, True), (0.0, False), (20.0, False), (float("nan"), False)]
)
def test_a_radio_reports_from_minus_127_to_below_0_dbm(dbm: float, possible: bool) -> None:
    assert admit.possible(np.array([dbm], np.float32)).tolist() == [possible]


def test_only_devices_and_anchors_of_kept_rows_go_on() -> None:
    rows = read(("g-left", "a", 500, -50.0), ("g-right", "b", 500, -60.0))
    kept = admit.keep(rows, np.array([-1, 1]), [(Track(1), Pseudonym("x")), LAYLA], ["g-left", "g-right"], np.array([0, 1]))
    assert (kept.tracks, kept.shoppers, kept.anchors) == ((7,), ("0" * 16,), ("g-right",))
    assert (kept.device.tolist(), kept.anchor.tolist()) == ([0], [0])


def test_beacons_are_resolved_for_the_minute_they_were_heard_in() -> None:
    rows = read(*(("g-left", TAG, at, -50.0) for at in (500, 59_500, 60_000, 125_000)))
    assert [(at - START_MS, found.tolist()) for at, found in admit.minutes(rows)] == [(59_500, [0, 1]), (60_000, [2]), (125_000, [3])]


def test_the_digest_is_of_the_rows_not_of_their_form() -> None:
    sent = batch(standing_left(1_000), 1_000)
    of_json, (_, of_frame) = admit.from_json(sent, 5_000), admit.from_frame(frame_of(sent), 5_000)
    assert of_json.digest() == of_frame.digest()
    assert of_json.digest() != admit.from_json(batch(standing_left(1_500), 1_000), 5_000).digest()


def test_columns_and_objects_together_are_refused() -> None:
    with pytest.raises(BatchError, match="exactly one"):
        admit.from_json(msgspec.structs.replace(batch([], 1_000), sightings=[]), 10)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"adverts": 0}, "/sightings/1/adverts"),
        ({"window_start_ms": 1 << 70}, "/sightings/1/window_start_ms"),
        ({"beacon": ""}, "/sightings/1/beacon"),
        ({"gateway": "x" * 200}, "/sightings/1/gateway"),
    ],
)
def test_a_fault_among_objects_is_pointed_at_there(change: dict[str, object], at: str) -> None:
    rssi = dict.fromkeys(("rssi_median_dbm", "rssi_min_dbm", "rssi_max_dbm", "rssi_last_dbm"), -50.0)
    good = Sighting(gateway=GatewayId("g1"), beacon=BeaconKey("b"), window_start_ms=1, window_ms=500, adverts=1, **rssi)
    sent = batch([], 1_000)
    rows = [good, msgspec.structs.replace(good, **change)]
    with pytest.raises(BatchError) as refused:
        admit.from_json(msgspec.structs.replace(sent, columns=None, sightings=rows), 10)
    assert refused.value.at == at
    assert not re.search("[a-z]", refused.value.expected.ar), "English within an Arabic sentence"


def test_a_frame_with_too_many_rows_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooManyRows, match="4 rows, at most 3"):
        admit.from_frame(frame_of(batch(standing_left(1_000), 1_000)), 3)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_frame_never_get_through(raw: bytes) -> None:
    with pytest.raises(BatchError):
        admit.from_frame(raw, 100)


@given(st.integers(0, 150), st.integers(0, 255))
def test_a_damaged_frame_is_read_or_refused_and_nothing_else(at: int, value: int) -> None:
    raw = bytearray(frame_of(batch(standing_left(500), 1_000)))
    raw[at] = value
    try:
        admit.from_frame(bytes(raw), 100)
    except (BatchError, TooManyRows):
        return


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_entry_is_read_or_refused_and_nothing_else(at: int, value: int) -> None:
    raw = bytearray(encode(entry([(1, "g1", 500, -45.0), (2, "g2", 500, -60.5)], 500)))
    raw[at % len(raw)] = value
    try:
        decode(bytes(raw))
    except AdmittedError:
        return


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"AGS1", b"AGS1" + b"\x00" * 20])
def test_bytes_that_are_no_snapshot_are_refused(raw: bytes) -> None:
    with pytest.raises(SnapshotError):
        from_bytes(raw)


def test_a_freed_slot_is_used_again_and_empty() -> None:
    devices = DeviceColumns(2, 1)
    slots = devices.slots_of(np.arange(1, 21, dtype=np.uint64), ["s"] * 20)
    assert (slots.tolist(), devices.capacity) == (list(range(20)), 32)
    devices["rssi_dbm"][slots] = -50
    devices.release(slots[[3, 1]])
    assert len(devices) == 18
    again = devices.slots_of(np.array([99, 98], np.uint64), ["a", "b"])
    assert again.tolist() == [1, 3]
    assert devices["rssi_dbm"][again].tolist() == [[0, 0], [0, 0]]
