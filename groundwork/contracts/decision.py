"""Decisions: for one shopper and zone event, what every candidate campaign said, and why."""

from typing import Literal

import msgspec

from groundwork.contracts.ids import CampaignId, DecisionId, GrantId, Pseudonym, TenantId, VisitId, ZoneEventId

OutcomeKind = Literal["offer", "holdout", "suppressed"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate campaign's yes or no; `reasons` names every rule that said no, never empty for `suppressed`."""

    campaign: CampaignId
    outcome: OutcomeKind
    reasons: list[str] = []


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one shopper and zone event; there is exactly one per event, whatever is repeated."""

    version: int = 1
    id: DecisionId
    """stable_id("decision", tenant, zone event id)."""
    tenant: TenantId
    zone_event: ZoneEventId
    shopper: Pseudonym
    visit: VisitId
    at_ms: int
    """The zone event's event time."""
    decided_ms: int
    outcomes: list[Outcome] = []
    reasons: list[str] = []
    """Why no campaign was even a candidate: no consent, late, no campaign for this zone ..."""
    grant: GrantId | None = None
