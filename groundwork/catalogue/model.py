"""The nouns of things: a product with its price as it is now. Pure data; `queries.py` keeps it."""

from dataclasses import dataclass
from typing import Final

from groundwork.contracts.ids import ProductId

LONGEST_ID: Final = 64


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that is sold. `id` is its GTIN or SKU, as tills report it on receipts."""

    id: ProductId
    name_ar: str
    name_en: str
    price_minor: int
    """With VAT, in minor units of `currency` (halalas, fils); Gulf shelf prices include it."""
    currency: str
    """ISO 4217: `SAR`, `AED` ..."""
    vat_rate_percent: float
    category: str = ""
    """What uplift is measured on: an offer's effect is looked for in purchases of its category."""
    updated_ms: int = 0
    """When the figure was true at its source, ms UTC; an older figure never replaces a newer one."""
