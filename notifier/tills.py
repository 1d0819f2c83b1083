"""Tills: what every request of a till must satisfy, whatever it asks for, and how it is counted."""

from collections.abc import Awaitable
from typing import Final, TypeVar

from floorplans import queries as places
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.plumbing import problems
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.db import Connection
from groundwork.plumbing.hops import Hop
from groundwork.plumbing.reasons import Refusal, Words
from notifier import reasons

T = TypeVar("T")

_LONGEST_RECEIPT: Final = 64


def check_receipt(receipt: str) -> None:
    """Raises Refusal unless `receipt` can be a receipt number: 1 to 64 printable characters."""
    if not (0 < len(receipt) <= _LONGEST_RECEIPT and receipt.isprintable()):
        expected = Words(f"1 to {_LONGEST_RECEIPT} printable characters", f"محارف مطبوعة عددها من 1 إلى {_LONGEST_RECEIPT}")
        raise Refusal(problems.FIELD_WRONG, at="/receipt", value=repr(receipt[:80]), expected=expected)


def check_venue(conn: Connection, caller: Caller, venue: VenueId) -> None:
    """Raises Refusal unless the caller acts for `venue`, and the tenant has it."""
    if not caller.within(venue):
        raise Refusal(reasons.VENUE_OUT_OF_SCOPE, at="/venue", venue=venue)
    if places.venue(conn, TenantId(caller.tenant), venue) is None:
        raise Refusal(reasons.VENUE_UNKNOWN, at="/venue", venue=venue)


async def counted(hop: Hop, work: Awaitable[tuple[T, bool]]) -> tuple[T, bool]:
    """What `work` answers, and whether it was a repeat; `hop` counts the request as answered, repeated, refused or failed."""
    hop.take()
    try:
        answer, repeat = await work
    except Refusal as refusal:
        hop.refuse(refusal.reason.code)
        raise
    except BaseException:
        hop.refuse("failed")
        raise
    if repeat:
        hop.refuse(reasons.REPEAT.code)
    else:
        hop.give()
    return answer, repeat
