"""Parts of a gateway for tests: adverts, a plan, an open spool."""

from collections.abc import Sequence
from pathlib import Path

from beacon_gateway.batch import Batch, Sender, Stamp, seal
from beacon_gateway.pipeline import Plan
from beacon_gateway.spool import Progress, Spool
from groundwork.adverts.advert import Advert
from groundwork.adverts.condense import Columns
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.gate import gate
from groundwork.contracts.ids import BeaconKey, GatewayId, TenantId
from groundwork.contracts.sighting import SpoolGap
from groundwork.plumbing.clock import Clock, ManualClock
from groundwork.plumbing.ids import SeededIds

START_MS = 1_793_516_400_000
UUID = "426c7565-4368-6172-6d42-6561636f6e73"
STRANGER = "00000000-4368-6172-6d42-6561636f6e73"
BOX = GatewayId("box")
SENDER = Sender(TenantId("default"), BOX)


def key(minor: int) -> BeaconKey:
    """The beacon key of `advert(..., minor=minor)`."""
    return BeaconKey(f"ibeacon:{UUID.replace('-', '')}:1:{minor}")


def advert(at_ms: int, rssi_dbm: float = -60.0, *, minor: int = 1, radio: str = "box", uuid: str = UUID) -> Advert:
    """An iBeacon heard `at_ms` after START_MS."""
    return Advert(GatewayId(radio), START_MS + at_ms, rssi_dbm, encode_ibeacon(uuid, 1, minor))


def plan(**changes: object) -> Plan:
    """A plan for one box with one radio that lets UUID pass; `changes` are fields of Plan."""
    fields: dict[str, object] = {"sender": SENDER, "radios": frozenset({BOX}), "gate": gate(ibeacon_uuids=[UUID]), **changes}
    return Plan(**fields)  # type: ignore[arg-type] # fields by name, for tests that change one or two


def clock() -> ManualClock:
    return ManualClock(START_MS)


def spool(path: Path | str, *, seed: int = 1, max_bytes: int = 1_000_000, now: Clock | None = None, machine: str = "this run") -> Spool:
    """An open spool; another `seed` is another run of the gateway, another `machine` one of the operating system."""
    now = now or clock()
    return Spool(path, SeededIds(now, seed), now, max_bytes=max_bytes, machine=machine)


def rows(count: int, window: int = 0) -> Columns:
    """`count` beacons heard in one window."""
    columns = Columns()
    for minor in range(count):
        columns.gateway.append(BOX)
        columns.beacon.append(key(minor))
        columns.window_start_ms.append(START_MS + window * 500)
        columns.adverts.append(2)
        for values in (columns.rssi_median_dbm, columns.rssi_min_dbm, columns.rssi_max_dbm, columns.rssi_last_dbm):
            values.append(-60.0 - minor)
    return columns


def batch(of: Spool, count: int = 3, ahead: int = 0, *, gaps: Sequence[SpoolGap] = (), start_ms: int = START_MS) -> Batch:
    """The next batch of the spool, or one `ahead` of it, with `count` rows."""
    number = of.next_number + ahead
    stamp = Stamp(of.boot, number, start_ms, start_ms + number * 500, {}, gaps=gaps)
    return seal(SENDER, stamp, 500, rows(count, number))


def fill(of: Spool, batches: int, rows: int = 3) -> list[bytes]:
    """Seals so many batches and returns their bodies."""
    bodies = []
    for _ in range(batches):
        sealed = batch(of, rows)
        of.seal([sealed], Progress(of.next_number * 500, of.next_number * 500, f"after {of.next_number}"))
        bodies.append(sealed.body())
    return bodies


def waiting(of: Spool) -> Batch:
    oldest = of.oldest()
    assert oldest is not None
    return oldest


# Files of an older gateway, and of a power cut.
