"""Conditions: each holds, does not hold, and on the border."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from groundwork.contracts.ids import CommunityId, VenueId, ZoneId
from notifier.campaigns import Campaign
from notifier.rule import Context, Rule
from notifier.rules import RULES, Dwelt, Entered, InCommunity, InVenue, InZone, OfKind, Schedule, ValidDates
from tests.notifier.shop import a_campaign

RIYADH = ZoneInfo("Asia/Riyadh")
CONTEXT = Context(
    venue=VenueId("souq"),
    zone=ZoneId("dairy"),
    zone_kind="aisle",
    kind="dwell",
    dwell_s=10,
    local=datetime(2026, 11, 20, 23, 30, tzinfo=RIYADH),  # a Friday
)
ENTER = replace(CONTEXT, kind="enter", dwell_s=0)
EXIT = replace(CONTEXT, kind="exit", dwell_s=0)
AFTER_MIDNIGHT = replace(CONTEXT, local=datetime(2026, 11, 21, 1, 59, tzinfo=RIYADH))
AT_TWO = replace(CONTEXT, local=datetime(2026, 11, 21, 2, 0, tzinfo=RIYADH))
MEMBER = replace(CONTEXT, communities=frozenset({CommunityId("coffee"), CommunityId("bread")}))
FOR_COFFEE = InCommunity((CommunityId("tea"), CommunityId("coffee")))
NIGHT = Schedule(days=("fri",), start="22:00", until="02:00")


@pytest.mark.parametrize(
    ("rule", "context", "holds"),
    [
        (Entered(), ENTER, True),
        (Entered(), CONTEXT, False),
        (Entered(), EXIT, False),
        (Dwelt(9), CONTEXT, True),
        (Dwelt(10), CONTEXT, True),
        (Dwelt(11), CONTEXT, False),
        (Dwelt(10), ENTER, False),
        (Dwelt(10), EXIT, False),
        (InVenue((VenueId("souq"),)), CONTEXT, True),
        (InVenue((VenueId("mall"),)), CONTEXT, False),
        (InZone((ZoneId("bakery"), ZoneId("dairy"))), CONTEXT, True),
        (InZone((ZoneId("bakery"),)), CONTEXT, False),
        (OfKind(("aisle",)), CONTEXT, True),
        (OfKind(("entrance",)), CONTEXT, False),
        (ValidDates(date(2026, 11, 20), date(2026, 11, 20)), CONTEXT, True),
        (ValidDates(date(2026, 11, 21), date(2026, 11, 30)), CONTEXT, False),
        (ValidDates(date(2026, 11, 1), date(2026, 11, 19)), CONTEXT, False),
        (Schedule(), CONTEXT, True),
        (Schedule(days=("sat",)), CONTEXT, False),
        (Schedule(start="23:30", until="23:31"), CONTEXT, True),
        (Schedule(start="09:00", until="23:30"), CONTEXT, False),
        (NIGHT, CONTEXT, True),
        (NIGHT, AFTER_MIDNIGHT, True),
        (NIGHT, AT_TWO, False),
        (Schedule(days=("sat",), start="22:00", until="02:00"), AFTER_MIDNIGHT, False),
        (FOR_COFFEE, MEMBER, True),
        (FOR_COFFEE, CONTEXT, False),
        (InCommunity((CommunityId("tea"),)), MEMBER, False),
    ],
)
def test_a_rule_holds_exactly_where_it_says(rule: Rule, context: Context, holds: bool) -> None:
    assert rule.holds(context) is holds


def test_rules_have_names_and_codes_of_their_own() -> None:
    assert len({rule.no for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"type": "moon"}, "moon"),
        ({"type": "zone", "zones": []}, "length >= 1"),
        ({"type": "community", "communities": []}, "length >= 1"),
        ({"type": "gender", "is": "f"}, "gender"),
        ({"type": "age", "above": 30}, "age"),
        ({"type": "nationality", "is": "sa"}, "nationality"),
        ({"type": "language", "is": "ar"}, "language"),
        ({"type": "schedule", "start": "25:00"}, r"regex.*rules\[0\].start"),
        ({"type": "schedule", "days": ["friday"]}, "friday"),
        ({"type": "dates", "first": "2026-11-02", "last": "2026-11-01"}, "last day"),
        ({"type": "dwell", "seconds": 5}, "dwell"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_when_it_is_read(rule: dict[str, object], problem: str) -> None:
    raw = msgspec.to_builtins(a_campaign())
    raw["rules"] = [rule]
    with pytest.raises(msgspec.ValidationError, match=problem):
        msgspec.json.decode(msgspec.json.encode(raw), type=Campaign)
