"""Feeds over HTTP: who may set one up, what is told of it, and what boxes post."""

import base64
from datetime import UTC, datetime

import msgspec
import pytest

from geofence.intake.accept import log_key
from groundwork.contracts.feed import FeedAnswer
from groundwork.contracts.ids import TenantId
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.plumbing import queries as plumbing_queries
from tests.broker import LOGIN, PASSWORD
from tests.geofence.deployment import TAG, TAMIM
from tests.geofence.feeds import payloads as real
from tests.geofence.feeds.scene import BOX_KEY, ELSEWHERE, FEED, OTHER_KEY, Scene, espresense, topic
from tests.geofence.venues import START_MS, VENUE

BROKER = {"address": "mqtt://broker.invalid", "topic": "espresense/devices/+/+", "login": LOGIN, "password": PASSWORD}
BOX = "AC233FC001EA"


def minew(at_ms: int, *rssi: float, box: str = BOX) -> bytes:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    uuid = TAG.split(":")[1].upper()
    beacon = {"type": "iBeacon", "mac": "C300001AA631", "ibeaconUuid": uuid, "ibeaconMajor": 1, "ibeaconMinor": 7}
    heard = [{"timestamp": at, "rssi": level, **beacon} for level in rssi]
    return msgspec.json.encode([{"timestamp": at, "type": "Gateway", "mac": box}, *heard])


def theengs(rssi: int) -> bytes:
    _, uuid, major, minor = TAG.split(":")
    return msgspec.json.encode({"id": "C3:00:00:1A:A6:31", "rssi": rssi, "uuid": uuid, "major": int(major), "minor": int(minor)})


@pytest.fixture
async def posting(scene: Scene) -> Scene:
    """A feed of Minew boxes that post."""
    await scene.deployment.at(0)
    assert (await scene.put(scene.request(None, "minew", [BOX]))).status == 200
    return scene


# --- setting up -------------------------------------------------------------------------------------------------------------------


async def test_a_feed_is_shown_as_it_was_put_and_never_with_its_password(scene: Scene) -> None:
    await scene.deployment.at(0)
    answer = await scene.put({**scene.request(None), "broker": BROKER})
    assert answer.status == 200
    assert PASSWORD not in await answer.text()
    (shown,) = (await scene.shown()).feeds
    assert shown.broker is not None
    assert (shown.id, shown.kind, shown.times, shown.broker.address, shown.broker.has_password) == (
        FEED, "espresense", "payload", "mqtt://broker.invalid", True,
    )  # fmt: skip


async def test_a_password_left_out_stays_and_the_database_holds_it_sealed(scene: Scene) -> None:
    asked = {**scene.request(None), "broker": BROKER}
    await scene.put(asked)
    await scene.put({**asked, "broker": {name: value for name, value in BROKER.items() if name != "password"}})
    (shown,) = (await scene.shown()).feeds
    assert shown.broker is not None
    assert shown.broker.has_password
    rows = await scene.parts.db.read(lambda conn: repr(list(conn.exec_driver_sql("SELECT * FROM feed"))))
    assert "aislecast" in rows
    assert PASSWORD not in rows


async def test_every_change_is_in_the_audit_chain_once_and_without_the_password(scene: Scene) -> None:
    asked = {**scene.request(None), "broker": BROKER}
    without = {**asked, "broker": {name: value for name, value in BROKER.items() if name != "password"}}
    for body in (asked, without, {**without, "boxes": []}):
        await scene.put(body)
    await scene.deployment.client.delete(f"/v1/feeds/{FEED}", headers={"Authorization": "Bearer installer"})
    acts = await scene.parts.db.read(lambda conn: list(plumbing_queries.audits(conn, TAMIM)))
    assert [(act.actor, act.action, act.subject) for act in acts] == [
        ("installer", "feed.put", FEED), ("installer", "feed.put", FEED), ("installer", "feed.remove", FEED),
    ]  # fmt: skip
    assert not any(PASSWORD.encode() in act.before + act.after for act in acts)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"kind": "cassia"}, 422, "unknown_feed_kind"),
        ({"venue": "elsewhere"}, 403, "beyond_scope"),
        ({"broker": {**BROKER, "address": "http://x"}}, 422, "field_wrong"),
        ({"broker": {**BROKER, "address": "mqtt://x:99999"}}, 422, "bad_feed_broker"),
        ({"broker": {**BROKER, "topic": "a/#/b"}}, 422, "bad_feed_broker"),
        ({"broker": {**BROKER, "topic": "a/b+"}}, 422, "bad_feed_broker"),
        ({"broker": {**BROKER, "address": "mqtts://x", "authorities": "no certificate"}}, 422, "bad_feed_broker"),
        ({"boxes": [{"box": "a b", "name": "x"}]}, 422, "field_wrong"),
    ],
)
async def test_a_feed_that_cannot_be_is_refused_naming_what_is_wrong(
    scene: Scene, change: dict[str, object], status: int, code: str
) -> None:
    answer = await scene.put({**scene.request(None), **change})
    told = await answer.json()
    assert (answer.status, told["code"]) == (status, code), told
    assert (await scene.shown()).feeds == []


async def test_nobody_takes_a_feed_out_of_anothers_shop(scene: Scene) -> None:
    await scene.put(scene.request(None))
    assert (await scene.shown(ELSEWHERE)).feeds == []
    stolen = await scene.put({**scene.request(None), "venue": "elsewhere"}, key=ELSEWHERE)
    removed = await scene.deployment.client.delete(f"/v1/feeds/{FEED}", headers={"Authorization": f"Bearer {ELSEWHERE}"})
    assert (stolen.status, removed.status) == (403, 403)
    missing = await scene.deployment.client.delete("/v1/feeds/none", headers={"Authorization": "Bearer installer"})
    assert ((await missing.json())["code"], missing.status) == ("unknown_feed", 404)


async def test_a_box_taken_from_the_list_is_believed_no_more(posting: Scene) -> None:
    await posting.put(posting.request(None, "minew", []))
    answer = await posting.post(minew(START_MS, -50.0))
    assert msgspec.json.decode(await answer.read(), type=FeedAnswer).refused == {"feed_unknown_box": 1}


# --- posting ----------------------------------------------------------------------------------------------------------------------


async def test_what_a_box_posts_is_durable_when_it_is_answered(posting: Scene) -> None:
    answer = await posting.post(minew(START_MS - 300, -50.0, -52.0, -54.0))
    told = msgspec.json.decode(await answer.read(), type=FeedAnswer)
    assert (answer.status, told) == (200, FeedAnswer(tenant=TenantId(TAMIM), feed=FEED, accepted=3))
    ingest = posting.hop("ingest", "sightings")
    assert (ingest.in_, dict(ingest.refused)) == (1, {"unplaced": 1})  # one row of a box that no plan shows yet
    assert posting.missing() == [0] * len(posting.missing())


async def test_a_box_that_hears_nobody_known_any_more_says_so_for_a_while(posting: Scene) -> None:
    """Else whoever left would be taken for somebody whom a box that is down does not hear."""
    strangers = msgspec.json.encode([{"type": "Gateway", "mac": BOX}, {"mac": "5EC2E75EC2E7", "rssi": -60}])
    log = posting.parts.bus.shard_of(SIGHTINGS, log_key(TAMIM, VENUE))

    async def entries() -> int:
        return await posting.parts.db.read(lambda conn: plumbing_queries.head(conn, SIGHTINGS, log))

    await posting.post(strangers)
    assert await entries() == 0  # nobody waits for it
    await posting.post(minew(START_MS, -50.0))
    for second in (1, 2, 60):
        posting.deployment.clock.set(START_MS + second * 1000)
        await posting.post(strangers)
    assert await entries() == 3


async def test_the_same_payload_posted_again_counts_once(posting: Scene) -> None:
    for _ in range(3):
        assert (await posting.post(minew(START_MS - 300, -50.0))).status == 200
    adverts = posting.hop("feeds.adverts", "adverts")
    assert (adverts.in_, adverts.out, dict(adverts.refused)) == (3, 1, {"feed_repeat": 2})
    assert posting.hop("ingest", "sightings").in_ == 1


async def test_where_no_boxs_clock_is_believed_the_same_may_be_said_twice(scene: Scene) -> None:
    await scene.deployment.at(0)
    await scene.put(scene.request(None, "minew", [BOX], times="received"))
    for _ in range(2):
        assert (await scene.post(minew(0, -48.0))).status == 200
    assert scene.hop("feeds.adverts", "adverts").out == 2
    assert scene.hop("ingest", "sightings").in_ == 2


@pytest.mark.parametrize(
    ("kind", "box", "under", "payload"),
    [
        ("espresense", "left", topic("left"), espresense(-60.0)),
        ("theengs", "Till-3", "home/Till-3/BTtoMQTT/C300001AA631", theengs(-60)),
    ],
)
async def test_a_box_that_only_the_topic_names_posts_under_its_topic(scene: Scene, kind: str, box: str, under: str, payload: bytes) -> None:
    await scene.deployment.at(0)
    assert (await scene.put(scene.request(None, kind, [box]))).status == 200
    answer = await scene.post(payload, under=under)
    assert msgspec.json.decode(await answer.read(), type=FeedAnswer).accepted == 1
    for nothing in (None, ""):
        without = await scene.post(payload, under=nothing)
        told = await without.json()
        assert (without.status, told["code"], told["at"]) == (422, "field_missing", "/topic")
    assert scene.hop("feeds.payloads", "payloads").in_ == 1


async def test_binary_is_read_as_well(posting: Scene) -> None:
    answer = await posting.post(real.MINEW_BINARY)
    told = msgspec.json.decode(await answer.read(), type=FeedAnswer)
    assert (told.accepted, sum(told.refused.values())) == (0, 28)


async def test_a_box_that_knows_only_a_login_shows_its_key_as_the_password(posting: Scene) -> None:
    basic = base64.b64encode(f"box:{BOX_KEY}".encode()).decode()
    assert (await posting.post(minew(START_MS, -50.0), authorization=f"Basic {basic}")).status == 200
    for wrong in (f"Basic {basic[:-4]}", "Basic !", "Basic", "Bearer x", f"Basic {base64.b64encode(b'x').decode()}"):
        assert (await posting.post(minew(START_MS, -50.0), authorization=wrong)).status == 401
    shown = await posting.deployment.client.get("/v1/feeds", headers={"Authorization": f"Basic {basic}"})
    assert shown.status == 401  # nowhere else


async def test_a_key_of_another_venue_posts_nothing(posting: Scene) -> None:
    answer = await posting.post(minew(START_MS, -50.0), authorization=f"Bearer {OTHER_KEY}")
    assert (answer.status, (await answer.json())["code"]) == (403, "beyond_scope")
    unknown = await posting.post(minew(START_MS, -50.0), feed="none")
    assert (unknown.status, (await unknown.json())["code"]) == (404, "unknown_feed")


async def test_what_cannot_be_read_is_refused_in_both_languages_and_counted(posting: Scene) -> None:
    answer = await posting.post(b"{")
    assert (answer.status, (await answer.json())["code"]) == (422, "feed_unreadable")
    arabic = await posting.deployment.client.post(
        f"/v1/feeds/{FEED}", data=b"{", headers={"Authorization": f"Bearer {BOX_KEY}", "Accept-Language": "ar"}
    )
    assert "لا يمكن قراءة الحمولة" in await arabic.text()
    assert dict(posting.hop("feeds.payloads", "payloads").refused) == {"feed_unreadable": 2}


async def test_a_payload_too_large_is_refused_before_it_is_read(posting: Scene) -> None:
    assert (await posting.post(b" " * (256 * 1024 + 1))).status == 413


async def test_a_box_that_posts_without_end_is_slowed_down(posting: Scene) -> None:
    statuses = [(await posting.post(minew(START_MS))).status for _ in range(61)]
    assert (statuses[:60], statuses[60]) == ([200] * 60, 429)
