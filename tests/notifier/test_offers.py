"""Offers: words in both languages, isolates around what runs the other way, sizes and sums."""

import msgspec
import pytest

from groundwork.contracts.ids import CampaignId, DeviceId, GrantId, PushId, TenantId, VenueId
from groundwork.contracts.push import Push
from notifier.campaigns import Amount, Campaign, Offer, Percent, Texts
from notifier.offers import MAX_PUSH_BYTES, TooLarge, check_size, discount_minor, fill, money, with_code
from tests.notifier.shop import OFFER, a_campaign

VENUE = Texts("السوق", "The souq")
CODE = "0123456789ABCDE"


@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        (
            "ar",
            "خصم \u2067\u200f15.00\xa0ر.س.\u200f\u2069",
            "\u2068خبز\u2069 في \u2068السوق\u2069: الرمز \u206601234-56789-ABCDE\u2069",
        ),
        ("en", "\u2066SAR15.00\u2069 off", "\u2068Bread\u2069 at \u2068The souq\u2069: code \u206601234-56789-ABCDE\u2069"),
    ],
)
def test_an_offer_is_filled_in_her_language(language: str, title: str, body: str) -> None:
    filled = fill(OFFER, language, VENUE)
    assert (with_code(filled.title, CODE), with_code(filled.body, CODE)) == (title, body)


def test_words_without_their_code_keep_its_place() -> None:
    assert "{code}" in fill(OFFER, "ar", VENUE).body


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_isolate_is_closed(language: str) -> None:
    text = with_code(fill(OFFER, language, VENUE).body, CODE)
    assert sum(text.count(opening) for opening in "\u2066\u2067\u2068") == text.count("\u2069")


@pytest.mark.parametrize(
    ("minor", "currency", "language", "said"),
    [
        (1_500, "SAR", "en", "\u2066SAR15.00\u2069"),
        (1_500, "SAR", "ar", "\u2067\u200f15.00\xa0ر.س.\u200f\u2069"),
        (1_500, "KWD", "en", "\u2066KWD1.500\u2069"),
        (1_500, "AED", "ar", "\u2067\u200f15.00\xa0د.إ.\u200f\u2069"),
        (123_456_789, "SAR", "en", "\u2066SAR1,234,567.89\u2069"),
    ],
)
def test_money_is_written_as_people_there_write_it(minor: int, currency: str, language: str, said: str) -> None:
    assert money(minor, currency, language) == said


def test_a_product_s_name_is_never_read_as_a_placeholder() -> None:
    sly = msgspec.structs.replace(OFFER, product=Texts("{venue}", "{venue}"))
    assert "\u2068{venue}\u2069" in fill(sly, "en", VENUE).body


@pytest.mark.parametrize("text", ["{price}", "{}", "{code.x}", "{0}", "{CODE}"])
def test_an_unknown_placeholder_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match=r"/title/ar is .*only these are filled in: \{code\} \{product\} \{value\} \{venue\}"):
        msgspec.structs.replace(OFFER, title=Texts(text, "x"))


def test_a_product_cannot_be_named_where_there_is_none() -> None:
    with pytest.raises(ValueError, match="product"):
        msgspec.structs.replace(OFFER, product=None)


@pytest.mark.parametrize(
    ("value", "basket", "off"),
    [
        (Amount(1_500), None, 1_500),
        (Amount(1_500), 900, 900),
        (Percent(15), None, None),
        (Percent(15), 10_010, 1_502),
        (Percent(15), 0, 0),
        (Percent(50, most_minor=1_000), 10_000, 1_000),
        (Percent(1), 49, 0),
        (Percent(1), 50, 1),
    ],
)
def test_what_the_till_takes_off(value: Amount | Percent, basket: int | None, off: int | None) -> None:
    assert discount_minor(msgspec.structs.replace(OFFER, value=value), basket) == off


def a_push(body: str) -> Push:
    return Push(
        id=PushId("p"),
        tenant=TenantId("t"),
        venue=VenueId("v"),
        grant=GrantId("g"),
        campaign=CampaignId("c"),
        device=DeviceId("d"),
        channel="inbox",
        language="ar",
        title="",
        body=body,
        code=CODE,
        created_ms=0,
        expires_ms=1,
    )


def test_a_push_is_measured_in_bytes_of_utf_8() -> None:
    room = MAX_PUSH_BYTES - len(msgspec.json.encode(a_push("")))
    check_size(a_push("م" * (room // 2)))
    with pytest.raises(TooLarge, match="4096"):
        check_size(a_push("م" * (room // 2 + 1)))


def test_a_campaign_survives_its_journey_through_json() -> None:
    campaign = a_campaign()
    assert msgspec.json.decode(msgspec.json.encode(campaign), type=Campaign) == campaign


def test_an_offer_without_words_in_one_language_is_refused() -> None:
    raw = msgspec.json.encode(msgspec.structs.replace(OFFER, title=Texts("", "x")))
    with pytest.raises(msgspec.ValidationError, match=r"title\.ar"):
        msgspec.json.decode(raw, type=Offer)
