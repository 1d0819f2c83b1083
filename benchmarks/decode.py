"""Decoding: frames a second on one core for each format, what an advert costs through the whole gateway, and what a crowd leaves in memory.

Yardsticks for frames: `struct` unpacks an iBeacon at a fixed place and nothing else, the floor for Python; `dict` builds what a radio
library hands to a callback, as bleak does; `bluetooth-data-tools` is Home Assistant's AD parser (C and a cache; distinct payloads here),
where it is installed. The last two do not say which beacon it was, nor what it measures. Adverts are distinct, 31 bytes at most.
Through the gateway: decode, gate, condense, seal and a spool in memory, by processor time; its yardstick is decoding alone.
Memory: a process of its own hears one advert from each of so many random addresses, and counts strangers; its yardstick is the same process
after the first tenth. Goals: 300,000 frames a second and core for iBeacon; under 80 MiB, flat. Compare ratios; absolute figures are the
machine's.
"""

import multiprocessing
import random
import statistics
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from beacon_gateway.batch import Sender
from beacon_gateway.pipeline import Pipeline, Plan
from beacon_gateway.spool import MEMORY, Spool
from beacon_gateway.strangers import Strangers
from benchmarks.table import Figure, Table
from groundwork.adverts.ad_structures import structures
from groundwork.adverts.advert import Advert
from groundwork.adverts.decode import decode
from groundwork.adverts.formats.altbeacon import encode_altbeacon
from groundwork.adverts.formats.bthome_v2 import encode_bthome
from groundwork.adverts.formats.eddystone_eid import encode_eddystone_eid
from groundwork.adverts.formats.eddystone_etlm import encode_eddystone_etlm
from groundwork.adverts.formats.eddystone_uid import encode_eddystone_uid
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.formats.shopper_token import encode_shopper_token
from groundwork.adverts.frame import Options
from groundwork.adverts.gate import gate
from groundwork.contracts.ids import GatewayId, TenantId
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import SeededIds

SEED: Final = 1
START_MS: Final = 1_793_516_400_000
KEY: Final = bytes(range(16))
SENDER: Final = "c0" * 6
OPTIONS: Final = Options(token_company=0x1234, token_marker=(1, 1), address=SENDER)
KEYED: Final = Options(address=SENDER, bind_keys={SENDER: KEY})
BOX: Final = GatewayId("box")
_IBEACON: Final = struct.Struct(">16sHHb")
_WINDOW_MS: Final = 500
_PER_WINDOW: Final = 1_000
"""Adverts: a busy shop, 2,000 a second."""

Parse = Callable[[bytes], object]
Make = Callable[[random.Random], bytes]

MAKE: Final[dict[str, Make]] = {
    "ibeacon": lambda rng: encode_ibeacon(rng.randbytes(16).hex(), rng.randrange(2, 65_536), rng.randrange(65_536)),
    "altbeacon": lambda rng: encode_altbeacon(rng.randbytes(16).hex(), rng.randrange(65_536), rng.randrange(65_536)),
    "eddystone_uid": lambda rng: encode_eddystone_uid(rng.randbytes(10).hex(), rng.randbytes(6).hex()),
    "eddystone_url": lambda rng: b"\x02\x01\x06\x10\x16\xaa\xfe\x10\xee\x03" + bytes(rng.choices(b"abcdef0123/", k=9)) + b"\x07",
    "eddystone_tlm": lambda rng: b"\x02\x01\x06\x11\x16\xaa\xfe\x20\x00" + rng.randbytes(12),
    "eddystone_etlm": lambda rng: encode_eddystone_etlm(rng.randbytes(12), rng.randbytes(2), rng.randbytes(2)),
    "eddystone_eid": lambda rng: encode_eddystone_eid(rng.randbytes(8)),
    "shopper_token": lambda rng: encode_shopper_token(rng.randbytes(16), 0x1234),
    "bthome_v2": lambda rng: encode_bthome(b"\x00" + rng.randbytes(1) + b"\x01\x61\x02" + rng.randbytes(2) + b"\x03" + rng.randbytes(2)),
    "bthome_v2, encrypted": lambda rng: encode_bthome(b"\x02" + rng.randbytes(2), key=KEY, sender=SENDER, counter=rng.getrandbits(32)),
    "ruuvi_rawv1": lambda rng: b"\x02\x01\x06\x11\xff\x99\x04\x03" + rng.randbytes(13),
    "ruuvi_rawv2": lambda rng: b"\x02\x01\x06\x1b\xff\x99\x04\x05" + rng.randbytes(23),
    "minew": lambda rng: b"\x02\x01\x06\x10\x16\xe1\xff\xa1\x01" + rng.randbytes(11),
    "stranger": lambda rng: b"\x02\x01\x1a\x0b\xff\x4c\x00\x10\x06" + rng.randbytes(6),
}
"""By format, one advert; at last what a stranger's phone sends."""


def adverts(name: str, count: int) -> list[bytes]:
    """`count` distinct adverts of one format."""
    rng = random.Random(SEED)
    return [MAKE[name](rng) for _ in range(count)]


def ours(options: Options) -> Parse:
    """Bytes to the beacon key of each frame."""
    return lambda data: [frame.beacon for frame in decode(data, options)]


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
    found: dict[str, Parse] = {"aislecast": ours(KEYED if "encrypted" in name else OPTIONS), "dict": callback_dict}
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


def by_format(frames: int, rounds: int) -> Iterator[Figure]:
    """Rates by format, each beside every yardstick that is here."""
    for name in MAKE:
        data = adverts(name, frames)
        rates = {parser: rate(parse, data, rounds) for parser, parse in parsers(name).items()}
        ours_per_s = rates.pop("aislecast")
        goal = ">= 300,000" if name == "ibeacon" else ""
        for other, per_s in rates.items():
            yield Figure(name, ours_per_s, "frames/s", other, per_s, goal=goal)


def gateway(namespace: str) -> Pipeline:
    """A whole gateway but for radio and network: tokens, one UUID, one namespace and one tag pass, strangers are counted."""
    rules = gate(ibeacon_uuids=["11" * 16], eddystone_namespaces=[namespace], addresses=[SENDER], tokens=True)
    plan = Plan(Sender(TenantId("bench"), BOX), frozenset({BOX}), rules, OPTIONS, _WINDOW_MS, left_after_ms=30_000)
    clock = ManualClock(START_MS)
    spool = Spool(MEMORY, SeededIds(clock, SEED), clock, max_bytes=1_000_000, durable=False)
    return Pipeline(plan, spool, Hops(), strangers=Strangers(lambda: KEY))


def through(pipeline: Pipeline, heard: Sequence[tuple[bytes, str]], windows: int, first: int = 0) -> None:
    """Brings `heard`, payloads and addresses, through `windows` windows in turn, one advert each half millisecond."""
    per_window = len(heard) // windows
    for window in range(windows):
        start_ms = START_MS + (first + window) * _WINDOW_MS
        part = heard[window * per_window : (window + 1) * per_window]
        pipeline.hear(Advert(BOX, start_ms + at * _WINDOW_MS // per_window, -60.0 - at % 30, *each) for at, each in enumerate(part))
        pipeline.advance(start_ms + _WINDOW_MS)


def crowd(rng: random.Random, count: int, unknown: float) -> list[tuple[bytes, str]]:
    """`count` adverts: 200 beacons of ours that repeat, and a share of `unknown` from phones that are never heard again."""
    beacons = [(encode_ibeacon("11" * 16, 1, minor), f"c0:00:00:00:00:{minor:02x}") for minor in range(200)]
    stranger = MAKE["stranger"]
    return [(stranger(rng), rng.randbytes(6).hex(":")) if rng.random() < unknown else rng.choice(beacons) for _ in range(count)]


def through_all(count: int, rounds: int) -> Iterator[Figure]:
    """Microseconds of processor time an advert, for a quiet and a crowded air."""
    for name, unknown in (("pipeline, own beacons", 0.0), ("pipeline, 9 of 10 strangers", 0.9)):
        heard, spent, pipeline = crowd(random.Random(SEED), count, unknown), [], gateway("22" * 10)
        windows = count // _PER_WINDOW
        for at in range(rounds):
            begun = time.process_time()
            through(pipeline, heard, windows, at * windows)
            spent.append(1e6 * (time.process_time() - begun) / count)
        alone = 1e6 / rate(ours(OPTIONS), [data for data, _ in heard], rounds)
        yield Figure(name, statistics.median(spent), "us/advert", "decode alone", alone)


def resident_mib() -> float:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / (1 << 20)


def hear_a_crowd(addresses: int, answer: Connection) -> None:
    """In a process of its own: memory after the first tenth of so many random addresses, and after all of them."""
    rng, pipeline, sizes = random.Random(SEED), gateway("22" * 10), []
    chunk = addresses // 100
    for at in range(100):
        through(pipeline, crowd(rng, chunk, 0.95), 10, at * 10)
        if at in (9, 99):
            sizes.append(resident_mib())
    answer.send(sizes)


def memory(addresses: int) -> Figure:
    """The crowd's trace in memory."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=hear_a_crowd, args=(addresses, there))
    child.start()
    early, late = here.recv()
    child.join()
    return Figure(f"memory, {addresses:,} addresses", late, "MiB", "after a tenth", early, goal="< 80, flat")


def measured(quick: bool = False) -> Table:
    """All of it; `quick` takes a tenth of the adverts and of the addresses."""
    frames, rounds = (2_000, 3) if quick else (20_000, 7)
    figures = [*by_format(frames, rounds), *through_all(10 * frames, rounds), memory(100_000 if quick else 1_000_000)]
    return Table("decode", f"{frames:,} distinct adverts of each kind, one core, median of {rounds} passes", figures)
