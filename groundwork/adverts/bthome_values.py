"""BTHome values: what each object id means. The table of the specification, and nothing else.

Names are those of the specification's reference reader, capitalised, with which readings of such frames are published.
Source: bthome.io/format, BTHome v2 (ids to 0x65, and the device's own 0xF0 to 0xF2). How a frame is taken apart is for
`formats/bthome_v2.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_SINCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BUTTON: Final = {
    0x00: None,
    0x01: "press",
    0x02: "double_press",
    0x03: "triple_press",
    0x04: "long_press",
    0x05: "long_double_press",
    0x06: "long_triple_press",
    0x80: "hold_press",
    0x81: "hold_release",
}
_DIMMER: Final = {0x00: None, 0x01: "rotate_left", 0x02: "rotate_right"}
_COMMAND: Final = {0x00: "off", 0x01: "on", 0x02: "toggle", 0x03: "step_up", 0x04: "step_down"}

Reading = dict[str, object]
"""What an object says: by an empty name its own value, by others what belongs to it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An object id's meaning. `read` gives None for bytes that are no such value."""

    name: str
    width: int
    """Bytes of the value; 0 where a byte before it says how many."""
    read: Callable[[bytes], Reading | None]
    unit: str = ""


def _number(name: str, width: int, unit: str = "", *, over: int = 1, times: int = 1, signed: bool = False) -> Kind:
    """A whole number `times` so much `over` so much: exact to the last decimal, where a float factor would leave a trail of nines."""

    def read(raw: bytes) -> Reading:
        value = int.from_bytes(raw, "little", signed=signed) * times
        return {"": value if over == 1 else value / over}

    return Kind(name, width, read, unit)


def _state(name: str) -> Kind:
    return Kind(name, 1, lambda raw: {"": raw != b"\x00"})


def _text(raw: bytes) -> Reading | None:
    try:
        return {"": raw.decode("utf-8")} if raw else None
    except UnicodeDecodeError:
        return None


def _raw(raw: bytes) -> Reading | None:
    return {"": raw.hex()} if raw else None


def _moment(raw: bytes) -> Reading:
    return {"": (_SINCE + timedelta(seconds=int.from_bytes(raw, "little"))).isoformat()}


def _button(raw: bytes) -> Reading | None:
    return {"": _BUTTON[raw[0]]} if raw[0] in _BUTTON else None


def _dimmer(raw: bytes) -> Reading | None:
    return {"": _DIMMER[raw[0]], "steps": raw[1]} if raw[0] in _DIMMER else None


def _command(raw: bytes) -> Reading | None:
    return {"": _COMMAND[raw[0]], "args": raw[1:].hex()} if raw[0] in _COMMAND else None


def _version(raw: bytes) -> Reading:
    return {"": ".".join(str(part) for part in reversed(raw))}


COMMAND: Final = 0x3B
"""Its length byte counts the arguments only, in the low five bits; the command itself comes before them."""
BATTERY: Final = "Battery"
TEMPERATURE: Final = "Temperature"
_STATES: Final = {
    0x0F: "Generic",
    0x10: "Power",
    0x11: "Opening",
    0x15: BATTERY,
    0x16: "Battery Charging",
    0x17: "Carbon Monoxide",
    0x18: "Cold",
    0x19: "Connectivity",
    0x1A: "Door",
    0x1B: "Garage Door",
    0x1C: "Gas",
    0x1D: "Heat",
    0x1E: "Light",
    0x1F: "Lock",
    0x20: "Moisture",
    0x21: "Motion",
    0x22: "Moving",
    0x23: "Occupancy",
    0x24: "Plug",
    0x25: "Presence",
    0x26: "Problem",
    0x27: "Running",
    0x28: "Safety",
    0x29: "Smoke",
    0x2A: "Sound",
    0x2B: "Tamper",
    0x2C: "Vibration",
    0x2D: "Window",
}
KINDS: Final[dict[int, Kind]] = {
    **{number: _state(name) for number, name in _STATES.items()},
    0x00: _number("Packet Id", 1),
    0x01: _number(BATTERY, 1, "%"),
    0x02: _number(TEMPERATURE, 2, "°C", over=100, signed=True),
    0x03: _number("Humidity", 2, "%", over=100),
    0x04: _number("Pressure", 3, "hPa", over=100),
    0x05: _number("Illuminance", 3, "lx", over=100),
    0x06: _number("Mass", 2, "kg", over=100),
    0x07: _number("Mass", 2, "lb", over=100),
    0x08: _number("Dew Point", 2, "°C", over=100, signed=True),
    0x09: _number("Count", 1),
    0x0A: _number("Energy", 3, "kWh", over=1000),
    0x0B: _number("Power", 3, "W", over=100),
    0x0C: _number("Voltage", 2, "V", over=1000),
    0x0D: _number("Pm25", 2, "µg/m³"),
    0x0E: _number("Pm10", 2, "µg/m³"),
    0x12: _number("Carbon Dioxide", 2, "ppm"),
    0x13: _number("Volatile Organic Compounds", 2, "µg/m³"),
    0x14: _number("Moisture", 2, "%", over=100),
    0x2E: _number("Humidity", 1, "%"),
    0x2F: _number("Moisture", 1, "%"),
    0x3A: Kind("Button", 1, _button),
    COMMAND: Kind("Command", 0, _command),
    0x3C: Kind("Dimmer", 2, _dimmer),
    0x3D: _number("Count", 2),
    0x3E: _number("Count", 4),
    0x3F: _number("Rotation", 2, "°", over=10, signed=True),
    0x40: _number("Distance", 2, "mm"),
    0x41: _number("Distance", 2, "m", over=10),
    0x42: _number("Duration", 3, "s", over=1000),
    0x43: _number("Current", 2, "A", over=1000),
    0x44: _number("Speed", 2, "m/s", over=100),
    0x45: _number(TEMPERATURE, 2, "°C", over=10, signed=True),
    0x46: _number("Uv Index", 1, over=10),
    0x47: _number("Volume", 2, "L", over=10),
    0x48: _number("Volume", 2, "mL"),
    0x49: _number("Volume Flow Rate", 2, "m³/h", over=1000),
    0x4A: _number("Voltage", 2, "V", over=10),
    0x4B: _number("Gas", 3, "m³", over=1000),
    0x4C: _number("Gas", 4, "m³", over=1000),
    0x4D: _number("Energy", 4, "kWh", over=1000),
    0x4E: _number("Volume", 4, "L", over=1000),
    0x4F: _number("Water", 4, "L", over=1000),
    0x50: Kind("Timestamp", 4, _moment),
    0x51: _number("Acceleration", 2, "m/s²", over=1000),
    0x52: _number("Gyroscope", 2, "°/s", over=1000),
    0x53: Kind("Text", 0, _text),
    0x54: Kind("Raw", 0, _raw),
    0x55: _number("Volume Storage", 4, "L", over=1000),
    0x56: _number("Conductivity", 2, "µS/cm"),
    0x57: _number(TEMPERATURE, 1, "°C", signed=True),
    0x58: _number(TEMPERATURE, 1, "°C", times=35, over=100, signed=True),
    0x59: _number("Count", 1, signed=True),
    0x5A: _number("Count", 2, signed=True),
    0x5B: _number("Count", 4, signed=True),
    0x5C: _number("Power", 4, "W", over=100, signed=True),
    0x5D: _number("Current", 2, "A", over=1000, signed=True),
    0x5E: _number("Direction", 2, "°", over=100),
    0x5F: _number("Precipitation", 2, "mm", over=10),
    0x60: _number("Channel", 1),
    0x61: _number("Rotational Speed", 2, "rpm"),
    0x62: _number("Speed", 4, "m/s", over=1_000_000, signed=True),
    0x63: _number("Acceleration", 4, "m/s²", over=1_000_000, signed=True),
    0x64: _number("Light Level", 1),
    0x65: _number("Settings Revision", 1),
    0xF0: _number("Device Type", 2),
    0xF1: Kind("Firmware Version", 4, _version),
    0xF2: Kind("Firmware Version", 3, _version),
}
"""By object id. An id that is not here ends a frame: nobody can tell how long its value is."""
