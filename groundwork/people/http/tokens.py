"""Shopper tokens for the app: a day at a time, while the shopper consents to positioning."""

from collections.abc import Sequence

from aiohttp import web

from groundwork.contracts.ids import DeviceId, TenantId
from groundwork.contracts.token import IssuedTokens, TokensRequest
from groundwork.people import queries, tokens
from groundwork.people.day_keys import DayKeys
from groundwork.people.model import FETCH_TOKENS
from groundwork.people.problems import BAD_DAY, PAUSED
from groundwork.people.queries.positioned import Positioned
from groundwork.people.reasons import NO_POSITIONING_CONSENT, NO_SHOPPER
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.clock import as_datetime
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts


class TokenRoutes:
    """The handlers; whose tokens they are comes from the credential alone."""

    def __init__(self, parts: Parts, day_keys: DayKeys) -> None:
        self._parts = parts
        self._day_keys = day_keys

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/tokens",
                self.issue,
                Words("The calling device's shopper tokens of today or tomorrow.", "رموز المتسوّق لهذا الجهاز لليوم أو لغد."),
                grant=FETCH_TOKENS,
                request=TokensRequest,
                answer=IssuedTokens,
                refusals=(NO_SHOPPER, NO_POSITIONING_CONSENT, PAUSED, BAD_DAY),
            ),
        )

    async def issue(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/tokens: 96 of them; the same day again gives the same ones."""
        asked, who = await read(request, TokensRequest), caller(request)
        today = self._parts.clock.now_ms() // tokens.DAY_MS
        day = today if asked.day is None else asked.day
        if day not in (today, today + 1):
            raise Refusal(BAD_DAY, at="/day", value=asked.day, known=f"{today}, {today + 1}")
        device = await self._parts.db.read(lambda conn: may_be_positioned(conn, who))
        day_key = await self._day_keys.of_day(device.subject.tenant, day)
        issued = [token.hex() for token in tokens.issue(day_key, device.enrolment)]
        first = day * tokens.WINDOWS_A_DAY
        tenant, window_ms = device.subject.tenant, tokens.WINDOW_MS
        return answered(IssuedTokens(tenant=tenant, day=day, first_window=first, window_ms=window_ms, tokens=issued))


def may_be_positioned(conn: Connection, who: Caller, lock: bool = False) -> Positioned:
    """The caller's device. Raises Refusal where it is no shopper's, or she does not consent to positioning, or pauses."""
    device = queries.positioned(conn, TenantId(who.tenant), DeviceId(who.subject), lock)
    if device is None:
        raise Refusal(NO_SHOPPER)
    if device.paused_until_ms is not None:
        raise Refusal(PAUSED, until=as_datetime(device.paused_until_ms).isoformat(timespec="minutes"))
    if not device.consents:
        raise Refusal(NO_POSITIONING_CONSENT)
    return device
