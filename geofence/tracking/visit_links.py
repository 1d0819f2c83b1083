"""Visit links: a visit that began outside, by GPS, goes on under its own id when gateways hear the shopper inside.

Pure. What joins the two is the shopper's pseudonym: outside it was her phone, inside it may be her phone or a cart's tag. The first visit
of each of her devices that begins within the link's time is taken as the one that began outside; its next one is a visit of its own. The
visit ends with the last of her devices on it. Where a gateway heard her first, the outdoor engine takes over the visit instead
(`outdoor/accept.py`).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from geofence.admitted import Admitted
from groundwork.contracts.ids import Pseudonym, TenantId, Track, VisitId
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent


class Link(msgspec.Struct):
    """A visit that began outside."""

    visit: VisitId
    start_ms: int
    until_ms: int
    """Until when, by event time, a visit that begins inside is this one."""
    tracks: set[Track] = msgspec.field(default_factory=set)
    """Her devices that have been on it."""


class _OnLink(msgspec.Struct, frozen=True):
    """A visit inside that goes on under the id of one that began outside."""

    shopper: Pseudonym
    visit: VisitId
    start_ms: int


class Heard(NamedTuple):
    """A visit that began outside is heard inside, since `at_ms`."""

    tenant: TenantId
    visit: VisitId
    at_ms: int


class Joined(NamedTuple):
    """What some entries led to, under the ids that it goes by."""

    events: list[ZoneEvent]
    visits: list[Visit]
    parted: list[Visit]
    """Ends of devices whose shopper's visit goes on."""
    heard: list[Heard]


class _State(msgspec.Struct, array_like=True):
    waiting: dict[Pseudonym, Link]
    going: dict[VisitId, _OnLink]


_encode: Final = msgspec.msgpack.Encoder(order="sorted").encode
_decode: Final = msgspec.msgpack.Decoder(_State).decode


class VisitLinks:
    """The links of one venue."""

    def __init__(self, state: bytes | None = None) -> None:
        said = _decode(state) if state else _State({}, {})
        self._waiting = said.waiting
        self._going = said.going
        """By the id that the visit would have had."""

    def __bool__(self) -> bool:
        return bool(self._waiting or self._going)

    def state(self) -> bytes:
        return _encode(_State(self._waiting, self._going))

    def arrive(self, entry: Admitted) -> None:
        """A visit has begun outside; links whose time is over are forgotten."""
        header = entry.header
        self._waiting = {who: link for who, link in self._waiting.items() if link.until_ms >= header.admitted_ms}
        self._waiting[header.shoppers[0]] = Link(VisitId(header.source), header.visit_start_ms, header.covered_until_ms)

    def forget(self, shopper: Pseudonym) -> None:
        """Nothing is left of an erased shopper."""
        self._waiting.pop(shopper, None)
        self._going = {own: on for own, on in self._going.items() if on.shopper != shopper}

    def joined(self, events: Sequence[ZoneEvent], visits: Sequence[Visit]) -> Joined:
        """What happened inside, under the ids that it goes by."""
        found = Joined([], [], [], [])
        over: list[VisitId] = []
        for visit in visits:
            if visit.end_ms is None and self._begin(visit):
                found.heard.append(Heard(visit.tenant, self._going[visit.id].visit, visit.start_ms))
            elif visit.end_ms is not None and visit.id in self._going:
                over.append(visit.id)
                others = (own for own, on in self._going.items() if on.visit == self._going[visit.id].visit and own not in over)
                if next(others, None) is not None:
                    found.parted.append(visit)
                    continue
            found.visits.append(self._told(visit))
        found.events.extend(self._named(event) for event in events)
        for own in over:
            del self._going[own]
        return found

    def _begin(self, visit: Visit) -> bool:
        """Whether the visit is one that began outside."""
        link = self._waiting.get(visit.shopper)
        if link is None or not link.start_ms <= visit.start_ms <= link.until_ms or visit.track in link.tracks:
            return False
        link.tracks.add(visit.track)
        self._going[visit.id] = _OnLink(visit.shopper, link.visit, link.start_ms)
        return True

    def _told(self, visit: Visit) -> Visit:
        on = self._going.get(visit.id)
        return visit if on is None else msgspec.structs.replace(visit, id=on.visit, start_ms=on.start_ms)

    def _named(self, event: ZoneEvent) -> ZoneEvent:
        on = self._going.get(event.visit)
        return event if on is None else msgspec.structs.replace(event, visit=on.visit)
