"""Tags: registered by operators, taken by a scanned code, heard as the shopper's for a visit, and handed over with the cart."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, select

from groundwork.contracts.ids import BeaconKey, DeviceId, ShopperId
from groundwork.people import acts, queries
from groundwork.people.codes import ALPHABET
from groundwork.people.eid import eid
from groundwork.people.model import DEVICE_GRANTS, MANAGE_TAGS, POSITIONING
from groundwork.people.registry import People
from groundwork.people.settings import Settings
from groundwork.people.tables import TagRow
from groundwork.plumbing import queries as plumbing_queries
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts, settle
from tests.groundwork.people.register import DANA, LAYLA, OMAR, PHONE, SHOP, TAG, TAMIM, VAULT, consent, sign_up
from tests.groundwork.people.served import Served, bearer, let_in, serve

OTHER_PHONE = DeviceId("phone-2")
IDENTITY = "0102030405060708090a111213141516"
CART = {"kind": "cart", "venue": SHOP, "beacon": TAG}
EID_CART = {"kind": "cart", "venue": SHOP, "eid": {"identity_key": IDENTITY, "exponent": 10, "clock_s": 5_000}}
CARD = {"kind": "loyalty", "beacon": "eddystone:00112233445566778899:aabbccddeeff"}
INSTALLER = bearer("installer")


def _let_in(conn: Connection) -> None:
    for number, (shopper, device, token) in enumerate(((LAYLA, PHONE, "layla"), (OMAR, OTHER_PHONE, "omar")), 1):
        sign_up(conn, TAMIM, shopper, device, number)
        consent(conn, TAMIM, shopper, POSITIONING)
        let_in(conn, token, DEVICE_GRANTS, subject=device)
    sign_up(conn, DANA, LAYLA)
    consent(conn, DANA, LAYLA, POSITIONING)
    let_in(conn, "dana", DEVICE_GRANTS, subject=PHONE, tenant=DANA)
    let_in(conn, "installer", {MANAGE_TAGS})
    let_in(conn, "elsewhere", {MANAGE_TAGS}, scopes=["other-shop"])


@pytest.fixture
async def served(parts: Parts) -> AsyncIterator[Served]:
    async with serve(parts) as opened:
        await parts.db.write(_let_in)
        await opened.settle()
        yield opened


async def _register(served: Served, tag: dict[str, Any]) -> dict[str, Any]:
    answer = await served.client.post("/v1/tags", json=tag, headers=INSTALLER)
    assert answer.status == 201, await answer.text()
    said: dict[str, Any] = await answer.json()
    return said


async def _bind(served: Served, code: str, token: str = "layla") -> tuple[int, dict[str, Any]]:
    answer = await served.client.post("/v1/tag-bindings", json={"code": code}, headers=bearer(token))
    await served.settle()
    return answer.status, await answer.json()


def _owner(people: People, beacon: str, at_ms: int) -> ShopperId | None:
    found = people.resolver(TAMIM).resolve([BeaconKey(beacon)], at_ms)[0]
    return found.shopper if found else None


async def test_a_scanned_cart_is_hers_from_that_moment_and_nobodys_before(served: Served, clock: ManualClock) -> None:
    tag = await _register(served, CART)
    now_ms = clock.now_ms()
    assert _owner(served.people, TAG, now_ms) is None
    status, said = await _bind(served, tag["code"].lower())
    binding = {"tag": tag["tag"], "kind": "cart", "from_ms": now_ms, "until_ms": now_ms + 12 * 3_600_000}
    assert (status, said["bindings"]) == (200, [binding])
    assert [_owner(served.people, TAG, at_ms) for at_ms in (now_ms - 1, now_ms)] == [None, LAYLA]
    clock.advance(60)
    assert (await _bind(served, tag["code"]))[1]["bindings"] == [binding]  # scanned again
    clock.advance(12 * 3_600)
    assert _owner(served.people, TAG, clock.now_ms()) is None
    assert (await (await served.client.get("/v1/tag-bindings", headers=bearer("layla"))).json())["bindings"] == []


async def test_a_cart_given_back_is_nobodys(served: Served, clock: ManualClock) -> None:
    tag = await _register(served, CART)
    await _bind(served, tag["code"])
    clock.advance(600)
    path = f"/v1/tag-bindings/{tag['tag']}"
    assert (await served.client.delete(path, headers=bearer("omar"))).status == 404
    answer = await served.client.delete(path, headers=bearer("layla"))
    assert (answer.status, (await answer.json())["bindings"]) == (200, [])
    await served.settle()
    now_ms = clock.now_ms()
    assert [_owner(served.people, TAG, at_ms) for at_ms in (now_ms - 1, now_ms)] == [LAYLA, None]
    assert (await served.client.delete(path, headers=bearer("layla"))).status == 404


async def test_a_cart_that_another_scans_is_handed_over_at_that_moment(served: Served, clock: ManualClock) -> None:
    tag = await _register(served, CART)
    await _bind(served, tag["code"])
    clock.advance(300)
    assert (await _bind(served, tag["code"], "omar"))[0] == 200
    now_ms = clock.now_ms()
    assert [_owner(served.people, TAG, at_ms) for at_ms in (now_ms - 1, now_ms)] == [LAYLA, OMAR]
    assert (await (await served.client.get("/v1/tag-bindings", headers=bearer("layla"))).json())["bindings"] == []


async def test_a_cart_scanned_by_two_in_one_millisecond_ends_as_the_seconds(served: Served, clock: ManualClock) -> None:
    tag = await _register(served, CART)
    await _bind(served, tag["code"])
    await _bind(served, tag["code"], "omar")
    clock.advance(1)
    assert _owner(served.people, TAG, clock.now_ms()) == OMAR


async def test_a_loyalty_card_stays_hers_until_she_releases_it(served: Served, clock: ManualClock) -> None:
    tag = await _register(served, CARD)
    assert (await _bind(served, tag["code"]))[1]["bindings"][0]["until_ms"] is None
    clock.advance(40 * 86_400)
    status, problem = await _bind(served, tag["code"], "omar")
    assert (status, problem["code"]) == (409, "tag_taken")
    await served.client.delete(f"/v1/tag-bindings/{tag['tag']}", headers=bearer("layla"))
    assert (await _bind(served, tag["code"], "omar"))[0] == 200


async def test_a_rotating_tag_is_heard_as_hers_by_every_id_it_sends(served: Served, parts: Parts, clock: ManualClock) -> None:
    tag = await _register(served, EID_CART)
    people = People(parts.db, clock, vault=VAULT)
    await people.renew()
    beacons = [f"eid:{eid(bytes.fromhex(IDENTITY), 10, 5_000 + s).hex()}" for s in (0, 1_024, 8 * 1_024)]
    now_ms = clock.now_ms()
    assert [_owner(people, beacon, now_ms) for beacon in beacons] == [None, None, None]
    await _bind(served, tag["code"])
    await people.renew()
    assert [_owner(people, beacon, now_ms + s * 1000) for beacon, s in zip(beacons, (0, 1_024, 8 * 1_024), strict=True)] == [LAYLA] * 3
    assert _owner(people, beacons[2], now_ms) is None
    await parts.db.write(lambda conn: consent(conn, TAMIM, LAYLA, POSITIONING, granted=False))
    await people.renew()
    assert _owner(people, beacons[0], now_ms) is None


async def test_an_identity_key_and_a_code_are_never_stored_in_clear(served: Served, parts: Parts) -> None:
    tag = await _register(served, EID_CART)
    row = await parts.db.read(lambda conn: conn.execute(select(TagRow.__table__)).one())
    kept = repr(tuple(row))
    assert tag["code"] not in kept
    assert bytes.fromhex(IDENTITY) not in row.eid_key
    assert set(tag["code"].replace("-", "")) <= set(ALPHABET)
    assert len(tag["code"].replace("-", "")) * 5 >= 60


async def test_only_who_consents_and_does_not_pause_takes_a_tag(served: Served, parts: Parts) -> None:
    tag = await _register(served, CART)
    await parts.db.write(lambda conn: consent(conn, TAMIM, LAYLA, POSITIONING, granted=False))
    status, problem = await _bind(served, tag["code"])
    assert (status, problem["code"]) == (403, "no_positioning_consent")
    assert (await _bind(served, tag["code"], "dana"))[1]["code"] == "unknown_tag_code"  # another tenant's


@pytest.mark.parametrize("code", ["", "7K2M", "0000-0000-0000-0000", "'; DROP", "ى" * 16])
async def test_a_code_that_no_tag_has_leads_nowhere(served: Served, code: str) -> None:
    status, problem = await _bind(served, code)
    assert (status, problem["code"]) == (404, "unknown_tag_code")


async def test_guessing_codes_is_slowed_down(served: Served) -> None:
    statuses = [(await _bind(served, "0000-0000-0000-0000"))[0] for _ in range(12)]
    assert (statuses[0], statuses[-1]) == (404, 429)


async def test_a_visit_that_ends_takes_the_cart_along_but_not_the_card(served: Served, parts: Parts, clock: ManualClock) -> None:
    for tag in (CART, CARD):
        await _bind(served, (await _register(served, tag))["code"])
    subject = await parts.db.read(lambda conn: queries.subject_of_device(conn, TAMIM, PHONE))
    assert subject is not None
    bound_ms = clock.now_ms()
    clock.advance(1_200)
    end_ms = clock.now_ms() - 300_000
    for before_ms, ended in ((bound_ms, 0), (end_ms, 1), (end_ms, 0)):  # a visit that was over before she took it, hers, again
        assert await parts.db.write(lambda conn, ms=before_ms: queries.end_visit_bindings(conn, TAMIM, subject.track, ms)) == ended  # type: ignore[misc] # mypy cannot infer a lambda with a default
    clock.advance(1)
    await settle(served.service.loops)
    assert [_owner(served.people, TAG, at_ms) for at_ms in (end_ms - 1, end_ms)] == [LAYLA, None]
    assert _owner(served.people, CARD["beacon"], clock.now_ms()) == LAYLA


async def test_where_the_retailer_wants_it_carts_outlive_a_visit(parts: Parts) -> None:
    async with serve(parts, Settings(tags_end_with_visit=False, tag_hours=2)) as served:
        await parts.db.write(_let_in)
        said = (await _bind(served, (await _register(served, CART))["code"]))[1]["bindings"][0]
        assert said["until_ms"] - said["from_ms"] == 2 * 3_600_000
        subject = await parts.db.read(lambda conn: queries.subject_of_device(conn, TAMIM, PHONE))
        assert subject is not None
        assert await parts.db.write(lambda conn: queries.end_visit_bindings(conn, TAMIM, subject.track, said["until_ms"] - 1)) == 0


async def test_operators_see_that_a_tag_is_lent_and_not_to_whom(served: Served, parts: Parts, clock: ManualClock) -> None:
    tag = await _register(served, CART)
    await _bind(served, tag["code"])
    text = await (await served.client.get("/v1/tags", headers=INSTALLER)).text()
    assert '"lent":true' in text
    assert not [name for name in (LAYLA, PHONE, tag["code"]) if name in text]
    clock.advance(1)
    said = await (await served.client.delete(f"/v1/tags/{tag['tag']}", headers=INSTALLER)).json()
    assert (said["tags"][0]["lent"], said["tags"][0]["retired_ms"]) == (False, clock.now_ms())
    assert (await _bind(served, tag["code"]))[0] == 404
    done = await parts.db.read(lambda conn: [row.action for row in plumbing_queries.audits(conn, TAMIM)])
    assert done == [acts.REGISTER_TAG, acts.RETIRE_TAG]
    assert (await _register(served, CART))["tag"] != tag["tag"]  # its beacon is free again


async def test_a_new_code_ends_the_one_before(served: Served) -> None:
    tag = await _register(served, CART)
    answer = await served.client.post(f"/v1/tags/{tag['tag']}/code", headers=INSTALLER)
    assert answer.status == 201
    assert (await _bind(served, tag["code"]))[0] == 404
    assert (await _bind(served, (await answer.json())["code"]))[0] == 200


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ({"kind": "cart", "venue": SHOP}, 422, "bad_tag"),
        ({**CART, **EID_CART}, 422, "bad_tag"),
        ({"kind": "basket", "beacon": TAG}, 422, "bad_tag"),
        ({**CART, "beacon": "token:00112233445566778899aabbccddeeff"}, 422, "bad_tag"),
        ({**CART, "beacon": "eid:0011223344556677"}, 422, "bad_tag"),
        ({**CART, "beacon": "tag:cart"}, 422, "bad_tag"),
        ({**CART, "beacon": "nonsense"}, 422, "bad_tag"),
        ({**CART, "kind": "dog"}, 422, "field_wrong"),
        ({**EID_CART, "eid": {"identity_key": "00", "exponent": 10, "clock_s": 0}}, 422, "field_wrong"),
    ],
)
async def test_what_cannot_be_a_tag_is_refused(served: Served, tag: dict[str, Any], status: int, code: str) -> None:
    answer = await served.client.post("/v1/tags", json=tag, headers=INSTALLER)
    assert (answer.status, (await answer.json())["code"]) == (status, code)


async def test_a_beacon_is_registered_once_and_the_answer_names_where(served: Served) -> None:
    tag = await _register(served, CART)
    answer = await served.client.post("/v1/tags", json=CART, headers=INSTALLER)
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (409, "tag_registered")
    assert tag["tag"] in problem["detail"]


async def test_a_caller_of_one_venue_reaches_its_tags_alone(served: Served) -> None:
    tag, headers = await _register(served, CART), bearer("elsewhere")
    assert (await (await served.client.get("/v1/tags", headers=headers)).json())["tags"] == []
    assert (await served.client.delete(f"/v1/tags/{tag['tag']}", headers=headers)).status == 403
    assert (await served.client.post(f"/v1/tags/{tag['tag']}/code", headers=headers)).status == 403
    for other in (CART, CARD):
        assert (await served.client.post("/v1/tags", json=other, headers=headers)).status == 403
