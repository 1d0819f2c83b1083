"""Communities in the database: what there is to join, and who is in. Leaving removes the row, and the next transaction sees it."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from groundwork.contracts.ids import CommunityId, ShopperId, TenantId
from groundwork.people.model import Community
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import CommunityRow, MembershipRow
from groundwork.plumbing.db import insert_once

_NAMES: Final = tuple(Community.__dataclass_fields__)
_COLUMNS: Final = tuple(getattr(CommunityRow, name) for name in _NAMES)
# Asked at zone events and sends, so it is built once.
_HERS: Final = (
    select(MembershipRow.community_id)
    .join(CommunityRow, and_(CommunityRow.tenant == MembershipRow.tenant, CommunityRow.id == MembershipRow.community_id))
    .where(MembershipRow.tenant == bindparam("of"), MembershipRow.shopper_id == bindparam("shopper"), CommunityRow.open.is_(True))
)


class Joined(NamedTuple):
    """A community, and how many are in it."""

    community: Community
    members: int


def put_community(conn: Connection, community: Community, now_ms: int) -> Community | None:
    """Adds the community, or replaces the one with its id, whose members stay; returns what was there before.

    Raises ValueError for an unknown tenant.
    """
    raise_version(conn, community.tenant, "people_version")
    before = community_of_id(conn, community.tenant, community.id)
    values = {name: getattr(community, name) for name in _NAMES}
    if before is None:
        conn.execute(insert(CommunityRow).values(**values, created_ms=now_ms))
    else:
        this = (CommunityRow.tenant == community.tenant, CommunityRow.id == community.id)
        conn.execute(update(CommunityRow).where(*this).values(values))
    return before


def community_of_id(conn: Connection, tenant: TenantId, community: CommunityId) -> Community | None:
    """The community, open or closed; None when there is none."""
    found = conn.execute(select(*_COLUMNS).where(CommunityRow.tenant == tenant, CommunityRow.id == community)).one_or_none()
    return Community(*found) if found else None


def communities(conn: Connection, tenant: TenantId) -> list[Joined]:
    """Every community of the tenant with the number of its members, by id."""
    row, member = CommunityRow, MembershipRow
    counted = select(func.count()).where(member.tenant == row.tenant, member.community_id == row.id).scalar_subquery()
    found = conn.execute(select(*_COLUMNS, counted).where(row.tenant == tenant).order_by(row.id))
    return [Joined(Community(*one[:-1]), one[-1]) for one in found]


def joined_communities(conn: Connection, tenant: TenantId, shopper: ShopperId) -> dict[CommunityId, int]:
    """The communities she is in, closed ones too, with when she joined, in ms."""
    row = MembershipRow
    hers = select(row.community_id, row.joined_ms).where(row.tenant == tenant, row.shopper_id == shopper).order_by(row.community_id)
    return {CommunityId(one.community_id): one.joined_ms for one in conn.execute(hers)}


def communities_of(conn: Connection, tenant: TenantId, shopper: ShopperId) -> frozenset[CommunityId]:
    """The open communities she is in now: what a campaign may ask for."""
    return frozenset(CommunityId(one) for one in conn.scalars(_HERS, {"of": tenant, "shopper": shopper}))


def join_community(conn: Connection, tenant: TenantId, shopper: ShopperId, community: CommunityId, now_ms: int) -> bool:
    """She is in from now on; False where she was."""
    values = {"tenant": tenant, "shopper_id": shopper, "community_id": community, "joined_ms": now_ms}
    return insert_once(conn, MembershipRow, values)


def leave_community(conn: Connection, tenant: TenantId, shopper: ShopperId, community: CommunityId) -> bool:
    """She is out, and nothing is left of her having been in; False where she was not."""
    row = MembershipRow
    hers = delete(row).where(row.tenant == tenant, row.shopper_id == shopper, row.community_id == community)
    return conn.execute(hers).rowcount > 0
