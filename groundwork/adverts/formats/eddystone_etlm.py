"""Eddystone-eTLM: telemetry of a beacon with ephemeral ids, encrypted with its identity key, which the gateway does not hold.

Source: google/eddystone, eddystone-tlm/tlm-encrypted.md.
"""

from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import SERVICE_DATA_16
from groundwork.adverts.eddystone import UUID, advert_of
from groundwork.adverts.frame import Format, Options

_PREFIX: Final = UUID + b"\x20\x01"
"""Type TLM, version 1."""
_LENGTH: Final = 20


class EddystoneEtlm(NamedTuple):
    """One eTLM frame, as on the air: all hex digits."""

    encrypted: str
    """12 bytes."""
    salt: str
    """2 bytes."""
    mic: str
    """2 bytes, the message integrity check."""

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> None:
        return None

    @property
    def power_1m_dbm(self) -> None:
        return None

    def said(self) -> dict[str, object]:
        """Salt and check as little-endian numbers, which is how published readings of such frames give them, and as bytes."""
        numbers = {name: int.from_bytes(bytes.fromhex(text), "little") for name, text in (("salt", self.salt), ("mic", self.mic))}
        return {"encrypted": self.encrypted, **numbers, "salt_bytes": self.salt, "mic_bytes": self.mic}


def decode(value: bytes, _options: Options) -> EddystoneEtlm | None:
    """The eTLM frame in service data `value`, UUID included."""
    if value[:4] != _PREFIX or len(value) < _LENGTH:
        return None
    return EddystoneEtlm(value[4:16].hex(), value[16:18].hex(), value[18:20].hex())


def encode_eddystone_etlm(encrypted: bytes, salt: bytes, mic: bytes) -> bytes:
    """An advert's AD structures, flags first: 29 bytes. Raises ValueError unless there are 12, 2 and 2 bytes."""
    if (len(encrypted), len(salt), len(mic)) != (12, 2, 2):
        raise ValueError(f"expected 12, 2 and 2 bytes, got {len(encrypted)}, {len(salt)} and {len(mic)}")
    return advert_of(b"\x20\x01" + encrypted + salt + mic)


FORMAT: Final = Format("eddystone_etlm", SERVICE_DATA_16, decode, UUID)
