"""iBeacon: UUID, major and minor in Apple's manufacturer data.

Source: Apple, Proximity Beacon Specification, release R1.
"""

import re
import struct
from typing import Final, NamedTuple
from uuid import UUID

from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE, MANUFACTURER_DATA, structure
from groundwork.adverts.frame import Format, Options
from groundwork.contracts.ids import BeaconKey

_PREFIX: Final = b"\x4c\x00\x02\x15"
"""Apple's company id, type iBeacon, 21 bytes follow."""
_LAYOUT: Final = struct.Struct(">16sHHb")
_LENGTH: Final = 25
_TILT: Final = re.compile("a495bb[1-8]0c5b14b44b5121370f02d74de")
"""Tilt hydrometers, one UUID for each colour, send what they measure as major and minor: no place to be near to."""


class IBeacon(NamedTuple):
    """One iBeacon frame. `power` is the signed byte as sent."""

    uuid: str
    """32 hex digits."""
    major: int
    minor: int
    power: int

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey:
        return BeaconKey(f"ibeacon:{self.uuid}:{self.major}:{self.minor}")

    @property
    def power_1m_dbm(self) -> int | None:
        """None for 0 and above: no radio is heard so loud at 1 m, and some firmware puts the battery's voltage there."""
        return self.power if self.power < 0 else None

    def said(self) -> dict[str, object]:
        """With `kind` for what is known to be no beacon, and for a power that is none `power_raw` and no `distance`."""
        said: dict[str, object] = {**self._asdict(), "uuid": str(UUID(self.uuid))}
        said |= {"kind": "tilt"} if _TILT.fullmatch(self.uuid) else {}
        return said if self.power < 0 else {**said, "power_raw": self.power, "distance": None}


def decode(value: bytes, _options: Options) -> IBeacon | None:
    """The iBeacon in manufacturer data `value`, company id included."""
    if value[:4] != _PREFIX or len(value) < _LENGTH:
        return None
    uuid, major, minor, power = _LAYOUT.unpack_from(value, 4)
    return IBeacon(uuid.hex(), major, minor, power)


def encode_ibeacon(uuid: str, major: int, minor: int, power: int = -59) -> bytes:
    """An advert's AD structures, flags first: 30 bytes. `uuid` with or without dashes; `power` is the RSSI expected at 1 m, in dBm."""
    return GENERAL_DISCOVERABLE + structure(MANUFACTURER_DATA, _PREFIX + _LAYOUT.pack(UUID(uuid).bytes, major, minor, power))


FORMAT: Final = Format("ibeacon", MANUFACTURER_DATA, decode, _PREFIX[:2])
