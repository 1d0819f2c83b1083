"""Eddystone-TLM: a beacon's battery, temperature and counters, unencrypted. Whose they are, only the radio address tells.

Source: google/eddystone, eddystone-tlm/tlm-plain.md. The counter of time runs in tenths of a second.
"""

import struct
from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import SERVICE_DATA_16
from groundwork.adverts.eddystone import UUID, advert_of
from groundwork.adverts.frame import Format, Options, Telemetry

_PREFIX: Final = UUID + b"\x20\x00"
"""Type TLM, version 0."""
_LAYOUT: Final = struct.Struct(">HhII")
_LENGTH: Final = 4 + _LAYOUT.size
_NO_TEMPERATURE: Final = -0x8000


class EddystoneTlm(NamedTuple):
    """One TLM frame."""

    battery_mv: int
    """0 where it is not measured: fed from the mains."""
    temperature_c: float | None
    adv_count: int
    """Adverts of all kinds since the beacon's start."""
    uptime_ds: int
    """Tenths of a second since then."""

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> None:
        return None

    @property
    def power_1m_dbm(self) -> None:
        return None

    @property
    def telemetry(self) -> Telemetry:
        return Telemetry(None, self.battery_mv or None, self.temperature_c)

    def said(self) -> dict[str, object]:
        return self._asdict()


def decode(value: bytes, _options: Options) -> EddystoneTlm | None:
    """The TLM frame in service data `value`, UUID included."""
    if value[:4] != _PREFIX or len(value) < _LENGTH:
        return None
    battery_mv, temperature, adv_count, uptime_ds = _LAYOUT.unpack_from(value, 4)
    return EddystoneTlm(battery_mv, None if temperature == _NO_TEMPERATURE else temperature / 256, adv_count, uptime_ds)


def encode_eddystone_tlm(battery_mv: int, temperature_c: float | None, adv_count: int, uptime_ds: int) -> bytes:
    """An advert's AD structures, flags first: 25 bytes. The temperature is rounded to 1/256 degree; raises ValueError from +-128 on."""
    raw = _NO_TEMPERATURE if temperature_c is None else round(temperature_c * 256)
    try:
        return advert_of(b"\x20\x00" + _LAYOUT.pack(battery_mv, raw, adv_count, uptime_ds))
    except struct.error as error:
        raise ValueError(f"a TLM frame cannot hold {battery_mv} mV, {temperature_c} C, {adv_count}, {uptime_ds} ds: {error}") from error


FORMAT: Final = Format("eddystone_tlm", SERVICE_DATA_16, decode, UUID)
