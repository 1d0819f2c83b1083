"""Any sequence of edits, undos, publishes, roll-backs, restarts and cut-off transactions leaves one valid version, and loses no command."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection

from floorplans import drafts, queries
from floorplans.commands import Edit, Put, Remove, applied, contents
from floorplans.drafts import Asked, Done
from floorplans.model import Names, Zone
from floorplans.queries import drafts as rows
from floorplans.validate import problems
from floorplans.versions import as_sketch
from groundwork.contracts.ids import LevelId, TenantId, VenueId, ZoneId
from groundwork.plumbing.audit import verify
from groundwork.plumbing.db import open_database
from groundwork.plumbing.reasons import Refusal
from tests.floorplans.shop import NOW_MS, OLAYA, plan, square, venue

T = TypeVar("T")
_tenants = itertools.count(1)
PEOPLE = st.sampled_from(["hoda", "sami"])
ZONES = st.sampled_from(["z1", "z2", "a", "b"])
LEVELS = st.sampled_from(["F1", "B1", "gone"])


class CutOffError(Exception):
    """The process died before the commit."""


class Histories(RuleBasedStateMachine):
    """One venue, worked on by two people and by processes that die; beside it what was acknowledged."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.tenant = TenantId(f"tenant-{next(_tenants)}")
        self.venue = VenueId(OLAYA)
        self.now_ms = NOW_MS
        self.numbers = itertools.count(1)
        self.runner = asyncio.Runner()
        self.db = self.runner.run(open_database(self.url))
        self.acknowledged: list[tuple[Asked, Done]] = []
        self.drawn = as_sketch(plan(tenant=self.tenant))
        self.write(lambda conn: queries.add_venue(conn, venue(self.tenant), self.now_ms))
        self.write(lambda conn: queries.publish(conn, plan(tenant=self.tenant), self.now_ms))

    def write(self, work: Callable[[Connection], T]) -> T:
        return self.runner.run(self.db.write(work))

    def read(self, work: Callable[[Connection], T]) -> T:
        return self.runner.run(self.db.read(work))

    def asked(self, person: str) -> Asked:
        self.now_ms += 10
        return Asked(self.tenant, self.venue, person, self.now_ms, f"c{next(self.numbers)}")

    def acknowledge(self, asked: Asked, work: Callable[[Connection], Done]) -> None:
        """Runs a command; what it answers is what must never be lost."""
        try:
            done = self.write(work)
        except Refusal:
            return
        assert done.revision == len(self.acknowledged) + 1
        self.acknowledged.append((asked, done))
        self.drawn = applied(self.drawn, done.changes)

    @rule(person=PEOPLE, name=ZONES, level=LEVELS, x=st.integers(1, 15), behind=st.integers(0, 2))
    def draw(self, person: str, name: str, level: str, x: int, behind: int) -> None:
        asked, edits = self.asked(person), [Put(Zone(ZoneId(name), LevelId(level), "offer", Names("م", "Z"), (square(x, 1, 1),)))]
        self.acknowledge(asked, lambda conn: drafts.edit(conn, asked, max(0, len(self.acknowledged) - behind), edits))

    @rule(person=PEOPLE, key=ZONES.map(lambda name: ("zones", name)) | st.just(("levels", "B1")), whole=st.booleans())
    def take_away(self, person: str, key: tuple[str, str], whole: bool) -> None:
        asked = self.asked(person)
        edits: list[Edit] = [Remove(key, whole)]
        self.acknowledge(asked, lambda conn: drafts.edit(conn, asked, len(self.acknowledged), edits))

    @rule(person=PEOPLE, turn=st.sampled_from([drafts.undo, drafts.redo]))
    def turn_back(self, person: str, turn: Callable[[Connection, Asked], Done]) -> None:
        asked = self.asked(person)
        self.acknowledge(asked, lambda conn: turn(conn, asked))

    @rule(person=PEOPLE, later_ms=st.sampled_from([0, 0, 50]))
    def publish(self, person: str, later_ms: int) -> None:
        asked = self.asked(person)
        try:
            self.write(lambda conn: drafts.publish(conn, asked, len(self.acknowledged), asked.at_ms + later_ms))
        except (Refusal, queries.UnsoundPlan):
            return

    @rule(person=PEOPLE, pick=st.integers(0, 5))
    def roll_back(self, person: str, pick: int) -> None:
        asked = self.asked(person)
        known = self.read(lambda conn: rows.versions(conn, self.tenant, self.venue, None, 100))
        try:
            self.write(lambda conn: drafts.roll_back(conn, asked, known[pick % len(known)].id))
        except Refusal:
            return
        for one in self.read(lambda conn: rows.commands(conn, self.tenant, self.venue, len(self.acknowledged))):
            self.acknowledged.append((asked._replace(id=one.id), Done(one.revision, one.changes)))
            self.drawn = applied(self.drawn, one.changes)

    @rule(passing_ms=st.integers(0, 100))
    def look_what_is_due(self, passing_ms: int) -> None:
        self.now_ms += passing_ms
        while self.write(lambda conn: drafts.release_due(conn, self.now_ms)) is not None:
            pass
        waiting = self.read(lambda conn: rows.waiting(conn, self.tenant, self.venue))
        assert waiting is None or waiting.due_ms > self.now_ms

    @rule(person=PEOPLE, name=ZONES)
    def die_before_the_commit(self, person: str, name: str) -> None:
        asked = self.asked(person)

        def cut_off(conn: Connection) -> None:
            drafts.edit(conn, asked, len(self.acknowledged), [Remove(("zones", name))])
            drafts.publish(conn, asked, len(self.acknowledged) + 1, 0)
            raise CutOffError

        with pytest.raises((CutOffError, Refusal, queries.UnsoundPlan)):
            self.write(cut_off)

    @precondition(lambda self: self.acknowledged)
    @rule(pick=st.integers(0, 50))
    def send_again(self, pick: int) -> None:
        asked, done = self.acknowledged[pick % len(self.acknowledged)]
        kept = self.read(lambda conn: rows.command(conn, self.tenant, self.venue, asked.id))
        assert kept is not None
        assert (kept.revision, kept.changes) == (done.revision, done.changes)

    @rule()
    def restart(self) -> None:
        self.runner.run(self.db.close())
        self.db = self.runner.run(open_database(self.url))

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        kept = self.read(lambda conn: drafts.current(conn, self.tenant, self.venue))
        assert kept.revision == len(self.acknowledged)
        assert contents(kept.sketch) == contents(self.drawn)

    @invariant()
    def one_sound_version_is_in_force(self) -> None:
        in_force = self.read(lambda conn: queries.published_plan(conn, self.tenant, self.venue))
        assert in_force is not None
        assert problems(in_force) == []

    def teardown(self) -> None:
        assert self.read(lambda conn: verify(conn, self.tenant)) is None
        if waiting := self.read(lambda conn: rows.waiting(conn, self.tenant, self.venue)):  # the next history shares the database
            self.write(lambda conn: drafts.cancel(conn, self.asked("hoda"), waiting.id))
        self.runner.run(self.db.close())
        self.runner.close()


@pytest.fixture
def machine(database_url: str) -> type[Histories]:
    return type("HistoriesHere", (Histories,), {"url": database_url})


def test_no_history_loses_a_command_or_the_version_in_force(machine: type[Histories], request: pytest.FixtureRequest) -> None:
    examples = 15 if "sqlite" in request.node.name else 5
    chosen: Any = settings(
        max_examples=examples, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=chosen)
