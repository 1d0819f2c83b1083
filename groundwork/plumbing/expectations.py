"""What a wrong value should have been, as the decoder says it in English, said again in both languages.

msgspec words its errors in English deep inside; here each form of them is recognised, patterns above all: nobody who types a value
reads a regular expression, and none reads well within an Arabic sentence. What is not recognised is quoted as it is.
"""

import re
from collections.abc import Mapping
from typing import Final

from groundwork.plumbing.reasons import Words

_MATCHING: Final = re.compile(r"`str` matching regex '(?P<pattern>.*)'", re.DOTALL)
_KIND: Final = re.compile(r"`(?P<kinds>[a-z |]+)`(?P<bound>.*)", re.DOTALL)
_KINDS: Final[Mapping[str, str]] = {
    "int": "عدد صحيح",
    "float": "عدد",
    "str": "نص",
    "bool": "true أو false",
    "array": "قائمة",
    "object": "كائن",
    "null": "null",
    "bytes": "بايتات بترميز base64",
    "date": "تاريخ",
    "datetime": "وقت",
}
_LENGTH: Final = " of length"
_SIZED: Final = re.compile(r"\^\[(?P<signs>(?:\\.|[^\]])+)\]\{(?P<least>\d+)(?:,(?P<most>\d+))?\}\$")
_PADDED: Final = re.compile(r"\^\[(?P<signs>[^\]]+)\]\{(?P<least>\d+)\}=\{0,2\}\$")
_OPTIONAL: Final = re.compile(r"\^\((?P<inner>.*)\)\?\$")
_ONE_OF: Final = re.compile(r"\^\((?P<known>[A-Za-z0-9_.|\[\]-]+)\)\$")
_SIGNS: Final[Mapping[str, Words]] = {
    "0-9": Words("digits", "أرقام"),
    "0-9a-f": Words("hex digits in small letters", "أرقام ستعشرية بأحرف صغيرة"),
    "0-9A-Fa-f": Words("hex digits", "أرقام ستعشرية"),
    "A-Z": Words("capital letters A to Z", "أحرف لاتينية كبيرة"),
    "A-Za-z0-9_-": Words("letters, digits, _ and -", "أحرف لاتينية وأرقام و_ و-"),
    "A-Za-z0-9._:-": Words("letters, digits and . _ : -", "أحرف لاتينية وأرقام و. _ : -"),
    "A-Za-z0-9._%+@-": Words("letters, digits and . _ % + @ -", "أحرف لاتينية وأرقام و. _ % + @ -"),
    r"^\s": Words("characters without a space", "محارف دون مسافات"),
    r"^/\x00": Words("characters without a slash", "محارف دون شرطة مائلة"),
}
_KNOWN: Final[Mapping[str, Words]] = {
    "^([01][0-9]|2[0-3]):[0-5][0-9]$": Words("a time of day such as 09:30", "وقت من اليوم مثل 09:30"),
    "^[A-Za-z0-9._-][A-Za-z0-9._:-]{0,38}$": Words(
        "1 to 39 letters, digits and . _ : -, no colon at the front",
        "من 1 إلى 39 من الأحرف اللاتينية والأرقام و. _ : -، دون نقطتين في أولها",
    ),
    r"^mqtts?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?/?$": Words(
        "an address such as mqtts://broker.example:8883", "عنوان مثل mqtts://broker.example:8883"
    ),
    r"^https?://[^/]+$": Words("an address such as https://server.example:8000", "عنوان مثل https://server.example:8000"),
    r"^(|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5})$": Words(
        "HOST:PORT such as 127.0.0.1:9480, or nothing", "HOST:PORT مثل 127.0.0.1:9480، أو لا شيء"
    ),
    "^[0-9]{1,15}-[0-9a-f]{32}$": Words("a mark as the answer before gave it", "علامة كما أعطتها الإجابة السابقة"),
    "^[a-z]+:[0-9a-f:]+$": Words(
        "a format, a colon and small hex digits, as abc:0011:1:2", "صيغة ثم نقطتان ثم أرقام ستعشرية صغيرة، مثل abc:0011:1:2"
    ),
    r"^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$": Words(
        "a UUID: 32 hex digits, with or without hyphens", "معرّف UUID: 32 رقمًا ستعشريًا، بشرطات أو دونها"
    ),
    r"^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){5}$": Words("12 hex digits, with or without colons", "12 رقمًا ستعشريًا، بنقطتين أو دونهما"),
}
"""Patterns that are no plain run of signs; a test holds every pattern of the product to have words."""


def expected_words(said: str) -> Words:
    """What the decoder expected (its sentence without "Expected" and "got"), in both languages; English stays as it is, patterns apart."""
    matching = _MATCHING.fullmatch(said)
    if matching:
        return pattern_words(matching["pattern"].replace(r"\\", "\\"))
    kind = _KIND.fullmatch(said)
    if kind is None:
        return Words(said, said)
    kinds = " أو ".join(_KINDS.get(one, one) for one in kind["kinds"].split(" | "))
    return Words(said, kinds + kind["bound"].replace(_LENGTH, " بطول"))


def pattern_words(pattern: str) -> Words:
    """What a text of this pattern looks like; the pattern itself where there are no words for it."""
    if pattern in _KNOWN:
        return _KNOWN[pattern]
    if optional := _OPTIONAL.fullmatch(pattern):
        inner = pattern_words(f"^{optional['inner']}$")
        return Words(f"{inner.en}, or nothing", f"{inner.ar}، أو لا شيء")
    if one_of := _ONE_OF.fullmatch(pattern):
        known = ", ".join(one_of["known"].replace("[.]", ".").split("|"))
        return Words(f"one of {known}", f"إحدى القيم {known}")
    sized = _SIZED.fullmatch(pattern) or _PADDED.fullmatch(pattern)
    if sized is None or sized["signs"] not in _SIGNS:
        return Words(f"text of the form {pattern}", f"نص بالصيغة {pattern}")
    least, most = sized["least"], sized.groupdict().get("most")
    signs = _SIGNS[sized["signs"]]
    if most is None:
        return Words(f"{least} {signs.en}", f"{signs.ar} عددها {least}")
    return Words(f"{least} to {most} {signs.en}", f"{signs.ar} عددها من {least} إلى {most}")
