"""Deciding: a reason for every no, one winner at most, and the budget held under any order of events."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.contracts.ids import CampaignId, ShopperId, VenueId, ZoneId
from notifier.budget import HARD_MAX, Budget
from notifier.calendar import Window
from notifier.campaigns import Campaign
from notifier.decide import Case, Verdict, decide
from notifier.explain import said
from notifier.rule import Context
from notifier.rules import Entered, OfKind
from tests.notifier.shop import a_campaign

CONTEXT = Context(
    venue=VenueId("souq"), zone=ZoneId("dairy"), zone_kind="aisle", kind="dwell", dwell_s=10, local=datetime(2026, 11, 1, 10, tzinfo=UTC)
)
CASE = Case(
    context=CONTEXT,
    at_ms=1_000_000,
    decided_ms=1_000_500,
    late=False,
    shopper=ShopperId("amal"),
    consents=frozenset({"positioning", "offers"}),
    quiet=Window(0, 0),
    budget=Budget(allowed=1, spent=0),
    granted=frozenset(),
    campaigns=(a_campaign(),),
    global_share=0.0,
)


def outcome(case: Case, campaign: str = "bread") -> tuple[str, list[str]]:
    (found,) = (one for one in decide(case).outcomes if one.campaign == campaign)
    return found.outcome, found.reasons


def test_where_nothing_stands_against_it_the_offer_is_granted() -> None:
    verdict = decide(CASE)
    assert verdict.winner == a_campaign()
    assert outcome(CASE) == ("offer", [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"consents": frozenset({"offers"})}, "no_positioning_consent"),
        ({"consents": frozenset({"positioning"})}, "no_offers_consent"),
        ({"late": True}, "late_event"),
        ({"context": replace(CONTEXT, kind="exit")}, "exit_event"),
        ({"quiet": Window(9 * 60, 11 * 60)}, "quiet_hours"),
        ({"campaigns": ()}, "no_campaign"),
    ],
)
def test_what_stands_against_any_push_is_said_once(changes: dict[str, Any], code: str) -> None:
    verdict = decide(replace(CASE, **changes))
    assert verdict == Verdict(reasons=(code,))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"campaigns": (a_campaign(state="paused"),)}, "campaign_not_live"),
        ({"campaigns": (a_campaign(trigger=Entered()),)}, "not_entering"),
        ({"context": replace(CONTEXT, zone=ZoneId("approach:near"), zone_kind="approach")}, "on_the_way"),
        ({"granted": frozenset({CampaignId("bread")})}, "already_granted"),
        ({"decided_ms": 1_000_000 + 120_000}, "too_late"),
        ({"budget": Budget(1, 1)}, "budget_spent"),
        ({"budget": Budget(0, 0)}, "budget_spent"),
        ({"global_share": 1.0}, "holdout_global"),
    ],
)
def test_a_candidate_s_no_has_its_code(changes: dict[str, Any], code: str) -> None:
    assert outcome(replace(CASE, **changes)) == ("suppressed", [code])


def test_a_campaign_that_names_the_way_meets_her_on_it() -> None:
    on_the_way = replace(CONTEXT, zone=ZoneId("approach:near"), zone_kind="approach")
    meant = a_campaign(rules=(OfKind(kinds=("approach",)),))
    assert outcome(replace(CASE, context=on_the_way, campaigns=(meant,))) == ("offer", [])


def test_all_that_stands_against_a_candidate_is_named() -> None:
    case = replace(CASE, campaigns=(a_campaign(state="paused", trigger=Entered()),), budget=Budget(1, 1))
    assert outcome(case) == ("suppressed", ["campaign_not_live", "not_entering", "budget_spent"])


def test_a_place_in_the_holdout_is_an_outcome_and_wins_like_an_offer() -> None:
    verdict = decide(replace(CASE, campaigns=(a_campaign("bread", holdout_share=1.0, priority=1), a_campaign("milk"))))
    assert (verdict.winner and verdict.winner.id, verdict.held_out) == ("bread", True)
    assert [(one.outcome, one.reasons) for one in verdict.outcomes] == [("holdout", ["holdout"]), ("suppressed", ["lost_to_other"])]


def test_what_she_asked_for_comes_before_any_priority() -> None:
    verdict = decide(replace(CASE, campaigns=(a_campaign("loud", priority=100), a_campaign("ready", budget_class="service"))))
    assert verdict.winner is not None
    assert verdict.winner.id == "ready"


def test_a_service_push_needs_no_budget_and_knows_no_holdout() -> None:
    ready = a_campaign("ready", budget_class="service", holdout_share=1.0)
    case = replace(CASE, campaigns=(ready,), budget=Budget(1, 1), global_share=1.0)
    assert outcome(case, "ready") == ("offer", [])


def test_equals_fall_the_same_way_whatever_their_order() -> None:
    several = [a_campaign(name) for name in ("c", "a", "b")]
    assert {verdict.winner.id for verdict in map(decide, _orders(several)) if verdict.winner} == {"a"}


def _orders(campaigns: list[Campaign]) -> list[Case]:
    return [replace(CASE, campaigns=tuple(campaigns[shift:] + campaigns[:shift])) for shift in range(len(campaigns))]


campaign_lists = st.lists(
    st.builds(
        a_campaign,
        st.sampled_from(["a", "b", "c", "d", "e"]),
        priority=st.integers(-3, 3),
        holdout_share=st.sampled_from([0.0, 0.3, 1.0]),
        state=st.sampled_from(["live", "live", "paused"]),
    ),
    max_size=5,
    unique_by=lambda campaign: campaign.id,
)


@given(campaigns=campaign_lists, allowed=st.integers(-1, 9), visits=st.lists(st.integers(0, 2), max_size=30))
def test_no_order_of_events_spends_more_than_the_budget(campaigns: list[Campaign], allowed: int, visits: list[int]) -> None:
    granted: dict[int, list[CampaignId]] = {}
    for visit in visits:
        had = granted.setdefault(visit, [])
        case = replace(CASE, campaigns=tuple(campaigns), budget=Budget(allowed, len(had)), granted=frozenset(had))
        verdict = decide(case)
        if verdict.winner is not None:
            had.append(verdict.winner.id)
    assert all(len(had) <= max(0, min(allowed, HARD_MAX)) and len(set(had)) == len(had) for had in granted.values())


@given(campaigns=campaign_lists, spent=st.integers(0, 2), late=st.booleans(), decided_ms=st.integers(1_000_000, 1_200_000))
def test_every_no_has_a_reason_with_a_sentence_and_there_is_one_yes_at_most(
    campaigns: list[Campaign], spent: int, late: bool, decided_ms: int
) -> None:
    verdict = decide(replace(CASE, campaigns=tuple(campaigns), budget=Budget(1, spent), late=late, decided_ms=decided_ms))
    assert bool(verdict.reasons) != bool(verdict.outcomes)
    granted = [one for one in verdict.outcomes if one.outcome != "suppressed"]
    assert len(granted) == (verdict.winner is not None)
    for one in verdict.outcomes:
        assert one.reasons or one.outcome == "offer"
        assert all(said(code, "ar") and said(code, "en") for code in one.reasons)
