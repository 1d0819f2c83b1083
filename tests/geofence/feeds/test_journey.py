"""From a third party's box over a real broker to a zone event; and that nothing of strangers is left anywhere on the way."""

from pathlib import Path

import msgspec
import structlog
from sqlalchemy import Connection, select

from groundwork.contracts.gateway import GatewayRules
from groundwork.people.queries.gateway_rules import put_gateway_rules
from groundwork.plumbing.db import Base
from groundwork.plumbing.telemetry import configure_logs
from tests.broker import Broker
from tests.geofence.deployment import TAG, TAMIM, set_consent
from tests.geofence.feeds.scene import RULES, STRANGER_ADDRESS, STRANGER_DEVICE, Scene, espresense, topic
from tests.geofence.venues import VENUE

STRANGER_UUID = "5ec2e7aa5ec2e7bb5ec2e7cc5ec2e7dd"
STRANGERS_TAG = "iBeacon:5ec2e7aa-5ec2-e7bb-5ec2-e7cc5ec2e7dd-4711-815"


async def _stand_left(scene: Scene, broker: Broker, seconds: int, *, before: int = 0) -> int:
    """A tag in the left room for some seconds, from the next one on; how many payloads there were."""
    for second in range(1, seconds + 1):
        await broker.publish(topic("left"), espresense(-48.0), qos=0)
        await broker.publish(topic("right"), espresense(-75.0), qos=0)
        await scene.heard(before + second * 2)
        await scene.deployment.at((before // 2 + second) * 1000)
    return before + seconds * 2


async def test_a_tag_heard_by_espresense_becomes_a_zone_event_of_its_consenting_shopper(scene: Scene, broker: Broker) -> None:
    await scene.deployment.at(0)
    assert (await scene.put(scene.request(broker))).status == 200
    await scene.connected()
    await _stand_left(scene, broker, 12)
    for second in range(13, 61):
        await scene.deployment.at(second * 1000)
    events = await scene.deployment.events(TAMIM)
    assert [(event.kind, event.zone) for event in events][:1] == [("enter", "left")]
    assert [event.kind for event in events][-1] == "exit"
    assert scene.missing() == [0] * len(scene.missing())
    adverts, ingest = scene.hop("feeds.adverts", "adverts"), scene.hop("ingest", "sightings")
    assert (adverts.in_, adverts.out, adverts.held) == (24, 24, 0)
    assert ingest.in_ == ingest.out == 24


async def test_without_her_consent_nothing_goes_on(scene: Scene, broker: Broker) -> None:
    await scene.parts.db.write(lambda conn: set_consent(conn, TAMIM, False))
    await scene.deployment.renew()
    await scene.deployment.at(0)
    await scene.put(scene.request(broker))
    await scene.connected()
    await _stand_left(scene, broker, 3)
    await scene.deployment.at(60_000)
    assert await scene.deployment.events(TAMIM) == []
    assert scene.hop("ingest", "sightings").refused == {"unknown_beacon": 6}


async def test_a_tag_with_a_listed_address_alone_is_heard_as_well(scene: Scene, broker: Broker) -> None:
    await scene.parts.db.write(lambda conn: put_gateway_rules(conn, TAMIM, VENUE, GatewayRules(), 1))
    await scene.deployment.at(0)
    await scene.put(scene.request(broker))
    await scene.connected()
    await broker.publish(topic("left", "known:c0ffee000001"), espresense(-50.0, "known:c0ffee000001", "c0ffee000001"), qos=0)
    await scene.heard(1)
    assert scene.hop("feeds.adverts", "adverts").refused == {"stranger": 1}
    await scene.parts.db.write(lambda conn: put_gateway_rules(conn, TAMIM, VENUE, RULES, 2))
    await scene.deployment.at(1_500)  # the rules are read anew once a second
    await broker.publish(topic("left", "known:c0ffee000001"), espresense(-50.0, "known:c0ffee000001", "c0ffee000001"), qos=0)
    await scene.heard(2)
    assert scene.hop("feeds.adverts", "adverts").held == 1


def _everything(conn: Connection) -> bytes:
    """Every row of every table."""
    return repr([tuple(row) for table in Base.metadata.sorted_tables for row in conn.execute(select(table))]).encode()


async def test_a_stranger_leaves_no_trace_in_any_table_file_or_log(scene: Scene, broker: Broker, tmp_path: Path) -> None:
    """Planted ids are looked for afterwards, as text and as bytes; hers are found, so the search can find."""
    with (tmp_path / "server.log").open("w") as log:
        configure_logs("debug", log)
        await scene.deployment.at(0)
        await scene.put(scene.request(broker))
        await scene.connected()
        sent = await _stand_left(scene, broker, 3)
        for device in (STRANGER_DEVICE, STRANGERS_TAG):
            for qos in (0, 1):
                await broker.publish(topic("left", device), espresense(-50.0, device, STRANGER_ADDRESS), qos=qos)
                await broker.publish(topic("attic", device), espresense(-50.0, device, STRANGER_ADDRESS), qos=qos)
        await broker.publish(topic("left", STRANGERS_TAG), espresense(-50.0, STRANGERS_TAG, STRANGER_ADDRESS)[:-1], qos=1)
        await scene.put(scene.request(None, "minew", ["ac233fc001ea"]), feed="m")
        stranger = {"mac": STRANGER_ADDRESS, "rssi": -50, "ibeaconUuid": STRANGER_UUID, "ibeaconMajor": 4711, "ibeaconMinor": 815}
        posted = await scene.post(msgspec.json.encode([{"type": "Gateway", "mac": "AC233FC001EA"}, stranger]), feed="m")
        told = await posted.text()
        await scene.heard(sent + 10)
        await scene.deployment.at(60_000)
        structlog.get_logger().info("the_end")
    places = await scene.parts.db.read(_everything)
    for path in tmp_path.rglob("*"):
        if path.is_file() and "broker" not in path.name and "broker" not in path.parts:  # what the broker keeps is the broker's
            places += path.read_bytes()
    places += told.encode()
    planted = [STRANGER_ADDRESS, STRANGER_DEVICE, STRANGERS_TAG, STRANGER_UUID]
    assert [one for one in planted if one.encode() in places.lower() or one.encode() in places] == []
    assert [one for one in (STRANGER_ADDRESS, STRANGER_UUID) if bytes.fromhex(one) in places] == []
    assert TAG.encode() in places
    assert b"the_end" in places
    assert scene.hop("feeds.adverts", "adverts").refused == {"stranger": 9}
    assert scene.hop("feeds.payloads", "payloads").refused == {"feed_unreadable": 1}


async def test_a_box_that_is_not_listed_is_counted_and_has_no_effect(scene: Scene, broker: Broker) -> None:
    await scene.deployment.at(0)
    await scene.put(scene.request(broker, boxes=["right"]))
    await scene.connected()
    await broker.publish(topic("left"), espresense(-48.0), qos=0)
    await scene.heard(1)
    assert scene.hop("feeds.adverts", "adverts").refused == {"feed_unknown_box": 1}
    await scene.put(scene.request(broker))
    await scene.deployment.at(1_000)
    await broker.publish(topic("left"), espresense(-48.0), qos=0)
    await scene.heard(2)
    assert scene.hop("feeds.adverts", "adverts").held == 1
    shown = (await scene.shown()).feeds[0]
    assert [(box.box, box.gateway, box.name) for box in shown.boxes] == [
        ("left", "esp:left", "Room left"),
        ("right", "esp:right", "Room right"),
    ]
    assert msgspec.json.encode(shown).find(b'password":"') == -1
