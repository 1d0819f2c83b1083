"""Counted things: in Arabic the noun changes with the number, and with one and two the number itself is a part of it.

In an Arabic sentence `{seconds:ثانية}` is filled in as `ثانية واحدة`, `ثانيتين`, `5 ثوانٍ`, `30 ثانية`. The nouns of measures stand here;
any other is written with its five forms, as `{boxes:صندوق واحد|صندوقين|صناديق|صندوقًا|صندوق}`: for 1, 2, 3 to 10, 11 to 99, and 100 with
what follows it. The categories are those of Unicode CLDR. The dual stands in the case of objects and of what follows a preposition, which
is where all our counts stand.
"""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

FORMS: Final[Mapping[str, str]] = {
    "ثانية": "ثانية واحدة|ثانيتين|ثوانٍ|ثانية|ثانية",
    "دقيقة": "دقيقة واحدة|دقيقتين|دقائق|دقيقة|دقيقة",
    "ساعة": "ساعة واحدة|ساعتين|ساعات|ساعة|ساعة",
    "يوم": "يوم واحد|يومين|أيام|يومًا|يوم",
    "متر": "متر واحد|مترين|أمتار|مترًا|متر",
    "مرة": "مرة واحدة|مرتين|مرات|مرة|مرة",
    "صف": "صف واحد|صفين|صفوف|صفًا|صف",
    "حرف": "حرف واحد|حرفين|أحرف|حرفًا|حرف",
    "نقطة": "نقطة واحدة|نقطتين|نقاط|نقطة|نقطة",
    "موضع": "موضع واحد|موضعين|مواضع|موضعًا|موضع",
}
"""One, two, a few, many, other."""
_COUNTED: Final = re.compile(r"\{(\w+):([\u0600-\u06ff][^}]*)\}")
_ONE, _TWO, _FEW, _MANY, _OTHER = range(5)


def is_counted(spec: str) -> bool:
    """Whether a placeholder's format is a noun that is counted."""
    return spec in FORMS or spec.count("|") == _OTHER


def counted(value: object, spec: str) -> tuple[str, str]:
    """The number as it is shown, empty where the noun says it, and the noun. What is no whole number goes with the noun as after 100."""
    forms = FORMS.get(spec, spec).split("|")
    shown = str(value)
    at = _category(int(shown)) if shown.isascii() and shown.isdigit() else _OTHER
    return "" if at in (_ONE, _TWO) else shown, forms[at]


def _category(number: int) -> int:
    if number in (1, 2):
        return (_ONE, _TWO)[number - 1]
    rest = number % 100
    return _FEW if 3 <= rest <= 10 else _MANY if rest >= 11 else _OTHER


def plain(template: str) -> str:
    """The sentence as it is documented: `{seconds:ثانية}` as `{seconds} ثانية`."""
    return _COUNTED.sub(lambda found: f"{{{found[1]}}} {FORMS.get(found[2], found[2]).split('|')[_OTHER]}", template)


class Counting(Formatter):
    """`str.format` that knows counted nouns."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return " ".join(part for part in counted(value, format_spec) if part) if is_counted(format_spec) else format(value, format_spec)
