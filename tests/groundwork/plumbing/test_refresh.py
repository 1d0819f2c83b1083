"""Refreshing what is kept in memory: at once when told, on time when not, again after trouble."""

import asyncio

import pytest

from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Database, DatabaseTrouble
from groundwork.plumbing.refresh import Refresh

TOPIC = "prices"


class Renewed:
    """Notes how often it was asked; `trouble` is how often it fails before that."""

    def __init__(self) -> None:
        self.times = 0
        self.trouble = 0

    async def __call__(self) -> bool:
        if self.trouble:
            self.trouble -= 1
            raise DatabaseTrouble("away")
        self.times += 1
        return True


@pytest.fixture
def bus(database: Database, clock: ManualClock) -> LocalBus:
    return LocalBus(database, clock, "one", {})


@pytest.fixture
def renewed() -> Renewed:
    return Renewed()


@pytest.fixture
def refresh(bus: LocalBus, clock: ManualClock, renewed: Renewed) -> Refresh:
    return Refresh("prices", renewed, bus, (TOPIC,), clock, 1_000)


async def test_an_announcement_is_followed_at_once(bus: LocalBus, refresh: Refresh, renewed: Renewed) -> None:
    assert await refresh.step()
    assert not await refresh.step()
    await bus.announce(TOPIC, b"")
    await asyncio.wait_for(refresh.wait(), 5)
    assert await refresh.step()
    assert renewed.times == 2


async def test_without_an_announcement_it_looks_on_time(clock: ManualClock, refresh: Refresh, renewed: Renewed) -> None:
    await refresh.step()
    clock.advance(0.999)
    assert not await refresh.step()
    clock.advance(0.001)
    assert await refresh.step()
    assert renewed.times == 2


async def test_an_announcement_is_not_forgotten_over_trouble(bus: LocalBus, refresh: Refresh, renewed: Renewed) -> None:
    await refresh.step()
    await bus.announce(TOPIC, b"")
    renewed.trouble = 1
    with pytest.raises(DatabaseTrouble):
        await refresh.step()
    assert await refresh.step()
    assert renewed.times == 2


async def test_a_closed_one_hears_no_more(bus: LocalBus, refresh: Refresh, renewed: Renewed) -> None:
    await refresh.step()
    await refresh.close()
    await bus.announce(TOPIC, b"")
    assert not await refresh.step()
    assert renewed.times == 1
