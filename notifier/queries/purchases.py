"""Purchases in the database."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from groundwork.contracts.ids import PurchaseId, ShopperId, TenantId, TillId, VenueId
from groundwork.contracts.purchase import Purchase, PurchaseLine
from groundwork.plumbing.db import insert_once
from notifier.tables import PurchaseLineRow, PurchaseRow


def purchase(conn: Connection, tenant: TenantId, purchase: PurchaseId) -> Purchase | None:
    """The receipt as it was taken, or None."""
    wanted = select(PurchaseRow.__table__).where(PurchaseRow.tenant == tenant, PurchaseRow.id == purchase)
    row = conn.execute(wanted).one_or_none()
    if row is None:
        return None
    return Purchase(
        id=PurchaseId(row.id),
        tenant=TenantId(row.tenant),
        venue=VenueId(row.venue),
        till=TillId(row.till),
        receipt=row.receipt,
        at_ms=row.at_ms,
        net_minor=row.net_minor,
        vat_minor=row.vat_minor,
        currency=row.currency,
        lines=row.lines,
        shopper_known=row.shopper_known,
    )


def add_purchase(conn: Connection, purchase: Purchase, lines: Sequence[PurchaseLine], shopper: ShopperId | None) -> bool:
    """Writes the receipt and its lines down; False, with nothing written, where it is there."""
    row = {
        "tenant": purchase.tenant,
        "id": purchase.id,
        "venue": purchase.venue,
        "till": purchase.till,
        "receipt": purchase.receipt,
        "at_ms": purchase.at_ms,
        "currency": purchase.currency,
        "net_minor": purchase.net_minor,
        "vat_minor": purchase.vat_minor,
        "lines": purchase.lines,
        "shopper_id": shopper,
        "shopper_known": purchase.shopper_known,
    }
    if not insert_once(conn, PurchaseRow, row):
        return False
    key = {"tenant": purchase.tenant, "purchase_id": purchase.id}
    rows = [
        {
            **key,
            "line": number,
            "product": line.product,
            "quantity": line.quantity,
            "net_minor": line.net_minor,
            "vat_minor": line.vat_minor,
        }
        for number, line in enumerate(lines, 1)
    ]
    if rows:
        conn.execute(insert(PurchaseLineRow), rows)
    return True
