"""Reasons: no code without a sentence in both languages, and no sentence twice."""

import re
import string

import pytest

from groundwork.contracts.decision import Decision, Outcome
from groundwork.contracts.ids import CampaignId, DecisionId, Pseudonym, TenantId, VisitId, ZoneEventId
from groundwork.plumbing.reasons import Reason
from notifier.decide import MISSING, NOS, STOPS
from notifier.explain import sentences, why_not
from notifier.reasons import BY_CODE, DECISIONS, PUSHES, REASONS
from notifier.rules import RULES

ARABIC = re.compile(r"[\u0600-\u06ff]")


def a_decision(*outcomes: Outcome, reasons: tuple[str, ...] = ()) -> Decision:
    return Decision(
        id=DecisionId("d"),
        tenant=TenantId("t"),
        zone_event=ZoneEventId("e"),
        shopper=Pseudonym("p"),
        visit=VisitId("v"),
        at_ms=0,
        decided_ms=0,
        outcomes=list(outcomes),
        reasons=list(reasons),
    )


def suppressed(campaign: str, *codes: str) -> Outcome:
    return Outcome(campaign=CampaignId(campaign), outcome="suppressed", reasons=list(codes))


def test_every_code_a_decision_can_carry_is_listed_and_no_other() -> None:
    assert {*MISSING, *STOPS, *NOS, *(rule.no for rule in RULES)} == {reason.code for reason in DECISIONS}


def test_codes_are_unique() -> None:
    assert len(BY_CODE) == len(REASONS)
    assert len(DECISIONS) + len(PUSHES) >= 25


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_a_reason_speaks_both_languages_and_fills_in_the_same(reason: Reason) -> None:
    assert ARABIC.search(reason.words.ar)
    assert not ARABIC.search(reason.words.en)
    names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in reason.words]
    assert names[0] == names[1]


HELD_OUT = Outcome(campaign=CampaignId("b"), outcome="holdout", reasons=["holdout"])


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (a_decision(reasons=("late_event", "quiet_hours")), "late_event"),
        (a_decision(Outcome(campaign=CampaignId("a"), outcome="offer"), suppressed("b", "lost_to_other")), ""),
        (a_decision(suppressed("a", "not_in_zone", "too_late"), suppressed("b", "budget_spent")), "budget_spent"),
        (
            a_decision(suppressed("a", "lost_to_other"), Outcome(campaign=CampaignId("b"), outcome="holdout", reasons=["holdout"])),
            "holdout",
        ),
    ],
)
def test_the_candidate_that_came_closest_says_why_not(decision: Decision, code: str) -> None:
    assert why_not(decision) == code


def test_a_decision_is_told_candidate_by_candidate() -> None:
    decision = a_decision(Outcome(campaign=CampaignId("a"), outcome="offer"), suppressed("b", "lost_to_other"))
    names = {CampaignId("a"): "Bread", CampaignId("b"): "Milk"}
    assert sentences(decision, names, "en") == ["She got the offer of campaign Bread.", "Campaign Milk: Another campaign came first."]
    assert sentences(decision, names, "ar") == ["حصلت على عرض الحملة Bread.", "الحملة Milk: قُدّمت عليها حملة أخرى."]
