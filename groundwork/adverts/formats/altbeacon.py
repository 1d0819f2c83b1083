"""AltBeacon: the open counterpart of iBeacon; any company may send it.

Source: AltBeacon Protocol Specification v1.0. Some senders leave out the last, reserved byte; some fleets have a code of their own in
place of BEAC, which a receiver must be told of.
"""

import struct
from typing import Final, NamedTuple
from uuid import UUID

from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE, MANUFACTURER_DATA, structure
from groundwork.adverts.frame import ALTBEACON_CODE, Format, Options
from groundwork.contracts.ids import BeaconKey

_LAYOUT: Final = struct.Struct(">HHb")
_LENGTH: Final = 25


class AltBeacon(NamedTuple):
    """One AltBeacon frame; `id1` as 32 hex digits, `power` is the RSSI expected at 1 m."""

    company: int
    id1: str
    id2: int
    id3: int
    power: int
    mfg_reserved: int | None
    code: str = ALTBEACON_CODE.hex()
    """4 hex digits."""

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey:
        return BeaconKey(f"altbeacon:{self.id1}:{self.id2}:{self.id3}")

    @property
    def power_1m_dbm(self) -> int | None:
        """None for 0 and above, which cannot be an RSSI."""
        return self.power if self.power < 0 else None

    def said(self) -> dict[str, object]:
        """With `beacon_code` where it is not the specification's."""
        said: dict[str, object] = {**self._asdict(), "id1": str(UUID(self.id1))}
        code = said.pop("code")
        return said if code == ALTBEACON_CODE.hex() else {**said, "beacon_code": code}


def decode(value: bytes, options: Options) -> AltBeacon | None:
    """The AltBeacon in manufacturer data `value`, company id included."""
    if value[2:4] != options.altbeacon_code or len(value) < _LENGTH:
        return None
    id2, id3, power = _LAYOUT.unpack_from(value, 20)
    reserved = value[_LENGTH] if len(value) > _LENGTH else None
    return AltBeacon(int.from_bytes(value[:2], "little"), value[4:20].hex(), id2, id3, power, reserved, value[2:4].hex())


def encode_altbeacon(id1: str, id2: int, id3: int, power: int = -59, company: int = 0x0118) -> bytes:
    """An advert's AD structures, flags first: 31 bytes. `company` 0x0118 is Radius Networks', as in the specification's examples."""
    body = company.to_bytes(2, "little") + ALTBEACON_CODE + UUID(id1).bytes + _LAYOUT.pack(id2, id3, power) + b"\x00"
    return GENERAL_DISCOVERABLE + structure(MANUFACTURER_DATA, body)


FORMAT: Final = Format("altbeacon", MANUFACTURER_DATA, decode)
