"""Rows of things: products with their price as it is now."""

from sqlalchemy import BigInteger, Float, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from groundwork.plumbing.db import Base


class ProductRow(Base):
    """One thing that is sold, by GTIN or SKU; money in minor units."""

    __tablename__ = "product"
    __table_args__ = (Index("ix_product_category", "tenant", "category"),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name_ar: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    vat_rate_percent: Mapped[float] = mapped_column(Float)
    category: Mapped[str] = mapped_column(String(64))
    updated_ms: Mapped[int] = mapped_column(BigInteger)
