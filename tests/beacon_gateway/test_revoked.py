"""A box whose key was revoked neither hears nor sends; it asks now and then, says so, and goes on where the key lives again."""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway.health import health
from beacon_gateway.line import GRACE_S, REVOKED, Signing
from beacon_gateway.listen import Listen
from beacon_gateway.pipeline import Pipeline
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.source import Heard
from beacon_gateway.spool import Progress, Spool
from beacon_gateway.status import sentences
from beacon_gateway.transport import HttpTransport
from beacon_gateway.uplink import Uplink
from groundwork.adverts.advert import Advert
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.hops import Hops
from tests.beacon_gateway.backend import KEY, Backend, backend, refuses
from tests.beacon_gateway.build import advert, batch, clock, plan, spool

UNKNOWN = refuses(401, "signature_unknown_key")


@dataclass
class Air:
    """A source that hands over what is put into it."""

    adverts: list[Advert]
    ended = False
    rewindable = False
    next_ms = None

    async def start(self) -> None:
        return None

    def read(self, now_ms: int) -> Heard:
        heard = [one for one in self.adverts if one.at_ms <= now_ms]
        self.adverts = [one for one in self.adverts if one.at_ms > now_ms]
        return Heard(heard, [])

    def position(self, _covered_until_ms: int) -> str:
        return ""

    async def close(self) -> None:
        return None


@dataclass
class Box:
    spool: Spool
    uplink: Uplink
    listen: Listen
    air: Air
    backend: Backend
    clock: ManualClock
    hops: Hops

    async def revoke(self) -> None:
        """The backend disowns the key for longer than its processes need to hear of a new one."""
        self.backend.script = [UNKNOWN] * 20
        while not self.uplink.line.revoked:
            await self.uplink.step()
            self.clock.advance(1)

    async def hear(self, count: int) -> None:
        """So many adverts in a window of their own."""
        now_ms = self.clock.now_ms()
        now_ms += -now_ms % 500
        self.clock.set(now_ms)
        while await self.listen.step():
            pass
        self.air.adverts += [advert(now_ms - START + at, minor=at) for at in range(count)]
        self.clock.set(now_ms + 500)
        while await self.listen.step():
            pass


START = clock().now_ms()


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    now, hops, air = clock(), Hops(), Air([])
    opened = spool(tmp_path / "s", now=now)
    opened.seal([batch(opened), batch(opened, ahead=1)], Progress(now.now_ms()))
    pipeline = Pipeline(plan(), opened, hops)
    async with backend() as heard:
        uplink = Uplink(opened, HttpTransport(heard.url), Signing(KEY, "k1"), now, random.Random(3), hops)
        listen = Listen(air, pipeline, now, uplink.wake, lambda: REVOKED if uplink.line.revoked else "")
        yield Box(opened, uplink, listen, air, heard, now, hops)
        await uplink.close()


async def test_a_key_that_one_process_has_not_heard_of_yet_is_no_revoked_one(box: Box) -> None:
    box.backend.script = [UNKNOWN] * 2
    await box.uplink.step()
    box.clock.advance(1)
    await box.uplink.step()
    assert not box.uplink.line.revoked
    box.clock.advance(5)
    assert await box.uplink.step()
    assert box.spool.held.batches == 1


async def test_a_revoked_box_takes_no_advert_and_sends_no_sighting(box: Box) -> None:
    await box.revoke()
    before = len(box.backend.bodies)
    await box.hear(5)
    gate = box.hops.hop("gateway.gate", "adverts")
    assert gate.refused == {REVOKED: 5}
    assert (gate.out, gate.missing()) == (0, 0)
    for _ in range(120):
        box.clock.advance(10)
        await box.uplink.step()
    asked = box.backend.bodies[before:]
    assert set(asked) == {b""}
    assert 4 <= len(asked) <= 9, "about every five minutes in twenty"
    assert box.spool.held.batches >= 2


async def test_it_says_so(box: Box) -> None:
    await box.revoke()
    shown = health(box.spool, box.uplink, box.hops, box.clock)
    assert shown.revoked
    for language, words in (("en", "has revoked this box's key"), ("ar", "ألغى الخادم مفتاح هذا الجهاز")):
        said: Sequence[tuple[bool, str]] = sentences(shown, GatewaySettings(), language)
        assert any(not well and words in text for well, text in said)


async def test_a_key_that_lives_again_is_used_again_and_the_lost_adverts_are_told(box: Box) -> None:
    await box.revoke()
    await box.hear(5)
    box.backend.script = []
    box.clock.advance(300)
    while await box.uplink.step():
        pass
    assert not box.uplink.line.revoked
    await box.hear(3)
    while await box.uplink.step():
        pass
    assert sum(frame.header.refused.get(REVOKED, 0) for frame in box.backend.frames) == 5
    assert box.spool.held.batches == 0


async def test_another_key_is_tried_at_once(box: Box) -> None:
    await box.revoke()
    box.backend.script = []
    assert await box.uplink.step() is False
    box.uplink.line.sign_with(Signing(Ed25519PrivateKey.from_private_bytes(KEY.private_bytes_raw()), "k2"))
    assert await box.uplink.step()


def test_the_grace_is_longer_than_the_server_s_processes_need() -> None:
    assert GRACE_S > 5.0
