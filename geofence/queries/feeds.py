"""Feeds in the database: how third-party boxes are heard, and which of a broker's messages were kept. Their boxes are rows of the registry
of people, written by its own query functions in the same transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update

from geofence.tables import FeedReceiptRow, FeedRow
from groundwork.contracts.feed import FeedBox, Times
from groundwork.contracts.ids import GatewayId, TenantId, VenueId
from groundwork.people import queries as people
from groundwork.people.queries import boxes
from groundwork.plumbing.db import insert_once, upsert


@dataclass(frozen=True, slots=True)
class StoredFeed:
    """A feed. Its password is sealed; `url` is empty where boxes post."""

    tenant: TenantId
    id: str
    kind: str
    venue: VenueId
    times: Times
    url: str
    topic: str
    login: str
    password: bytes | None
    authorities: str
    client: str
    """Random; under it the broker keeps what it could not deliver."""

    @property
    def gateway(self) -> GatewayId:
        """The feed as a gateway: what its boxes hang on, and the source that their rows are from."""
        return GatewayId(f"feed:{self.id}")


_NAMES: Final = tuple(StoredFeed.__dataclass_fields__)
_COLUMNS: Final = tuple(getattr(FeedRow, name) for name in _NAMES)


def feeds(conn: Connection, tenant: TenantId | None = None) -> list[StoredFeed]:
    """The feeds of the tenant, or of all, by tenant and id."""
    wanted = select(*_COLUMNS).order_by(FeedRow.tenant, FeedRow.id)
    return [_feed(row) for row in conn.execute(wanted if tenant is None else wanted.where(FeedRow.tenant == tenant))]


def feed(conn: Connection, tenant: TenantId, feed_id: str) -> StoredFeed | None:
    """The feed, or None."""
    row = conn.execute(select(*_COLUMNS).where(FeedRow.tenant == tenant, FeedRow.id == feed_id)).one_or_none()
    return _feed(row) if row else None


def put_feed(conn: Connection, wanted: StoredFeed, listed: Iterable[FeedBox], now_ms: int) -> None:
    """Adds the feed or replaces the one with its id; its boxes are those `listed`, and any other it had is believed no more."""
    values = {name: getattr(wanted, name) for name in _NAMES} | {"changed_ms": now_ms}
    if not insert_once(conn, FeedRow, values | {"created_ms": now_ms}):
        conn.execute(update(FeedRow).where(FeedRow.tenant == wanted.tenant, FeedRow.id == wanted.id).values(values))
    named = {box_gateway(wanted.id, one.box): one.name for one in listed}
    for gateway in sorted(boxes_of(conn, wanted.tenant, wanted.id).values()):
        if gateway not in named:
            people.revoke_gateway(conn, wanted.tenant, gateway, now_ms)
    add = partial(people.add_gateway, conn, tenant=wanted.tenant, venue=wanted.venue, now_ms=now_ms)
    add(gateway=wanted.gateway, name=wanted.id)
    for gateway, name in named.items():
        add(gateway=gateway, name=name, via=wanted.gateway)


def remove_feed(conn: Connection, found: StoredFeed, now_ms: int) -> None:
    """Nothing of it is heard from now on, and its boxes are believed no more."""
    for gateway in sorted(boxes_of(conn, found.tenant, found.id).values()):
        people.revoke_gateway(conn, found.tenant, gateway, now_ms)
    people.revoke_gateway(conn, found.tenant, found.gateway, now_ms)
    conn.execute(delete(FeedReceiptRow).where(FeedReceiptRow.tenant == found.tenant, FeedReceiptRow.feed == found.id))
    conn.execute(delete(FeedRow).where(FeedRow.tenant == found.tenant, FeedRow.id == found.id))


def box_gateway(feed_id: str, box: str) -> GatewayId:
    """The gateway that a feed's box is."""
    return GatewayId(f"{feed_id}:{box}")


def boxes_of(conn: Connection, tenant: TenantId, feed_id: str) -> dict[str, GatewayId]:
    """The boxes that are believed, by the name each gives itself, with their gateways."""
    return {box: gateway for box, gateway, _ in named_boxes(conn, tenant, feed_id)}


def named_boxes(conn: Connection, tenant: TenantId, feed_id: str) -> list[tuple[str, GatewayId, str]]:
    """The same as rows of box, gateway, and what operators call it; by gateway."""
    live = [row for row in boxes.gateway_rows(conn, tenant) if row.via == f"feed:{feed_id}" and row.state == boxes.ACTIVE]
    return [(row.id.partition(":")[2], GatewayId(row.id), row.name) for row in live]


def receipts(conn: Connection, tenant: TenantId, feed_id: str) -> dict[int, bytes]:
    """The tags of messages that were kept, by the broker's number."""
    row = FeedReceiptRow
    found = conn.execute(select(row.number, row.tag).where(row.tenant == tenant, row.feed == feed_id))
    return {each.number: each.tag for each in found}


def keep_receipts(conn: Connection, tenant: TenantId, feed_id: str, tags: Mapping[int, bytes]) -> None:
    """Notes that these messages were kept; a number that comes round again stands for the newer one."""
    for number, tag in sorted(tags.items()):
        upsert(conn, FeedReceiptRow, {"tenant": tenant, "feed": feed_id, "number": number, "tag": tag}, ("tenant", "feed", "number"))


def _feed(row: Row[Any]) -> StoredFeed:
    return StoredFeed(**row._mapping)
