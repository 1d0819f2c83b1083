"""Ids as distinct types, so that a venue id cannot be handed over where a zone id is meant.

All are opaque strings, made by whoever owns the thing; only `Track` is a number, because columns carry it.
"""

from typing import NewType

TenantId = NewType("TenantId", str)
VenueId = NewType("VenueId", str)
LevelId = NewType("LevelId", str)
ZoneId = NewType("ZoneId", str)
PlanVersionId = NewType("PlanVersionId", str)
CalibrationId = NewType("CalibrationId", str)
"""32 hex digits made of what a calibration says, so that the same file is the same calibration; empty for none."""
GatewayId = NewType("GatewayId", str)
GatewayKeyId = NewType("GatewayKeyId", str)
BootId = NewType("BootId", str)
"""One run of a gateway's spool: batch numbers rise by one within it, and never start again within it."""
BeaconKey = NewType("BeaconKey", str)
"""The identity inside an advert as text: `ibeacon:<32 hex>:<major>:<minor>`, `eddystone:<20 hex>:<12 hex>`, `token:<32 hex>`,
`eid:<16 hex>`, `url:<web address>`, `address:<12 hex>` for a tag that is known by its fixed radio address."""
ShopperId = NewType("ShopperId", str)
DeviceId = NewType("DeviceId", str)
Pseudonym = NewType("Pseudonym", str)
"""16 hex digits that stand for a shopper in logs and on the bus: HMAC(per-shopper key, shopper id). Erasure destroys the key."""
Track = NewType("Track", int)
"""An unsigned 64-bit pseudonym of one device: HMAC(per-shopper key, device id), first 8 bytes, big-endian. Never 0."""
ZoneEventId = NewType("ZoneEventId", str)
VisitId = NewType("VisitId", str)
CampaignId = NewType("CampaignId", str)
CommunityId = NewType("CommunityId", str)
DecisionId = NewType("DecisionId", str)
GrantId = NewType("GrantId", str)
CouponId = NewType("CouponId", str)
PushId = NewType("PushId", str)
RedemptionId = NewType("RedemptionId", str)
PurchaseId = NewType("PurchaseId", str)
ProductId = NewType("ProductId", str)
TillId = NewType("TillId", str)
