"""Purchases: receipts as tills report them; the outcome that uplift is measured on."""

import msgspec

from groundwork.contracts.ids import ProductId, PurchaseId, TenantId, TillId, VenueId


class PurchaseLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a receipt; a refund has a negative quantity."""

    product: ProductId
    """GTIN or SKU."""
    quantity: float
    net_minor: int
    vat_minor: int


class PurchaseRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receipt. A second request with the same (till, receipt) gets the first answer, or 409 where its figures are others."""

    version: int = 1
    receipt: str
    venue: VenueId
    at_ms: int
    currency: str
    lines: list[PurchaseLine]
    shopper_ref: str | None = None
    """What was read from the wallet QR or loyalty card; unknown references are kept out of the row."""


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt as taken."""

    version: int = 1
    id: PurchaseId
    tenant: TenantId
    venue: VenueId
    till: TillId
    receipt: str
    at_ms: int
    net_minor: int
    vat_minor: int
    currency: str
    lines: int
    shopper_known: bool
