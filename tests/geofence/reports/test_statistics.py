"""Statistics: every number of the chronicle counts once, whoever dies, repeats or comes late; figures are those of a recount of rows."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from geofence import queries
from geofence.queries import arrivals
from geofence.queries.statistics import CellKey
from geofence.reports.disclosure import class_of, spread_of
from geofence.reports.statistics import Counting, count_more
from geofence.tables import StatisticRow, VisitRow, ZoneEventRow
from groundwork.contracts.ids import Pseudonym, TenantId, VenueId
from groundwork.people.model import MEASUREMENT, POSITIONING
from groundwork.plumbing.db import Database
from groundwork.plumbing.service import Parts
from tests.geofence.shop_floor import DAY_MS, Stayed, answer, by_chance, keep, open_shop, replace_end, sign_up, visit_of, went, zone_event
from tests.geofence.venues import START_MS, TENANT, VENUE

HERE = TenantId(TENANT), VenueId(VENUE)
Figures = Mapping[tuple[str, str, str, str, str], tuple[int, int, tuple[int, ...]]]
"""(figure, step, local beginning, zone, origin) -> (amount, shoppers, spread)."""


def beginning(step: str, at_ms: int, time_zone: str) -> str:
    """Worked out from the calendar, not by the product's arithmetic."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(time_zone))
    if step == "week":
        local -= timedelta(days=local.weekday())
    cut = {"quarter": local.minute // 15 * 15, "hour": 0}.get(step)
    if cut is not None:
        return local.replace(minute=cut, second=0, microsecond=0).strftime("%F %H:%M %z")
    return local.strftime("%F")


Key = tuple[str, str, str, str, str]


class Recount:
    """The figures, row by row, second by second where time is spent; slow and plain."""

    def __init__(self, time_zone: str) -> None:
        self._time_zone = time_zone
        self._who: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        self._spreads: defaultdict[Key, Counter[int]] = defaultdict(Counter)
        self._enters: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)

    def add(self, figure: str, steps: str, at_ms: int, row: Any, zone: str = "", origin: str = "", amount: int = 1) -> None:
        for step in steps.split():
            self._who[figure, step, beginning(step, at_ms, self._time_zone), zone, origin][row.shopper] += amount

    def add_lasting(self, figure: str, steps: str, at_ms: int, row: Any, end_ms: int, zone: str = "") -> None:
        self.add(figure, steps, at_ms, row, zone)
        for step in steps.split():
            self._spreads[figure, step, beginning(step, at_ms, self._time_zone), zone, ""][class_of((end_ms - at_ms) / 1000)] += 1

    def zone_event(self, row: Any) -> None:
        if row.kind == "enter":
            self.add("entered", "quarter hour day", row.stay_start_ms, row, row.zone)
            self._enters[row.visit] += [] if row.late else [(row.stay_start_ms, row.zone)]
        if row.kind == "exit":
            for second_ms in range(row.stay_start_ms, row.at_ms, 1000):
                self.add("present", "quarter hour day", second_ms, row, row.zone, amount=1000)
            if row.measured:
                self.add_lasting("stayed", "quarter hour day", row.stay_start_ms, row, row.at_ms, row.zone)

    def visit(self, row: Any) -> None:
        self.add("visited", "hour day", row.start_ms, row)
        if row.end_ms is None or not row.measured:
            return
        self.add_lasting("lasted", "hour day", row.start_ms, row, row.end_ms)
        for (_, origin), (_, zone) in itertools.pairwise(sorted(self._enters[row.id])):
            if origin != zone:
                self.add("moved", "day week", row.start_ms, row, zone, origin)

    def figures(self) -> Figures:
        return {key: (sum(by.values()), len(by), tuple(sorted(self._spreads[key].elements()))) for key, by in self._who.items()}


def recount(conn: Connection, time_zone: str = "Asia/Riyadh") -> Figures:
    """What the rows say."""
    found = Recount(time_zone)
    for row in conn.execute(select(ZoneEventRow.__table__)):
        found.zone_event(row)
    for row in conn.execute(select(VisitRow.__table__)):
        found.visit(row)
    return found.figures()


def kept(conn: Connection, time_zone: str = "Asia/Riyadh") -> Figures:
    """What is written."""
    found = {}
    for row in conn.execute(select(StatisticRow.__table__)):
        spread = tuple(sorted(Counter(dict(enumerate(spread_of(row.spread)))).elements()))
        key = (row.figure, row.step, beginning(row.step, row.start_ms, time_zone), row.zone, row.origin)
        assert key not in found
        found[key] = (row.amount, row.shoppers, spread)
    return found


def crowd(conn: Connection, size: int = 8, measured: int = 6) -> list[Pseudonym]:
    """Shoppers, most of whom consent to measurement."""
    open_shop(conn)
    return [sign_up(conn, one, (POSITIONING, MEASUREMENT) if one <= measured else (POSITIONING,)) for one in range(1, size + 1)]


async def count_all(database: Database) -> None:
    while await database.write(lambda conn: count_more(conn, *HERE)):
        pass


async def test_totals_are_those_of_a_recount_of_the_rows(database: Database) -> None:
    shoppers = await database.write(crowd)
    await database.write(lambda conn: keep(conn, list(by_chance(1, shoppers))))
    await count_all(database)
    found, expected = await database.read(kept), await database.read(recount)
    assert found == expected
    assert {key[0] for key in found} == {"entered", "present", "stayed", "visited", "lasted", "moved"}


@pytest.mark.parametrize("seed", range(3))
async def test_repeats_and_disorder_and_how_it_is_cut_change_nothing(database: Database, seed: int) -> None:
    shoppers = await database.write(crowd)
    visits, chance = list(by_chance(seed, shoppers, visits=2)), random.Random(seed)
    pieces = [Stayed([event], one.began, one.began) for one in visits for event in one.events] + [
        Stayed([], one.ended, one.ended) for one in visits
    ]
    chance.shuffle(pieces)
    for first in range(0, len(pieces), 5):
        some = pieces[first : first + 5]
        again = chance.sample(pieces[: first + 5], min(3, first + 5, len(pieces[: first + 5])))
        await database.write(partial(keep, visits=some))
        await database.write(partial(keep, visits=again))
        await database.write(lambda conn: count_more(conn, *HERE, limit=chance.randrange(1, 9)))
    await count_all(database)
    found, expected = await database.read(kept), await database.read(recount)
    unordered = {"moved"}  # of what was known when the visit ended
    assert {key: counts for key, counts in found.items() if key[0] not in unordered} == {
        key: counts for key, counts in expected.items() if key[0] not in unordered
    }


async def test_a_late_zone_event_counts_where_it_belongs_and_in_no_path(database: Database) -> None:
    (shopper,) = await database.write(lambda conn: crowd(conn, 1))
    stay = went(shopper, START_MS, [("dairy", 60), ("tea", 60)])
    await database.write(lambda conn: keep(conn, [stay]))
    await count_all(database)
    late = zone_event(shopper, "enter", "bread", START_MS + 65_000, START_MS + 65_000, stay.began, late=True)
    await database.write(lambda conn: queries.add_zone_events(conn, [late]))
    await count_all(database)
    found = await database.read(kept)
    assert found == await database.read(recount)
    assert found["entered", "day", "2026-11-01", "bread", ""] == (1, 1, ())
    assert [key[3:] for key in found if key[0] == "moved" and key[1] == "day"] == [("tea", "dairy")]


async def test_a_shopper_counts_once_in_a_cell_however_often_she_comes(database: Database) -> None:
    shopper, other = await database.write(lambda conn: crowd(conn, 2))
    visits = [went(shopper, START_MS + minute * 60_000, [("dairy", 30)]) for minute in (0, 2, 20, 70)]
    await database.write(lambda conn: keep(conn, [*visits, went(other, START_MS, [("dairy", 30)])]))
    await count_all(database)
    found = await database.read(kept)
    assert found["entered", "quarter", "2026-11-01 10:00 +0300", "dairy", ""][:2] == (3, 2)
    assert found["entered", "hour", "2026-11-01 10:00 +0300", "dairy", ""][:2] == (4, 2)
    assert found["entered", "day", "2026-11-01", "dairy", ""][:2] == (5, 2)


async def test_without_consent_to_measurement_she_is_a_count_and_in_no_path_or_duration(database: Database) -> None:
    (shopper,) = await database.write(lambda conn: crowd(conn, 1, measured=0))
    await database.write(lambda conn: keep(conn, [went(shopper, START_MS, [("dairy", 60), ("tea", 60)])]))
    await count_all(database)
    assert {key[0] for key in await database.read(kept)} == {"entered", "present", "visited"}


async def test_consent_given_later_measures_what_comes_later(database: Database) -> None:
    (shopper,) = await database.write(lambda conn: crowd(conn, 1, measured=0))
    await database.write(lambda conn: keep(conn, [went(shopper, START_MS, [("dairy", 60)])]))
    await count_all(database)
    await database.write(lambda conn: answer(conn, 1, MEASUREMENT, True))
    await database.write(lambda conn: keep(conn, [went(shopper, START_MS + 600_000, [("dairy", 60)])]))
    await count_all(database)
    found = await database.read(kept)
    assert found["entered", "day", "2026-11-01", "dairy", ""][:2] == (2, 1)
    assert found["stayed", "day", "2026-11-01", "dairy", ""][:2] == (1, 1)
    assert found == await database.read(recount)


async def test_an_erasure_takes_her_rows_and_leaves_figures_that_know_nobody(database: Database) -> None:
    shoppers = await database.write(crowd)
    await database.write(lambda conn: keep(conn, list(by_chance(2, shoppers))))
    await count_all(database)
    before = await database.read(kept)
    await database.write(lambda conn: queries.erase(conn, HERE[0], shoppers[0]))
    await count_all(database)
    assert await database.read(kept) == before
    columns = [column.name for column in StatisticRow.__table__.columns]
    assert not {"shopper", "track", "visit"} & set(columns)


async def test_what_is_counted_and_how_far_commit_together(database: Database) -> None:
    """A process that dies between the two has done neither."""
    shoppers = await database.write(crowd)
    await database.write(lambda conn: keep(conn, list(by_chance(3, shoppers, visits=1))))

    class Died(Exception):
        pass

    def dies(conn: Connection) -> None:
        count_more(conn, *HERE, limit=7)
        raise Died

    for _ in range(3):
        with pytest.raises(Died):
            await database.write(dies)
        await database.write(lambda conn: count_more(conn, *HERE, limit=7))
    await count_all(database)
    assert await database.read(kept) == await database.read(recount)


async def test_two_processes_that_count_at_once_count_once(parts: Parts) -> None:
    shoppers = await parts.db.write(crowd)
    await parts.db.write(lambda conn: keep(conn, list(by_chance(4, shoppers))))
    await asyncio.gather(Counting(parts).run(), Counting(parts).run(), Counting(parts).run())
    assert await parts.db.read(kept) == await parts.db.read(recount)
    assert not await Counting(parts).run()


async def test_the_visit_that_has_not_ended_is_a_visit_and_has_no_length(database: Database) -> None:
    (shopper,) = await database.write(lambda conn: crowd(conn, 1))
    await database.write(lambda conn: queries.add_visits(conn, [visit_of(shopper, START_MS)]))
    await count_all(database)
    assert {key[0] for key in await database.read(kept)} == {"visited"}


async def test_a_visit_that_goes_on_after_its_end_is_counted_once(database: Database) -> None:
    """Her silent phone ended it outside; a gateway hears her inside, and meanwhile another device of hers came and went."""
    (shopper,) = await database.write(lambda conn: crowd(conn, 1))
    first, second = went(shopper, START_MS, [("dairy", 60), ("tea", 30)]), went(shopper, START_MS + 200_000, [("bread", 20), ("tea", 30)])
    await database.write(lambda conn: keep(conn, [first]))
    await count_all(database)
    counted = await database.read(kept)

    def resume(conn: Connection) -> None:
        outside = arrivals.Standing(*HERE, first.began.id, shopper, first.began.track, "arrived", START_MS)
        arrivals.set_standings(conn, [outside])
        arrivals.set_heard(conn, HERE[0], first.began.id, START_MS + 150_000)

    await database.write(resume)
    await database.write(lambda conn: keep(conn, [second]))
    await count_all(database)
    await database.write(lambda conn: queries.add_visits(conn, [replace_end(first.began, START_MS + 900_000)]))
    await count_all(database)
    (visit,) = [one for one in await database.read(lambda conn: queries.visits(conn, *HERE)) if one.id == first.began.id]
    assert visit.end_ms == START_MS + 900_000
    found = await database.read(kept)
    lasted, visited = (found[figure, "day", "2026-11-01", "", ""] for figure in ("lasted", "visited"))
    assert (lasted[:2], visited[:2]) == ((2, 1), (2, 1))
    moved = ("moved", "day", "2026-11-01", "tea", "dairy")
    assert found[moved] == counted[moved]


async def test_a_visit_taken_up_before_its_end_was_counted_lasts_until_its_last(database: Database) -> None:
    (shopper,) = await database.write(lambda conn: crowd(conn, 1))
    first = went(shopper, START_MS, [("dairy", 60)])

    def happen(conn: Connection) -> None:
        keep(conn, [first])
        arrivals.set_standings(conn, [arrivals.Standing(*HERE, first.began.id, shopper, first.began.track, "arrived", START_MS)])
        arrivals.set_heard(conn, HERE[0], first.began.id, START_MS + 150_000)
        queries.add_visits(conn, [replace_end(first.began, START_MS + 900_000)])

    await database.write(happen)
    await count_all(database)
    assert await database.read(kept) == await database.read(recount)


async def test_another_venue_and_another_tenant_count_for_themselves(database: Database) -> None:
    def work(conn: Connection) -> None:
        (shopper,) = crowd(conn, 1)
        open_shop(conn, venue="annex")
        open_shop(conn, tenant="dana")
        keep(conn, [went(shopper, START_MS, [("dairy", 60)])])
        keep(conn, [went(shopper, START_MS, [("dairy", 60)], venue="annex"), went(shopper, START_MS, [("dairy", 60)], tenant="dana")])

    await database.write(work)
    await count_all(database)
    rows = await database.read(lambda conn: conn.execute(select(StatisticRow.tenant, StatisticRow.venue)).all())
    assert set(rows) == {HERE}


async def test_old_cells_are_swept_in_small_steps(database: Database) -> None:
    shoppers = await database.write(crowd)
    await database.write(lambda conn: keep(conn, list(by_chance(5, shoppers))))
    await count_all(database)
    swept = await database.write(lambda conn: queries.sweep_statistics(conn, HERE[0], START_MS + 10 * DAY_MS, 5))
    assert swept == 5
    sort_of = await database.read(lambda conn: queries.cells_of(conn, *HERE, [CellKey("entered", "day", 0, "dairy")]))
    assert sort_of == {}
