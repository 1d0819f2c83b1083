"""Demographics: nobody here is met by age, gender or nationality, and whatever would name one is found and refused.

Pure. Two questions: does the name of a field or column say that it would hold one (`named_in_field`), and does the name or description of
a community call its members by one (`named_in_text`)? The second must tell "Women of Jeddah" from "Women's shoes": what people buy is an
interest, what they are is not. So a word for a group of people counts, unless it says for whom a product beside it is made; a nation's
adjective counts only where a word for people follows. Words that mean children do not count: whoever joins buys for them.

`demographic_words.py` holds what is known, not all there is. An operator set on it finds a way round; her act stands in the audit chain.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from groundwork.people.demographic_words import (
    ADJECTIVES,
    AGE,
    AGE_PHRASES,
    AMBIGUOUS,
    ATTRIBUTES,
    FIELDS,
    GROUPS,
    LONE_AGE,
    NATION_PLURALS,
    NATIONALITY,
    NATIONS,
    NISBAS,
    PEOPLE,
    PRODUCTS,
    TRACKERS,
    TRACKING,
)

_FOLDED: Final = str.maketrans("ٱىةیک٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "ايهيك01234567890123456789", "ـ")
_PREFIXES: Final = ("وال", "بال", "فال", "كال", "ولل", "لل", "ال", "و")
"""Of Arabic words, longest first: the article, and what is written together with it."""
_SHORTEST: Final = 3
"""Letters of an Arabic word that a prefix may be taken from: shorter ones would become other words."""
_JOINTS: Final = frozenset({"for", "of", "the", "and", "من", "s"})
_ENDINGS: Final = ("ون", "ين", "ات")
_ARABIC: Final = re.compile(r"[\u0600-\u06ff]")


class Named(NamedTuple):
    """What was named, and by which words of the text."""

    kind: str
    words: str


def normal(text: str) -> str:
    """Small letters without accents and vowel signs, one form of each Arabic letter, western digits, single spaces between words."""
    plain = unicodedata.normalize("NFKD", text)  # which takes hamzas and accents off their letters, too
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf")
    plain = re.sub(r"['’ʼ`]s?\b", lambda found: " s" if found[0].endswith("s") else "", plain.lower().translate(_FOLDED))
    return " ".join(re.sub(r"[^\w+]+|_", " ", plain).split())


def named_in_field(name: str) -> Named | None:
    """What a field of this name would hold, as code, JSON and people write names; None for everything that is not forbidden."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = normal(apart).split()
    for kind, known in FIELDS.items():
        for word in words:
            if known & {word, *_stems(word)}:
                return Named(kind, word)
    for word in (*words, "".join(words)):
        if word in TRACKERS:
            return Named(TRACKING, word)
    return None


def named_in_text(text: str) -> Named | None:
    """How the text calls people by age, gender or nationality; None where it does not."""
    plain = normal(text)
    for phrase in AMBIGUOUS:
        plain = re.sub(rf"\b{phrase}\b", " ", plain)
    words = plain.split()
    return _age_in(" ".join(words)) or next(_found(words), None)


def _age_in(plain: str) -> Named | None:
    for phrase in AGE_PHRASES:
        if found := re.search(phrase, plain):
            return Named(AGE, found[0])
    rest = " ".join(word for word in plain.split() if word not in GROUPS)
    return Named(AGE, rest) if re.fullmatch(LONE_AGE, rest) else None


def _found(words: Sequence[str]) -> Iterator[Named]:
    """Every group of people in the text, in its order."""
    for place, word in enumerate(words):
        forms = {word, *_stems(word)}
        for kind, known in ATTRIBUTES.items():
            if forms & known:
                yield Named(kind, word)
        for kind, known in PEOPLE.items():
            if forms & known and not _about_a_product(words, place):
                yield Named(kind, word)
        for kind, known in ADJECTIVES.items():
            if forms & known and _gathering_before(words, place):
                yield Named(kind, word)
        if _nation(words, place, forms):
            yield Named(NATIONALITY, word)


def _about_a_product(words: Sequence[str], place: int) -> bool:
    """Whether the word for people at `place` says for whom a product is made: women's shoes, shoes for women, أحذية النساء."""
    possessive = words[place + 1 : place + 2] == ["s"]
    after = place + (2 if possessive else 1)
    if after < len(words) and _is_product(words[after]):
        return True
    if possessive and after < len(words) and not any(word in GROUPS for word in words[after:]):
        return True
    before = place - 1
    while before >= 0 and (words[before] in _JOINTS or _is_group_of_people(words[before])):
        before -= 1  # shoes for women and men
    return before >= 0 and _is_product(words[before])


def _is_product(word: str) -> bool:
    return bool(PRODUCTS & {word, *_stems(word)})


def _is_group_of_people(word: str) -> bool:
    forms = {word, *_stems(word)}
    return any(forms & known for known in PEOPLE.values())


def _gathering_before(words: Sequence[str], place: int) -> bool:
    """Whether the adjective at `place` belongs to a gathering (نادي نسائي) and not to a product in between (نادي الأزياء النسائية)."""
    for word in reversed(words[:place]):
        if _is_product(word):
            return False
        if GROUPS & {word, *_stems(word)}:
            return True
    return False


def _nation(words: Sequence[str], place: int, forms: set[str]) -> bool:
    """Whether the word at `place` calls people by their nation."""
    word, following = words[place], words[place + 1 : place + 2]
    if word in NATION_PLURALS:
        return following != ["s"]
    if word in NATIONS:
        return bool(following) and (following[0] in GROUPS or _is_group_of_people(following[0]))
    if any(form.endswith(ending) and form.removesuffix(ending) in NISBAS for form in forms for ending in _ENDINGS):
        return True
    belongs = any(form.removesuffix("ه") in NISBAS for form in forms)
    return belongs and place > 0 and bool(GROUPS & {words[place - 1], *_stems(words[place - 1])})


def _stems(word: str) -> Iterator[str]:
    """An Arabic word without what may be written together with it."""
    if _ARABIC.match(word):
        for prefix in _PREFIXES:
            if word.startswith(prefix) and len(word) - len(prefix) >= _SHORTEST:
                yield word.removeprefix(prefix)
