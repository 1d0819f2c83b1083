"""Publish: campaigns come into force, pause and end, and every process is told after the commit."""

import msgspec

from groundwork.contracts.changes import CampaignChanged
from groundwork.contracts.ids import CampaignId, DeviceId, GrantId, PushId, TenantId, VenueId
from groundwork.contracts.push import Push
from groundwork.contracts.subjects import CAMPAIGN_CHANGED
from groundwork.plumbing.bus import Bus
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Database
from groundwork.plumbing.reasons import Refusal, Words
from notifier import queries
from notifier.campaigns import Campaign, State, Texts
from notifier.offers import MAX_PUSH_BYTES, TooLarge, check_size, fill, with_code
from notifier.reasons import CAMPAIGN_INVALID

_LONG_NAME = Texts("م" * 80, "M" * 80)
_LONG_ID = "0" * 64
_IN_LANGUAGE = {"ar": Words("in Arabic", "بالعربية"), "en": Words("in English", "بالإنجليزية")}


class Campaigns:
    """Brings campaigns into force. `channels` are the names of the ways out that are set up."""

    def __init__(self, db: Database, bus: Bus, clock: Clock, channels: frozenset[str]) -> None:
        self._db = db
        self._bus = bus
        self._clock = clock
        self._channels = channels

    async def publish(self, campaign: Campaign) -> None:
        """Adds or replaces the campaign; raises Refusal where it could not be sent."""
        self._check(campaign)
        await self._db.write(lambda conn: queries.add_campaign(conn, campaign, self._clock.now_ms()))
        await self._announce(campaign.tenant, campaign.id)

    async def move(self, tenant: TenantId, campaign: CampaignId, state: State) -> bool:
        """Moves the campaign to `state`; False where it is unknown. After this returns, nothing of one that is not live is claimed."""
        known = await self._db.write(lambda conn: queries.set_state(conn, tenant, campaign, state, self._clock.now_ms()))
        if known:
            await self._announce(tenant, campaign)
        return known

    async def pause(self, tenant: TenantId, campaign: CampaignId) -> bool:
        """Stops the campaign for now; False where it is unknown."""
        return await self.move(tenant, campaign, "paused")

    def _check(self, campaign: Campaign) -> None:
        unknown = [name for name in campaign.channels if name not in self._channels]
        if unknown:
            known = ", ".join(sorted(self._channels))
            why = Words(
                f"channel {unknown[0]!r} is not set up; expected one of {known}",
                f"قناة الإرسال {unknown[0]!r} غير مهيأة؛ والمتوقع إحدى القنوات {known}",
            )
            raise Refusal(CAMPAIGN_INVALID, at="/channels", why=why)
        for language in ("ar", "en"):
            try:
                check_size(_largest(campaign, language))
            except TooLarge as error:
                raise Refusal(CAMPAIGN_INVALID, at="/offer", why=_too_large(error.size, _IN_LANGUAGE[language])) from None

    async def _announce(self, tenant: TenantId, campaign: CampaignId) -> None:
        await self._bus.announce(CAMPAIGN_CHANGED, msgspec.json.encode(CampaignChanged(tenant=tenant, campaign=campaign)))


def _too_large(size: int, language: Words) -> Words:
    return Words(
        f"its push {language.en} has {size} bytes, and at most {MAX_PUSH_BYTES} may leave; shorten its title or body",
        f"حجم الإشعار {language.ar} {size} بايت، والحد الأقصى {MAX_PUSH_BYTES}؛ اختصر العنوان أو النص",
    )


def _largest(campaign: Campaign, language: str) -> Push:
    """The largest push this campaign can make in `language`."""
    words = fill(campaign.offer, language, _LONG_NAME)
    code = "0" * 15
    return Push(
        id=PushId(_LONG_ID),
        tenant=campaign.tenant,
        venue=VenueId(_LONG_ID),
        grant=GrantId(_LONG_ID),
        campaign=campaign.id,
        device=DeviceId(_LONG_ID),
        channel="inbox",
        language=language,
        title=with_code(words.title, code),
        body=with_code(words.body, code),
        code=code,
        created_ms=10**13,
        expires_ms=10**13,
    )
