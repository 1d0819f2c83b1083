"""What a webhook is told, as CloudEvents 1.0 in JSON, structured mode (cloudevents.io). The same happening gives the same bytes.

Pseudonyms only, as in the zone event and the visit themselves: what is left out of them, or of what is shown of them (`shown.py`), is in
no webhook either.
"""

from typing import Final, get_args

import msgspec

from geofence.queries import Delivery, Happening, Webhook
from geofence.telling.shown import shown
from groundwork.contracts.zone_event import ZoneEvent, ZoneEventKind
from groundwork.plumbing.clock import as_datetime
from groundwork.plumbing.ids import stable_id

MEDIA: Final = "application/cloudevents+json; charset=utf-8"
PING: Final = "ping"
KINDS: Final = (*(f"zone_event.{kind}" for kind in get_args(ZoneEventKind)), "visit.started", "visit.ended")
"""What a webhook can be told of, beside a ping, which all are told."""
_TYPE: Final = "aislecast."

_encode = msgspec.json.Encoder().encode


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, rename={"about": "data"}):
    """The envelope."""

    specversion: str = "1.0"
    id: str
    """The same in every repeat, and the webhook-id of the request."""
    source: str
    """`/tenants/{tenant}/venues/{venue}`."""
    type: str
    """`aislecast.` and one of KINDS, or `aislecast.ping`."""
    subject: str
    """The zone's id, or the visit's."""
    time: str
    """When it was true."""
    datacontenttype: str = "application/json"
    about: dict[str, object] | None = None
    """The zone event or the visit, as `shown.py` tells it."""


def delivery_of(hook: Webhook, one: Happening, now_ms: int) -> Delivery:
    """The delivery of what happened to a webhook, due now."""
    what = one.what
    if isinstance(what, ZoneEvent):
        kind, told_id, at_ms, subject = f"zone_event.{what.kind}", str(what.id), what.at_ms, str(what.zone)
    elif one.ended and what.end_ms is not None:
        kind, told_id, at_ms, subject = "visit.ended", f"{what.id}-ended-{what.end_ms}", what.end_ms, str(what.id)
    else:
        kind, told_id, at_ms, subject = "visit.started", f"{what.id}-started", what.start_ms, str(what.id)
        what = msgspec.structs.replace(what, end_ms=None)  # the row may know its end by now
    said = CloudEvent(
        id=told_id,
        source=f"/tenants/{what.tenant}/venues/{what.venue}",
        type=f"{_TYPE}{kind}",
        subject=subject,
        time=_time(at_ms),
        about=shown(what),
    )
    return _delivery(hook, said, kind, str(what.venue), str(what.shopper), at_ms, now_ms)


def ping_of(hook: Webhook, ping_id: str, now_ms: int) -> Delivery:
    """A delivery that says nothing but that it arrived."""
    said = CloudEvent(id=ping_id, source=f"/tenants/{hook.tenant}", type=f"{_TYPE}{PING}", subject=hook.id, time=_time(now_ms))
    return _delivery(hook, said, PING, "", "", now_ms, now_ms)


def delivery_id(tenant: str, hook: str, told_id: str) -> str:
    """The id of the one delivery of this to that webhook."""
    return stable_id(tenant, hook, told_id)


def _delivery(hook: Webhook, said: CloudEvent, kind: str, venue: str, shopper: str, at_ms: int, now_ms: int) -> Delivery:
    return Delivery(
        tenant=hook.tenant,
        id=delivery_id(hook.tenant, hook.id, said.id),
        webhook=hook.id,
        told_id=said.id,
        kind=kind,
        venue=venue,
        shopper=shopper,
        at_ms=at_ms,
        payload=_encode(said).decode(),
        created_ms=now_ms,
        queued_ms=now_ms,
        next_ms=now_ms,
    )


def _time(at_ms: int) -> str:
    return as_datetime(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
