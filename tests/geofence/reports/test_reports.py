"""Reports over HTTP: what is shown of some days, to whom, in which form, and that nothing of few is in it."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection

from geofence.settings import Settings
from groundwork.people.model import MEASUREMENT, POSITIONING, READ_STATUS
from groundwork.plumbing.service import Parts
from tests.geofence.shop_floor import keep, open_shop, sign_up, went
from tests.geofence.telling.told import Told, let_in
from tests.geofence.venues import START_MS, VENUE

HERE = f"/v1/venues/{VENUE}"
DAY = "from=2026-11-01&to=2026-11-02"
CROWD = 24


def set_up(conn: Connection) -> None:
    """On the first of November at ten, two dozen go from dairy to tea; at eleven three, at noon four times three dozen minutes' worth."""
    open_shop(conn)
    open_shop(conn, tenant="dana")
    let_in(conn, "analyst")
    let_in(conn, "annex", venues=["annex"])
    let_in(conn, "viewer", grants=[READ_STATUS])
    let_in(conn, "dana", tenant="dana")
    shoppers = [sign_up(conn, number, (POSITIONING, MEASUREMENT)) for number in range(1, CROWD + 1)]
    keep(conn, [went(shopper, START_MS + 1_000 * at, [("dairy", 60), ("tea", 300)]) for at, shopper in enumerate(shoppers)])
    keep(conn, [went(shopper, START_MS + 3_600_000, [("dairy", 60)]) for shopper in shoppers[:3]])
    keep(conn, [went(shopper, START_MS + 7_200_000, [("dairy", 60)]) for shopper in shoppers[:14]])
    keep(conn, [went(shopper, START_MS + 86_400_000, [("dairy", 60)]) for shopper in shoppers])


@pytest.fixture
async def told(parts: Parts) -> AsyncIterator[Told]:
    await parts.db.write(set_up)
    async with Told.open(parts, Settings()) as opened:
        await opened.go_on(86_400)
        yield opened


async def cells(told: Told, what: str, query: str) -> list[Any]:
    status, said = await told.ask("GET", f"{HERE}/{what}?{query}", "analyst")
    assert status == 200, said
    return list(said["cells"])


async def test_zones_are_shown_by_the_hour_and_what_is_small_takes_the_next_smallest_along(told: Told) -> None:
    """Of dairy's hours with 24, 3 and 14 shoppers only the first: without the third, the day less the hours would show the second."""
    found = await cells(told, "zones/statistics", f"{DAY}&step=hour")
    assert {(cell["start"], cell["zone"], cell["enters"]) for cell in found} == {
        ("2026-11-01T10:00:00+03:00", "dairy", 25),
        ("2026-11-01T10:00:00+03:00", "tea", 25),
    }
    tea = next(cell for cell in found if cell["zone"] == "tea")
    assert tea["occupancy"] == 2.0  # 24 stays of 300 s in an hour
    assert 240 <= tea["median_s"] <= 300


async def test_a_day_counts_everybody_though_some_of_its_hours_are_hidden(told: Told) -> None:
    dairy, tea = await cells(told, "zones/statistics", f"{DAY}&step=day")
    assert (dairy["enters"], dairy["shoppers"]) == (40, 25)  # 41 enters of 24, rounded to fives
    assert (tea["enters"], tea["shoppers"]) == (25, 25)


async def test_what_is_shown_does_not_depend_on_what_is_asked_for(told: Told) -> None:
    wide = await cells(told, "zones/statistics", "from=2026-10-10&to=2026-11-02&step=hour")
    assert wide == await cells(told, "zones/statistics", f"{DAY}&step=hour")


async def test_visits_are_counted_with_how_long_they_lasted(told: Told) -> None:
    (day,) = await cells(told, "visits", DAY)
    assert (day["start"], day["visits"], day["shoppers"]) == ("2026-11-01T00:00:00+03:00", 40, 25)
    assert day["p90_s"] > day["median_s"] > 0


async def test_paths_are_rounded_to_the_group_and_a_week_is_shown_once_it_is_over(told: Told) -> None:
    found = await cells(told, "paths", f"{DAY}&step=day")
    assert [(cell["origin"], cell["zone"], cell["moves"]) for cell in found] == [("dairy", "tea", 20)]
    week = "from=2026-10-26&to=2026-11-02&step=week"
    assert [cell["start"] for cell in await cells(told, "paths", week)] == ["2026-10-26T00:00:00+03:00"]
    assert await cells(told, "paths", "from=2026-11-02&to=2026-11-09&step=week") == []


async def test_a_day_that_is_not_over_is_not_shown(told: Told) -> None:
    _, said = await told.ask("GET", f"{HERE}/visits?from=2026-11-01&to=2026-11-04", "analyst")
    assert said["complete_until"] == "2026-11-02"
    assert [cell["start"][:10] for cell in said["cells"]] == ["2026-11-01"]
    await told.go_on(86_400)
    assert len(await cells(told, "visits", "from=2026-11-01&to=2026-11-04")) == 2


async def test_csv_has_the_same_cells(told: Told) -> None:
    status, text = await told.ask("GET", f"{HERE}/zones/statistics?{DAY}&step=hour&format=csv", "analyst")
    assert status == 200
    found = list(csv.DictReader(io.StringIO(text)))
    expected = await cells(told, "zones/statistics", f"{DAY}&step=hour")
    assert found == [{name: "" if value is None else str(value) for name, value in cell.items()} for cell in expected]


async def test_what_has_not_changed_is_not_sent_again(told: Told) -> None:
    async with told.client.get(f"{HERE}/visits?{DAY}", headers={"Authorization": "Bearer analyst"}) as first:
        tag = first.headers["ETag"]
    status, said = await told.ask("GET", f"{HERE}/visits?{DAY}", "analyst", **{"If-None-Match": tag})
    assert (status, said) == (304, "")


async def test_nobody_chooses_a_span_of_her_own(told: Told) -> None:
    for query, code in (
        ("from=2026-11-02&to=2026-11-02", "bad_span"),
        ("from=2026-11-02&to=2026-11-01", "bad_span"),
        ("from=2020-01-01&to=2026-11-02", "bad_span"),
        ("from=2026-11-01T10:07:00&to=2026-11-02", "field_wrong"),
        (f"{DAY}&step=minute", "field_wrong"),
        ("to=2026-11-02", "field_missing"),
    ):
        assert (await told.ask("GET", f"{HERE}/visits?{query}", "analyst"))[1]["code"] == code


async def test_nobody_elses_venue_is_reported_on(told: Told) -> None:
    for what in ("visits", "zones/statistics", "paths"):
        assert (await told.ask("GET", f"{HERE}/{what}?{DAY}", "annex"))[1]["code"] == "unknown_venue"
        assert (await told.ask("GET", f"/v1/venues/nowhere/{what}?{DAY}", "analyst"))[1]["code"] == "unknown_venue"
        assert (await told.ask("GET", f"{HERE}/{what}?{DAY}", "viewer"))[1]["code"] == "not_granted"
        assert (await told.ask("GET", f"{HERE}/{what}?{DAY}", "dana"))[1]["cells"] == []
