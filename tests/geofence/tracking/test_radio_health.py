"""Beacons of the plan at the door, gateway ids that two boxes use, and what an installer is told of both."""

import msgspec

from geofence.admitted import decode
from geofence.intake.accept import log_key
from groundwork.contracts.radio_health import Doubt, RadioHealth
from groundwork.contracts.sighting import BatchAnswer
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.people import queries
from groundwork.people.model import MANAGE_GATEWAYS
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.db import Connection
from groundwork.plumbing.queries import entries_after
from tests.conftest import START_MS
from tests.geofence.deployment import BOX, TAG, TAMIM, Deployment, batch
from tests.geofence.venues import VENUE


async def test_beacons_of_the_plan_are_told_of_beside_the_rows_and_counted(shop: Deployment) -> None:
    rows = [("g-left", "g-right", end_ms, -70.0) for end_ms in range(500, 20_001, 500)]
    await shop.at(20_000)
    answer = msgspec.json.decode(await (await shop.send(batch([*rows, ("g-left", TAG, 500, -50.0)], 20_000))).read(), type=BatchAnswer)
    assert (answer.accepted, answer.refused) == (1, {"reference": 40})
    bus = shop.parts.bus
    shard = bus.shard_of(SIGHTINGS, log_key(TAMIM, VENUE))
    logged = await shop.parts.db.read(lambda conn: entries_after(conn, SIGHTINGS, shard, 0, 100))
    told = [one for entry in logged for one in decode(entry.payload).header.references]
    assert [(one.gateway, one.beacon, one.rssi_dbm) for one in told] == [("g-left", "g-right", -70.0)] * 2
    assert shop.parts.hops.hop("ingest", "sightings").missing() == 0


async def test_what_two_boxes_with_one_id_hear_is_left_out(shop: Deployment) -> None:
    refused = []
    for number, boot in enumerate(("one", "other", "one", "other", "one"), 1):
        await shop.at(number * 1_000)
        sent = batch([("g-left", TAG, number * 1_000, -50.0)], number * 1_000, number=number, boot=boot)
        refused.append(msgspec.json.decode(await (await shop.send(sent)).read(), type=BatchAnswer).refused)
    assert refused == [{}, {}, {}, {"shared_gateway": 1}, {"shared_gateway": 1}]
    assert (await _health(shop)).doubts == [Doubt(kind="gateway", id=BOX, why="shared")]


async def test_an_installer_is_told_whose_clock_is_off(shop: Deployment) -> None:
    await shop.at(1_000)
    ahead = msgspec.structs.replace(batch([("g-left", TAG, 3_601_000, -50.0)], 3_601_000), sent_ms=START_MS + 3_601_000)
    assert (await shop.send(ahead)).status == 200
    assert (await _health(shop)).clocks_ms == {BOX: -3_600_000}


async def _health(shop: Deployment) -> RadioHealth:
    """What an installer of the tenant is told."""

    def let_in(conn: Connection) -> None:
        key = token_hash("an installer")
        queries.add_access_key(conn, tenant=TAMIM, subject="erp", token_hash=key, grants=(MANAGE_GATEWAYS,), now_ms=START_MS)

    await shop.parts.db.write(let_in)
    await shop.renew()
    headers = {"Authorization": "Bearer an installer"}
    async with shop.client.get(f"/v1/venues/{VENUE}/radio-health", headers=headers) as answer:
        return msgspec.json.decode(await answer.read(), type=RadioHealth)
