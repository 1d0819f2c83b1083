"""What the outdoor engine remembers of a shopper: her phones, the fences they are near, the visits she is on. To bytes and back, exactly.

Pure. A phone keeps one row of numbers a fence (`presence_kernel.py` says what they are) while it is near or in it; what is over is dropped.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np

from geofence.columns import Floats
from geofence.outdoor import presence_kernel as kernel
from geofence.outdoor.reported import FenceRef
from groundwork.contracts.ids import Pseudonym, TenantId, Track, VenueId, VisitId

MAGIC: Final = b"AGM1"
LONG_AGO_MS: Final = -1e15
"""Before any report."""
_EARTH_M: Final = 6_335_000.0
"""No bend of the earth is tighter, so distances by it are never too long."""

ShopperKey = tuple[TenantId, Pseudonym]


class Going(msgspec.Struct):
    """A visit that goes on."""

    visit: VisitId
    start_ms: int
    track: Track
    """The phone that began it."""
    own: bool
    """False where a gateway heard her first: then the visit is the indoor engine's, which also ends it."""
    arrives_ms: int = -1
    """What was last told of when she is expected; -1 for nothing."""
    arrived: bool = False
    held: set[tuple[Track, str]] = msgspec.field(default_factory=set)
    """The fences of the venue that her phones are in; the visit ends with the last of them."""


@dataclass(slots=True)
class Device:
    """One phone."""

    last_ms: float = LONG_AGO_MS
    jumps: float = 0.0
    near: FenceRef | None = None
    """A fence of the venue it was near last, and when."""
    near_ms: float = LONG_AGO_MS
    refs: list[FenceRef] = field(default_factory=list)
    cells: Floats = field(default_factory=lambda: np.empty((0, kernel.COLUMNS)))
    """A row for each of `refs`."""

    def know(self, fences: list[FenceRef]) -> list[int]:
        """Makes room for these fences; says where each stands. A fence of another plan version is the same fence."""
        places = {(ref.venue, ref.zone): at for at, ref in enumerate(self.refs)}
        found = []
        for ref in fences:
            at = places.setdefault((ref.venue, ref.zone), len(places))
            self.refs[at : at + 1] = [ref]
            found.append(at)
        new = np.zeros((len(self.refs) - len(self.cells), kernel.COLUMNS))
        new[:, kernel.CANDIDATE_MS] = new[:, kernel.BEYOND_MS] = kernel.NEVER
        new[:, kernel.LAST_M] = math.nan
        self.cells = np.ascontiguousarray(np.concatenate([self.cells, new]))
        return found

    def drop_far(self) -> None:
        """Forgets the fences of venues that it is neither near nor in."""
        alive = (self.cells[:, kernel.HELD] == 1.0) | (self.cells[:, kernel.WEIGHT] > 0.0)
        venues = {ref.venue for ref, lives in zip(self.refs, alive.tolist(), strict=True) if lives}
        stays = np.array([ref.venue in venues for ref in self.refs], np.bool_)
        if not stays.all():
            self.refs = [ref for ref, kept in zip(self.refs, stays.tolist(), strict=True) if kept]
            self.cells = np.ascontiguousarray(self.cells[stays])


@dataclass(slots=True)
class Shopper:
    """One shopper."""

    devices: dict[Track, Device] = field(default_factory=dict)
    visits: dict[VenueId, Going] = field(default_factory=dict)


def apart_m(a: FenceRef, b: FenceRef) -> float:
    """How far the neighbourhoods of two venues are apart at least; 0 for one and the same."""
    if a.venue == b.venue:
        return 0.0
    u, v = math.radians(a.lat), math.radians(b.lat)
    half = math.sin((v - u) / 2) ** 2 + math.cos(u) * math.cos(v) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    return max(0.0, 2 * _EARTH_M * math.asin(math.sqrt(min(1.0, half))) - a.reach_m - b.reach_m)


class _Device(msgspec.Struct, array_like=True):
    last_ms: float
    jumps: float
    near: FenceRef | None
    near_ms: float
    refs: list[FenceRef]
    cells: bytes


class _Shopper(msgspec.Struct, array_like=True):
    tenant: TenantId
    shopper: Pseudonym
    devices: dict[str, _Device]
    visits: dict[VenueId, Going]


_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode = msgspec.msgpack.Decoder(list[_Shopper]).decode


def stored(shoppers: Mapping[ShopperKey, Shopper]) -> bytes:
    """Everything, by tenant, shopper and phone: the same state gives the same bytes."""
    rows = [
        _Shopper(*key, {str(track): _stored(one) for track, one in hers.devices.items()}, hers.visits) for key, hers in shoppers.items()
    ]
    return MAGIC + zlib.compress(_encode(sorted(rows, key=lambda row: (row.tenant, row.shopper))), 1)


def loaded(state: bytes) -> dict[ShopperKey, Shopper]:
    """What `stored` gave; raises ValueError on anything else."""
    if state[:4] != MAGIC:
        raise ValueError(f"expected a state starting {MAGIC!r}, got {state[:4]!r}")
    found = {}
    for row in _decode(zlib.decompress(state[4:])):
        devices = {Track(int(track)): _loaded(one) for track, one in row.devices.items()}
        found[row.tenant, row.shopper] = Shopper(devices, row.visits)
    return found


def _stored(device: Device) -> _Device:
    cells: Any = device.cells.astype("<f8")
    return _Device(device.last_ms, device.jumps, device.near, device.near_ms, device.refs, cells.tobytes())


def _loaded(said: _Device) -> Device:
    cells = np.frombuffer(said.cells, "<f8").reshape(len(said.refs), kernel.COLUMNS).astype(np.float64)
    return Device(said.last_ms, said.jumps, said.near, said.near_ms, list(said.refs), cells)
