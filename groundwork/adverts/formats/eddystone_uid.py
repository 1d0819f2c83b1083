"""Eddystone-UID: a 10-byte namespace and a 6-byte instance in service data of UUID FEAA.

Source: google/eddystone, eddystone-uid/README.md.
"""

from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import SERVICE_DATA_16
from groundwork.adverts.eddystone import LOSS_OF_FIRST_METRE_DB, UUID, advert_of, signed
from groundwork.adverts.frame import Format, Options
from groundwork.contracts.ids import BeaconKey

_PREFIX: Final = UUID + b"\x00"
_LENGTH: Final = 20
"""Two reserved bytes may follow; old firmware leaves them out."""


class EddystoneUid(NamedTuple):
    """One UID frame; `power_0m` is the signed byte as sent, for a distance of 0 m."""

    power_0m: int
    namespace: str
    """20 hex digits."""
    instance: str
    """12 hex digits."""

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey:
        return BeaconKey(f"eddystone:{self.namespace}:{self.instance}")

    @property
    def power_1m_dbm(self) -> int:
        return self.power_0m - LOSS_OF_FIRST_METRE_DB

    def said(self) -> dict[str, object]:
        """With `suspicious` for an id of zeros, which no one was ever given."""
        return self._asdict() if int(self.namespace + self.instance, 16) else {**self._asdict(), "suspicious": True}


def decode(value: bytes, _options: Options) -> EddystoneUid | None:
    """The UID frame in service data `value`, UUID included."""
    if value[:3] != _PREFIX or len(value) < _LENGTH:
        return None
    return EddystoneUid(signed(value[3]), value[4:14].hex(), value[14:20].hex())


def encode_eddystone_uid(namespace: str, instance: str, power_0m: int = -18) -> bytes:
    """An advert's AD structures, flags first: 31 bytes. `namespace` is 20 hex digits, `instance` 12; raises ValueError for others."""
    body = bytes.fromhex(namespace) + bytes.fromhex(instance)
    if len(bytes.fromhex(namespace)) != 10 or len(body) != 16:
        raise ValueError(f"expected 20 and 12 hex digits, got {namespace!r} and {instance!r}")
    return advert_of(b"\x00" + power_0m.to_bytes(1, "big", signed=True) + body + b"\x00\x00")


FORMAT: Final = Format("eddystone_uid", SERVICE_DATA_16, decode, UUID)
