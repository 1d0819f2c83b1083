"""Lines to brokers: back after an outage, acknowledged once durable, and what is delivered again has no second effect."""

import random
from collections.abc import AsyncIterator

import msgspec
import pytest

from geofence.feeding.line import FeedLine
from geofence.feeding.registry import FeedRegistry
from geofence.intake.accept import Ingest, log_key
from geofence.places import Places
from geofence.settings import Settings
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.plumbing import queries as plumbing_queries
from groundwork.plumbing.service import Parts
from tests.broker import Broker, until
from tests.geofence.deployment import TAG, TAMIM
from tests.geofence.feeds.scene import FEED, VAULT, Scene, espresense, topic
from tests.geofence.venues import VENUE

MINEW = "m"
MINEW_TOPIC = "/gw/ac233fc001ea/status"


def minew(at: str, rssi: float = -48.0, box: str = "AC233FC001EA") -> bytes:
    """A payload of one iBeacon that says when it was heard."""
    uuid = TAG.split(":")[1].upper()
    beacon = {"type": "iBeacon", "mac": "C300001AA631", "ibeaconUuid": uuid, "ibeaconMajor": 1, "ibeaconMinor": 7, "ibeaconTxPower": -59}
    return msgspec.json.encode([{"timestamp": at, "type": "Gateway", "mac": box}, {"timestamp": at, "rssi": rssi, **beacon}])


# --- the whole loop ---------------------------------------------------------------------------------------------------------------


async def test_a_broker_that_is_away_at_the_start_is_found_when_it_comes(scene: Scene, broker: Broker) -> None:
    broker.stop()
    await scene.deployment.at(0)
    await scene.put(scene.request(broker))
    await scene.until(lambda: _trouble(scene))
    await broker.start()
    await _pass_until_up(scene)
    await broker.publish(topic("left"), espresense(-48.0), qos=0)
    await scene.heard(1)


async def test_a_broker_that_restarts_is_found_again_and_what_follows_is_heard(scene: Scene, broker: Broker) -> None:
    await scene.deployment.at(0)
    await scene.put(scene.request(broker))
    await scene.connected()
    await broker.publish(topic("left"), espresense(-48.0), qos=1)
    await scene.heard(1)
    broker.stop()
    await scene.connected(up=False)
    await broker.start()
    await _pass_until_up(scene)
    before = scene.hop("feeds.payloads", "payloads").in_
    await broker.publish(topic("left"), espresense(-47.0), qos=1)
    await scene.heard(before + 1)
    assert scene.missing() == [0] * len(scene.missing())


async def test_wrong_credentials_are_a_trouble_that_is_shown_and_mended_by_the_right_ones(scene: Scene, broker: Broker) -> None:
    asked = scene.request(broker)
    await scene.deployment.at(0)
    await scene.put(asked | {"broker": asked["broker"] | {"password": "another"}})
    await scene.until(lambda: _trouble(scene))
    await scene.put(asked)
    await scene.connected()


async def test_a_feed_that_is_removed_is_heard_no_more(scene: Scene, broker: Broker) -> None:
    await scene.deployment.at(0)
    await scene.put(scene.request(broker))
    await scene.connected()
    await broker.publish(topic("left"), espresense(-48.0), qos=0)
    await scene.heard(1)
    answer = await scene.deployment.client.delete(f"/v1/feeds/{FEED}", headers={"Authorization": "Bearer installer"})
    assert answer.status == 204
    await scene.deployment.at(2_000)
    assert (await scene.shown()).feeds == []
    assert scene.hop("feeds.adverts", "adverts").refused == {"feed_changed": 1}
    assert scene.missing() == [0] * len(scene.missing())


async def _trouble(scene: Scene) -> bool:
    broker = (await scene.shown()).feeds[0].broker
    return broker is not None and bool(broker.trouble)


async def _pass_until_up(scene: Scene) -> None:
    """Time passes until the line has tried again: a minute at most."""

    async def up() -> bool:
        scene.deployment.clock.advance(1)
        broker = (await scene.shown()).feeds[0].broker
        return broker is not None and broker.connected is True

    await scene.until(up)


# --- one line ---------------------------------------------------------------------------------------------------------------------


class Process:
    """What a process has of a feed's line; a second one starts with what the database kept."""

    def __init__(self, scene: Scene) -> None:
        parts = scene.parts
        self.places = Places(parts.db)
        self.registry = FeedRegistry(parts.db, self.places, VAULT)
        self.ingest = Ingest(parts, Settings(), self.places, scene.deployment.people)
        self.line: FeedLine

    async def start(self) -> "Process":
        await self.places.renew_plans()
        await self.places.renew_gateways()
        await self.registry.renew()
        known = self.registry.feed(TAMIM, MINEW)
        assert known is not None
        self.line = FeedLine(known, self.ingest, self.registry, random.Random(1), lambda: None)
        await self.line.open()
        await until(lambda: self.line.line.connected)
        return self

    async def until(self, parts: Parts, payloads: int) -> None:
        while parts.hops.hop("feeds.payloads", "payloads").in_ < payloads:
            await until(lambda: self.line.line.waiting > 0)
            await self.line.step()

    async def die(self) -> None:
        """Nothing more leaves it."""
        await self.line.line.close()


@pytest.fixture
async def process(scene: Scene, broker: Broker) -> AsyncIterator[Process]:
    await scene.deployment.at(0)
    asked = scene.request(broker, "minew", ["AC233FC001EA"])
    assert (await scene.put(asked, feed=MINEW)).status == 200
    started = await Process(scene).start()
    yield started
    await started.line.close()


async def _rows(scene: Scene) -> int:
    return scene.hop("ingest", "sightings").in_


async def test_what_a_crash_left_unacknowledged_comes_again_and_counts_once(scene: Scene, process: Process, broker: Broker) -> None:
    """Durable, and the line cut before the broker heard so: the next process refuses the repeat by the receipt in the database."""
    await broker.publish(MINEW_TOPIC, minew("2026-11-01T07:00:00.100Z"))
    await process.until(scene.parts, 1)
    await process.die()
    scene.deployment.clock.advance(2)
    await process.line.step()
    assert await _rows(scene) == 1
    second = await Process(scene).start()
    await second.until(scene.parts, 2)
    scene.deployment.clock.advance(1)
    await second.line.step()
    assert scene.hop("feeds.payloads", "payloads").refused == {"feed_repeat": 1}
    assert await _rows(scene) == 1
    await second.line.close()
    assert scene.missing() == [0] * len(scene.missing())


async def test_what_was_not_durable_at_a_crash_is_not_lost(scene: Scene, process: Process, broker: Broker) -> None:
    await broker.publish(MINEW_TOPIC, minew("2026-11-01T07:00:00.100Z"))
    await process.until(scene.parts, 1)
    await process.die()  # with its window open: nothing of it is on disk
    assert await _rows(scene) == 0
    second = await Process(scene).start()
    await second.until(scene.parts, 2)
    scene.deployment.clock.advance(2)
    await second.line.step()
    assert await _rows(scene) == 1
    await second.line.close()


async def test_a_repeat_within_its_open_window_counts_once_and_is_settled_with_it(scene: Scene, process: Process, broker: Broker) -> None:
    await broker.publish(MINEW_TOPIC, minew("2026-11-01T07:00:00.100Z"))
    await process.until(scene.parts, 2)  # the broker waits a second for an acknowledgement
    scene.deployment.clock.advance(2)
    await process.line.step()
    assert scene.hop("feeds.payloads", "payloads").refused["feed_repeat"] >= 1
    adverts = scene.hop("feeds.adverts", "adverts")
    assert (adverts.in_, adverts.out, await _rows(scene)) == (1, 1, 1)


async def test_more_than_the_broker_hands_out_at_once_goes_on_without_waiting_for_the_window(
    scene: Scene, process: Process, broker: Broker
) -> None:
    """Brokers hand out 20 and wait. With the clock standing still no window ever ends, and 50 get through all the same."""
    at = "2026-11-01T07:00:00.100Z"
    await broker.publish(MINEW_TOPIC, *(minew(at, -40.0 - count) for count in range(50)))
    await process.until(scene.parts, 50)
    scene.deployment.clock.advance(1)
    await process.line.step()
    adverts = scene.hop("feeds.adverts", "adverts")
    assert (adverts.in_, adverts.out) == (50, 50)
    assert 2 <= await _rows(scene) <= 5  # of one window, cut into what had come so far


async def test_a_batch_that_is_written_twice_is_there_once(scene: Scene, process: Process, broker: Broker) -> None:
    await broker.publish(MINEW_TOPIC, minew("2026-11-01T07:00:00.100Z"))
    await process.until(scene.parts, 1)
    scene.deployment.clock.advance(2)
    await process.line.step()
    before = await _entries(scene)
    await process.line.step()
    assert before == await _entries(scene) == 1


async def _entries(scene: Scene) -> int:
    """How many entries the venue's log has."""
    shard = scene.parts.bus.shard_of(SIGHTINGS, log_key(TAMIM, VENUE))
    return await scene.parts.db.read(lambda conn: plumbing_queries.head(conn, SIGHTINGS, shard))


async def test_a_retained_payload_says_nothing_of_now(scene: Scene, broker: Broker) -> None:
    await broker.publish(topic("left"), espresense(-48.0), qos=1, retain=True)
    await scene.deployment.at(0)
    await scene.put(scene.request(broker))
    await scene.connected()
    await scene.heard(1)
    assert scene.hop("feeds.payloads", "payloads").refused == {"feed_retained": 1}


async def test_what_waited_at_the_broker_and_says_no_time_is_thrown_away_after_an_absence(scene: Scene, broker: Broker) -> None:
    await scene.deployment.at(0)
    await scene.put(scene.request(broker))
    await scene.connected()
    line = next(loop for loop in scene.deployment.service.loops if loop.name == "geofence feeds")
    await line.close()
    await broker.publish(topic("left"), espresense(-48.0), qos=1)
    scene.deployment.clock.advance(3_600)
    await scene.connected()
    await broker.publish(topic("left"), espresense(-47.0), qos=1)
    await scene.heard(1)
    assert scene.hop("feeds.adverts", "adverts").in_ == 1
