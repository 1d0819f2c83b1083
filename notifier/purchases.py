"""Purchases: receipts as tills report them; without them no campaign's effect can be measured.

A receipt is taken once per (till, receipt); other figures under a used number are refused. It says whose it is only where the reference
it carries is a shopper's who consents to measurement; what she bought is kept without her otherwise.
"""

import math
import re
from typing import Final

from groundwork.contracts.ids import Pseudonym, PurchaseId, ShopperId, TenantId, TillId
from groundwork.contracts.purchase import Purchase, PurchaseLine, PurchaseRequest
from groundwork.people import queries as people
from groundwork.people.model import MEASUREMENT
from groundwork.plumbing import problems
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.reasons import Refusal, Words
from notifier import reasons
from notifier.queries import purchases
from notifier.tills import check_receipt, check_venue, counted

MOST_LINES: Final = 500
_MOST_MINOR: Final = 10**12
"""Ten thousand million riyals: what is above is a mistake, and sums of 500 lines stay within 64 bits."""
_MOST_QUANTITY: Final = 1e6
_EARLIEST_MS: Final = 946_684_800_000
"""2000-01-01: a till whose clock shows less has lost it."""
_AHEAD_MS: Final = 86_400_000
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LONGEST_PRODUCT: Final = 64
_REFUND: Final = Words("0 or less, because a negative quantity is a refund", "0 أو أقل، لأن الكمية السالبة إرجاع")


class Purchases:
    """Takes receipts."""

    def __init__(self, db: Database, clock: Clock, hops: Hops) -> None:
        self._db = db
        self._clock = clock
        self._hop = hops.hop("purchases", "requests")

    async def take(self, caller: Caller, request: PurchaseRequest) -> tuple[Purchase, bool]:
        """Takes the receipt; returns the answer, and whether this was a repeat. Raises Refusal."""
        return await counted(self._hop, self._take(caller, request))

    async def _take(self, caller: Caller, request: PurchaseRequest) -> tuple[Purchase, bool]:
        check(request, self._clock.now_ms())
        return await self._db.write(lambda conn: _take_in(conn, caller, request))


def check(request: PurchaseRequest, now_ms: int) -> None:
    """Raises Refusal naming the first field that cannot be right."""
    check_receipt(request.receipt)
    if not _CURRENCY.fullmatch(request.currency):
        _wrong("/currency", request.currency, Words("three capital letters, such as SAR", "ثلاثة أحرف لاتينية كبيرة مثل SAR"))
    if not _EARLIEST_MS <= request.at_ms <= now_ms + _AHEAD_MS:
        expected = Words(
            "ms since 1970 UTC, after 1999 and at most a day ahead", "ملّي ثانية منذ 1970 UTC، بعد 1999 وبما لا يسبق الآن بأكثر من يوم"
        )
        _wrong("/at_ms", request.at_ms, expected)
    if not 1 <= len(request.lines) <= MOST_LINES:
        count = len(request.lines)
        _wrong("/lines", Words(f"{count} lines", f"عدد الأسطر {count}"), Words(f"1 to {MOST_LINES}", f"من 1 إلى {MOST_LINES}"))
    for number, line in enumerate(request.lines):
        _check_line(f"/lines/{number}", line)


def _check_line(at: str, line: PurchaseLine) -> None:
    if not (0 < len(line.product) <= _LONGEST_PRODUCT and line.product.isprintable()):
        expected = Words(
            f"a GTIN or SKU of 1 to {_LONGEST_PRODUCT} printable characters",
            f"رمز GTIN أو SKU مطبوع المحارف، عددها من 1 إلى {_LONGEST_PRODUCT}",
        )
        _wrong(f"{at}/product", repr(line.product[:80]), expected)
    if not math.isfinite(line.quantity) or not 0 < abs(line.quantity) <= _MOST_QUANTITY:
        expected = Words(
            f"a number other than 0, at most {_MOST_QUANTITY:g} either way", f"عدد غير الصفر لا يتجاوز {_MOST_QUANTITY:g} زيادةً أو نقصًا"
        )
        _wrong(f"{at}/quantity", line.quantity, expected)
    for name, minor in (("net_minor", line.net_minor), ("vat_minor", line.vat_minor)):
        if abs(minor) > _MOST_MINOR:
            _wrong(f"{at}/{name}", minor, Words(f"at most {_MOST_MINOR} either way", f"ما لا يتجاوز {_MOST_MINOR} زيادةً أو نقصًا"))
        if line.quantity < 0 < minor:
            _wrong(f"{at}/{name}", minor, _REFUND)


def _wrong(at: str, value: object, expected: Words) -> None:
    raise Refusal(problems.FIELD_WRONG, at=at, value=value, expected=expected)


def _take_in(conn: Connection, caller: Caller, request: PurchaseRequest) -> tuple[Purchase, bool]:
    tenant = TenantId(caller.tenant)
    check_venue(conn, caller, request.venue)
    purchase_id = PurchaseId(stable_id("purchase", tenant, caller.subject, request.receipt))
    earlier = purchases.purchase(conn, tenant, purchase_id)
    if earlier is not None:
        _check_same(earlier, request)
        return earlier, True
    shopper = _measured_shopper(conn, tenant, request.shopper_ref)
    purchase = Purchase(
        id=purchase_id,
        tenant=tenant,
        venue=request.venue,
        till=TillId(caller.subject),
        receipt=request.receipt,
        at_ms=request.at_ms,
        net_minor=sum(line.net_minor for line in request.lines),
        vat_minor=sum(line.vat_minor for line in request.lines),
        currency=request.currency,
        lines=len(request.lines),
        shopper_known=shopper is not None,
    )
    return purchase, not purchases.add_purchase(conn, purchase, request.lines, shopper)


def _check_same(earlier: Purchase, request: PurchaseRequest) -> None:
    """Raises Refusal where `request` is another purchase under the number of `earlier`: taken for a repeat, it would be lost.

    The time is left out: a till that repeats by hand sends the time again.
    """
    net_minor, vat_minor = sum(line.net_minor for line in request.lines), sum(line.vat_minor for line in request.lines)
    sent = (request.venue, request.currency, net_minor, vat_minor, len(request.lines))
    if sent != (earlier.venue, earlier.currency, earlier.net_minor, earlier.vat_minor, earlier.lines):
        raise Refusal(reasons.RECEIPT_USED, at="/receipt", receipt=request.receipt)


def _measured_shopper(conn: Connection, tenant: TenantId, reference: str | None) -> ShopperId | None:
    """The shopper whom `reference` (the pseudonym her wallet shows) stands for, if she consents to measurement."""
    if not reference:
        return None
    subject = people.subject_of_pseudonym(conn, tenant, Pseudonym(reference))
    if subject is None or MEASUREMENT not in people.granted(conn, tenant, subject.shopper):
        return None
    return subject.shopper
