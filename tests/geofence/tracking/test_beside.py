"""What a batch tells beside its rows is accepted, in every form of it, and counted once."""

import msgspec
import pytest

from groundwork.contracts.ids import BeaconKey, BootId, GatewayId
from groundwork.contracts.sighting import BeaconTelemetry, Left, SpoolGap, StrangerCount
from tests.geofence.deployment import Deployment, batch, standing_left
from tests.geofence.venues import START_MS

RADIO, BEACON = GatewayId("r1"), BeaconKey("address:a4c1388d18b2")


@pytest.mark.parametrize("frame", [False, True])
async def test_who_left_what_changed_and_how_many_strangers_is_counted_once(shop: Deployment, frame: bool) -> None:
    left = Left(gateway=RADIO, beacon=BEACON, heard_until_ms=START_MS, silent_ms=30_000)
    warm = BeaconTelemetry(gateway=RADIO, beacon=BEACON, at_ms=START_MS, temperature_c=31.5)
    crowd = StrangerCount(from_ms=START_MS - 900_000, until_ms=START_MS, devices=214)
    sent = msgspec.structs.replace(batch(standing_left(1_000), 1_000), left=[left, left], telemetry=[warm], strangers=[crowd])
    for _ in range(2):
        assert (await shop.send(sent, frame=frame)).status == 200
    counted = {hop.name: hop.out for hop in shop.parts.hops.all() if hop.name.startswith("ingest.")}
    assert counted == {"ingest.left": 2, "ingest.telemetry": 1, "ingest.strangers": 1}
    assert [hop.missing() for hop in shop.parts.hops.all()] == [0] * len(shop.parts.hops.all())


async def test_what_a_box_dropped_and_what_it_lost_is_counted_once_by_its_reasons(shop: Deployment) -> None:
    gap = SpoolGap(boot=BootId("b"), first=3, last=9, rows=40, adverts=90, reason="spool_full")
    dropped = {"stranger": 1_000, "late_advert": 2, "a code with blanks": 5}
    sent = msgspec.structs.replace(batch(standing_left(1_000), 1_000), refused=dropped, gaps=[gap])
    for _ in range(2):
        assert (await shop.send(sent, frame=True)).status == 200
    refused = {hop.name: dict(hop.refused) for hop in shop.parts.hops.all()}
    assert refused["ingest.dropped"] == {"stranger": 1_000, "late_advert": 2, "other": 5}
    assert refused["ingest.gaps"] == {"spool_full": 40}
    assert [hop.missing() for hop in shop.parts.hops.all()] == [0] * len(shop.parts.hops.all())
