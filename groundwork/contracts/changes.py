"""Broadcasts: something a service keeps in memory has changed; load it again through its owner's `queries`.

A broadcast has no position. Who misses one notices by polling the topic's version once a second.
"""

import msgspec

from groundwork.contracts.ids import CampaignId, GatewayId, PlanVersionId, Pseudonym, TenantId, VenueId


class PlanPublished(msgspec.Struct, frozen=True, kw_only=True):
    """A venue has a new published plan version."""

    version: int = 1
    tenant: TenantId
    venue: VenueId
    plan_version: PlanVersionId


class ConsentChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A shopper gave or withdrew a consent, or a device came or went."""

    version: int = 1
    tenant: TenantId
    shopper: Pseudonym


class GatewayChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway or one of its keys was enrolled, moved, rotated or revoked."""

    version: int = 1
    tenant: TenantId
    gateway: GatewayId


class CampaignChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign was published, paused or ended."""

    version: int = 1
    tenant: TenantId
    campaign: CampaignId
