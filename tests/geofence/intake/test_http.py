"""The routes, through HTTP, signatures, both databases, the log, the engines and back to rows."""

from dataclasses import replace

import msgspec
import pytest

from geofence.admitted import decode
from geofence.http.ingest import REPEAT_HEADER
from geofence.intake.accept import log_key
from groundwork.contracts.ids import GatewayId, ShopperId
from groundwork.contracts.sighting import BatchAnswer, Sighting, SightingBatch
from groundwork.contracts.subjects import SIGHTINGS, STREAMS, ZONE_EVENTS
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people
from groundwork.plumbing import queries as plumbing_queries
from groundwork.plumbing.bus import Entry
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.service import Parts
from tests.geofence.deployment import (
    DANA,
    STRANGER,
    TAG,
    TAMIM,
    Deployment,
    add_everything,
    batch,
    frame_of,
    ranging,
    set_consent,
    standing_left,
)
from tests.geofence.venues import START_MS, VENUE


async def test_a_shopper_who_stays_enters_once_dwells_and_leaves_when_she_falls_silent(shop: Deployment) -> None:
    await shop.at(12_000)
    answer = await shop.send(batch(standing_left(12_000), 12_000))
    assert (answer.status, msgspec.json.decode(await answer.read(), type=BatchAnswer).accepted) == (200, 48)
    await shop.at(12_000)
    found = [(e.kind, e.zone, e.dwell_s, e.at_ms - START_MS) for e in await shop.events()]
    assert found == [("enter", "left", 0, 3_000), ("dwell", "left", 10, 11_500)]
    await shop.at(400_000)
    assert [(e.kind, e.at_ms - START_MS) for e in await shop.events()][2:] == [("exit", 27_000)]
    (visit,) = await shop.visits()
    assert visit.end_ms is not None
    assert (visit.start_ms - START_MS, visit.end_ms - START_MS) == (500, 27_000)
    assert {event.visit for event in await shop.events()} == {visit.id}
    assert [hop.missing() for hop in shop.parts.hops.all()] == [0] * len(shop.parts.hops.all())


async def test_zone_events_reach_the_log_that_the_notifier_reads(shop: Deployment) -> None:
    await shop.at(12_000)
    await shop.send(batch(standing_left(12_000), 12_000))
    await shop.at(12_000)
    events = await shop.events()
    reader = await shop.parts.bus.take(ZONE_EVENTS, shop.parts.bus.shard_of(ZONE_EVENTS, events[0].shopper))
    assert reader is not None
    assert [msgspec.json.decode(entry.payload, type=ZoneEvent) for entry in await reader.read(10)] == events


@pytest.mark.parametrize("frame", [False, True])
async def test_a_repeated_batch_gets_the_first_answers_bytes(shop: Deployment, frame: bool) -> None:
    sent = batch(standing_left(1_000), 1_000)
    first = await shop.send(sent, frame=frame)
    again = await shop.send(msgspec.structs.replace(sent, sent_ms=sent.sent_ms + 60_000), frame=not frame)
    assert (first.status, again.status) == (200, 200)
    assert await first.read() == await again.read()
    assert (first.headers.get(REPEAT_HEADER), again.headers.get(REPEAT_HEADER)) == (None, "true")
    assert shop.parts.hops.hop("ingest", "sightings").out == 4


async def test_a_batch_number_used_for_other_rows_is_refused(shop: Deployment) -> None:
    assert (await shop.send(batch(standing_left(1_000), 1_000))).status == 200
    other = await shop.send(batch(standing_left(1_500), 1_500))
    assert (other.status, (await other.json())["code"]) == (409, "batch_changed")


async def test_batches_in_any_order_with_repeats_lead_to_the_same_events(shop: Deployment) -> None:
    parts = [batch(standing_left(at, at - 1_500), at, number=at // 2_000) for at in range(2_000, 14_001, 2_000)]
    await shop.at(14_000)
    for sent in (parts[0], parts[2], parts[1], parts[1], parts[4], parts[3], parts[6], parts[5], parts[0]):
        assert (await shop.send(sent)).status == 200
    await shop.at(14_000)
    events = await shop.events()
    assert [(event.kind, event.dwell_s) for event in events] == [("enter", 0), ("dwell", 10)]
    locate = shop.parts.hops.hop("locate", "sightings")
    assert (locate.missing(), locate.refused["late"]) == (0, 24)


async def test_json_objects_columns_and_frames_mean_the_same(shop: Deployment) -> None:
    columns = batch(standing_left(1_000), 1_000)
    rows = [
        Sighting(
            gateway=GatewayId(radio),
            beacon=TAG,
            window_start_ms=START_MS + end - 500,
            window_ms=500,
            adverts=3,
            rssi_median_dbm=rssi,
            rssi_min_dbm=rssi,
            rssi_max_dbm=rssi,
            rssi_last_dbm=rssi,
        )
        for radio, _, end, rssi in standing_left(1_000)
    ]
    objects = msgspec.structs.replace(columns, columns=None, sightings=rows)
    answers = [await shop.send(columns), await shop.send(columns, frame=True), await shop.send(objects)]
    assert len({await answer.read() for answer in answers}) == 1


async def test_strangers_impossible_values_and_unplaced_radios_are_dropped_and_counted(shop: Deployment) -> None:
    rows = [
        ("g-left", TAG, 500, -50.0),
        ("g-left", STRANGER, 500, -50.0),
        ("g-left", TAG, 500, 0.0),
        ("g-left", TAG, 500, 62.0),
        ("g-left", TAG, 500, -128.0),
        ("box-1", TAG, 500, -50.0),
    ]
    answer = msgspec.json.decode(await (await shop.send(batch(rows, 1_000))).read(), type=BatchAnswer)
    assert (answer.accepted, answer.refused) == (1, {"impossible_rssi": 3, "unknown_beacon": 1, "unplaced": 1})
    assert shop.parts.hops.hop("ingest", "sightings").missing() == 0


async def test_who_withdraws_consent_becomes_a_stranger(shop: Deployment) -> None:
    await shop.parts.db.write(lambda conn: set_consent(conn, TAMIM, False))
    await shop.renew()
    answer = msgspec.json.decode(await (await shop.send(batch(standing_left(1_000), 1_000))).read(), type=BatchAnswer)
    assert (answer.accepted, answer.refused) == (0, {"unknown_beacon": 4})
    report = await shop.report(ranging([("g-left", 1_000, -50.0)], 1_000))
    assert (report.status, (await report.json())["code"]) == (403, "no_positioning_consent")


async def test_whose_erasure_has_begun_is_in_no_entry_though_memory_still_knows_her(shop: Deployment) -> None:
    """Between the erasure's commit and this process hearing of it, rows of hers are resolved and must not be written."""
    await shop.parts.db.write(lambda conn: people.request_erasure(conn, TAMIM, ShopperId("layla"), "erasure-1", "shopper", START_MS))
    assert (await shop.send(batch(standing_left(1_000), 1_000))).status == 200
    shard = shop.parts.bus.shard_of(SIGHTINGS, log_key(TAMIM, VENUE))
    (entry,) = await shop.parts.db.read(lambda conn: plumbing_queries.entries_after(conn, SIGHTINGS, shard, 0, 10))
    written = decode(entry.payload)
    assert (written.header.rows, written.header.shoppers, written.tracks.tolist()) == (0, [], [])


async def test_a_wrong_signature_is_refused(shop: Deployment) -> None:
    sent = batch(standing_left(1_000), 1_000)
    tampered = await shop.send(sent, tamper=b" ")
    assert (tampered.status, (await tampered.json())["code"]) == (401, "signature_wrong")
    unsigned = await shop.client.post("/v1/sightings", data=msgspec.json.encode(sent), headers={"Content-Type": "application/json"})
    assert unsigned.status == 401


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tenant": DANA}, "foreign_tenant"),
        ({"gateway": "box-2"}, "foreign_gateway"),
        ({"gateways": ["g-left", "box-2"]}, "foreign_radio"),
        ({"gateways": ["g-left", "nobody"]}, "foreign_radio"),
    ],
)
async def test_a_batch_that_speaks_for_others_is_refused_as_a_whole(shop: Deployment, change: dict[str, object], code: str) -> None:
    sent = msgspec.structs.replace(batch(standing_left(1_000), 1_000), **change)
    answer = await shop.send(sent, signer=TAMIM)
    assert (answer.status, (await answer.json())["code"]) == (403, code)
    hop = shop.parts.hops.hop("ingest", "sightings")
    assert (hop.in_, hop.refused[code], hop.missing()) == (4, 4, 0)


async def test_two_tenants_with_the_same_names_never_meet(shop: Deployment) -> None:
    await shop.at(12_000)
    await shop.send(batch(standing_left(12_000), 12_000))
    await shop.at(12_000)
    assert len(await shop.events(TAMIM)) == 2
    assert await shop.events(DANA) == []
    await shop.send(batch(standing_left(12_000), 12_000, tenant=DANA))
    await shop.at(12_000)
    ours, theirs = await shop.events(TAMIM), await shop.events(DANA)
    assert {event.shopper for event in ours}.isdisjoint(event.shopper for event in theirs)
    assert {event.id for event in ours}.isdisjoint(event.id for event in theirs)


@pytest.mark.parametrize(
    ("column", "value", "place"),
    [
        ("gateway", 7, "/columns/gateway/2"),
        ("beacon", -1, "/columns/beacon/2"),
        ("window_ms", 0, "/columns/window_ms/2"),
        ("adverts", 0, "/columns/adverts/2"),
        ("window_start_ms", START_MS + 3_600_000, "/columns/window_start_ms/2"),
        ("window_start_ms", 1 << 70, "/columns/window_start_ms/2"),
    ],
)
async def test_a_malformed_row_refuses_the_batch_and_is_named(shop: Deployment, column: str, value: int, place: str) -> None:
    sent = batch(standing_left(1_000), 1_000)
    getattr(sent.columns, column)[2] = value
    answer = await shop.send(sent)
    problem = await answer.json()
    assert (answer.status, problem["code"], problem["at"]) == (400, "bad_batch", place)
    assert str(value) in problem["detail_ar"]
    ingest = shop.parts.hops.hop("ingest", "sightings")
    assert (ingest.out, ingest.missing()) == (0, 0)


@pytest.mark.parametrize("frame", [False, True])
async def test_rows_of_radios_that_are_not_named_are_refused(shop: Deployment, frame: bool) -> None:
    sent = batch([("g-left", TAG, 500, -50.0)], 1_000)
    answer = await shop.send(msgspec.structs.replace(sent, gateways=[]), frame=frame)
    assert (answer.status, (await answer.json())["at"]) == (400, "/columns/gateway/0")


@pytest.mark.parametrize("change", [{"boot": "م" * 128}, {"batch": 10**600}])
async def test_whatever_name_a_batch_has_its_repeat_is_recognised(shop: Deployment, change: dict[str, object]) -> None:
    sent = msgspec.structs.replace(batch(standing_left(1_000), 1_000), **change)
    answers = [await shop.send(sent), await shop.send(sent)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].headers[REPEAT_HEADER] == "true"


async def test_a_loudness_beyond_all_numbers_is_impossible(shop: Deployment) -> None:
    answer = await shop.send(batch([("g-left", TAG, 500, -1e300), ("g-left", TAG, 1_000, 1e300)], 1_000))
    assert msgspec.json.decode(await answer.read(), type=BatchAnswer).refused == {"impossible_rssi": 2}


async def test_columns_of_different_length_are_refused(shop: Deployment) -> None:
    sent = batch(standing_left(1_000), 1_000)
    assert sent.columns is not None
    sent.columns.adverts.pop()
    answer = await shop.send(sent)
    assert (answer.status, (await answer.json())["at"]) == (400, "/columns/adverts")


async def test_a_wrong_type_is_named_with_its_place(shop: Deployment) -> None:
    answer = await shop.post(msgspec.json.encode(batch(standing_left(1_000), 1_000)).replace(b"-48.0", b'"loud"', 1))
    assert answer.status == 422
    assert "rssi_median_dbm" in (await answer.json())["at"]


async def test_a_broken_frame_is_refused(shop: Deployment) -> None:
    raw = frame_of(batch(standing_left(1_000), 1_000))
    for broken in (raw[:-1], b"nonsense", b"", raw[:4] + b"\xff\xff\xff\xff" + raw[8:]):
        assert (await shop.post(broken, frame=True)).status == 400


async def test_too_many_rows_are_refused_with_413(shop: Deployment) -> None:
    answer = await shop.send(batch([("g-left", TAG, 500, -50.0)] * 5_001, 1_000), frame=True)
    assert (answer.status, (await answer.json())["code"]) == (413, "too_many_rows")


async def test_a_claim_to_reach_into_the_future_is_refused(shop: Deployment) -> None:
    claim = msgspec.structs.replace(batch([], 3_600_000), sent_ms=START_MS)  # a clock that runs ahead would say so here too
    answer = await shop.send(claim)
    assert (answer.status, (await answer.json())["at"]) == (400, "/covered_until_ms")


async def test_a_phone_that_ranges_is_followed_without_gateways(shop: Deployment) -> None:
    for number, at in enumerate(range(2_000, 14_001, 2_000), 1):
        await shop.at(at)
        rows = [(beacon, end, rssi) for end in (at - 1_000, at) for beacon, rssi in (("g-left", -50.0), ("g-right", -80.0))]
        assert (await shop.report(ranging(rows, at, number=number))).status == 200
    await shop.at(14_000)
    await shop.at(400_000)
    assert [(event.kind, event.zone, event.dwell_s) for event in await shop.events()] == [
        ("enter", "left", 0),
        ("dwell", "left", 10),
        ("exit", "left", 0),
    ]
    assert all(hop.missing() == 0 for hop in shop.parts.hops.all())


async def test_a_phones_repeat_gets_the_first_answer(shop: Deployment) -> None:
    await shop.at(2_000)
    said = ranging([("g-left", 1_000, -50.0)], 2_000)
    first, again = await shop.report(said), await shop.report(said)
    assert await first.read() == await again.read()
    assert again.headers[REPEAT_HEADER] == "true"


async def test_a_phone_may_not_report_for_another_tenant(shop: Deployment) -> None:
    answer = await shop.report(ranging([("g-left", 1_000, -50.0)], 1_000, tenant=DANA), tenant=TAMIM)
    assert (answer.status, (await answer.json())["code"]) == (403, "foreign_tenant")


async def test_a_venue_without_a_plan_says_so(shop: Deployment) -> None:
    answer = await shop.report(msgspec.structs.replace(ranging([], 1_000), venue="elsewhere"))
    assert (answer.status, (await answer.json())["code"]) == (503, "no_plan")


async def test_poison_goes_to_the_dead_letters_and_the_shard_moves_on(shop: Deployment) -> None:
    key = log_key(TAMIM, VENUE)
    await shop.parts.bus.put([Entry(SIGHTINGS, key, b"no entry at all")])
    await shop.at(12_000)
    await shop.send(batch(standing_left(12_000), 12_000))
    await shop.at(12_000)
    assert len(await shop.events()) == 2
    shard = shop.parts.bus.shard_of(SIGHTINGS, key)
    ((entry, reason),) = await shop.parts.db.read(lambda conn: plumbing_queries.dead_letters(conn, SIGHTINGS, shard))
    assert entry.payload == b"no entry at all"
    assert "AdmittedError" in reason


async def test_a_restart_goes_on_from_the_snapshot_even_in_silence(parts: Parts) -> None:
    await parts.db.write(add_everything)
    first = await Deployment.start(parts)
    await first.at(12_000)
    await first.send(batch(standing_left(12_000), 12_000))
    await first.at(12_000)
    await first.close()
    second = await Deployment.start(parts)
    await second.at(400_000)
    assert [event.kind for event in await second.events()] == ["enter", "dwell", "exit"]
    assert [visit.end_ms is not None for visit in await second.visits()] == [True]
    await second.close()


def test_every_form_of_a_batch_is_one_type() -> None:
    assert msgspec.json.decode(msgspec.json.encode(batch([], 1_000)), type=SightingBatch) == batch([], 1_000)


async def test_a_crash_in_silence_is_followed_by_ticks_all_the_same(parts: Parts) -> None:
    await parts.db.write(add_everything)
    first = await Deployment.start(parts)
    await first.at(12_000)
    await first.send(batch(standing_left(12_000), 12_000))
    await first.at(12_000)
    # killed: no snapshot, no release
    bus = LocalBus(parts.db, parts.clock, "two", dict.fromkeys(STREAMS, 2))
    second = await Deployment.start(replace(parts, bus=bus))
    await second.at(16_000)
    await second.at(400_000)
    assert [event.kind for event in await second.events()] == ["enter", "dwell", "exit"]
    await second.close()
    await first.close()


async def test_a_box_whose_clock_runs_ahead_makes_nobody_late(parts: Parts) -> None:
    await parts.db.write(add_everything)
    deployment = await Deployment.start(parts)
    await deployment.at(12_000)
    await deployment.send(batch(standing_left(12_000), 72_000))  # claims a minute that has not been
    await deployment.at(14_000)
    await deployment.send(batch(standing_left(14_000, from_ms=13_000), 14_000, number=2))
    await deployment.at(15_000)
    locate = parts.hops.hop("locate", "sightings")
    assert (locate.refused["late"], locate.missing()) == (0, 0)
    await deployment.close()
