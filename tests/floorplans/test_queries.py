"""Places in the database: what was published comes back equal, versions never change, and tenants never see one another."""

import dataclasses

import pytest
from sqlalchemy import Connection, update

from floorplans import queries
from floorplans.model import Names, Policy
from floorplans.queries import UnsoundPlan, VersionTaken
from floorplans.tables import LevelRow, PlanVersionRow, VenueRow
from groundwork.contracts.ids import PlanVersionId, VenueId
from groundwork.plumbing.db import Database
from tests.floorplans.mall import full_plan
from tests.floorplans.shop import DANA, NOW_MS, OLAYA, TAMIM, plan, venue

V1, V2 = PlanVersionId("v1"), PlanVersionId("v2")


async def test_a_published_plan_comes_back_equal_in_its_own_order(database: Database) -> None:
    def work(conn: Connection) -> None:
        queries.add_venue(conn, venue(), NOW_MS)
        assert queries.published_plan(conn, TAMIM, OLAYA) is None
        queries.publish(conn, plan(), NOW_MS)
        assert queries.published_plan(conn, TAMIM, OLAYA) == plan()
        assert queries.plan(conn, TAMIM, V1) == plan()
        assert queries.plan(conn, TAMIM, V2) is None

    await database.write(work)


async def test_a_plan_with_one_of_everything_comes_back_equal(database: Database) -> None:
    def work(conn: Connection) -> None:
        queries.add_venue(conn, full_plan().venue, NOW_MS)
        queries.publish(conn, full_plan(), NOW_MS)
        assert queries.plan(conn, full_plan().venue.tenant, V1) == full_plan()

    await database.write(work)


async def test_a_plan_from_before_these_columns_is_read_and_rolled_back_to(database: Database) -> None:
    """Rows of an older release have no frame, no category, no parts, and another digest; the plan is the same all the same."""

    def work(conn: Connection) -> None:
        queries.add_venue(conn, venue(), NOW_MS)
        queries.publish(conn, plan(), NOW_MS)
        conn.execute(update(VenueRow).values(premises=None))
        conn.execute(update(LevelRow).values(frame=None))
        conn.execute(update(PlanVersionRow).values(digest=bytes(32)))
        assert queries.published_plan(conn, TAMIM, OLAYA) == plan()
        queries.publish(conn, plan(), NOW_MS + 1)
        with pytest.raises(VersionTaken):
            queries.publish(conn, plan(zones=()), NOW_MS)

    await database.write(work)


async def test_publishing_an_old_version_again_rolls_back(database: Database) -> None:
    def work(conn: Connection) -> None:
        queries.add_venue(conn, venue(), NOW_MS)
        for version in ("v1", "v2", "v2", "v1"):
            queries.publish(conn, plan(version, zones=() if version == "v2" else None), NOW_MS)
        assert queries.published_plan(conn, TAMIM, OLAYA) == plan()
        assert queries.plan(conn, TAMIM, V2) == plan("v2", zones=())

    await database.write(work)


async def test_a_version_never_becomes_another_plan(database: Database) -> None:
    def work(conn: Connection) -> None:
        queries.add_venue(conn, venue(), NOW_MS)
        queries.add_venue(conn, venue(venue_id=VenueId("malaz")), NOW_MS)
        queries.publish(conn, plan(), NOW_MS)
        with pytest.raises(VersionTaken, match="'v1' of tenant 'tamim' is another plan"):
            queries.publish(conn, plan(zones=()), NOW_MS)
        with pytest.raises(VersionTaken):
            queries.publish(conn, dataclasses.replace(plan(), venue=venue(venue_id=VenueId("malaz"))), NOW_MS)
        assert queries.published_plan(conn, TAMIM, OLAYA) == plan()

    await database.write(work)


async def test_a_plan_with_problems_is_not_published(database: Database) -> None:
    def work(conn: Connection) -> None:
        queries.add_venue(conn, venue(), NOW_MS)
        twice = plan().zones * 2
        with pytest.raises(UnsoundPlan, match="2 problems: zone z2: 2 of this id, expected ids used once") as caught:
            queries.publish(conn, plan(zones=twice), NOW_MS)
        assert len(caught.value.found) == 2
        assert queries.plan(conn, TAMIM, V1) is None

    await database.write(work)


async def test_a_plan_needs_its_venue(database: Database) -> None:
    with pytest.raises(ValueError, match="venue 'olaya' of tenant 'tamim' is unknown"):
        await database.write(lambda conn: queries.publish(conn, plan(), NOW_MS))


async def test_two_tenants_with_equal_ids_never_see_each_other(database: Database) -> None:
    def work(conn: Connection) -> None:
        for tenant in (TAMIM, DANA):
            queries.add_venue(conn, venue(tenant), NOW_MS)
        queries.publish(conn, plan(), NOW_MS)
        assert queries.published_plan(conn, DANA, OLAYA) is None
        queries.publish(conn, plan(tenant=DANA, zones=()), NOW_MS)
        assert queries.published_plan(conn, DANA, OLAYA) == plan(tenant=DANA, zones=())
        assert queries.published_plan(conn, TAMIM, OLAYA) == plan()
        assert queries.venues(conn, DANA) == [venue(DANA)]
        assert queries.published_versions(conn) == {(DANA, OLAYA): V1, (TAMIM, OLAYA): V1}
        assert queries.all_venues(conn) == [venue(DANA), venue(TAMIM)]

    await database.write(work)


async def test_a_venue_added_again_is_brought_up_to_date_and_keeps_its_plan(database: Database) -> None:
    renamed = dataclasses.replace(venue(), names=Names("العُليا ٢", "Olaya 2"), policy=Policy(quiet_from="23:30"))

    def work(conn: Connection) -> None:
        queries.add_venue(conn, venue(), NOW_MS)
        queries.publish(conn, plan(), NOW_MS)
        queries.add_venue(conn, renamed, NOW_MS + 1)
        assert queries.venue(conn, TAMIM, OLAYA) == renamed
        assert queries.published_plan(conn, TAMIM, OLAYA) == dataclasses.replace(plan(), venue=renamed)
        queries.publish(conn, plan(), NOW_MS)  # the venue's words are no part of what makes a version the same
        assert queries.venue(conn, TAMIM, VenueId("nowhere")) is None

    await database.write(work)
