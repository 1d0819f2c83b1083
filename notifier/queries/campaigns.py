"""Campaigns in the database."""

from functools import lru_cache
from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, select

from groundwork.contracts.ids import CampaignId, TenantId
from groundwork.plumbing.db import upsert
from notifier.campaigns import Campaign, State
from notifier.tables import CampaignRow

_BODIES: Final = (
    select(CampaignRow.body)
    .where(CampaignRow.tenant == bindparam("of"), CampaignRow.state.in_(bindparam("states", expanding=True)))
    .order_by(CampaignRow.id)
)
"""Built once, because it is asked at every zone event."""

_encode = msgspec.json.Encoder(order="deterministic").encode
_decoder = msgspec.json.Decoder(Campaign)


@lru_cache(maxsize=4096)
def _decoded(body: bytes) -> Campaign:
    """A campaign is asked for at every zone event and changes once a day; the same bytes are the same value."""
    return _decoder.decode(body)


def add_campaign(conn: Connection, campaign: Campaign, now_ms: int) -> None:
    """Adds the campaign, or replaces the one with its id."""
    values = {"tenant": campaign.tenant, "id": campaign.id, "state": campaign.state, "body": _encode(campaign), "changed_ms": now_ms}
    upsert(conn, CampaignRow, values, ("tenant", "id"))


def campaign(conn: Connection, tenant: TenantId, campaign: CampaignId) -> Campaign | None:
    """The campaign, whatever its state; None when it is unknown."""
    body = conn.scalar(select(CampaignRow.body).where(CampaignRow.tenant == tenant, CampaignRow.id == campaign))
    return _decoded(body) if body is not None else None


def live_campaigns(conn: Connection, tenant: TenantId) -> list[Campaign]:
    """What may be granted now, by id."""
    return _in_states(conn, tenant, ("live",))


def open_campaigns(conn: Connection, tenant: TenantId) -> list[Campaign]:
    """What a decision speaks of, by id: a paused campaign is named with its reason, a draft or an ended one is nobody's candidate."""
    return _in_states(conn, tenant, ("live", "paused"))


def set_state(conn: Connection, tenant: TenantId, campaign_id: CampaignId, state: State, now_ms: int) -> bool:
    """Moves the campaign to `state`; False when it is unknown. Announce CampaignChanged after the commit (`publish.py` does both)."""
    known = campaign(conn, tenant, campaign_id)
    if known is None:
        return False
    add_campaign(conn, msgspec.structs.replace(known, state=state), now_ms)
    return True


def pause(conn: Connection, tenant: TenantId, campaign_id: CampaignId, now_ms: int) -> bool:
    """Pauses the campaign: nothing of it is claimed for sending after this commits. False when it is unknown."""
    return set_state(conn, tenant, campaign_id, "paused", now_ms)


def _in_states(conn: Connection, tenant: TenantId, states: tuple[State, ...]) -> list[Campaign]:
    return [_decoded(body) for body in conn.scalars(_BODIES, {"of": tenant, "states": states})]
