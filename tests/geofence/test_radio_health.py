"""Beacons of the plan at the door, gateway ids that two boxes use, and what an installer is told of both."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from geofence.accept import log_key
from geofence.admitted import decode
from groundwork.contracts.sighting import BatchAnswer
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.plumbing.queries import entries_after
from groundwork.plumbing.service import Parts
from tests.geofence.deployment import TAG, TAMIM, Deployment, add_everything, batch
from tests.geofence.venues import VENUE


@pytest.fixture
async def shop(parts: Parts) -> AsyncIterator[Deployment]:
    await parts.db.write(add_everything)
    deployment = await Deployment.start(parts)
    yield deployment
    await deployment.close()


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
