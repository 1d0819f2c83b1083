"""What is kept in memory: fresh after an announcement, fresh without one within a poll, and equal to what a new process would load."""

import asyncio
import random

from groundwork.contracts.ids import DeviceId, GatewayId, GatewayKeyId, ShopperId
from groundwork.people import queries
from groundwork.people.app import build
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import OFFERS, POSITIONING, DayKey, Subject
from groundwork.people.registry import People, announce_gateway, announce_shopper
from groundwork.people.settings import Settings
from groundwork.people.withdrawal import Answer, Consents, Sends
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts, Service, settle
from tests.groundwork.people.register import BOX, DANA, LAYLA, NOW_MS, PHONE, TAG, TAMIM, VAULT, add_box, add_tenants, consent, sign_up

KEY = DayKey(NOW_MS // 86_400_000, b"k" * 16, 1)


async def _service(parts: Parts) -> tuple[Service, People, LiveCredentials]:
    await parts.db.write(add_tenants)
    people, credentials = People(parts.db, parts.clock), LiveCredentials(parts.db)
    service = build(parts, Settings(), people, credentials, VAULT)
    await service.start()
    return service, people, credentials


async def _layla(parts: Parts) -> Subject:
    layla = await parts.db.write(lambda conn: sign_up(conn, TAMIM, LAYLA))
    await parts.db.write(lambda conn: queries.bind_beacon(conn, TAMIM, PHONE, TAG, NOW_MS))
    await parts.db.write(lambda conn: consent(conn, TAMIM, LAYLA, POSITIONING))
    return layla


async def test_a_consent_is_seen_at_once_when_it_is_announced(parts: Parts) -> None:
    service, people, _ = await _service(parts)
    resolver = people.resolver(TAMIM)
    await settle(service.loops)
    layla = await _layla(parts)
    assert await settle(service.loops) == 0  # nobody told, and it is not time to look
    await announce_shopper(parts.bus, TAMIM, layla.pseudonym)
    await settle(service.loops)
    assert resolver.resolve([TAG], NOW_MS) == [layla]
    assert people.device(TAMIM, PHONE) == layla
    assert people.resolver(DANA).resolve([TAG], NOW_MS) == [None]


async def test_a_withdrawal_is_seen_within_one_poll_when_nobody_was_told(parts: Parts, clock: ManualClock) -> None:
    service, people, _ = await _service(parts)
    await _layla(parts)
    clock.advance(1)
    await settle(service.loops)
    assert people.resolver(TAMIM).resolve([TAG], NOW_MS) != [None]
    await parts.db.write(lambda conn: consent(conn, TAMIM, LAYLA, POSITIONING, granted=False))
    clock.advance(1)
    await settle(service.loops)
    assert people.resolver(TAMIM).resolve([TAG], NOW_MS) == [None]


async def test_a_revoked_key_is_refused_within_one_poll(parts: Parts, clock: ManualClock) -> None:
    service, _, credentials = await _service(parts)
    await parts.db.write(lambda conn: add_box(conn, TAMIM, "k1"))
    await announce_gateway(parts.bus, TAMIM, BOX)
    await settle(service.loops)
    assert credentials.signer("k1") is not None
    await parts.db.write(lambda conn: queries.revoke_gateway_key(conn, TAMIM, GatewayKeyId("k1"), NOW_MS))
    clock.advance(1)
    await settle(service.loops)
    assert credentials.signer("k1") is None
    assert credentials.signer("k2") is None


async def test_a_bearer_token_ends_the_moment_it_is_revoked(parts: Parts) -> None:
    _, _, credentials = await _service(parts)
    hashed = token_hash("secret")
    await parts.db.write(
        lambda conn: queries.add_access_key(conn, tenant=TAMIM, subject=PHONE, token_hash=hashed, grants=["feed.read"], now_ms=NOW_MS)
    )
    caller = await credentials.bearer(hashed)
    assert caller is not None
    assert (caller.tenant, caller.subject) == (TAMIM, PHONE)
    await parts.db.write(lambda conn: queries.revoke_access_key(conn, TAMIM, hashed, NOW_MS))
    assert await credentials.bearer(hashed) is None


async def test_memory_brought_up_to_date_equals_memory_loaded_anew(parts: Parts) -> None:
    """Seeded: 60 random changes, one refresh after each few, against a process that starts at the end."""
    _, people, _ = await _service(parts)
    generator = random.Random(11)
    tags = [TAG.replace(":7", f":{number}") for number in range(4)]
    for step in range(60):
        number = generator.randrange(6)
        shopper, device = ShopperId(f"s{number % 4}"), DeviceId(f"d{number}")
        await parts.db.write(lambda conn, s=shopper, d=device, n=number: sign_up(conn, TAMIM, s, d, enrolment=n))  # type: ignore[misc] # a lambda with defaults
        if generator.random() < 0.5:
            yes = generator.random() < 0.6
            await parts.db.write(lambda conn, s=shopper, y=yes: consent(conn, TAMIM, s, POSITIONING, granted=y))  # type: ignore[misc] # a lambda with defaults
        else:
            tag = generator.choice(tags)
            await parts.db.write(lambda conn, d=device, t=tag, n=step: queries.bind_beacon(conn, TAMIM, d, t, NOW_MS + n))  # type: ignore[misc] # a lambda with defaults
        if step % 3 == 0:
            await people.renew()
    await people.renew()
    anew = People(parts.db, parts.clock)
    await anew.renew()
    for at_ms in range(NOW_MS, NOW_MS + 61, 5):
        known, loaded = (memory.resolver(TAMIM).resolve(tags, at_ms) for memory in (people, anew))  # type: ignore[arg-type] # plain strings will do
        assert known == loaded
    devices = [DeviceId(f"d{number}") for number in range(6)]
    assert [people.device(TAMIM, d) for d in devices] == [anew.device(TAMIM, d) for d in devices]
    assert not await anew.renew()


async def test_a_withdrawal_takes_back_what_has_not_left_and_waits_for_what_has(parts: Parts, clock: ManualClock) -> None:
    await parts.db.write(add_tenants)
    layla = await _layla(parts)
    taken_back: list[str] = []
    flying = [1, 1, 0]

    def in_flight(_conn: object, _tenant: object, _shopper: object, _now_ms: int) -> int:
        return flying.pop(0)

    def take_back(_conn: object, _tenant: object, shopper: ShopperId, _now_ms: int) -> int:
        taken_back.append(shopper)
        return 1

    consents = Consents(parts.db, parts.bus, clock, Sends(take_back, in_flight), wait_ms=10**9)
    assert await consents.change(layla, Answer(OFFERS, True, "v1", "app", NOW_MS)) == {POSITIONING, OFFERS}
    assert taken_back == []
    assert await consents.change(layla, Answer(OFFERS, False, "v1", "app", NOW_MS)) == {POSITIONING}
    assert taken_back == [LAYLA]
    waiting = asyncio.ensure_future(consents.settled(layla))
    while not waiting.done():
        clock.advance(0.05)
        await asyncio.sleep(0)
    assert waiting.result()
    assert flying == []


async def test_a_withdrawal_does_not_wait_for_ever(parts: Parts, clock: ManualClock) -> None:
    await parts.db.write(add_tenants)
    layla = await _layla(parts)
    consents = Consents(parts.db, parts.bus, clock, Sends(in_flight=lambda *_: 1), wait_ms=200)
    waiting = asyncio.ensure_future(consents.settled(layla))
    while not waiting.done():
        clock.advance(0.05)
        await asyncio.sleep(0)
    assert not waiting.result()


async def test_a_waiting_loop_wakes_when_told_and_when_due(parts: Parts, clock: ManualClock) -> None:
    service, _, _ = await _service(parts)
    await settle(service.loops)
    loop = next(loop for loop in service.loops if loop.name == "credentials")
    waiting = asyncio.ensure_future(loop.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    await announce_gateway(parts.bus, TAMIM, GatewayId("box-1"))
    await waiting
    await settle(service.loops)
    waiting = asyncio.ensure_future(loop.wait())
    while not waiting.done():  # the sleeper is there a few turns of the event loop later
        await asyncio.sleep(0)
        clock.advance(0.5)
    await loop.close()
