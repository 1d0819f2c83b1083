"""Drafts: what is acknowledged stays, undo and redo are each person's own, and whoever is in the way is named."""

import dataclasses

import pytest
from sqlalchemy import Connection

from floorplans import drafts, queries
from floorplans.commands import Put, Remove, Sketch, applied, changes_of, taken_back
from floorplans.drafts import Asked
from floorplans.model import Names, Placement, Plan, Zone
from floorplans.publishing import DuePublications, Publishing
from groundwork.contracts.ids import LevelId, PlanVersionId, ZoneId
from groundwork.plumbing.audit import rows as audit_rows
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Database
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from tests.floorplans.shop import DANA, GROUND, NOW_MS, OLAYA, TAMIM, plan, square, venue

HODA, SAMI = "hoda", "sami"


def zone(name: str, x: float = 10, *, level: LevelId = GROUND, words: str = "Zone") -> Zone:
    return Zone(ZoneId(name), level, "offer", Names("منطقة", words), (square(x, 10, 2),))


def asked(command: str, actor: str = HODA, at_ms: int = NOW_MS) -> Asked:
    return Asked(TAMIM, OLAYA, actor, at_ms, command)


def zones(conn: Connection) -> dict[str, str]:
    return {one.id: one.names.en for one in drafts.current(conn, TAMIM, OLAYA).sketch.plan.zones}


def code(error: "pytest.ExceptionInfo[Refusal]") -> str:
    return error.value.reason.code


@pytest.fixture
async def shop(database: Database) -> Database:
    """A venue of two tenants, with a version in force."""

    def fill(conn: Connection) -> None:
        for tenant in (TAMIM, DANA):
            queries.add_venue(conn, venue(tenant), NOW_MS)
            queries.publish(conn, plan(tenant=tenant), NOW_MS)

    await database.write(fill)
    return database


async def test_a_draft_begins_as_the_plan_in_force_and_keeps_what_was_acknowledged(shop: Database) -> None:
    kept = await shop.read(lambda conn: drafts.current(conn, TAMIM, OLAYA))
    assert (kept.revision, kept.sketch.plan.zones) == (0, plan().zones)
    done = await shop.write(lambda conn: drafts.edit(conn, asked("c1"), 0, [Put(zone("new"))]))
    again = await shop.write(lambda conn: drafts.edit(conn, asked("c1"), 0, [Put(zone("new"))]))
    assert (done.revision, again.revision, again.repeat) == (1, 1, True)
    assert again.changes == done.changes
    assert "new" in await shop.read(zones)
    assert [row.action for row in await shop.read(lambda conn: audit_rows(conn, TAMIM, 0, 9))] == ["draft.edit"]


async def test_an_id_stands_for_one_command(shop: Database) -> None:
    await shop.write(lambda conn: drafts.edit(conn, asked("c1"), 0, [Put(zone("new"))]))
    for other in (asked("c1"), asked("c1", SAMI)):
        with pytest.raises(Refusal) as refused:
            await shop.write(lambda conn, other=other: drafts.edit(conn, other, 0, [Put(zone("else"))]))  # type: ignore[misc] # a default
        assert code(refused) == "command_id_taken"


async def test_whoever_draws_on_what_another_has_changed_is_told_who_and_what(shop: Database) -> None:
    await shop.write(lambda conn: drafts.edit(conn, asked("c1", SAMI), 0, [Put(zone("z1", words="Sami's"))]))
    with pytest.raises(Refusal) as refused:
        await shop.write(lambda conn: drafts.edit(conn, asked("c2"), 0, [Put(zone("z1", words="Hoda's"))]))
    assert (code(refused), refused.value.values["who"], refused.value.values["what"]) == ("draft_conflict", SAMI, "zones z1")
    with pytest.raises(Refusal) as refused:
        await shop.write(lambda conn: drafts.edit(conn, asked("c3"), 7, [Put(zone("z1"))]))
    assert code(refused) == "revision_ahead"
    done = await shop.write(lambda conn: drafts.edit(conn, asked("c4"), 0, [Put(zone("elsewhere"))]))
    assert done.revision == 2
    assert (await shop.read(zones))["z1"] == "Sami's"


async def test_what_another_stands_on_is_not_taken_away_unseen(shop: Database) -> None:
    cellar = ("levels", "B1")
    await shop.write(lambda conn: drafts.edit(conn, asked("c1", SAMI), 0, [Put(zone("store-room", level=LevelId("B1")))]))
    with pytest.raises(Refusal) as refused:
        await shop.write(lambda conn: drafts.edit(conn, asked("c2"), 0, [Remove(cellar, whole=True)]))
    assert code(refused) == "draft_conflict"
    await shop.write(lambda conn: drafts.edit(conn, asked("c3"), 1, [Remove(cellar, whole=True)]))
    with pytest.raises(Refusal) as refused:
        await shop.write(lambda conn: drafts.edit(conn, asked("c4", SAMI), 1, [Put(zone("shelf", level=LevelId("B1")))]))
    assert code(refused) == "draft_conflict"
    assert "store-room" not in await shop.read(zones)


async def test_undo_and_redo_are_each_persons_own(shop: Database) -> None:
    await shop.write(lambda conn: drafts.edit(conn, asked("c1"), 0, [Put(zone("hers"))]))
    await shop.write(lambda conn: drafts.edit(conn, asked("c2", SAMI), 1, [Put(zone("his"))]))
    await shop.write(lambda conn: drafts.undo(conn, asked("u1")))
    await shop.write(lambda conn: drafts.undo(conn, asked("u1")))
    assert {"hers", "his"} & set(await shop.read(zones)) == {"his"}
    await shop.write(lambda conn: drafts.redo(conn, asked("r1")))
    assert {"hers", "his"} <= set(await shop.read(zones))
    with pytest.raises(Refusal) as refused:
        await shop.write(lambda conn: drafts.redo(conn, asked("r2")))
    assert code(refused) == "nothing_to_undo"
    await shop.write(lambda conn: drafts.edit(conn, asked("c3", SAMI), 4, [Put(zone("hers", words="mine now"))]))
    with pytest.raises(Refusal) as refused:
        await shop.write(lambda conn: drafts.undo(conn, asked("u2")))
    assert (code(refused), refused.value.values["who"]) == ("draft_conflict", SAMI)


async def test_a_long_log_is_read_from_its_last_body(shop: Database) -> None:
    for number in range(1, 121):
        command = asked(f"c{number}")
        await shop.write(lambda conn, n=number, c=command: drafts.edit(conn, c, n - 1, [Put(zone("z1", words=str(n)))]))  # type: ignore[misc] # defaults
    kept = await shop.read(lambda conn: drafts.current(conn, TAMIM, OLAYA))
    assert (kept.revision, kept.body_revision) == (120, 100)
    assert (await shop.read(zones))["z1"] == "120"


async def test_a_version_is_published_once_and_rolled_back_as_a_new_one(shop: Database, parts: Parts) -> None:
    await shop.write(lambda conn: drafts.edit(conn, asked("c1"), 0, [Put(zone("new"))]))
    publishing = Publishing(parts)
    made = await publishing.publish(asked("p1"), 1, 0, "new zone")
    assert await publishing.publish(asked("p1"), 1, 0, "new zone") == made
    with pytest.raises(Refusal) as refused:
        await publishing.publish(asked("p2"), 1, 0, "")
    assert code(refused) == "nothing_to_publish"
    await shop.write(lambda conn: drafts.edit(conn, asked("c2"), 1, [Put(zone("unpublished"))]))
    back = await publishing.roll_back(asked("b1"), PlanVersionId("v1"), "")
    in_force = await shop.read(lambda conn: queries.published_plan(conn, TAMIM, OLAYA))
    assert in_force is not None
    assert (in_force.version, back.restores) == (back.version, "v1")
    assert in_force.version not in ("v1", made.version)
    assert in_force.zones == plan().zones
    assert set(await shop.read(zones)) == {"z1", "z2", "unpublished"}


async def test_a_draft_that_moved_on_or_has_errors_is_not_published(shop: Database, parts: Parts) -> None:
    await shop.write(lambda conn: drafts.edit(conn, asked("c1", SAMI), 0, [Put(zone("lost", level=LevelId("nowhere")))]))
    with pytest.raises(Refusal) as refused:
        await Publishing(parts).publish(asked("p1"), 0, 0, "")
    assert (code(refused), refused.value.values["who"]) == ("draft_conflict", SAMI)
    with pytest.raises(Refusal) as refused:
        await Publishing(parts).publish(asked("p1"), 1, 0, "")
    assert code(refused) == "plan_has_errors"


async def test_a_version_goes_out_at_its_time_once_across_restarts(shop: Database, parts: Parts, clock: ManualClock) -> None:
    heard: list[bytes | None] = []
    stop = parts.bus.listen("plan_published", heard.append)
    await shop.write(lambda conn: drafts.edit(conn, asked("c1"), 0, [Put(zone("new"))]))
    due = clock.now_ms() + 3_600_000
    made = await Publishing(parts).publish(asked("p1"), 1, due, "")
    assert made.state == "waiting"
    assert not await DuePublications(parts, 1_000).step()
    for refused_one in (Publishing(parts).publish(asked("p2"), 1, 0, ""), Publishing(parts).roll_back(asked("b"), PlanVersionId("v1"), "")):
        with pytest.raises(Refusal) as refused:
            await refused_one
        assert code(refused) == "publication_waits"
    await shop.write(lambda conn: drafts.edit(conn, asked("c2"), 1, [Put(zone("later"))]))
    clock.set(due)
    assert [await DuePublications(parts, 1_000).step() for _ in range(3)] == [True, False, False]
    in_force = await shop.read(lambda conn: queries.published_plan(conn, TAMIM, OLAYA))
    assert in_force is not None
    assert {one.id for one in in_force.zones} == {"z1", "z2", "new"}
    assert "later" in await shop.read(zones)
    acts = [row.action for row in await shop.read(lambda conn: audit_rows(conn, TAMIM, 0, 99))]
    assert acts.count("plan.in_force") == 1
    stop()


async def test_a_version_is_taken_back_before_its_time(shop: Database, parts: Parts, clock: ManualClock) -> None:
    await shop.write(lambda conn: drafts.edit(conn, asked("c1"), 0, [Put(zone("new"))]))
    await Publishing(parts).publish(asked("p1"), 1, clock.now_ms() + 1_000, "")
    for _ in range(2):
        assert (await shop.write(lambda conn: drafts.cancel(conn, asked(""), "p1"))).state == "cancelled"
    clock.advance(5)
    assert not await DuePublications(parts, 1_000).step()
    assert await shop.read(lambda conn: queries.published_version(conn, TAMIM, OLAYA)) == "v1"


async def test_another_tenant_sees_nothing_of_a_draft(shop: Database) -> None:
    await shop.write(lambda conn: drafts.edit(conn, asked("c1"), 0, [Put(zone("new"))]))
    other = await shop.read(lambda conn: drafts.current(conn, DANA, OLAYA))
    assert (other.revision, {one.id for one in other.sketch.plan.zones}) == (0, {"z1", "z2"})
    with pytest.raises(Refusal) as refused:
        await shop.read(lambda conn: drafts.current(conn, DANA, venue(venue_id=type(OLAYA)("malaz")).id))
    assert code(refused) == "unknown_venue"


def test_what_is_undone_comes_back_where_it_was() -> None:
    sketch = Sketch(plan())
    spot = Placement("gateway", "gw-1", GROUND, 3.5, 2.5)
    changes = changes_of(sketch, [Remove(("levels", GROUND), whole=True), Put(dataclasses.replace(spot, level=LevelId("B1")))])
    assert applied(applied(sketch, changes), taken_back(changes)) == sketch
    left: Plan = applied(sketch, changes).plan
    assert (len(left.levels), len(left.zones), len(left.placements)) == (1, 0, 1)
