"""Redeem: a till spends a coupon, once, and may take that back, once; the same request always gets the same answer.

Who wins is settled by one conditional UPDATE (`queries.redemptions.spend`), whatever races. A repeat is recognised by (till, receipt,
coupon) and looked for before anything is judged, so that it gets its receipt even after the coupon has expired.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from groundwork.contracts.ids import CampaignId, CouponId, RedemptionId, TenantId, TillId
from groundwork.contracts.redemption import Redemption, RedemptionRequest
from groundwork.plumbing import problems
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.reasons import Refusal, Words
from notifier import reasons
from notifier.campaigns import Offer
from notifier.coupons import Codes, MalformedCode, parse
from notifier.offers import discount_minor
from notifier.queries import redemptions
from notifier.tills import check_receipt, check_venue, counted

_offer = msgspec.json.Decoder(Offer)
_MINUTE_MS: Final = 60_000
_MOST_BASKET_MINOR: Final = 10**12


@dataclass(slots=True)
class Tries:
    """Unknown codes per till within the last minute. A code whose check letter fails is a typing error and cannot be a guess that hits."""

    clock: Clock
    most: int
    _wrong: dict[tuple[str, str], deque[int]] = field(default_factory=dict)

    def check(self, tenant: str, till: str) -> None:
        """Raises Refusal while the till has used up its tries."""
        recent = self._recent(tenant, till)
        if len(recent) >= self.most:
            wait_s = max(1, -(-(recent[0] + _MINUTE_MS - self.clock.now_ms()) // 1000))
            raise Refusal(reasons.TOO_MANY_TRIES, headers={"Retry-After": str(wait_s)}, tries=len(recent), wait_s=wait_s)

    def wrong(self, tenant: str, till: str) -> None:
        """Notes an unknown code."""
        self._recent(tenant, till).append(self.clock.now_ms())

    def _recent(self, tenant: str, till: str) -> deque[int]:
        recent = self._wrong.setdefault((tenant, till), deque())
        while recent and recent[0] <= self.clock.now_ms() - _MINUTE_MS:
            recent.popleft()
        return recent


class Coupons:
    """Spends coupons and frees them again."""

    def __init__(self, db: Database, clock: Clock, hops: Hops, codes: Codes, wrong_per_minute: int) -> None:
        self._db = db
        self._clock = clock
        self._codes = codes
        self._tries = Tries(clock, wrong_per_minute)
        self._hop = hops.hop("redeem", "requests")

    async def redeem(self, caller: Caller, request: RedemptionRequest) -> tuple[Redemption, bool]:
        """Spends the coupon for the calling till; returns its receipt, and whether this was a repeat. Raises Refusal."""
        return await counted(self._hop, self._redeem(caller, request))

    async def _redeem(self, caller: Caller, request: RedemptionRequest) -> tuple[Redemption, bool]:
        check_receipt(request.receipt)
        _check_basket(request.basket_minor)
        self._tries.check(caller.tenant, caller.subject)
        try:
            code = parse(request.code)
        except MalformedCode as error:
            raise Refusal(reasons.CODE_MALFORMED, at="/code", why=reasons.CODE_FLAWS[error.flaw]) from None
        tenant, now = TenantId(caller.tenant), self._clock.now_ms()
        code_hash = self._codes.lookup(tenant, code)
        try:
            return await self._db.write(lambda conn: _redeem_in(conn, caller, request, code_hash, now))
        except Refusal as refusal:
            if refusal.reason is reasons.COUPON_UNKNOWN:
                self._tries.wrong(caller.tenant, caller.subject)
            raise

    async def roll_back(self, caller: Caller, redemption: RedemptionId, receipt: str) -> Redemption:
        """Takes the redemption back and frees its coupon, once however often this is asked. Raises Refusal."""
        now = self._clock.now_ms()
        return await self._db.write(lambda conn: _roll_back_in(conn, caller, redemption, receipt, now))


def _redeem_in(conn: Connection, caller: Caller, request: RedemptionRequest, code_hash: bytes, now_ms: int) -> tuple[Redemption, bool]:
    tenant = TenantId(caller.tenant)
    check_venue(conn, caller, request.venue)
    coupon = redemptions.coupon_by_hash(conn, tenant, code_hash)
    if coupon is None:
        raise Refusal(reasons.COUPON_UNKNOWN, at="/code")
    redemption_id = RedemptionId(stable_id("redemption", tenant, caller.subject, request.receipt, coupon.id))
    earlier = _earlier(conn, tenant, redemption_id)
    if earlier is not None:
        return earlier, True
    redemption = _redemption(caller, request, coupon, redemption_id, now_ms)
    if redemptions.spend(conn, tenant, redemption.coupon, redemption_id, now_ms):
        redemptions.add_redemption(conn, redemption)
        return redemption, False
    earlier = _earlier(conn, tenant, redemption_id)  # the same request, sent twice at once
    if earlier is not None:
        return earlier, True
    raise Refusal(reasons.COUPON_SPENT, at="/code")


def _earlier(conn: Connection, tenant: TenantId, redemption_id: RedemptionId) -> Redemption | None:
    """The receipt given to this request before; raises Refusal where it was taken back, for a late repeat must not look like a sale."""
    earlier = redemptions.redemption(conn, tenant, redemption_id)
    if earlier is not None and earlier.rolled_back_ms is not None:
        raise Refusal(reasons.ROLLED_BACK, at="/receipt")
    return earlier


def _redemption(caller: Caller, request: RedemptionRequest, coupon: Any, redemption_id: RedemptionId, now_ms: int) -> Redemption:
    """The receipt to be; raises Refusal where the coupon does not hold for this basket or at this time."""
    if coupon.redeemed_ms is None:
        _check_span(coupon, now_ms)
    offer = _offer.decode(coupon.offer)
    basket = request.basket_minor
    if offer.least_basket_minor and (basket is None or basket < offer.least_basket_minor):
        if basket is None:
            raise Refusal(reasons.BASKET_NEEDED, at="/basket_minor")
        raise Refusal(reasons.BASKET_TOO_SMALL, at="/basket_minor", least_minor=offer.least_basket_minor, basket_minor=basket)
    discount = discount_minor(offer, basket)
    if discount is None:
        raise Refusal(reasons.BASKET_NEEDED, at="/basket_minor")
    return Redemption(
        id=redemption_id,
        tenant=TenantId(caller.tenant),
        venue=request.venue,
        till=TillId(caller.subject),
        receipt=request.receipt,
        coupon=CouponId(coupon.id),
        campaign=CampaignId(coupon.campaign),
        discount_minor=discount,
        currency=offer.currency,
        redeemed_ms=now_ms,
    )


def _check_span(coupon: Any, now_ms: int) -> None:
    if now_ms < coupon.valid_from_ms:
        raise Refusal(reasons.COUPON_NOT_YET, at="/code")
    if now_ms >= coupon.valid_until_ms:
        raise Refusal(reasons.COUPON_EXPIRED, at="/code")


def _check_basket(basket_minor: int | None) -> None:
    if basket_minor is not None and not 0 <= basket_minor <= _MOST_BASKET_MINOR:
        expected = Words(f"0 to {_MOST_BASKET_MINOR} minor units", f"من 0 إلى {_MOST_BASKET_MINOR} وحدة صغرى")
        raise Refusal(problems.FIELD_WRONG, at="/basket_minor", value=basket_minor, expected=expected)


def _roll_back_in(conn: Connection, caller: Caller, redemption_id: RedemptionId, receipt: str, now_ms: int) -> Redemption:
    tenant = TenantId(caller.tenant)
    redemption = redemptions.redemption(conn, tenant, redemption_id)
    if redemption is None or not caller.within(redemption.venue):  # a till elsewhere need not learn that it exists
        raise Refusal(reasons.REDEMPTION_UNKNOWN)
    if redemption.receipt != receipt:
        raise Refusal(reasons.RECEIPT_DIFFERS, at="/receipt", receipt=receipt)
    if redemptions.mark_rolled_back(conn, tenant, redemption_id, now_ms):
        redemptions.free(conn, tenant, redemption.coupon, redemption_id)
    taken_back = redemptions.redemption(conn, tenant, redemption_id)
    assert taken_back is not None  # read above in the same transaction
    return taken_back
