"""Shopper token: the 16 opaque bytes a consenting phone sends, in one of two carriers.

Android: manufacturer data of a company id that the deployment chooses, type byte 0xA1, token; 24 bytes with flags.
iOS, app in the foreground: an iBeacon whose UUID is the token and whose major and minor are a marker from the signed configuration.
Without a company id or marker in the options nothing is recognised: a token cannot be told from a stranger's random id.
Only the server holds the keys; here it is a beacon key like any other.
"""

import struct
from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE, MANUFACTURER_DATA, structure
from groundwork.adverts.frame import Format, Options
from groundwork.contracts.ids import BeaconKey

TOKEN_BYTES: Final = 16
TOKEN_TYPE: Final = 0xA1
_IBEACON_PREFIX: Final = b"\x4c\x00\x02\x15"
_ANDROID_LENGTH: Final = 3 + TOKEN_BYTES
_IBEACON_LENGTH: Final = 25
_MARKER: Final = struct.Struct(">HH")


class ShopperToken(NamedTuple):
    """One token as heard; `carrier` is `company` or `ibeacon`."""

    token: str
    """32 hex digits."""
    carrier: str
    power_1m_dbm: int | None

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey:
        return BeaconKey(f"token:{self.token}")

    def said(self) -> dict[str, object]:
        return self._asdict()


def decode(value: bytes, options: Options) -> ShopperToken | None:
    """The token in manufacturer data `value`, company id included, by either carrier that `options` allow."""
    if len(value) == _ANDROID_LENGTH:
        ours = value[2] == TOKEN_TYPE and int.from_bytes(value[:2], "little") == options.token_company
        return ShopperToken(value[3:].hex(), "company", None) if ours else None
    marker = options.token_marker
    return None if marker is None or value[:4] != _IBEACON_PREFIX else _in_ibeacon(value, marker)


def _in_ibeacon(value: bytes, marker: tuple[int, int]) -> ShopperToken | None:
    if len(value) < _IBEACON_LENGTH or _MARKER.unpack_from(value, 20) != marker:
        return None
    power = value[24] - 256 if value[24] > 127 else None
    return ShopperToken(value[4:20].hex(), "ibeacon", power)


def encode_shopper_token(token: bytes, company: int) -> bytes:
    """An advert's AD structures as an Android phone sends them, flags first. For iOS, `encode_ibeacon` with the token as UUID.

    Raises ValueError unless `token` has 16 bytes.
    """
    if len(token) != TOKEN_BYTES:
        raise ValueError(f"a shopper token has {TOKEN_BYTES} bytes, got {len(token)}")
    return GENERAL_DISCOVERABLE + structure(MANUFACTURER_DATA, company.to_bytes(2, "little") + bytes((TOKEN_TYPE,)) + token)


FORMAT: Final = Format("shopper_token", MANUFACTURER_DATA, decode)
