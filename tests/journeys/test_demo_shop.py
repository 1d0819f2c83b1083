"""Advert to purchase: the demo shop plays on a manual clock, over real HTTP, and everything that must hold of a day holds."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aislecast.configuration import Configuration
from aislecast.demo import shop as demo
from aislecast.demo.calibration import calibrate
from aislecast.demo.world import World, open_world
from aislecast.deployment import Keys, deploy
from aislecast.listening import on_loopback
from aislecast.scene import Secrets
from geofence import queries as geofence
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Loop, Parts, settle
from notifier import queries as notifier

STEP_S = 0.5
"""As long as the windows of the demo's boxes: between two of them nothing is sent."""
MINUTES = {"sqlite": 6, "postgresql": 4}
"""In four minutes nobody has paid yet; six take PostgreSQL two minutes of the wall clock."""
ALL = 1_000_000
OUTSIDE = ("approach", "venue")


@dataclass(frozen=True, slots=True)
class Played:
    """The demo after some minutes."""

    parts: Parts
    world: World


@pytest.fixture
async def played(parts: Parts, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Played]:
    secrets = Secrets(b"journey")
    scene = await parts.db.write(lambda conn: demo.set_demo(conn, secrets, clock.now_ms()))
    await calibrate(parts)
    deployment = deploy(parts, Configuration(), Keys(secrets.raw("coupons", 32), secrets.raw("vault", 32)))
    await deployment.start()
    async with on_loopback(deployment.app) as server:
        world = open_world(parts, scene, server, tmp_path, "en")
        loops: tuple[Loop, ...] = (world, *world.boxes.values(), *deployment.loops)
        for _ in range(round(MINUTES[parts.db.dialect] * 60 / STEP_S)):
            clock.advance(STEP_S)
            await settle(loops)
        yield Played(parts, world)
        for loop in loops:
            await loop.close()
        await deployment.stop()


async def test_a_day_in_the_demo_shop_from_advert_to_purchase(played: Played) -> None:
    """One long play serves all claims, because playing is what takes the time."""
    await played.parts.db.read(lambda conn: _check_decisions(conn, played.world))
    if played.parts.db.dialect == "sqlite":
        await played.parts.db.read(lambda conn: _check_redemptions(conn, played.world))
    hops = {hop.name: hop for hop in played.parts.hops.all()}
    assert [name for name, hop in hops.items() if hop.missing()] == []
    assert hops["gateway.gate"].refused["stranger"] > 100
    assert hops["ingest"].refused["unknown_beacon"] == 0, "a phone sent what the server does not know"
    now_ms = played.parts.clock.now_ms()
    given = [phone.token(now_ms) is not None for phone in played.world.phones]
    assert given == [bool(person.purposes) for person in demo.people()], "tokens go to who consents to positioning, and to nobody else"
    assert hops["phone"].out > 0, "the shopper whose phone ranges was never heard"


def _check_decisions(conn: Connection, world: World) -> None:
    events = geofence.zone_events(conn, demo.TENANT, demo.VENUE)
    decisions = notifier.decisions_of(conn, demo.TENANT, limit=ALL)
    assert {event.id for event in events} == {decision.zone_event for decision in decisions}
    assert len(decisions) == len(events) > 20
    hers = world.devices[demo.WALKS_UP].subject.pseudonym
    outside = {(event.zone_kind, event.kind): event.visit for event in events if event.shopper == hers and event.zone_kind in OUTSIDE}
    assert {("approach", "enter"), ("venue", "enter")} <= outside.keys()
    inside = {event.visit for event in events if event.shopper == hers and event.zone_kind not in OUTSIDE}
    assert {*outside.values()} == inside, "one visit, outside and inside"
    heard = {event.shopper for event in events}
    ranging, no_offers, nobody = (world.devices[number].subject.pseudonym for number in (0, 4, 8))
    assert ranging in heard
    assert nobody not in heard
    assert all("no_offers_consent" in decision.reasons for decision in decisions if decision.shopper == no_offers)
    assert all(decision.reasons or any(one.reasons or one.outcome != "suppressed" for one in decision.outcomes) for decision in decisions)
    grants = notifier.grants_of(conn, demo.TENANT)
    assert grants
    assert demo.ON_THE_WAY in {grant.campaign for grant in grants}
    assert max(Counter((grant.shopper_id, grant.visit) for grant in grants).values()) == 1, "more than one in a visit"


def _check_redemptions(conn: Connection, world: World) -> None:
    spent = [coupon for coupon in notifier.coupons_of(conn, demo.TENANT) if coupon.redeemed_ms is not None]
    assert len(spent) == world.redemptions >= 1
    assert world.receipts > world.redemptions
