"""Which passwords an attacker would try first, told without a list of millions: by what is left of one without its usual parts.

Pure. People, and the lists of leaked passwords, put common words, years, runs (`1234`, `qwerty`) and repeats together. Each such part
counts as two characters, however long it is; what then counts fewer than `LEAST_WORTH` is refused. The form is that of zxcvbn (Wheeler,
USENIX Security 2016), without its frequency tables: a shop's own words matter more here than the hundred-thousandth surname.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

LEAST_LENGTH: Final = 12
MOST_LENGTH: Final = 256
"""Long enough for any sentence, short enough that hashing one costs nobody anything."""
LEAST_WORTH: Final = 8
_PART_WORTH: Final = 2
_LEAST_WORD: Final = 4
_LEAST_RUN: Final = 3

_WORD_LIST: Final = """
pass passw passwd password passwort passcode secret letmein welcome hello login signin sign admin administrator root master owner manager
operator guest test testing temp temporary default changeme change demo user username system server access enter unlock open sesame love
loveme iloveyou lovely forever princess prince queen king angel baby babygirl sunshine summer winter spring autumn monday tuesday wednesday
thursday friday saturday sunday january february march april june july august september october november december football soccer baseball
basketball hockey dragon monkey tiger eagle falcon shadow ninja superman batman pokemon starwars star computer internet google apple samsung
android iphone windows microsoft facebook shop store market mall retail money cash company office work home house family mother father
friend happy flower rainbow chocolate cookie pepper ginger orange banana freedom whatever trustno trust nothing michael jordan daniel
jessica charlie thomas robert william mohammed mohamed muhammad mohammad ahmed ahmad ali fatima aisha omar khaled abdullah allah islam
habibi habibti inshallah mashallah bismillah marhaba salam salaam saudi arabia riyadh jeddah makkah mecca madinah medina dammam dubai
sharjah emirates kuwait qatar doha bahrain oman muscat cairo egypt beirut amman hilal nassr ittihad aislecast aisle cast beacon
كلمة مرور السر مرحبا السلام عليكم محمد أحمد عبدالله فاطمة عائشة خالد حبيبي حبيبتي الله بسم الرحمن الرحيم الرياض جدة مكة المدينة الدوحة دبي
السعودية الإمارات الكويت الهلال النصر الاتحاد الأهلي
"""
_KEYBOARDS: Final = """
qwertyuiop asdfghjkl zxcvbnm azertyuiop qwertzuiop 1234567890 qazwsxedcrfvtgbyhnujm 1qaz2wsx3edc4rfv5tgb6yhn7ujm !@#$%^&*()
ضصثقفغعهخحجد شسيبلاتنمكط ئءؤرلاىةوزظ ابتثجحخدذرزسشصضطظعغفقكلمنهوي
"""
_WORDS: Final = frozenset(_WORD_LIST.split())
_ROWS: Final = tuple(_KEYBOARDS.split())
_WALKS: Final = (*_ROWS, *(row[::-1] for row in _ROWS))
_PLAIN: Final = str.maketrans("013457@$!|", "oieastasii")
"""What stands for letters in `p@ssw0rd`."""


def normal(password: str) -> str:
    """One form for what looks the same, so that a password typed on another keyboard still fits (NIST SP 800-63B, NFKC)."""
    return unicodedata.normalize("NFKC", password)


def worth(password: str, known: Iterable[str] = ()) -> int:
    """How many characters of `password` are its own; `known` are words an attacker would try (the login, the shop's name)."""
    text = normal(password).casefold()
    words = _WORDS | {part for word in known for part in _parts(word)}
    left, at = 0, 0
    while at < len(text):
        length = _usual(text, at, words)
        left += _PART_WORTH if length else 1
        at += length or 1
    return left


def is_guessable(password: str, known: Iterable[str] = ()) -> bool:
    """Whether an attacker who tries the usual first would have it soon."""
    return worth(password, known) < LEAST_WORTH


def _parts(word: str) -> list[str]:
    """The word's letters in a row: of `layla@shop.example` also `layla`, `shop`, `example`."""
    text = normal(word).casefold()
    split = "".join(letter if letter.isalnum() else " " for letter in text).split()
    return [part for part in (text, *split) if len(part) >= _LEAST_WORD]


def _usual(text: str, at: int, words: frozenset[str]) -> int:
    """The length of the longest usual part that begins at `at`; 0 for none."""
    plain = text.translate(_PLAIN)
    longest = max((len(word) for word in words if text.startswith(word, at) or plain.startswith(word, at)), default=0)
    return max(longest, _run(text, at), _walk(text, at), _repeat(text, at), _year(text, at))


def _run(text: str, at: int) -> int:
    """Characters that go up by one, down by one, or stay: `abcd`, `4321`, `aaaa`."""
    step, end = None, at + 1
    while end < len(text):
        now = ord(text[end]) - ord(text[end - 1])
        if abs(now) > 1 or step not in (None, now):
            break
        step, end = now, end + 1
    return end - at if end - at >= _LEAST_RUN else 0


def _walk(text: str, at: int) -> int:
    """Neighbours on a keyboard."""
    longest = 0
    for row in _WALKS:
        length = 0
        while at + length < len(text) and text[at : at + length + 1] in row:
            length += 1
        longest = max(longest, length)
    return longest if longest >= _LEAST_WORD else 0


def _repeat(text: str, at: int) -> int:
    """What stood before already, and may run on into itself: all of `abcabcabc` but its first three letters."""
    length = 0
    while at + length < len(text) and text[at : at + length + 1] in text[: at + length]:
        length += 1
    return length if length >= _LEAST_RUN else 0


def _year(text: str, at: int) -> int:
    """A year of somebody's life, of either calendar."""
    digits = text[at : at + 4]
    return 4 if len(digits) == 4 and digits.isdecimal() and digits[:2] in ("13", "14", "15", "19", "20") else 0
