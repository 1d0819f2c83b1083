"""Routes of things: a retailer's system puts a product and its price."""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web

from groundwork.catalogue import queries
from groundwork.catalogue.model import LONGEST_ID, Product
from groundwork.catalogue.reasons import BAD_PRODUCT_ID, NEWER_FIGURE
from groundwork.contracts.ids import ProductId, TenantId
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.problems import FIELD_WRONG
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_WRITE_PRODUCTS = "products.write"
_ID = re.compile(rf"[A-Za-z0-9._:-]{{1,{LONGEST_ID}}}")
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_AHEAD_MS = 86_400_000
"""A figure dated further ahead than this would keep every true one out until then."""
_NOT_AHEAD = Words("ms since 1970 UTC, at most a day ahead", "ملّي ثانية منذ 1970 UTC، بما لا يسبق الآن بأكثر من يوم")
_YEAR_10000_MS = 253_402_300_800_000


class PutProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product as it is now; the id is in the path."""

    version: int = 1
    name_ar: _Name
    name_en: _Name
    price_minor: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000_000)]
    """With VAT, in minor units of `currency`."""
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", max_length=3)]
    vat_rate_percent: Annotated[float, msgspec.Meta(ge=0, le=100)]
    category: Annotated[str, msgspec.Meta(max_length=64)] = ""
    updated_ms: Annotated[int, msgspec.Meta(ge=0, lt=_YEAR_10000_MS)] | None = None
    """When this was true at its source, at most a day ahead; None for now."""


class ProductRoutes:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "PUT",
                "/v1/products/{product}",
                self.put,
                Words("Adds a product or brings it up to date.", "إضافة منتج أو تحديث بياناته."),
                grant=_WRITE_PRODUCTS,
                request=PutProduct,
                answer=Product,
                refusals=(BAD_PRODUCT_ID, NEWER_FIGURE),
            ),
        )

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/products/{product}: the same again gets the same answer; an older figure is refused with 409."""
        sent = await read(request, PutProduct)
        product_id = ProductId(request.match_info["product"])
        if not _ID.fullmatch(product_id):
            raise Refusal(BAD_PRODUCT_ID, value=product_id, limit=LONGEST_ID)
        now_ms = self._parts.clock.now_ms()
        if sent.updated_ms is not None and sent.updated_ms > now_ms + _AHEAD_MS:
            raise Refusal(FIELD_WRONG, at="/updated_ms", value=sent.updated_ms, expected=_NOT_AHEAD)
        product = _product(product_id, sent, now_ms)
        tenant = TenantId(caller(request).tenant)
        if not await self._parts.db.write(lambda conn: queries.put_product(conn, tenant, product)):
            raise Refusal(NEWER_FIGURE, value=product_id)
        return answered(product)


def _product(product_id: ProductId, sent: PutProduct, now_ms: int) -> Product:
    return Product(
        product_id,
        sent.name_ar,
        sent.name_en,
        sent.price_minor,
        sent.currency,
        sent.vat_rate_percent,
        sent.category,
        now_ms if sent.updated_ms is None else sent.updated_ms,
    )
