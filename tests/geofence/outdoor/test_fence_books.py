"""Fences in memory: they follow what venues say, and wait for the plans that they hang on."""

from floorplans import queries as floorplan_queries
from geofence.outdoor.fence_books import FenceBooks
from geofence.places import Places
from groundwork.people import queries as people
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts
from tests.geofence.outdoor.ground import TENANT, outdoors
from tests.geofence.venues import START_MS, two_rooms


def _open(conn: Connection) -> None:
    people.add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=START_MS)
    shop = two_rooms(tenant=TENANT)
    floorplan_queries.add_venue(conn, outdoors(shop), START_MS)
    floorplan_queries.publish(conn, shop, START_MS)


async def test_fences_come_once_their_plan_is_in_memory(parts: Parts) -> None:
    """Both are told of a publication at once, and either may look first."""
    await parts.db.write(_open)
    places = Places(parts.db)
    books = FenceBooks(parts.db, parts.clock, places)
    await books.renew()
    assert len(books.of(TENANT)) == 0
    await places.renew_plans()
    assert await books.renew()
    assert len(books.of(TENANT)) > 0


async def test_a_new_plan_that_is_not_in_memory_yet_leaves_the_fences_and_is_followed(parts: Parts) -> None:
    await parts.db.write(_open)
    places = Places(parts.db)
    books = FenceBooks(parts.db, parts.clock, places)
    await places.renew_plans()
    await books.renew()
    fences = len(books.of(TENANT))
    await parts.db.write(lambda conn: floorplan_queries.publish(conn, two_rooms("v2", TENANT), START_MS))
    await books.renew()
    assert len(books.of(TENANT)) == fences
    await places.renew_plans()
    assert await books.renew()
    assert not await books.renew()
    assert {ref.plan_version for ref in books.of(TENANT).refs} == {"v2"}
