"""Which venue a command is about: by its id, and by its tenant where several have a venue of that id.

Whoever may read the database may ask for any tenant's venues; a command without `--tenant` looks through them all and never guesses.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aislecast.commands.options import NO_TENANT
from aislecast.exits import BAD_INPUT, Stop
from aislecast.settings import DEFAULT_TENANT
from groundwork.contracts.ids import TenantId
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from floorplans.model import Venue
    from groundwork.plumbing.db import Connection

NO_VENUE = Words("There is no venue {venue}; known are: {known}.", "لا يوجد متجر باسم {venue}؛ المعروفة: {known}.")
_WHOSE_VENUE = Words(
    "Several tenants have a venue {venue}; name one with `--tenant`: {known}.",
    "المتجر {venue} موجود لدى أكثر من مستأجر؛ حدد واحدًا بالخيار `--tenant`: {known}.",
)
_WHICH_VENUE = Words("Name a venue; known are: {known}.", "حدد متجرًا؛ المعروفة: {known}.")
_WHICH_TENANT = Words(
    "There is no venue {venue} yet; say with `--tenant` whose it is to be: {known}.",
    "لا يوجد متجر باسم {venue} بعد؛ اذكر صاحبه بالخيار `--tenant`: {known}.",
)
_SHOWN = 20
"""Venues that a sentence lists; a chain has hundreds."""


def venue_named(conn: "Connection", name: str | None, tenant: str | None, unknown: Words = NO_VENUE) -> "Venue":
    """The venue of this id, or the only one where none is named. Raises Stop, saying `unknown`, where there is none or more than one."""
    known = _venues(conn, tenant)
    found = [venue for venue in known if name in (None, venue.id)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Stop(unknown, BAD_INPUT, venue=name or "-", known=_listed([venue.id for venue in known]))
    if name is None:
        raise Stop(_WHICH_VENUE, BAD_INPUT, known=_listed([venue.id for venue in known]))
    raise Stop(_WHOSE_VENUE, BAD_INPUT, venue=name, known=_listed([venue.tenant for venue in found]))


def tenant_of(conn: "Connection", venue: str, tenant: str | None) -> TenantId:
    """Whose venue of this id is meant, there already or to be made: the tenant that is named, has it, is the only one, or `default`.

    Raises Stop for an unknown tenant, and where it takes a name to tell.
    """
    from groundwork.people import queries as people

    found = [one.tenant for one in _venues(conn, tenant) if one.id == venue]
    if len(found) > 1:
        raise Stop(_WHOSE_VENUE, BAD_INPUT, venue=venue, known=_listed(found))
    if found or tenant:
        return TenantId(tenant or found[0])
    known = [one.id for one in people.tenants(conn)]
    if len(known) > 1 and DEFAULT_TENANT not in known:
        raise Stop(_WHICH_TENANT, BAD_INPUT, venue=venue, known=_listed(known))
    return TenantId(known[0] if len(known) == 1 else DEFAULT_TENANT)


def _venues(conn: "Connection", tenant: str | None) -> "list[Venue]":
    """Every tenant's venues, or one's. Raises Stop for an unknown tenant."""
    from floorplans import queries as places
    from groundwork.people import queries as people

    tenants = [one.id for one in people.tenants(conn)]
    if tenant is not None and tenant not in tenants:
        raise Stop(NO_TENANT, BAD_INPUT, tenant=tenant, known=_listed(tenants))
    return [venue for venue in places.all_venues(conn) if tenant in (None, venue.tenant)]


def _listed(ids: Sequence[str]) -> str:
    """The ids as they stand in a sentence, each once."""
    once = list(dict.fromkeys(ids))
    return ", ".join(once[:_SHOWN]) + (" ..." if len(once) > _SHOWN else "") or "-"
