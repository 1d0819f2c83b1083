"""Offers: the words of a campaign, filled in for one shopper in her language, and what the till takes off.

Pure. The code is filled in last and apart (`with_code`), so that rows keep the words without it. Codes, prices and names stand in
Unicode isolates: without them a Latin code in an Arabic sentence drags its neighbours to the wrong side (UAX #9, section 2.4).
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from babel.numbers import format_currency, get_currency_precision

from groundwork.contracts.push import Push
from notifier.campaigns import Amount, Offer, Percent, Texts
from notifier.coupons import shown

LTR: Final = "\u2066"
RTL: Final = "\u2067"
AUTO: Final = "\u2068"
END: Final = "\u2069"
MAX_PUSH_BYTES: Final = 4_096
"""Of the whole push as UTF-8 JSON; FCM and APNs refuse larger ones, and no client library checks."""
_CODE: Final = "{code}"
_BRACED: Final = re.compile(r"\{(\w+)\}")


class Filled(NamedTuple):
    """Title and body with everything filled in but the code."""

    title: str
    body: str


class TooLarge(ValueError):
    """A push has more bytes than any provider takes."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"a push has at most {MAX_PUSH_BYTES} bytes, this one has {size}; shorten its title or body")


def isolated(text: str, direction: str) -> str:
    """`text` so that its direction (LTR, RTL or AUTO) and that of what surrounds it do not disturb one another."""
    return f"{direction}{text}{END}"


@lru_cache(maxsize=4096)
def money(minor: int, currency: str, language: str) -> str:
    """An amount of minor units as people write it, in Latin digits in both languages (golden strings in the tests)."""
    locale = "ar_SA" if language == "ar" else "en"
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    said = format_currency(amount, currency, locale=locale, numbering_system="latn")
    return isolated(said, RTL if language == "ar" else LTR)


def value_words(offer: Offer, language: str) -> str:
    """What the offer is worth, as `15%` or a sum of money."""
    if isinstance(offer.value, Percent):
        return isolated(f"{offer.value.percent}%", LTR)
    return money(offer.value.minor, offer.currency, language)


def fill(offer: Offer, language: str, venue: Texts) -> Filled:
    """The offer's words in `language`, for `venue`; `{code}` still stands."""
    values = {"value": value_words(offer, language), "venue": isolated(venue.said(language), AUTO), "code": _CODE}
    if offer.product is not None:
        values["product"] = isolated(offer.product.said(language), AUTO)

    def filled(text: str) -> str:
        return _BRACED.sub(lambda found: values[found[1]], text)

    return Filled(filled(offer.title.said(language)), filled(offer.body.said(language)))


def with_code(text: str, code: str) -> str:
    """`text` with the code in its place, in groups of five."""
    return text.replace(_CODE, isolated(shown(code), LTR))


def check_size(push: Push) -> None:
    """Raises TooLarge when `push` has more than 4,096 bytes."""
    size = len(msgspec.json.encode(push))
    if size > MAX_PUSH_BYTES:
        raise TooLarge(size)


def discount_minor(offer: Offer, basket_minor: int | None) -> int | None:
    """What the till takes off, in minor units, halves rounded up; None where that needs a basket total and there is none."""
    if isinstance(offer.value, Amount):
        return offer.value.minor if basket_minor is None else min(offer.value.minor, basket_minor)
    if basket_minor is None:
        return None
    off = (basket_minor * offer.value.percent + 50) // 100
    return off if offer.value.most_minor is None else min(off, offer.value.most_minor)
