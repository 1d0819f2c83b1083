"""A push: one message to one device by one channel, and what the channel answered."""

from typing import Literal

import msgspec

from groundwork.contracts.ids import CampaignId, DeviceId, GrantId, PushId, TenantId, VenueId

PushOutcome = Literal["delivered", "refused", "target_gone", "retry"]


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel is asked to send; every re-send carries the same id."""

    version: int = 1
    id: PushId
    """stable_id("push", tenant, grant id, device, channel); also the collapse id and the app's dedupe id."""
    tenant: TenantId
    venue: VenueId
    grant: GrantId
    campaign: CampaignId
    device: DeviceId
    channel: str
    language: str
    """`ar` or `en`."""
    title: str
    body: str
    code: str
    """The coupon's code in clear: lives in this message and on the phone, never in a table or log."""
    created_ms: int
    expires_ms: int


class PushReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel answered."""

    version: int = 1
    tenant: TenantId
    push: PushId
    channel: str
    outcome: PushOutcome
    reason: str = ""
    """A reason code where the outcome is not `delivered`."""
    provider_id: str = ""
    at_ms: int
