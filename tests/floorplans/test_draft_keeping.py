"""What a draft's log keeps: so many commands and for so long; what is forgotten is in the draft for good, and nobody draws on it unseen."""

import dataclasses

import pytest
from sqlalchemy import func, select

from floorplans import drafts, queries
from floorplans.commands import Put
from floorplans.drafts import Asked
from floorplans.model import Names, Placement, Zone
from floorplans.queries import drafts as rows
from floorplans.tables import DraftCommandRow
from groundwork.contracts.ids import VenueId, ZoneId
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.reasons import Refusal
from tests.floorplans.shop import GROUND, NOW_MS, OLAYA, TAMIM, plan, square, venue

DAY_MS = 86_400_000


def _draw(conn: Connection, number: int, at_ms: int = NOW_MS) -> None:
    zone = Zone(ZoneId(f"new{number}"), GROUND, "offer", Names("عرض", "Offer"), (square(number % 10, 1, 1),))
    drafts.edit(conn, Asked(TAMIM, OLAYA, "hoda", at_ms, f"c{number}"), number - 1, [Put(zone)])


async def test_old_commands_are_forgotten_and_what_they_drew_is_not(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "KEPT_COMMANDS", 60)

    def work(conn: Connection) -> None:
        queries.add_venue(conn, venue(), NOW_MS)
        queries.publish(conn, plan(), NOW_MS)
        for number in range(1, 161):
            _draw(conn, number)
        kept = conn.scalar(select(func.count()).select_from(DraftCommandRow))
        assert kept == 70  # the log is looked at every 50 commands: 150 - 60 are gone
        assert rows.forgotten(conn, TAMIM, OLAYA) == 90
        now = drafts.current(conn, TAMIM, OLAYA)
        assert (now.revision, len(now.sketch.plan.zones)) == (160, 162)
        done, _ = drafts.stacks(conn, TAMIM, OLAYA, "hoda")
        assert (done[0], done[-1]) == (91, 160)
        with pytest.raises(Refusal, match="revision_old"):
            drafts.edit(conn, Asked(TAMIM, OLAYA, "sami", NOW_MS, "late"), 80, [])
        assert drafts.undo(conn, Asked(TAMIM, OLAYA, "hoda", NOW_MS, "u1")).revision == 161

    await database.write(work)


async def test_commands_of_last_year_are_forgotten(database: Database) -> None:
    def work(conn: Connection) -> None:
        queries.add_venue(conn, venue(), NOW_MS)
        queries.publish(conn, plan(), NOW_MS)
        for number in range(1, 101):
            _draw(conn, number, NOW_MS + (200 * DAY_MS if number > 30 else 0))
        assert rows.forgotten(conn, TAMIM, OLAYA) == 30
        assert len(drafts.current(conn, TAMIM, OLAYA).sketch.plan.zones) == 102

    await database.write(work)


async def test_an_identity_that_another_venue_has_too_is_told(database: Database) -> None:
    other = VenueId("malaz")

    def work(conn: Connection) -> None:
        for one in (OLAYA, other):
            queries.add_venue(conn, venue(venue_id=one), NOW_MS)
        hung = (Placement("gateway", "GW-1", GROUND, 3, 3),)
        queries.publish(conn, plan(), NOW_MS)
        queries.publish(conn, dataclasses.replace(plan("m1"), venue=venue(venue_id=other), placements=hung), NOW_MS)
        assert queries.placed_elsewhere(conn, TAMIM, OLAYA, {"gw-1", "gw-2"}) == {("gateway", "gw-1"): other}
        assert queries.placed_elsewhere(conn, TAMIM, OLAYA, set()) == {}

    await database.write(work)
