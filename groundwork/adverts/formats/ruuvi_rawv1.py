"""Ruuvi data format 3 (RAWv1): a RuuviTag's readings in manufacturer data, without an address of its own.

Source: docs.ruuvi.com, data format 3. There are no values for "not available"; the temperature is sign and magnitude.
"""

import struct
from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE, MANUFACTURER_DATA, structure
from groundwork.adverts.frame import Format, Options, Telemetry

COMPANY: Final = b"\x99\x04"
_PREFIX: Final = COMPANY + b"\x03"
_LAYOUT: Final = struct.Struct(">BBBHhhhH")
_LENGTH: Final = 3 + _LAYOUT.size
_LEAST_PA: Final = 50_000
_BELOW_ZERO: Final = 0x80


class RuuviRawV1(NamedTuple):
    """One reading."""

    humidity_pct: float
    temperature_c: float
    pressure_hpa: float
    acceleration_g: tuple[float, float, float]
    voltage_v: float

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
        return Telemetry(None, round(self.voltage_v * 1000) or None, self.temperature_c)

    def said(self) -> dict[str, object]:
        return {**self._asdict(), "acceleration_g": list(self.acceleration_g)}


def decode(value: bytes, _options: Options) -> RuuviRawV1 | None:
    """The reading in manufacturer data `value`, company id included."""
    if value[:3] != _PREFIX or len(value) < _LENGTH:
        return None
    humidity, whole, hundredths, pressure, x, y, z, voltage_mv = _LAYOUT.unpack_from(value, 3)
    magnitude = (whole & ~_BELOW_ZERO) * 100 + hundredths
    celsius = (-magnitude if whole & _BELOW_ZERO else magnitude) / 100
    return RuuviRawV1(humidity / 2, celsius, (pressure + _LEAST_PA) / 100, (x / 1000, y / 1000, z / 1000), voltage_mv / 1000)


def encode_ruuvi_rawv1(reading: RuuviRawV1) -> bytes:
    """An advert's AD structures, flags first. Raises ValueError for a value outside the format's range."""
    magnitude = round(abs(reading.temperature_c) * 100)
    whole = magnitude // 100 + (_BELOW_ZERO if reading.temperature_c < 0 else 0)
    acceleration = (round(axis * 1000) for axis in reading.acceleration_g)
    pressure = round(reading.pressure_hpa * 100) - _LEAST_PA
    try:
        body = _LAYOUT.pack(
            round(reading.humidity_pct * 2), whole, magnitude % 100, pressure, *acceleration, round(reading.voltage_v * 1000)
        )
    except struct.error as error:
        raise ValueError(f"data format 3 cannot hold {reading}: {error}") from error
    return GENERAL_DISCOVERABLE + structure(MANUFACTURER_DATA, _PREFIX + body)


FORMAT: Final = Format("ruuvi_rawv1", MANUFACTURER_DATA, decode, COMPANY)
