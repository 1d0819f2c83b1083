"""Shopper tokens from the app's side, and the keys behind them: made ahead, destroyed on schedule, and dead when they are gone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from groundwork.contracts.ids import BeaconKey, TenantId
from groundwork.people import queries
from groundwork.people.model import DEVICE_GRANTS, POSITIONING
from groundwork.people.tables import DayKeyRow, ShopperRow
from groundwork.people.tokens import DAY_MS, WINDOW_MS, window_of
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import DANA, LAYLA, NOW_MS, OMAR, PHONE, TAMIM, consent, sign_up
from tests.groundwork.people.served import Served, bearer, let_in, serve

TODAY = NOW_MS // DAY_MS


def _let_in(conn: Connection) -> None:
    sign_up(conn, TAMIM, LAYLA, enrolment=(1 << 64) - 5)
    consent(conn, TAMIM, LAYLA, POSITIONING)
    let_in(conn, "app", DEVICE_GRANTS, subject=PHONE)
    let_in(conn, "nobody", DEVICE_GRANTS)


@pytest.fixture
async def served(parts: Parts) -> AsyncIterator[Served]:
    async with serve(parts) as opened:
        await parts.db.write(_let_in)
        await opened.settle()
        yield opened


async def _fetch(served: Served, token: str = "app", **asked: int) -> tuple[int, dict[str, Any]]:
    answer = await served.client.post("/v1/tokens", json=asked, headers=bearer(token))
    return answer.status, await answer.json()


async def _live_days(parts: Parts) -> list[int]:
    return [day_key.day for day_key in await parts.db.read(lambda conn: queries.day_keys(conn, TAMIM))]


async def test_a_day_of_tokens_is_her_own_and_each_holds_in_its_quarter_of_an_hour(served: Served, clock: ManualClock) -> None:
    status, said = await _fetch(served)
    assert (status, said["day"], len(set(said["tokens"])), said["window_ms"]) == (200, TODAY, 96, WINDOW_MS)
    assert (await _fetch(served, day=TODAY))[1] == said
    tomorrow = (await _fetch(served, day=TODAY + 1))[1]
    assert not set(tomorrow["tokens"]) & set(said["tokens"])
    now_ms = clock.now_ms()
    token = BeaconKey(f"token:{said['tokens'][window_of(now_ms) - said['first_window']]}")
    resolver = served.people.resolver(TAMIM)
    for at_ms, whose in ((now_ms, LAYLA), (now_ms + 2 * WINDOW_MS, None)):
        found = resolver.resolve([token], at_ms)[0]
        assert (found.shopper if found else None) == whose
        assert resolver.stale([token], at_ms) == [whose is None]
    assert served.people.resolver(DANA).resolve([token], now_ms) == [None]


@pytest.mark.parametrize("day", [TODAY - 1, TODAY + 2, -1, 1 << 80])
async def test_only_today_and_tomorrow_are_on_offer(served: Served, day: int) -> None:
    status, problem = await _fetch(served, day=day)
    assert status == 422
    assert problem["code"] in ("bad_day", "field_wrong")


async def test_without_consent_to_positioning_there_are_no_tokens(served: Served, parts: Parts) -> None:
    await parts.db.write(lambda conn: consent(conn, TAMIM, LAYLA, POSITIONING, granted=False))
    status, problem = await _fetch(served)
    assert (status, problem["code"]) == (403, "no_positioning_consent")
    assert (await _fetch(served, "nobody"))[1]["code"] == "no_shopper"


async def test_while_she_pauses_there_are_no_tokens(served: Served, parts: Parts) -> None:
    paused = update(ShopperRow).where(ShopperRow.id == LAYLA).values(paused_until_ms=NOW_MS + DAY_MS)
    await parts.db.write(lambda conn: conn.execute(paused))
    status, problem = await _fetch(served)
    assert (status, problem["code"]) == (403, "paused")
    assert "2026-11-02" in problem["detail"]


async def test_keys_are_made_for_today_and_two_days_more(served: Served, parts: Parts, clock: ManualClock) -> None:
    assert await _live_days(parts) == [TODAY, TODAY + 1, TODAY + 2]
    before = await parts.db.read(lambda conn: queries.versions(conn))
    await served.settle()
    assert await parts.db.read(lambda conn: queries.versions(conn)) == before  # nothing to do, so nothing is written
    clock.advance(86_400)
    await served.settle()
    assert await _live_days(parts) == [TODAY, TODAY + 1, TODAY + 2, TODAY + 3]


async def test_a_key_is_destroyed_when_no_gateway_can_still_hold_its_tokens_and_stays_so(
    served: Served, parts: Parts, clock: ManualClock
) -> None:
    """Three days of sightings kept offline, and the drift: the key of day n goes half an hour into day n + 4."""
    said = (await _fetch(served))[1]
    token = BeaconKey(f"token:{said['tokens'][95]}")
    resolver = served.people.resolver(TAMIM)
    last_ms = (TODAY + 1) * DAY_MS - 1
    clock.set((TODAY + 4) * DAY_MS + 2 * WINDOW_MS - 1)
    await served.settle()
    assert resolver.resolve([token], last_ms) != [None]
    clock.set((TODAY + 4) * DAY_MS + 2 * WINDOW_MS)
    await served.settle()
    clock.advance(1)
    await served.settle()  # within the refresh period it is gone from memory, too
    assert resolver.resolve([token], last_ms) == [None]
    assert resolver.stale([token], last_ms) == [False]  # not even that it was a token is known any more
    assert await parts.db.read(lambda conn: conn.scalars(select(DayKeyRow.key).where(DayKeyRow.day == TODAY)).all()) == [None, None]
    assert TODAY not in await _live_days(parts)


async def test_two_processes_that_look_at_once_agree_on_one_key(served: Served, parts: Parts) -> None:
    async with serve(parts) as other:
        await other.settle()
        assert (await _fetch(other))[1] == (await _fetch(served))[1]


async def test_a_tenant_that_is_new_gets_its_tokens_at_once(served: Served, parts: Parts) -> None:
    def add(conn: Connection) -> None:
        jadid = TenantId("jadid")
        queries.add_tenant(conn, tenant=jadid, name_ar="جديد", name_en="Jadid", salt=b"j" * 32, now_ms=NOW_MS)
        sign_up(conn, jadid, OMAR)
        consent(conn, jadid, OMAR, POSITIONING)
        let_in(conn, "omar", DEVICE_GRANTS, subject=PHONE, tenant=jadid)

    await parts.db.write(add)
    assert (await _fetch(served, "omar"))[0] == 200
