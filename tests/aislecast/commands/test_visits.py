"""`aislecast visits`: what the HTTP routes show of a day, in words or JSON, and nothing that they hide."""

import argparse
import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from aislecast import exits
from aislecast.cli import main
from aislecast.commands import visits
from aislecast.exits import Stop
from aislecast.words import Voice
from geofence.reports.statistics import count_more
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people.model import MEASUREMENT, POSITIONING
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import create_tables, open_database
from tests.geofence.shop_floor import keep, open_shop, sign_up, went
from tests.geofence.venues import START_MS, TENANT, VENUE

CROWD = 24
NEXT_DAY = ManualClock(START_MS + 86_400_000)


def set_up(conn: Connection) -> None:
    """On the first of November at ten, two dozen go from dairy to tea, three once more at eleven; another tenant has such a shop."""
    create_tables(conn)
    open_shop(conn)
    open_shop(conn, tenant="dana")
    shoppers = [sign_up(conn, number, (POSITIONING, MEASUREMENT)) for number in range(1, CROWD + 1)]
    keep(conn, [went(shopper, START_MS + 1_000 * at, [("dairy", 60), ("tea", 300)]) for at, shopper in enumerate(shoppers)])
    keep(conn, [went(shopper, START_MS + 3_600_000, [("tea", 60)]) for shopper in shoppers[:3]])
    while count_more(conn, TenantId(TENANT), VenueId(VENUE)):
        pass


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The day's database, to be copied."""
    path = tmp_path_factory.mktemp("day") / "aislecast.db"

    async def make() -> None:
        db = await open_database(f"sqlite:///{path}")
        await db.write(set_up)
        await db.close()

    asyncio.run(make())
    return path


@pytest.fixture
def home(tmp_path: Path, made: Path) -> Path:
    (tmp_path / "home").mkdir()
    return Path(shutil.copy(made, tmp_path / "home"))


def shown(capsys: pytest.CaptureFixture[str], language: str = "en", clock: ManualClock = NEXT_DAY, **typed: Any) -> str:
    args = argparse.Namespace(**{"data": None, "database": None, "venue": None, "tenant": TENANT, "date": None, "json": False} | typed)
    assert visits.show(args, Voice(language), clock) == exits.OK
    return capsys.readouterr().out


def test_a_day_is_shown_as_the_routes_show_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(shown(capsys, json=True))
    assert (said["tenant"], said["venue"], said["date"], said["smallest_group"]) == (TENANT, VENUE, "2026-11-01", 10)
    assert said["visits"]["visits"] == 25
    assert {(zone["zone"], zone["enters"]) for zone in said["zones"]} == {("dairy", 25), ("tea", 25)}
    assert {(cell["start"], cell["zone"], cell["enters"]) for cell in said["quarters"]} == {("2026-11-01T10:00:00+03:00", "dairy", 25)}


def test_words_name_the_zones_in_the_operators_language(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys)
    assert "Visits: about 25, by about 25 shoppers" in said
    assert "dairy: entered about 25 times" in said
    assert "10:00  dairy 25" in said
    assert "الزيارات" in shown(capsys, "ar")


def test_a_quiet_day_says_that_it_hides(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, date="2026-10-30")
    assert "none, or by fewer than 10 shoppers" in said
    assert said.count("none, or too few to be shown") == 2


@pytest.mark.parametrize("hours", [0, 14.9])  # until an hour after midnight in Riyadh
def test_a_day_that_is_not_over_is_not_shown(home: Path, capsys: pytest.CaptureFixture[str], hours: float) -> None:
    with pytest.raises(Stop, match="is not shown yet") as stopped:
        shown(capsys, clock=ManualClock(START_MS + round(hours * 3_600_000)), date="2026-11-01")
    assert stopped.value.code == exits.FAILED


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["--date", "yesterday"], "takes a day as `YYYY-MM-DD`; got yesterday"),
        (["--venue", "nowhere"], "There is no venue nowhere; known are:"),
        (["--tenant", "nobody"], "There is no tenant nobody; known are: dana, default"),
        ([], "Name a venue"),
        (["--venue", VENUE], "Several tenants have a venue"),
    ],
)
def test_what_cannot_be_shown_is_said(home: Path, capsys: pytest.CaptureFixture[str], typed: list[str], sentence: str) -> None:
    assert main(["visits", *typed]) == exits.BAD_INPUT
    assert sentence in capsys.readouterr().err
