"""Server and gateway are killed with SIGKILL, again and again, while a recording plays; the end must be as if nothing had happened."""

import asyncio
import random
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.faults.processes import Shop, open_shop

SEED = 20261121
SHOPPERS, SPEED = 8, 3.0

# What falls due after the last advert depends on how long the box went on saying that it hears nothing, so it is left out.
EVENTS = (
    "SELECT id, zone, kind, dwell_s, shopper, track, visit, at_ms, stay_start_ms, probability, late, uncertain"
    " FROM zone_event WHERE at_ms <= {end} ORDER BY id"
)
DECISIONS = "SELECT id, zone_event, shopper_id, visit, at_ms, outcomes, reasons, grant_id FROM decision WHERE at_ms <= {end} ORDER BY id"
GRANTS = 'SELECT id, campaign, shopper_id, visit, kind, slot FROM "grant" WHERE at_ms <= {end} ORDER BY id'
COUPONS = (
    "SELECT coupon.id, grant_id, code_hash, times_redeemed FROM coupon"
    ' JOIN "grant" ON "grant".id = grant_id WHERE at_ms <= {end} ORDER BY coupon.id'
)
CALLED_OFF = "SELECT DISTINCT grant_id FROM push WHERE state <> 'delivered'"
DEAD = "SELECT stream, reason FROM dead_letter"


async def play(folder: Path, minutes: float, kills: int) -> Shop:
    """Plays a recording of so many minutes with so many kills spread over it; returns the stopped shop."""
    folder.mkdir()
    chance = random.Random(SEED + kills)
    shop = await open_shop(folder, seed=SEED, shoppers=SHOPPERS, minutes=minutes, speed=SPEED)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            shop.server.start()
            await shop.until_ready(http)
            shop.gateway.start()
            buying = asyncio.create_task(_buy(shop, http))
            for number in range(kills):
                await asyncio.sleep(chance.uniform(0.2, 2.0 * minutes * 60 / SPEED / kills))
                victim = shop.server if number % 2 else shop.gateway
                if victim.exit_code() is None:
                    victim.kill()
                victim.start()
            await _until(lambda: shop.gateway.exit_code() is not None, 600)
            assert shop.gateway.exit_code() == 0, shop.gateway.log.read_text()[-3_000:]
            await shop.until_ready(http)
            await _until(shop.settled, 60)
            buying.cancel()
            await asyncio.gather(buying, return_exceptions=True)
            await shop.redeem_offers(http)
        assert shop.server.stop() == 0, shop.server.log.read_text()[-3_000:]
    finally:
        shop.close()
    return shop


async def _buy(shop: Shop, http: aiohttp.ClientSession) -> None:
    while True:
        await shop.redeem_offers(http)
        await asyncio.sleep(0.3)


async def _until(holds: Any, seconds: float) -> None:
    """Waits for processes, which no clock of ours moves."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.1)


@pytest.mark.faults
@pytest.mark.parametrize(("kills", "minutes"), [(20, 2.5), pytest.param(100, 10.0, marks=pytest.mark.long)])
async def test_kills_of_server_and_gateway_change_nothing(tmp_path: Path, kills: int, minutes: float) -> None:
    calm = await play(tmp_path / "calm", minutes, 0)
    killed = await play(tmp_path / "killed", minutes, kills)
    assert killed.server.starts + killed.gateway.starts == kills + 2
    events = calm.until_end(EVENTS)
    assert len(events) > 20, "the recording is too quiet to show anything"
    assert killed.until_end(EVENTS) == events
    assert killed.until_end(DECISIONS) == calm.until_end(DECISIONS)
    assert killed.until_end(GRANTS) == calm.until_end(GRANTS)
    assert [row[:3] for row in killed.until_end(COUPONS)] == [row[:3] for row in calm.until_end(COUPONS)]
    assert all(row[3] <= 1 for row in killed.until_end(COUPONS)), "a coupon was spent twice"
    assert len(_redeemed(calm) & _redeemed(killed)) > 2
    for shop in (calm, killed):
        assert {row[1] for row in shop.until_end(COUPONS)} - _redeemed(shop) <= {row[0] for row in shop.rows(CALLED_OFF)}
        assert shop.rows(DEAD) == []
        assert set(shop.redeemed.values()) <= {200, 201}


def _redeemed(shop: Shop) -> set[str]:
    """The grants whose coupons were spent."""
    return {row[1] for row in shop.until_end(COUPONS) if row[3] == 1}
