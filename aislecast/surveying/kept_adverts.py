"""Kept adverts: what a box heard, read from the file it left, and of that only the adverts of the tags that somebody carried.

A file is btsnoop (`btmon -w FILE`) or JSON lines (`beacon-gateway survey --keep FILE`); which, its first bytes say. Strangers' adverts are
counted and end here. Reading is the gateway's own code, so that a tag is recognised here as it is in the shop. A line that is none ends the
reading; a broken btsnoop record, as a stopped `btmon` leaves at the end, is passed over and counted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from aislecast.exits import BAD_INPUT, Stop
from aislecast.words import NOT_THERE
from beacon_gateway.exits import Stop as GatewayStop
from beacon_gateway.recording import Recording
from beacon_gateway.sources.btsnoop import MAGIC, BtsnoopSource
from beacon_gateway.sources.jsonl import JsonlSource
from groundwork.adverts.advert import Advert
from groundwork.adverts.frame import NO_OPTIONS
from groundwork.adverts.gate import gate
from groundwork.adverts.reader import Reader
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.plumbing.reasons import Words

_AT_ONCE_MS: Final = 60_000
"""A file is read a minute at a time: a busy hour would take hundreds of MB."""
_ADAPTERS: Final = 16
_NOTHING: Final = Words(
    "{path} holds no adverts of {gateway}; expected what `btmon -w` or `beacon-gateway survey --keep` wrote. Radios named in it: {known}.",
    "لا يحتوي {path} على إعلانات للجهاز {gateway}؛ والمتوقع ما كتبه `btmon -w` أو `beacon-gateway survey --keep`. "
    "الأجهزة المذكورة فيه: {known}.",
)
_WHICH_ADAPTER: Final = Words(
    "{path} holds adverts of the adapters {known}; say whose is {gateway}'s with `--box {gateway}@{first}={path}`.",
    "في {path} إعلانات من المحوّلات {known}؛ حدد محوّل {gateway} بالخيار `--box {gateway}@{first}={path}`.",
)


class Box(NamedTuple):
    """One gateway and the file it left. `adapter` (`hci1`) is needed where several adapters wrote into one btsnoop file."""

    gateway: GatewayId
    path: Path
    adapter: str = ""
    shift_ms: int = 0
    """What to add to the times of its clock."""


@dataclass(slots=True)
class Kept:
    """A box's adverts of the tags, by tag in columns of one length, and how many others there were."""

    box: Box
    at_ms: list[int] = field(default_factory=list)
    tag: list[int] = field(default_factory=list)
    rssi_dbm: list[float] = field(default_factory=list)
    adverts: int = 0
    """All it heard, strangers' too."""
    broken: int = 0
    """Records that could not be read."""


async def heard_by(box: Box, tags: Sequence[BeaconKey]) -> Kept:
    """What `box` heard of `tags`. Raises Stop for a file that is missing, empty, of another kind or of several adapters."""
    if not box.path.is_file():
        raise Stop(NOT_THERE, BAD_INPUT, path=box.path)
    source, radios = _opened(box)
    tag_numbers, kept, named = {tag: number for number, tag in enumerate(tags)}, Kept(box), Counter[str]()
    reader = Reader(gate(keys=tags), NO_OPTIONS)
    try:
        await source.start()
        while not source.ended:
            until_ms = (source.next_ms or 0) + _AT_ONCE_MS
            adverts, refused = source.read(until_ms)
            kept.broken += len(refused)
            named.update(advert.gateway for advert in adverts)
            _keep(kept, [advert for advert in adverts if advert.gateway in radios], reader, tag_numbers)
            source.position(until_ms)  # else it would remember where each record began
    except GatewayStop as stop:
        raise Stop(stop.words, BAD_INPUT, **stop.values) from None
    finally:
        await source.close()
    _see_whose(box, radios, named)
    return kept


def _opened(box: Box) -> tuple[Recording, frozenset[str]]:
    """The file's source, and the radios in it whose adverts are this gateway's."""
    with box.path.open("rb") as file:
        btsnoop = file.read(len(MAGIC)) == MAGIC
    if not btsnoop:
        return JsonlSource(str(box.path), box.gateway, strict=True), frozenset({box.gateway})
    adapters = {number: GatewayId(f"hci{number}") for number in range(_ADAPTERS)}
    wanted = {box.adapter} if box.adapter else set(adapters.values())
    return BtsnoopSource(str(box.path), adapters, box.gateway), frozenset(wanted)


def _keep(kept: Kept, adverts: Sequence[Advert], reader: Reader, tags: Mapping[BeaconKey, int]) -> None:
    kept.adverts += len(adverts)
    for advert in adverts:
        reading = reader.read(advert.data, advert.address)
        if reading.beacon is not None and not reading.refusal:
            kept.at_ms.append(advert.at_ms + kept.box.shift_ms)
            kept.tag.append(tags[reading.beacon])
            kept.rssi_dbm.append(advert.rssi_dbm)


def _see_whose(box: Box, radios: frozenset[str], named: Counter[str]) -> None:
    """Raises Stop where nothing in the file is this gateway's, or several adapters' is and none was chosen."""
    own = sorted(radios & named.keys())
    if not own:
        raise Stop(_NOTHING, BAD_INPUT, path=box.path, gateway=box.gateway, known=", ".join(sorted(named)) or "-")
    if len(own) > 1:
        raise Stop(_WHICH_ADAPTER, BAD_INPUT, path=box.path, gateway=box.gateway, known=", ".join(own), first=own[0])


def in_words(at_ms: int) -> str:
    """A time as sentences have it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
