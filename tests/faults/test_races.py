"""Withdrawal, pause and erasure against decisions and sends, at every await: no push after the 200, and nothing left of who is erased."""

import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from groundwork.people import queries as people
from groundwork.people.model import OFFERS, POSITIONING, Subject
from tests.faults.interleaving import template
from tests.faults.races import Arena, erases, is_erased, pauses, withdraws
from tests.journeys.leaver import DEVICE, SHOPPER, TENANT, contents, in_bytes, populate

World = tuple[sqlite3.Connection, tuple[Subject, Subject]]
Stop = Callable[[Arena], Awaitable[bool]]

STOPS: dict[str, Stop] = {
    "withdraws offers": partial(withdraws, purpose=OFFERS),
    "withdraws positioning": partial(withdraws, purpose=POSITIONING),
    "pauses": pauses,
    "erases": erases,
}
HERS = (SHOPPER, DEVICE)
KEEP_PSEUDONYMS = {"consent", "audit", "erasure", "inbox", "log"}


@pytest.fixture(scope="module")
def world() -> World:
    return template(populate)


def arena(world: World, seed: int, dies_at: int | None = None) -> Arena:
    raw, (her, other) = world
    return Arena(seed, raw, her, other, dies_at)


async def check_stop(run: Arena, stop: Stop) -> bool:
    """Races, and holds what a 200 promises; True where she got nothing because she stopped in time."""
    assert await run.race(stop)
    await run.rest(5)
    if run.answered:
        assert run.provider.count(run.her) == run.sent_before, "a push left after the 200"
    assert run.provider.count(run.other) > 0, "nobody else is held up"
    assert {hop.name: hop.missing() for hop in run.parts.hops.all() if hop.missing()} == {}
    return run.answered and run.sent_before == 0


async def check_erased(run: Arena) -> None:
    """Lets the erasure come to its end, and looks for what is left."""
    await run.rest()
    erasures = run.db.look(people.unfinished_erasures)
    assert erasures == []
    tables = run.db.look(contents)
    assert {name: hits for name, content in tables.items() if (hits := in_bytes(content, HERS))} == {}
    hers = {name for name, content in tables.items() if in_bytes(content, (run.her.pseudonym, str(run.her.track)))}
    assert hers <= KEEP_PSEUDONYMS
    assert run.parts.hops.hop("outbox", "pushes").held == 0
    assert {hop.name: hop.missing() for hop in run.parts.hops.all() if hop.missing()} == {}


@pytest.mark.parametrize("name", STOPS)
async def test_after_the_200_no_push_leaves(world: World, name: str) -> None:
    in_time = 0
    for seed in range(40):
        run = arena(world, seed)
        in_time += await check_stop(run, STOPS[name])
        if name == "erases":
            await check_erased(run)
        await run.db.close()
    assert 3 < in_time < 37, "the moments are spread over before, between and after"


@pytest.mark.long
@pytest.mark.parametrize("name", STOPS)
async def test_after_the_200_no_push_leaves_in_a_thousand_orders(world: World, name: str) -> None:
    for seed in range(1_000, 2_000):
        run = arena(world, seed)
        await check_stop(run, STOPS[name])
        if name == "erases":
            await check_erased(run)
        await run.db.close()


async def test_an_erasure_that_dies_at_any_await_is_taken_to_its_end(world: World) -> None:
    await check_deaths(world, seed=7, every=23)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
async def test_an_erasure_that_dies_at_every_await_is_taken_to_its_end(world: World, seed: int) -> None:
    await check_deaths(world, seed, every=1)


async def check_deaths(world: World, seed: int, every: int) -> None:
    """Kills the process at every `every`-th await of the run that `seed` decides, and starts another on what is there."""
    whole = arena(world, seed)
    assert await whole.race(is_erased)
    await check_erased(whole)
    begun = 0
    for dies_at in range(1 + seed % every, whole.schedule.opened, every):
        run = arena(world, seed, dies_at)
        assert not await run.race(is_erased)
        began = bool(run.db.look(people.unfinished_erasures))
        begun += began
        await run.build()
        if not began and not run.db.look(partial(people.erased, tenant=TENANT, shoppers={run.her.pseudonym})):
            await run.stop_again(erases)  # she had no answer, so she asks again
        await check_erased(run)
        await run.db.close()
    assert begun, "some of them died with the erasure under way"
