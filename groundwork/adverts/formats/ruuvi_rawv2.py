"""Ruuvi data format 5 (RAWv2): a RuuviTag's readings and its address in manufacturer data.

Source: docs.ruuvi.com, data format 5. "Not available" is the largest unsigned and the smallest signed value.
"""

import struct
from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE, MANUFACTURER_DATA, structure
from groundwork.adverts.frame import Format, Options, Telemetry
from groundwork.contracts.ids import BeaconKey

COMPANY: Final = b"\x99\x04"
_PREFIX: Final = COMPANY + b"\x05"
_LAYOUT: Final = struct.Struct(">hHHhhhHBH6s")
_LENGTH: Final = 3 + _LAYOUT.size
_LEAST_PA: Final = 50_000
_LEAST_MV: Final = 1_600
_LEAST_DBM: Final = -40
_NO_SIGNED: Final = -0x8000
_NO_U16: Final = 0xFFFF
_NO_VOLTAGE: Final = 0x7FF
_NO_POWER: Final = 0x1F
_NO_MOVEMENT: Final = 0xFF
_NO_ADDRESS: Final = b"\xff" * 6


class RuuviRawV2(NamedTuple):
    """One reading; None is "not available"."""

    temperature_c: float | None
    humidity_pct: float | None
    pressure_pa: int | None
    acceleration_g: tuple[float | None, float | None, float | None]
    voltage_v: float | None
    tx_dbm: int | None
    movement: int | None
    seq: int | None
    mac: str | None
    """`AA:BB:CC:DD:EE:FF`."""

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey | None:
        return None if self.mac is None else BeaconKey(f"address:{self.mac.replace(':', '').lower()}")

    @property
    def power_1m_dbm(self) -> None:
        """The power sent is in `tx_dbm`; what arrives at 1 m it does not say."""
        return None

    @property
    def telemetry(self) -> Telemetry:
        return Telemetry(None, None if self.voltage_v is None else round(self.voltage_v * 1000), self.temperature_c)

    def said(self) -> dict[str, object]:
        return {**self._asdict(), "acceleration_g": list(self.acceleration_g)}


def decode(value: bytes, _options: Options) -> RuuviRawV2 | None:
    """The reading in manufacturer data `value`, company id included."""
    if value[:3] != _PREFIX or len(value) < _LENGTH:
        return None
    temperature, humidity, pressure, x, y, z, power, movement, seq, mac = _LAYOUT.unpack_from(value, 3)
    voltage, sent = power >> 5, power & _NO_POWER
    return RuuviRawV2(
        temperature_c=None if temperature == _NO_SIGNED else temperature / 200,
        humidity_pct=None if humidity == _NO_U16 else humidity / 400,
        pressure_pa=None if pressure == _NO_U16 else pressure + _LEAST_PA,
        acceleration_g=(_axis(x), _axis(y), _axis(z)),
        voltage_v=None if voltage == _NO_VOLTAGE else (voltage + _LEAST_MV) / 1000,
        tx_dbm=None if sent == _NO_POWER else 2 * sent + _LEAST_DBM,
        movement=None if movement == _NO_MOVEMENT else movement,
        seq=None if seq == _NO_U16 else seq,
        mac=None if mac == _NO_ADDRESS else mac.hex(":").upper(),
    )


def _axis(raw: int) -> float | None:
    return None if raw == _NO_SIGNED else raw / 1000


def encode_ruuvi_rawv2(reading: RuuviRawV2) -> bytes:
    """An advert's AD structures, flags first: 31 bytes. Raises ValueError for a value outside the format's range."""
    voltage = _NO_VOLTAGE if reading.voltage_v is None else round(reading.voltage_v * 1000) - _LEAST_MV
    sent = _NO_POWER if reading.tx_dbm is None else (reading.tx_dbm - _LEAST_DBM) // 2
    if not (0 <= voltage <= _NO_VOLTAGE and 0 <= sent <= _NO_POWER):
        raise ValueError(f"data format 5 cannot hold {reading.voltage_v} V and {reading.tx_dbm} dBm")
    try:
        body = _LAYOUT.pack(
            _NO_SIGNED if reading.temperature_c is None else round(reading.temperature_c * 200),
            _NO_U16 if reading.humidity_pct is None else round(reading.humidity_pct * 400),
            _NO_U16 if reading.pressure_pa is None else reading.pressure_pa - _LEAST_PA,
            *(_NO_SIGNED if axis is None else round(axis * 1000) for axis in reading.acceleration_g),
            voltage << 5 | sent,
            _NO_MOVEMENT if reading.movement is None else reading.movement,
            _NO_U16 if reading.seq is None else reading.seq,
            _NO_ADDRESS if reading.mac is None else bytes.fromhex(reading.mac.replace(":", "")),
        )
    except struct.error as error:
        raise ValueError(f"data format 5 cannot hold {reading}: {error}") from error
    return GENERAL_DISCOVERABLE + structure(MANUFACTURER_DATA, _PREFIX + body)


FORMAT: Final = Format("ruuvi_rawv2", MANUFACTURER_DATA, decode, COMPANY)
