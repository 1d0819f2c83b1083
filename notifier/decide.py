"""Decide: for one shopper and zone event, what every candidate campaign says, and which one, if any, is granted.

Pure: a case in, a verdict out; no clock, no database. `pipeline.py` reads the case and writes down the verdict. Every no has its codes,
and each has a sentence in `reasons.py`. The holdout is drawn after the winner is found, so that the held-out are shoppers who would
have got exactly this offer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundwork.contracts.decision import Outcome
from groundwork.contracts.ids import CampaignId, ShopperId
from notifier.budget import Budget
from notifier.calendar import Window
from notifier.campaigns import Campaign
from notifier.holdout import GLOBAL_SHARE, held_out
from notifier.rule import Context
from notifier.rules import InZone, OfKind

POSITIONING: Final = "positioning"
OFFERS: Final = "offers"

MISSING: Final = ("unknown_shopper", "unregistered_venue")
"""Why there is not even a case; `case.py` finds that out."""
STOPS: Final = (
    "shopper_paused",
    "no_positioning_consent",
    "no_offers_consent",
    "late_event",
    "exit_event",
    "quiet_hours",
    "no_campaign",
)
"""Why no campaign is even a candidate."""
ON_THE_WAY: Final = "approach"
"""The kind of zone one is in before one has arrived: in the street, often at the wheel."""
NOS: Final = (
    "campaign_not_live",
    "on_the_way",
    "already_granted",
    "too_late",
    "budget_spent",
    "holdout_global",
    "lost_to_other",
    "holdout",
)
"""Why a candidate gets a no, beside its own rules."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a decision depends on."""

    context: Context
    at_ms: int
    """Event time."""
    decided_ms: int
    """By the server's clock; decides on expiry alone."""
    late: bool
    shopper: ShopperId
    consents: frozenset[str]
    quiet: Window
    budget: Budget
    granted: frozenset[CampaignId]
    """Campaigns that this visit has a grant of."""
    campaigns: Sequence[Campaign]
    salt: str = ""
    """The tenant's own, so that the same shoppers are not held out by every retailer."""
    global_share: float = GLOBAL_SHARE
    """Shoppers held out of all marketing, 0 to 1."""
    paused: bool = False
    """She wants nothing for a while; her consents stand."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided: every candidate's outcome, or why there was no candidate, and the winner."""

    outcomes: tuple[Outcome, ...] = ()
    reasons: tuple[str, ...] = ()
    winner: Campaign | None = None
    held_out: bool = False
    """The winner's grant is a place in its holdout."""


def decide(case: Case) -> Verdict:
    """The verdict on `case`: at most one winner, and a reason for every no."""
    stops = _stops(case)
    if stops:
        return Verdict(reasons=stops)
    nos = [_nos(campaign, case) for campaign in case.campaigns]
    willing = [campaign for campaign, no in zip(case.campaigns, nos, strict=True) if not no]
    winner = min(willing, key=_rank, default=None)
    held = winner is not None and _held_out(winner, case)
    outcomes = tuple(_outcome(campaign, no, winner, held) for campaign, no in zip(case.campaigns, nos, strict=True))
    return Verdict(outcomes=outcomes, winner=winner, held_out=held)


def _stops(case: Case) -> tuple[str, ...]:
    """All that stands against any push at this event, in the order of STOPS."""
    held = {
        "shopper_paused": case.paused,
        "no_positioning_consent": POSITIONING not in case.consents,
        "no_offers_consent": OFFERS not in case.consents,
        "late_event": case.late,
        "exit_event": case.context.kind == "exit",
        "quiet_hours": case.quiet.holds(case.context.local),
        "no_campaign": not case.campaigns,
    }
    return tuple(code for code, holds in held.items() if holds)


def _nos(campaign: Campaign, case: Case) -> list[str]:
    """All that stands against `campaign`: its own conditions first, then what is left of the shopper's attention."""
    marketing = campaign.budget_class == "marketing"
    nos = [] if campaign.state == "live" else ["campaign_not_live"]
    nos += [condition.no for condition in campaign.conditions if not condition.holds(case.context)]
    if case.context.zone_kind == ON_THE_WAY and not _says_where(campaign):
        nos.append("on_the_way")
    if campaign.id in case.granted:
        nos.append("already_granted")
    if case.decided_ms >= case.at_ms + campaign.ttl_s * 1000:
        nos.append("too_late")
    if marketing and not case.budget.left:
        nos.append("budget_spent")
    if marketing and held_out(f"{case.salt}/global", case.shopper, case.global_share):
        nos.append("holdout_global")
    return nos


def _says_where(campaign: Campaign) -> bool:
    """Whether the campaign names zones or their kinds: what names nothing is meant for inside."""
    return any(isinstance(condition, InZone | OfKind) for condition in campaign.conditions)


def _rank(campaign: Campaign) -> tuple[bool, int, str]:
    """What she asked for comes first, then priority, then the id, so that equals always fall the same way."""
    return campaign.budget_class != "service", -campaign.priority, campaign.id


def _held_out(campaign: Campaign, case: Case) -> bool:
    return campaign.budget_class == "marketing" and held_out(f"{case.salt}/campaign/{campaign.salt}", case.shopper, campaign.holdout_share)


def _outcome(campaign: Campaign, nos: list[str], winner: Campaign | None, held: bool) -> Outcome:
    if nos:
        return Outcome(campaign=campaign.id, outcome="suppressed", reasons=nos)
    if campaign is not winner:
        return Outcome(campaign=campaign.id, outcome="suppressed", reasons=["lost_to_other"])
    if held:
        return Outcome(campaign=campaign.id, outcome="holdout", reasons=["holdout"])
    return Outcome(campaign=campaign.id, outcome="offer")
