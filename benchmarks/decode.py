"""Decoding: frames a second on one core for each format, beside what others need to take the same adverts apart.

Yardsticks: `struct` unpacks an iBeacon at a fixed place and nothing else, the floor for Python; `dict` builds what a radio library
hands to a callback, as bleak does; `bluetooth-data-tools` is Home Assistant's AD parser (C and a cache; distinct payloads here), where
it is installed. The last two do not say which beacon it was. Adverts are distinct, at most 31 bytes, flags first.
Goal: 300,000 frames a second and core for iBeacon. Compare ratios; absolute figures are the machine's.
"""

import random
import statistics
import struct
import time
from collections.abc import Callable, Sequence

from benchmarks.table import Figure, Table
from groundwork.adverts.ad_structures import structures
from groundwork.adverts.decode import decode
from groundwork.adverts.formats.altbeacon import encode_altbeacon
from groundwork.adverts.formats.eddystone_uid import encode_eddystone_uid
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.formats.shopper_token import encode_shopper_token
from groundwork.adverts.frame import Options

SEED = 1
OPTIONS = Options(token_company=0x1234, token_marker=(1, 1))
_IBEACON = struct.Struct(">16sHHb")

Parse = Callable[[bytes], object]


def adverts(rng: random.Random, count: int) -> dict[str, list[bytes]]:
    """`count` distinct adverts of each format, and of a stranger's phone."""
    made: dict[str, list[bytes]] = {name: [] for name in ("ibeacon", "altbeacon", "eddystone_uid", "shopper_token", "stranger")}
    for _ in range(count):
        raw, major, minor = rng.randbytes(16), rng.randrange(2, 65_536), rng.randrange(65_536)
        made["ibeacon"].append(encode_ibeacon(raw.hex(), major, minor))
        made["altbeacon"].append(encode_altbeacon(raw.hex(), major, minor))
        made["eddystone_uid"].append(encode_eddystone_uid(raw[:10].hex(), raw[10:].hex()))
        made["shopper_token"].append(encode_shopper_token(raw, 0x1234))
        made["stranger"].append(b"\x02\x01\x1a\x0b\xff\x4c\x00\x10\x06" + raw[:6])
    return made


def ours(data: bytes) -> object:
    """Bytes to the beacon key of each frame."""
    return [frame.beacon for frame in decode(data, OPTIONS)]


def plain_struct(data: bytes) -> object:
    """An iBeacon's fields, taken on trust."""
    return _IBEACON.unpack_from(data, 9)


def callback_dict(data: bytes) -> object:
    """What a radio library builds for each callback."""
    manufacturer: dict[int, bytes] = {}
    service: dict[str, bytes] = {}
    for ad_type, value in structures(data):
        if ad_type == 0xFF and len(value) >= 2:
            manufacturer[int.from_bytes(value[:2], "little")] = value[2:]
        elif ad_type == 0x16 and len(value) >= 2:
            service[f"0000{int.from_bytes(value[:2], 'little'):04x}-0000-1000-8000-00805f9b34fb"] = value[2:]
    return {"manufacturer_data": manufacturer, "service_data": service, "local_name": None, "service_uuids": [], "tx_power": None}


def parsers(name: str) -> dict[str, Parse]:
    """Ours and the yardsticks that are here and can read this format."""
    found: dict[str, Parse] = {"aislecast": ours, "dict": callback_dict}
    if name == "ibeacon":
        found["struct"] = plain_struct
    try:
        from bluetooth_data_tools import parse_advertisement_data
    except ImportError:
        return found
    return {**found, "bluetooth-data-tools": lambda data: parse_advertisement_data((data,))}


def rate(parse: Parse, data: Sequence[bytes], rounds: int) -> float:
    """Median adverts a second of processor time over `rounds` passes; other processes on the machine count less so."""
    rates = []
    for _ in range(rounds):
        begun = time.process_time()
        for each in data:
            parse(each)
        rates.append(len(data) / (time.process_time() - begun))
    return statistics.median(rates)


def measured(quick: bool = False) -> Table:
    """Rates by format, each beside every yardstick that is here."""
    frames, rounds = (5_000, 3) if quick else (20_000, 7)
    figures = []
    for name, data in adverts(random.Random(SEED), frames).items():
        rates = {parser: rate(parse, data, rounds) for parser, parse in parsers(name).items()}
        ours_per_s = rates.pop("aislecast")
        goal = ">= 300,000" if name == "ibeacon" else ""
        figures += [Figure(name, ours_per_s, "frames/s", other, per_s, goal=goal) for other, per_s in rates.items()]
    return Table("decode", f"{frames:,} distinct adverts of each kind, one core, median of {rounds} passes", figures)
