"""Issue: writes down what was decided: the decision, and for a yes the grant, the coupon and a push for each way out.

All ids are made of what they name, so whatever is repeated finds its own rows. Words are kept with `{code}` standing.
"""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from floorplans.model import Venue
from groundwork.contracts.decision import Decision
from groundwork.contracts.ids import DecisionId, GrantId
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people.model import Subject
from groundwork.plumbing.db import Connection
from groundwork.plumbing.ids import stable_id
from notifier.campaigns import Campaign, Texts
from notifier.case import Read
from notifier.coupons import Codes
from notifier.decide import Verdict
from notifier.offers import fill
from notifier.queries import decisions, outbox

INBOX = "inbox"
"""The channel every offer goes out by, whatever its campaign names."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What issuing needs besides the case: how codes are made, and the names of the channels that are set up."""

    codes: Codes
    channels: frozenset[str]


@dataclass(slots=True)
class Issued:
    """The decision as written, and its pushes: how many were queued by channel, and refused by reason."""

    decision: Decision
    queued: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Yes:
    """A grant about to be written."""

    id: GrantId
    event: ZoneEvent
    campaign: Campaign
    subject: Subject
    venue: Venue
    slot: int | None
    now_ms: int


def decision_id(event: ZoneEvent) -> DecisionId:
    """There is one decision per zone event."""
    return DecisionId(stable_id("decision", event.tenant, event.id))


def issue(conn: Connection, desk: Desk, event: ZoneEvent, read: Read, verdict: Verdict, now_ms: int) -> Issued:
    """Writes down `verdict` on `event`; breaks a unique key where the decision, the grant or its slot exists already."""
    yes = _yes(event, read, verdict, now_ms)
    issued = Issued(_decision(event, verdict, yes, now_ms))
    decisions.add_decision(conn, issued.decision, read.subject.shopper if read.subject else None, event.venue, event.zone)
    if yes is None:
        return issued
    _add_grant(conn, yes, held_out=verdict.held_out)
    if not verdict.held_out:
        _add_coupon(conn, desk.codes, yes)
        _queue(conn, desk.channels, yes, issued)
    return issued


def _yes(event: ZoneEvent, read: Read, verdict: Verdict, now_ms: int) -> _Yes | None:
    winner = verdict.winner
    if winner is None or read.case is None or read.subject is None or read.venue is None:
        return None
    grant = GrantId(stable_id("grant", event.tenant, winner.id, event.shopper, event.visit))
    slot = read.case.budget.spent if winner.budget_class == "marketing" else None
    return _Yes(grant, event, winner, read.subject, read.venue, slot, now_ms)


def _decision(event: ZoneEvent, verdict: Verdict, yes: _Yes | None, now_ms: int) -> Decision:
    return Decision(
        id=decision_id(event),
        tenant=event.tenant,
        zone_event=event.id,
        shopper=event.shopper,
        visit=event.visit,
        at_ms=event.at_ms,
        decided_ms=now_ms,
        outcomes=list(verdict.outcomes),
        reasons=list(verdict.reasons),
        grant=yes.id if yes else None,
    )


def _add_grant(conn: Connection, yes: _Yes, *, held_out: bool) -> None:
    row = {
        "tenant": yes.event.tenant,
        "id": yes.id,
        "campaign": yes.campaign.id,
        "shopper_id": yes.subject.shopper,
        "visit": yes.event.visit,
        "slot": yes.slot,
        "kind": "holdout" if held_out else "offer",
        "venue": yes.event.venue,
        "category": yes.campaign.category,
        "decision_id": decision_id(yes.event),
        "at_ms": yes.event.at_ms,
    }
    decisions.add_grant(conn, row)


def _add_coupon(conn: Connection, codes: Codes, yes: _Yes) -> None:
    row = {
        "tenant": yes.event.tenant,
        "id": stable_id("coupon", yes.event.tenant, yes.id),
        "grant_id": yes.id,
        "campaign": yes.campaign.id,
        "shopper_id": yes.subject.shopper,
        "code_hash": codes.lookup(yes.event.tenant, codes.code(yes.event.tenant, yes.id)),
        "offer": msgspec.json.encode(yes.campaign.offer),
        "valid_from_ms": yes.event.at_ms,
        "valid_until_ms": yes.event.at_ms + yes.campaign.offer.valid_s * 1000,
        "redeemed_ms": None,
        "redemption_id": None,
        "times_redeemed": 0,
        "times_rolled_back": 0,
    }
    decisions.add_coupon(conn, row)


def _queue(conn: Connection, channels: frozenset[str], yes: _Yes, issued: Issued) -> None:
    """One push for each way out; a channel that is not set up gets a refused one, so that the loss shows."""
    rows = []
    for channel in dict.fromkeys((INBOX, *yes.campaign.channels)):
        row = _push_row(yes, channel)
        if channel in channels:
            issued.queued[channel] += 1
        else:
            row |= {"state": "refused", "reason": "unknown_channel", "ended_ms": yes.now_ms}
            issued.refused["unknown_channel"] += 1
        rows.append(row)
    outbox.queue(conn, rows)


def _push_row(yes: _Yes, channel: str) -> dict[str, object]:
    names = Texts(yes.venue.names.ar, yes.venue.names.en)
    words = fill(yes.campaign.offer, yes.subject.language, names)
    return {
        "tenant": yes.event.tenant,
        "id": stable_id("push", yes.event.tenant, yes.id, yes.subject.device, channel),
        "grant_id": yes.id,
        "campaign": yes.campaign.id,
        "shopper_id": yes.subject.shopper,
        "device": yes.subject.device,
        "channel": channel,
        "venue": yes.event.venue,
        "visit": yes.event.visit,
        "zone": yes.event.zone,
        "stay_start_ms": yes.event.stay_start_ms,
        "language": yes.subject.language,
        "title": words.title,
        "body": words.body,
        "state": "queued",
        "attempt": 0,
        "created_ms": yes.now_ms,
        "next_ms": yes.now_ms,
        "expires_ms": yes.event.at_ms + yes.campaign.ttl_s * 1000,
        "reason": "",
        "provider_id": "",
        "ended_ms": None,
    }
