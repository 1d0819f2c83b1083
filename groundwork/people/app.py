"""Builds the service of people and keys: its routes, and the loops that keep fresh what other services are given of it."""

from groundwork.contracts.subjects import CONSENT_CHANGED, GATEWAY_CHANGED
from groundwork.people.credentials import LiveCredentials
from groundwork.people.http import ConsentRoutes
from groundwork.people.registry import People
from groundwork.people.settings import Settings
from groundwork.people.withdrawal import Consents, Sends
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Parts, Service

_NO_SENDS = Sends()


def build(parts: Parts, settings: Settings, people: People, credentials: LiveCredentials, sends: Sends = _NO_SENDS) -> Service:
    """The service. Its start fills `people` and `credentials`, its loops keep them fresh; a withdrawal takes back what `sends` can."""
    consents = Consents(parts.db, parts.bus, parts.clock, sends, settings.withdrawal_wait_ms)
    loops = (
        Refresh("people", people.renew, parts.bus, (CONSENT_CHANGED,), parts.clock, settings.refresh_ms),
        Refresh("credentials", credentials.renew, parts.bus, (GATEWAY_CHANGED,), parts.clock, settings.refresh_ms),
    )

    async def start() -> None:
        await people.renew()
        await credentials.renew()

    return Service("people", ConsentRoutes(parts, consents).routes(), loops, start)
