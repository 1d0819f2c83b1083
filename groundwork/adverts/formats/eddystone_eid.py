"""Eddystone-EID: eight bytes that change every few minutes and mean something only to whoever holds the beacon's identity key.

Source: google/eddystone, eddystone-eid/README.md. Resolving them is for the server.
"""

from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import SERVICE_DATA_16
from groundwork.adverts.eddystone import LOSS_OF_FIRST_METRE_DB, UUID, advert_of, signed
from groundwork.adverts.frame import Format, Options
from groundwork.contracts.ids import BeaconKey

_PREFIX: Final = UUID + b"\x30"
_LENGTH: Final = 12
EID_BYTES: Final = 8


class EddystoneEid(NamedTuple):
    """One EID frame; `power_0m` is the signed byte as sent, for a distance of 0 m."""

    power_0m: int
    eid: str
    """16 hex digits."""

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey:
        return BeaconKey(f"eid:{self.eid}")

    @property
    def power_1m_dbm(self) -> int:
        return self.power_0m - LOSS_OF_FIRST_METRE_DB

    def said(self) -> dict[str, object]:
        return self._asdict()


def decode(value: bytes, _options: Options) -> EddystoneEid | None:
    """The EID frame in service data `value`, UUID included."""
    if value[:3] != _PREFIX or len(value) < _LENGTH:
        return None
    return EddystoneEid(signed(value[3]), value[4:_LENGTH].hex())


def encode_eddystone_eid(eid: bytes, power_0m: int = -18) -> bytes:
    """An advert's AD structures, flags first: 21 bytes. Raises ValueError unless `eid` has 8 bytes."""
    if len(eid) != EID_BYTES:
        raise ValueError(f"an ephemeral id has {EID_BYTES} bytes, got {len(eid)}")
    return advert_of(b"\x30" + power_0m.to_bytes(1, "big", signed=True) + eid)


FORMAT: Final = Format("eddystone_eid", SERVICE_DATA_16, decode, UUID)
