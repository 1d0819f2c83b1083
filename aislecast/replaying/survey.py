"""Survey: a recording with truth as samples for calibration: what was read in each window, and where the device was in its middle.

Pure. The fitting is in `geofence.positioning.calibrate`; which recording, and where the result goes, in `commands/calibrate.py`.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from aislecast.twin.columns import Floats, Ints
from aislecast.twin.recorded_plan import Located, plan_of
from aislecast.twin.recording import Recording
from floorplans.model import Plan
from geofence.positioning.anchors import Calibration
from geofence.positioning.calibrate import Samples
from groundwork.contracts.ids import TenantId, VenueId

WINDOW_MS: Final = 500
BLOCK_MS: Final = 60_000
"""A long session is held back minute by minute."""
STILL_M: Final = 1.5
"""Between truth rows further apart than this nobody knows where she was."""
AROUND_MS: Final = 2_000
"""Truth vouches for this long before and after it."""
FACING_MS: Final = 15_000
"""Facing is the way from where she was this long ago; stops of a survey are 6 to 10 s."""
FACING_M: Final = 1.0


TENANT, VENUE = TenantId("survey"), VenueId("recorded")
TIME_ZONE: Final = "Asia/Riyadh"


def plan_with(recording: Recording, calibration: Calibration | None, tenant: TenantId, venue: VenueId) -> Plan:
    """The recording's plan, with the anchors that calibration found where the recording itself places none."""
    found = {key: Located(one.level, one.x_m, one.y_m) for key, one in calibration.anchors.items()} if calibration else {}
    return plan_of(recording, tenant, venue, TIME_ZONE, found)


def digest(recording: Recording) -> str:
    """SHA-256 of the sightings and the truth, by which a calibration says what it was made from."""
    heard, truth = recording.sightings, recording.truth
    digest = hashlib.sha256("\n".join((*recording.sessions, *recording.receivers, *recording.devices)).encode())
    for column in (
        heard.session,
        heard.t_ms,
        heard.receiver,
        heard.device,
        heard.rssi_dbm,
        truth.session,
        truth.t_ms,
        truth.x_m,
        truth.y_m,
    ):
        digest.update(np.ascontiguousarray(column, column.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Windows:
    """What each device read (or was read by) in each window; columns of shape (n,), in order of session, device and time."""

    session: Ints
    device: Ints
    """A place in Recording.carried."""
    end_ms: Ints
    rssi_dbm: Floats
    """Shape (n, a): medians, NaN where nothing was read."""


def windows_of(recording: Recording, window_ms: int = WINDOW_MS) -> Windows:
    """The recording condensed as a gateway or a phone does it; impossible RSSI values left out."""
    heard = recording.sightings
    device, anchor = (heard.receiver, heard.device) if recording.ranged else (heard.device, heard.receiver)
    sound = (heard.rssi_dbm >= -127) & (heard.rssi_dbm < 0)
    keys = np.stack([heard.session, device, heard.t_ms // window_ms, anchor], axis=1)[sound].astype(np.int64)
    rssi = heard.rssi_dbm[sound]
    order = np.lexsort((rssi, *keys.T[::-1]))
    keys, rssi = keys[order], rssi[order]
    starts = np.flatnonzero(np.concatenate(([True], (keys[1:] != keys[:-1]).any(axis=1)))) if len(keys) else np.empty(0, np.int64)
    ends = np.append(starts[1:], len(keys))
    medians = (rssi[(starts + ends - 1) // 2] + rssi[(starts + ends) // 2]) / 2
    cells = keys[starts]
    moments, row = np.unique(cells[:, :3], axis=0, return_inverse=True)
    read = np.full((len(moments), len(recording.anchors)), np.nan)
    read[row.reshape(-1), cells[:, 3]] = medians
    return Windows(moments[:, 0], moments[:, 1], (moments[:, 2] + 1) * window_ms, read)


def samples_of(recording: Recording, levels: tuple[str, ...]) -> Samples:
    """Every window whose middle has a known place. `levels` are the plan's, in order."""
    windows = windows_of(recording)
    parts = [_walk(recording, windows, levels, session, device) for session, device in _walks(recording)]
    if not parts:
        empty = np.empty(0, np.int64)
        return Samples(empty, np.empty(0), np.empty(0), empty, empty, np.empty(0), np.empty((0, len(recording.anchors))))
    joined = Samples._make(np.concatenate(columns) for columns in zip(*parts, strict=True))
    return joined._replace(block=np.unique(joined.block, return_inverse=True)[1].reshape(-1))


def _walks(recording: Recording) -> list[tuple[int, int]]:
    """The pairs of session and device that have truth with places."""
    placed = np.isfinite(recording.truth.x_m) & (recording.truth.t_ms >= 0)
    pairs = np.stack([recording.truth.session[placed], recording.truth.device[placed]], axis=1)
    return [(int(session), int(device)) for session, device in np.unique(pairs, axis=0)]


def _walk(recording: Recording, windows: Windows, levels: tuple[str, ...], session: int, device: int) -> Samples:
    truth = recording.truth
    rows = np.flatnonzero((truth.session == session) & (truth.device == device) & np.isfinite(truth.x_m) & (truth.t_ms >= 0))
    rows = rows[np.argsort(truth.t_ms[rows], kind="stable")]
    known_ms, known_x, known_y = truth.t_ms[rows].astype(np.float64), truth.x_m[rows], truth.y_m[rows]
    of_walk = np.flatnonzero((windows.session == session) & (windows.device == device))
    middle = windows.end_ms[of_walk] - WINDOW_MS / 2
    after = np.clip(np.searchsorted(known_ms, middle), 0, len(rows) - 1)
    before = np.clip(after - 1, 0, None)
    moved = np.hypot(known_x[after] - known_x[before], known_y[after] - known_y[before])
    near = (middle >= known_ms[0] - AROUND_MS) & (middle <= known_ms[-1] + AROUND_MS) & (moved <= STILL_M)
    at = middle[near]
    x, y = np.interp(at, known_ms, known_x), np.interp(at, known_ms, known_y)
    led_x, led_y = x - np.interp(at - FACING_MS, known_ms, known_x), y - np.interp(at - FACING_MS, known_ms, known_y)
    facing = np.where(np.hypot(led_x, led_y) >= FACING_M, np.arctan2(led_y, led_x), np.nan)
    floors = np.array([levels.index(floor) if floor in levels else 0 for floor in recording.floor_names], np.int64)
    level = floors[truth.floor[rows]][before[near]]
    block = session * 1_000_000 + device * 10_000 + (at // BLOCK_MS).astype(np.int64)
    columns = (level, x, y, block, np.full(len(at), device), facing, windows.rssi_dbm[of_walk][near])
    return Samples(*columns)
