"""The reference phone, as far as the server can tell: fetches its tokens, condenses the beacons it hears, reports them and where it is,
reads its offers.

Used by the demo, by replays of recordings in which phones range beacons, and by tests; talks HTTP only. A report that got no answer is
sent again byte for byte, under the same batch number, until it is answered.
"""

from dataclasses import dataclass, field
from typing import Final

import aiohttp
import msgspec

from groundwork.adverts.condense import Columns, Condenser
from groundwork.contracts.gps_report import GpsBatch, GpsReport
from groundwork.contracts.ids import BeaconKey, BootId, GatewayId, TenantId, VenueId
from groundwork.contracts.ranging import RangingColumns, RangingReport, Step
from groundwork.contracts.token import IssuedTokens
from groundwork.plumbing.hops import Hops
from notifier.inbox import FeedEntry, FeedPage

_SELF: Final = GatewayId("phone")
"""A phone is its own only radio; the name never leaves it."""
FETCH_AGAIN_MS: Final = 10_000
"""How long a phone that was given no tokens waits before it asks again; her consent may have come meanwhile."""
_page = msgspec.json.Decoder(FeedPage)
_issued = msgspec.json.Decoder(IssuedTokens)


@dataclass(frozen=True, slots=True)
class Account:
    """Where a phone reports to, and as whom."""

    server: str
    token: str
    tenant: TenantId
    venue: VenueId
    boot: BootId

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(slots=True)
class _Waiting:
    """A sealed report: where it goes, its bytes, and how many adverts it stands for."""

    path: str
    body: bytes
    adverts: int = 0


@dataclass(slots=True)
class Phone:
    """One phone: `hear` what its radio hears, `advance` time, `report` what is sealed, `offers` what has come."""

    account: Account
    http: aiohttp.ClientSession
    hops: Hops
    window_ms: int = 500
    _batch: int = 0
    _after: int = 0
    _waiting: list[_Waiting] = field(default_factory=list)
    _steps: list[Step] = field(default_factory=list)
    _tokens: IssuedTokens | None = None
    _fetch_ms: int = 0
    _condenser: Condenser = field(init=False)

    def __post_init__(self) -> None:
        self._condenser = Condenser(self.window_ms)

    def hear(self, beacon: BeaconKey, at_ms: int, rssi_dbm: float) -> None:
        """Takes one advert of a fixed beacon."""
        hop = self.hops.hop("phone", "adverts")
        hop.take()
        reason = self._condenser.add(_SELF, beacon, at_ms, rssi_dbm)
        if reason:
            hop.refuse(reason)
        else:
            hop.held += 1

    def feel(self, at_ms: int, heading_deg: float | None) -> None:
        """Takes one step, clockwise from magnetic north where the phone knows its heading."""
        self._steps.append(Step(at_ms=at_ms, heading_deg=heading_deg))

    def advance(self, now_ms: int) -> None:
        """Closes the windows that have ended and seals what they heard, with the steps felt."""
        closed = self._condenser.advance(now_ms)
        steps, self._steps = self._steps, []
        if (closed is None or not len(closed.columns)) and not steps:
            return
        columns = closed.columns if closed is not None else Columns()
        beacons = sorted(set(columns.beacon))
        index = {beacon: number for number, beacon in enumerate(beacons)}
        self._batch += 1
        report = RangingReport(
            tenant=self.account.tenant,
            venue=self.account.venue,
            boot=self.account.boot,
            batch=self._batch,
            sent_ms=now_ms,
            covered_until_ms=closed.until_ms if closed is not None else now_ms,
            beacons=beacons,
            columns=RangingColumns(
                beacon=[index[beacon] for beacon in columns.beacon],
                window_start_ms=columns.window_start_ms,
                window_ms=[self.window_ms] * len(columns),
                adverts=columns.adverts,
                rssi_median_dbm=columns.rssi_median_dbm,
            ),
            steps=steps,
        )
        self._waiting.append(_Waiting("/v1/ranging", msgspec.json.encode(report), sum(columns.adverts)))

    def found(self, place: GpsReport) -> None:
        """Takes a place where the phone's own satellite receiver says it is; sealed as a report of its own."""
        self._batch += 1
        account = self.account
        batch = GpsBatch(tenant=account.tenant, boot=account.boot, batch=self._batch, sent_ms=place.at_ms, reports=[place])
        self._waiting.append(_Waiting("/v1/gps-reports", msgspec.json.encode(batch)))

    def token(self, at_ms: int) -> bytes | None:
        """The shopper token to be sent at that moment; None where the phone has none for it."""
        held = self._tokens
        number = -1 if held is None else at_ms // held.window_ms - held.first_window
        return bytes.fromhex(held.tokens[number]) if held is not None and 0 <= number < len(held.tokens) else None

    async def fetch_tokens(self, now_ms: int) -> None:
        """Fetches the day's tokens where there are none for now. A shopper who does not consent is given none, and sends none."""
        if now_ms < self._fetch_ms or self.token(now_ms) is not None:
            return
        self._fetch_ms = now_ms + FETCH_AGAIN_MS
        try:
            async with self.http.post(f"{self.account.server}/v1/tokens", json={}, headers=self.account.headers) as answer:
                self._tokens = _issued.decode(await answer.read()) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return

    async def report(self) -> bool:
        """Sends what is sealed, oldest first; False as soon as one gets no answer, to be tried again later.

        A report that is refused for good (a withdrawn consent, say) is dropped and counted by its status.
        """
        hop = self.hops.hop("phone", "adverts")
        headers = {**self.account.headers, "Content-Type": "application/json"}
        while self._waiting:
            first = self._waiting[0]
            try:
                async with self.http.post(f"{self.account.server}{first.path}", data=first.body, headers=headers) as answer:
                    status = answer.status
                    await answer.read()
            except (aiohttp.ClientError, TimeoutError):
                return False
            if status >= 500 or status == 429:
                return False
            self._waiting.pop(0)
            hop.held -= first.adverts
            if status < 300:
                hop.give(first.adverts)
            else:
                hop.refuse(f"http_{status}", first.adverts)
        return True

    async def offers(self) -> list[FeedEntry]:
        """The feed's entries since the last call; none where the server cannot be reached."""
        headers = {**self.account.headers, "Accept": "application/json"}
        try:
            async with self.http.get(f"{self.account.server}/v1/feed", params={"after": str(self._after)}, headers=headers) as answer:
                if answer.status != 200:
                    return []
                page = _page.decode(await answer.read())
        except (aiohttp.ClientError, TimeoutError):
            return []
        self._after = page.last
        return page.entries
