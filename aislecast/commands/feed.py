"""`aislecast feed try`: what would be kept of the payloads in a file or a pipe, and why the rest would not; nothing is stored or sent.

    mosquitto_sub -v -t 'espresense/devices/#' | aislecast feed try espresense --allow-ibeacon UUID

A line is a topic, a space and a payload, as `mosquitto_sub -v` prints them, or a payload alone; binary ones in hex. Of strangers
their number is shown, and nothing else. Times are not judged: a recording is old.
"""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aislecast.arguments import Parser
from aislecast.exits import BAD_INPUT, FAILED, OK, Stop
from aislecast.words import NOT_THERE, Voice
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from geofence.feeding.sieve import Sieve

SUMMARY = Words("try what third-party boxes send against a venue's rules", "جرّب ما ترسله صناديق الأطراف الأخرى على قواعد المتجر")
_TRY = Words("show what would be kept and refused, and why", "اعرض ما سيُحفظ وما سيُرفض ولماذا")
_KIND = Words("what kind of boxes: theengs, espresense, minew", "نوع الصناديق: theengs أو espresense أو minew")
_FILE = Words(
    "lines as `mosquitto_sub -v` prints them (default: standard input)", "أسطر كما يطبعها `mosquitto_sub -v` (الافتراضي: المدخل القياسي)"
)
_UUID = Words("let iBeacons of this UUID pass; may be given again", "اسمح بمنارات iBeacon ذات هذا المعرّف؛ ويمكن تكراره")
_ADDRESS = Words("let the sender of this radio address pass; may be given again", "اسمح بالمرسل ذي هذا العنوان؛ ويمكن تكراره")
_BOX = Words("believe this box alone; may be given again (default: all)", "صدّق هذا الصندوق وحده؛ ويمكن تكراره (الافتراضي: الكل)")
_NO_UUID = Words(
    "{value} is no UUID: expected 32 hex digits, with or without hyphens.", "{value} ليس UUID: المتوقع 32 رقمًا ستعشريًا، بشرطات أو دونها."
)
_NO_ADDRESS = Words(
    "{value} is no radio address: expected 12 hex digits, as in 58:78:20:76:BC:24.",
    "{value} ليس عنوان راديو: المتوقع 12 رقمًا ستعشريًا، مثل 58:78:20:76:BC:24.",
)
_KEPT = Words("kept: {box} heard {beacon} at {rssi} dBm", "يُحفظ: سمع {box} المنارة {beacon} بشدة {rssi} dBm")
_REFUSED = Words("refused as {code} ({count}): {why}", "المرفوض بسبب {code} ({count}): {why}")
_TOTAL = Words(
    "payloads: {payloads}, adverts kept: {kept}, refused: {refused}",
    "الحمولات: {payloads}، والإعلانات المحفوظة: {kept}، والمرفوض: {refused}",
)


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    action = parser.commands("action", {"try": _TRY})["try"]
    action.argument("kind", _KIND, metavar="KIND")
    action.argument("file", _FILE, metavar="FILE", type=Path, nargs="?")
    action.argument("--allow-ibeacon", _UUID, metavar="UUID", action="append", default=[])
    action.argument("--allow-address", _ADDRESS, metavar="ADDRESS", action="append", default=[])
    action.argument("--box", _BOX, metavar="NAME", action="append", default=[])


def run(args: argparse.Namespace, voice: Voice) -> int:
    if args.file is not None and not args.file.is_file():
        raise Stop(NOT_THERE, BAD_INPUT, path=args.file)
    sieve = _sieve(args)
    refused: Counter[str] = Counter()
    payloads, kept, problem = 0, 0, ("", "")
    for topic, payload in _lines(args.file):
        sifted = sieve.sift(topic, payload, 0)
        payloads, kept = payloads + 1, kept + len(sifted.kept)
        refused += sifted.refused + Counter([sifted.payload_refused] if sifted.payload_refused else [])
        problem = sifted.problem if sifted.problem[0] else problem
        for one in sifted.kept:
            print(voice.line(voice.say(_KEPT, box=one.gateway, beacon=one.beacon, rssi=f"{one.rssi_dbm:g}")))
    whys = _whys()
    for code, count in sorted(refused.items()):
        print(voice.line(voice.say(_REFUSED, count=count, code=code, why=voice.say(whys[code], problem=Words(*problem)))))
    print(voice.line(voice.say(_TOTAL, payloads=payloads, kept=kept, refused=refused.total())))
    return OK if kept else FAILED


def _sieve(args: argparse.Namespace) -> "Sieve":
    """The sieve of what was typed. Raises Stop where it is none."""
    from geofence.feeding.sieve import Sieve
    from geofence.feeds import FEEDS
    from geofence.reasons import UNKNOWN_FEED_KIND
    from groundwork.contracts.gateway import GatewayRules
    from groundwork.contracts.ids import GatewayId

    if args.kind not in FEEDS:
        raise Stop(UNKNOWN_FEED_KIND.words, BAD_INPUT, value=args.kind, known=", ".join(FEEDS))
    uuids = [_hex(uuid, "-", 32, _NO_UUID) for uuid in args.allow_ibeacon]
    addresses = [_hex(address, ":-", 12, _NO_ADDRESS) for address in args.allow_address]
    boxes = {box: GatewayId(box) for box in args.box}
    return Sieve(FEEDS[args.kind], boxes or None, GatewayRules(allow_ibeacon=uuids, allow_addresses=addresses), received=True)


def _hex(typed: str, between: str, digits: int, otherwise: Words) -> str:
    """What was typed as bare small hex digits. Raises Stop where it is not that many."""
    bare = "".join(sign for sign in typed.lower() if sign not in between)
    if len(bare) != digits or not set(bare) <= set("0123456789abcdef"):
        raise Stop(otherwise, BAD_INPUT, value=typed)
    return bare


def _lines(path: Path | None) -> Iterator[tuple[str, bytes]]:
    """Topics and payloads; a line that begins as JSON has no topic."""
    with contextlib.nullcontext(sys.stdin.buffer) if path is None else path.open("rb") as lines:
        for line in lines:
            said = line.strip()
            if not said:
                continue
            topic, _, payload = (b"", b"", said) if said[:1] in b"[{" else said.partition(b" ")
            yield topic.decode("utf-8", "replace"), _unhexed(payload or topic)


def _unhexed(payload: bytes) -> bytes:
    """A binary payload that was printed in hex (`mosquitto_sub -F '%t %x'`) as it came; any other as it stands."""
    try:
        return bytes.fromhex(payload.decode("ascii")) if payload[:2].lower() == b"bb" else payload
    except ValueError:
        return payload


def _whys() -> dict[str, Words]:
    """Every reason an advert may be refused for, by code."""
    from beacon_gateway.reasons import REASONS
    from geofence.reasons import ALL

    return {reason.code: reason.words for reason in (*REASONS, *ALL)}
