"""Redemptions: a till asks to spend a coupon, and gets a receipt; the same request always gets the same receipt."""

import msgspec

from groundwork.contracts.ids import CampaignId, CouponId, RedemptionId, TenantId, TillId, VenueId


class RedemptionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A till spends a coupon. The code is in the body, so that no access log keeps it; tenant and till come from the credential."""

    version: int = 1
    code: str
    receipt: str
    """The till's receipt number, unique per till: the key by which a repeat is recognised."""
    venue: VenueId
    basket_minor: int | None = None
    """The basket's total in minor units (halalas, fils), where the till knows it."""


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """The coupon is spent."""

    version: int = 1
    id: RedemptionId
    tenant: TenantId
    venue: VenueId
    till: TillId
    receipt: str
    coupon: CouponId
    campaign: CampaignId
    discount_minor: int
    """What the till takes off, in minor units of `currency`."""
    currency: str
    redeemed_ms: int
    rolled_back_ms: int | None = None


class RollbackRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A till takes a redemption back (the sale was cancelled): the coupon can be spent again while it is valid."""

    version: int = 1
    receipt: str
    """The receipt the redemption was made with; must match."""
