"""What every route of a venue needs: whose venue it is, and answers that need not be sent twice."""

import hashlib
from typing import Annotated

import msgspec
from aiohttp import hdrs, web

from floorplans.drafts import Asked
from floorplans.reasons import UNKNOWN_VENUE
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.plumbing.http import caller
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts

READ_STATUS = "status.read"
WRITE_PLANS = "plans.write"
FIND_WAYS = "ways.find"
CommandId = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", max_length=64)]
"""The sender's own id of what it asks, so that a repeat is known as one."""
Note = Annotated[str, msgspec.Meta(max_length=500)]


def asked_of(request: web.Request, parts: Parts, command_id: str = "") -> Asked:
    """Who asks, and of which venue. Raises Refusal alike for a venue that is out of the caller's reach and for one that is not there."""
    who, venue = caller(request), VenueId(request.match_info["venue"])
    if not who.within(venue):
        raise Refusal(UNKNOWN_VENUE, value=venue)
    return Asked(TenantId(who.tenant), venue, who.subject, parts.clock.now_ms(), command_id)


def tagged(request: web.Request, value: object) -> web.Response:
    """`value` as JSON with an ETag; 304 without a body where the caller has it already."""
    raw = msgspec.json.encode(value)
    tag = hashlib.blake2b(raw, digest_size=12).hexdigest()
    return unchanged(request, tag) or web.Response(body=raw, content_type="application/json", headers=_headers(tag))


def unchanged(request: web.Request, tag: str) -> web.Response | None:
    """304 where the caller has what this tag stands for; None where it must be sent."""
    if any(known.value in (tag, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers=_headers(tag))
    return None


def with_tag(raw: bytes, tag: str, media: str = "application/json") -> web.Response:
    """Bytes made of what `tag` stands for."""
    return web.Response(body=raw, content_type=media, headers=_headers(tag))


def _headers(tag: str) -> dict[str, str]:
    return {hdrs.ETAG: f'"{tag}"', hdrs.CACHE_CONTROL: "private, no-cache"}
