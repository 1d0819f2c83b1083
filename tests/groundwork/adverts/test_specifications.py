"""What the public specifications say by example or in a table, beyond the published packets: every BTHome object, limits, signs, codes."""

import pytest

from groundwork.adverts.bthome_values import KINDS
from groundwork.adverts.decode import decode, decode_structure, spoken_beside
from groundwork.adverts.formats.bthome_v2 import encode_bthome
from groundwork.adverts.formats.eddystone_url import EXPANSIONS, SCHEMES, decode_url
from groundwork.adverts.frame import Frame, Options

SERVICE, MAKER = 0x16, 0xFF
OBJECTS = {
    "0009": ("Packet Id", 9, ""),
    "0161": ("Battery", 97, "%"),
    "02ca09": ("Temperature", 25.06, "°C"),
    "02f6ff": ("Temperature", -0.1, "°C"),
    "03bf13": ("Humidity", 50.55, "%"),
    "04138a01": ("Pressure", 1008.83, "hPa"),
    "05138a14": ("Illuminance", 13460.67, "lx"),
    "065e1f": ("Mass", 80.3, "kg"),
    "073e1d": ("Mass", 74.86, "lb"),
    "08ca06": ("Dew Point", 17.38, "°C"),
    "0960": ("Count", 96, ""),
    "0a138a14": ("Energy", 1346.067, "kWh"),
    "0b021b00": ("Power", 69.14, "W"),
    "0c020c": ("Voltage", 3.074, "V"),
    "0d120c": ("Pm25", 3090, "µg/m³"),
    "0e021c": ("Pm10", 7170, "µg/m³"),
    "12e204": ("Carbon Dioxide", 1250, "ppm"),
    "133301": ("Volatile Organic Compounds", 307, "µg/m³"),
    "14020c": ("Moisture", 30.74, "%"),
    "2e23": ("Humidity", 35, "%"),
    "2f23": ("Moisture", 35, "%"),
    "3a80": ("Button", "hold_press", ""),
    "3a00": ("Button", None, ""),
    "3b0002": ("Command", "toggle", ""),
    "3c0103": ("Dimmer", "rotate_left", ""),
    "3d0960": ("Count", 24585, ""),
    "3e2a2c0960": ("Count", 1611213866, ""),
    "3f020c": ("Rotation", 307.4, "°"),
    "400c00": ("Distance", 12, "mm"),
    "414e00": ("Distance", 7.8, "m"),
    "424e3400": ("Duration", 13.39, "s"),
    "434e34": ("Current", 13.39, "A"),
    "444e34": ("Speed", 133.9, "m/s"),
    "451101": ("Temperature", 27.3, "°C"),
    "4632": ("Uv Index", 5.0, ""),
    "478756": ("Volume", 2215.1, "L"),
    "48dc87": ("Volume", 34780, "mL"),
    "49dc87": ("Volume Flow Rate", 34.78, "m³/h"),
    "4a020c": ("Voltage", 307.4, "V"),
    "4b138a14": ("Gas", 1346.067, "m³"),
    "4c41018a01": ("Gas", 25821.505, "m³"),
    "4d12138a14": ("Energy", 344593.17, "kWh"),
    "4e87562a01": ("Volume", 19551.879, "L"),
    "4f87562a01": ("Water", 19551.879, "L"),
    "505d396164": ("Timestamp", "2023-05-14T19:41:17+00:00", ""),
    "518756": ("Acceleration", 22.151, "m/s²"),
    "528756": ("Gyroscope", 22.151, "°/s"),
    "530c48656c6c6f20576f726c6421": ("Text", "Hello World!", ""),
    "540c48656c6c6f20576f726c6421": ("Raw", "48656c6c6f20576f726c6421", ""),
    "5587562a01": ("Volume Storage", 19551.879, "L"),
    "56e803": ("Conductivity", 1000, "µS/cm"),
    "57ea": ("Temperature", -22, "°C"),
    "58ea": ("Temperature", -7.7, "°C"),
    "59ea": ("Count", -22, ""),
    "5aeaea": ("Count", -5398, ""),
    "5bea0234ea": ("Count", -365690134, ""),
    "5c02fbffff": ("Power", -12.78, "W"),
    "5d02ea": ("Current", -5.63, "A"),
    "5e9f8c": ("Direction", 359.99, "°"),
    "5f0100": ("Precipitation", 0.1, "mm"),
    "6001": ("Channel", 1, ""),
    "61ac0d": ("Rotational Speed", 3500, "rpm"),
    "6287563a01": ("Speed", 20.600455, "m/s"),
    "63c7faffff": ("Acceleration", -0.001337, "m/s²"),
    "6402": ("Light Level", 2, ""),
    "6507": ("Settings Revision", 7, ""),
    "f00100": ("Device Type", 1, ""),
    "f100010204": ("Firmware Version", "4.2.1.0", ""),
    "f2000106": ("Firmware Version", "6.1.0", ""),
    **{
        f"{number:02x}{state:02x}": (name, bool(state), "")
        for number, name in {
            0x0F: "Generic", 0x10: "Power", 0x11: "Opening", 0x15: "Battery", 0x16: "Battery Charging", 0x17: "Carbon Monoxide",
            0x18: "Cold", 0x19: "Connectivity", 0x1A: "Door", 0x1B: "Garage Door", 0x1C: "Gas", 0x1D: "Heat", 0x1E: "Light",
            0x1F: "Lock", 0x20: "Moisture", 0x21: "Motion", 0x22: "Moving", 0x23: "Occupancy", 0x24: "Plug", 0x25: "Presence",
            0x26: "Problem", 0x27: "Running", 0x28: "Safety", 0x29: "Smoke", 0x2A: "Sound", 0x2B: "Tamper", 0x2C: "Vibration",
            0x2D: "Window",
        }.items()
        for state in (0, 1)
    },
}  # fmt: skip
"""By bytes: name, value, unit; mostly the specification's own examples."""


def bthome(objects: str, flags: int = 0x40, options: Options | None = None) -> Frame | None:
    return decode_structure(SERVICE, b"\xd2\xfc" + bytes((flags,)) + bytes.fromhex(objects), options or Options())


def said(objects: str) -> dict[str, object]:
    frame = bthome(objects)
    assert frame is not None
    return frame.said()


@pytest.mark.parametrize("objects", OBJECTS)
def test_a_bthome_object_says_what_its_specification_says(objects: str) -> None:
    name, value, unit = OBJECTS[objects]
    expected = {name: value, "units": {name: unit} if unit else {}, "encrypted": False, "triggered": False}
    beside = {"steps", "args"}
    assert {key: one for key, one in said(objects).items() if key not in beside} == expected


def test_every_bthome_object_is_among_the_examples() -> None:
    assert {bytes.fromhex(objects)[0] for objects in OBJECTS} == set(KINDS)


def test_bthome_values_of_one_name_are_numbered_in_the_order_sent() -> None:
    words = said("3a003a013a03" + "3c0103")
    assert {name: words[name] for name in ("Button 1", "Button 2", "Button 3", "Dimmer", "steps")} == {
        "Button 1": None,
        "Button 2": "press",
        "Button 3": "triple_press",
        "Dimmer": "rotate_left",
        "steps": 3,
    }


@pytest.mark.parametrize("tail", ["03bf", "03", "fe01", "5305aa", "53", "3b", "3b0502", "66", "0a0000"])
def test_bthome_values_before_one_that_is_cut_or_unknown_are_kept(tail: str) -> None:
    assert said("02ca09" + tail)["Temperature"] == 25.06


@pytest.mark.parametrize("tail", ["3a07", "3c0900", "3b0009", "5300", "5302c328", "5400"])
def test_a_bthome_value_that_is_none_is_passed_over(tail: str) -> None:
    assert said(tail + "02ca09")["Temperature"] == 25.06
    assert bthome(tail) is None


@pytest.mark.parametrize("flags", [0x00, 0x20, 0x60, 0x80, 0xE0])
def test_another_bthome_version_is_not_read(flags: int) -> None:
    assert bthome("02ca09", flags) is None


def test_a_bthome_sender_may_give_its_address_and_say_that_something_happened() -> None:
    frame = bthome("b2188d38c1a402ca09", 0x46)
    assert frame is not None
    assert (frame.beacon, frame.said()["mac"], frame.said()["triggered"]) == ("address:a4c1388d18b2", "A4:C1:38:8D:18:B2", True)
    assert bthome("b2188d38c1a4", 0x42) is None


def test_the_published_encrypted_frame_is_opened_and_only_with_its_key_and_address() -> None:
    sealed = "a47266c95f730011223378237214"
    key, sender = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932"), "5448e68f80a5"
    frame = bthome(sealed, 0x41, Options(address=sender, bind_keys={sender: key}))
    assert frame is not None
    assert {name: frame.said()[name] for name in ("Temperature", "Humidity")} == {"Temperature": 25.06, "Humidity": 50.55}
    for other in (
        Options(address=sender, bind_keys={sender: bytes(16)}),
        Options(address="5448e68f80a6", bind_keys={"": key}),
        Options(bind_keys={"": key}),
        Options(address=sender, bind_keys={"": key[:8]}),
        Options(address=sender),
    ):
        assert bthome(sealed, 0x41, other) is None
    assert bthome(sealed[:16], 0x41, Options(address=sender, bind_keys={"": key})) is None


def test_a_plain_frame_of_a_sender_with_a_key_is_not_believed() -> None:
    options = Options(address="a4c1388d18b2", bind_keys={"a4c1388d18b2": bytes(16)})
    assert decode(encode_bthome(b"\x01\x61"), options) == []
    assert len(decode(encode_bthome(b"\x01\x61"), Options(address="a4c1388d18b3", bind_keys=options.bind_keys))) == 1


@pytest.mark.parametrize("code", range(256))
def test_a_url_byte_is_a_letter_an_expansion_or_reserved(code: int) -> None:
    expected = EXPANSIONS[code] if code < 14 else chr(code) if 0x21 <= code <= 0x7E else None
    assert decode_url(bytes((3, code))) == (None if expected is None else f"https://{expected}")


def test_a_url_begins_with_one_of_four_schemes() -> None:
    assert [decode_url(bytes((code,)) + b"a\x07") for code in range(5)] == [*(f"{scheme}a.com" for scheme in SCHEMES), None]
    assert SCHEMES == ("http://www.", "https://www.", "http://", "https://")
    assert decode_url(b"") is None


@pytest.mark.parametrize("frame", ["20", "2000", "20000bb8150000000045000002", "2002" + "00" * 12, "2001" + "00" * 15, "30ee0011", "4000"])
def test_an_eddystone_frame_that_is_cut_or_of_another_version_is_not_read(frame: str) -> None:
    assert decode_structure(SERVICE, b"\xaa\xfe" + bytes.fromhex(frame)) is None


def test_encrypted_telemetry_with_the_length_of_plain_is_read_to_its_end() -> None:
    (frame,) = decode(bytes.fromhex("0201060303aafe1116aafe2001" + "41" * 12 + "deadbeff"))
    assert {"salt": 44510, "mic": 65470, "salt_bytes": "dead", "mic_bytes": "beff"}.items() <= frame.said().items()
    assert decode(bytes.fromhex("1116aafe2001" + "41" * 12 + "dead")) == []


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("03ff7f63ffff7fff7fff7fffffff", (127.5, 127.99, 1155.35, [32.767] * 3, 65.535)),
        ("0300ff6300008001800180010000", (0, -127.99, 500, [-32.767] * 3, 0)),
        ("0300804500000000000000000000", (0, -0.69, 500, [0, 0, 0], 0)),
        ("0300014500000000000000000000", (0, 1.69, 500, [0, 0, 0], 0)),
    ],
)
def test_ruuvi_format_3_reaches_its_limits(packet: str, expected: tuple[object, ...]) -> None:
    frame = decode_structure(MAKER, b"\x99\x04" + bytes.fromhex(packet))
    assert frame is not None
    names = ("humidity_pct", "temperature_c", "pressure_hpa", "acceleration_g", "voltage_v")
    assert tuple(frame.said()[name] for name in names) == expected


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("057ffffffefffe7fff7fff7fffffdefefffecbb8334c884f", (163.835, 163.835, 115_534, [32.767] * 3, 3.646, 20, 254, 65_534)),
        ("058001000000008001800180010000000000cbb8334c884f", (-163.835, 0, 50_000, [-32.767] * 3, 1.6, -40, 0, 0)),
    ],
)
def test_ruuvi_format_5_reaches_its_limits(packet: str, expected: tuple[object, ...]) -> None:
    frame = decode_structure(MAKER, b"\x99\x04" + bytes.fromhex(packet))
    assert frame is not None
    names = ("temperature_c", "humidity_pct", "pressure_pa", "acceleration_g", "voltage_v", "tx_dbm", "movement", "seq")
    assert tuple(frame.said()[name] for name in names) == expected
    assert frame.beacon == "address:cbb8334c884f"


@pytest.mark.parametrize("packet", ["03", "0312", "05" + "00" * 22, "04" + "00" * 23, "06" + "00" * 23, ""])
def test_a_ruuvi_frame_that_is_cut_or_of_another_format_is_not_read(packet: str) -> None:
    assert decode_structure(MAKER, b"\x99\x04" + bytes.fromhex(packet)) is None


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("a10863aabbccddeeff504c5553", {"battery_pct": 99, "name": "PLUS"}),
        ("a10863aabbccddeeff", {"name": ""}),
        ("a1024500aabbccddeeff", {"light": False}),
        ("a10163f6800001aabbccddeeff", {"temperature_c": -9.5, "humidity_pct": 1 / 256}),
        ("a118640000000a01aabbccddeeff", {"timestamp": 10, "vibration": True}),
    ],
)
def test_minew_frames_say_what_their_model_measures(packet: str, expected: dict[str, object]) -> None:
    frame = decode_structure(SERVICE, b"\xe1\xff" + bytes.fromhex(packet))
    assert frame is not None
    assert expected.items() <= frame.said().items()
    assert frame.beacon == "address:ffeeddccbbaa"


@pytest.mark.parametrize("packet", ["", "a1", "a10163", "a1016315803200aabbccddee", "a1026301aabbccddeeff00", "a10963aabbccddeeff", "a2"])
def test_a_minew_frame_of_another_length_or_model_is_not_guessed_at(packet: str) -> None:
    assert decode_structure(SERVICE, b"\xe1\xff" + bytes.fromhex(packet)) is None


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("020af4", {"tx_power_level": -12}),
        ("030af400", {}),
        ("0409c3a962", {"local_name": "éb"}),
        ("0208ff", {"local_name": "\ufffd"}),
        ("020106", {}),
    ],
)
def test_name_and_power_are_read_beside_the_frames(packet: str, expected: dict[str, object]) -> None:
    assert spoken_beside(bytes.fromhex(packet)) == expected


@pytest.mark.parametrize("color", range(9))
def test_a_hydrometer_is_told_from_a_beacon(color: int) -> None:
    value = bytes.fromhex(f"4c000215a495bb{color}0c5b14b44b5121370f02d74de005806c8c5")
    frame = decode_structure(MAKER, value)
    assert frame is not None
    assert frame.said().get("kind") == ("tilt" if color else None)
