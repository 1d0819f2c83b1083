"""Things in the database: the only SQL of this package."""

from dataclasses import asdict
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, insert, select, update

from groundwork.catalogue.model import Product
from groundwork.catalogue.tables import ProductRow
from groundwork.contracts.ids import ProductId, TenantId

AnySelect: TypeAlias = Select[*tuple[Any, ...]]


def put_product(conn: Connection, tenant: TenantId, product: Product) -> bool:
    """Adds the product or brings it up to date; False, and nothing changed, where a newer figure is there (feeds arrive in any order)."""
    key = (ProductRow.tenant == tenant, ProductRow.id == product.id)
    newest = conn.scalar(select(ProductRow.updated_ms).where(*key).with_for_update())
    if newest is None:
        conn.execute(insert(ProductRow).values(tenant=tenant, **asdict(product)))
        return True
    if newest > product.updated_ms:
        return False
    conn.execute(update(ProductRow).where(*key).values(asdict(product)))
    return True


def product(conn: Connection, tenant: TenantId, product_id: ProductId) -> Product | None:
    """The product, or None."""
    found = _read(conn, _products(tenant).where(ProductRow.id == product_id))
    return found[0] if found else None


def products(conn: Connection, tenant: TenantId, category: str | None = None) -> list[Product]:
    """The tenant's products, or those of one category, by id."""
    wanted = _products(tenant).order_by(ProductRow.id)
    return _read(conn, wanted if category is None else wanted.where(ProductRow.category == category))


def _products(tenant: TenantId) -> AnySelect:
    columns = (ProductRow.__table__.c[name] for name in Product.__dataclass_fields__)
    return select(*columns).where(ProductRow.tenant == tenant)


def _read(conn: Connection, wanted: AnySelect) -> list[Product]:
    return [Product(*row) for row in conn.execute(wanted)]
