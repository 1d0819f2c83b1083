"""Shoppers' sign-in over HTTP, with a real issuer: who becomes whose device, on both databases, and in no other tenant."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator

import pytest
import structlog
from sqlalchemy import Connection, func, select

from groundwork.contracts.ids import DeviceId, TenantId
from groundwork.people import queries
from groundwork.people.model import MEASUREMENT, OFFERS, POSITIONING, Subject
from groundwork.people.settings import Settings
from groundwork.people.tables import AccessKeyRow, DeviceRow, IdentityRow, ShopperRow
from groundwork.plumbing.service import Parts, settle
from tests.groundwork.people.issuer import AUDIENCE, Issuer, running
from tests.groundwork.people.register import DANA, LAYLA, NOW_MS, TAG, TAMIM, add_tenants, consent
from tests.groundwork.people.serving import Served, serving

HERE = "3f0c-phone-of-layla-0001"
THERE = "3f0c-tablet-of-layla-002"
SETTINGS = Settings(loopback_providers=True, demo_sign_up_tenant=TAMIM, withdrawal_wait_ms=0)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running() as opened:
        yield opened


@pytest.fixture
async def served(parts: Parts, issuer: Issuer) -> AsyncIterator[Served]:
    async with serving(parts, SETTINGS) as opened:
        for provider in (issuer.provider(), issuer.provider(DANA, "dana-app")):
            await parts.db.write(lambda conn, p=provider: queries.put_identity_provider(conn, p, None, NOW_MS))  # type: ignore[misc] # a lambda with defaults
        yield opened


async def sign_in(served: Served, id_token: str, installation: str = HERE, **more: str) -> tuple[str, str]:
    """The device and its token."""
    body = {"id_token": id_token, "installation": installation, **more}
    status, answer = await served.ask("POST", "/v1/shopper-sign-ins", json=body)
    assert status == 200, answer
    return answer["device"], answer["token"]


async def subject(served: Served, device: str, tenant: TenantId = TAMIM) -> Subject:
    found = await served.parts.db.read(lambda conn: queries.subject_of_device(conn, tenant, DeviceId(device)))
    assert found is not None
    return found


async def devices(served: Served, token: str) -> list[str] | int:
    """The devices of whoever holds the token; the status where it is refused."""
    status, answer = await served.ask("GET", "/v1/devices", token)
    return [device["id"] for device in answer["devices"]] if status == 200 else status


async def test_a_shopper_is_known_again_on_every_device_and_never_by_her_name(served: Served, issuer: Issuer) -> None:
    phone, token = await sign_in(served, issuer.token())
    tablet, _ = await sign_in(served, issuer.token(), THERE)
    assert phone != tablet
    hers = await subject(served, phone)
    assert hers.shopper == (await subject(served, tablet)).shopper
    assert [uuid.UUID(text).version for text in (hers.shopper, phone)] == [7, 7]
    assert await devices(served, token) == sorted([phone, tablet])


async def test_signing_in_consents_to_nothing(served: Served, issuer: Issuer) -> None:
    _, token = await sign_in(served, issuer.token())
    _, answer = await served.ask("GET", "/v1/consents", token)
    assert answer["purposes"] == {POSITIONING: False, OFFERS: False, MEASUREMENT: False}


async def test_the_same_request_again_gives_the_same_device_a_fresh_token_and_ends_the_old_one(served: Served, issuer: Issuer) -> None:
    id_token = issuer.token()
    device, old = await sign_in(served, id_token)
    again, fresh = await sign_in(served, id_token)
    assert (again, old != fresh) == (device, True)
    assert await devices(served, old) == 401
    assert await devices(served, fresh) == [device]
    assert len(fresh) == 43, "256 bits in base64url"


async def test_another_shopper_on_the_same_phone_gets_a_device_and_a_history_of_her_own(served: Served, issuer: Issuer) -> None:
    first, token = await sign_in(served, issuer.token())
    layla = await subject(served, first)
    await served.parts.db.write(lambda conn: queries.bind_beacon(conn, TAMIM, layla.device, TAG, NOW_MS - 1))
    await served.parts.db.write(lambda conn: consent(conn, TAMIM, layla.shopper, POSITIONING))
    await settle(served.service.loops)
    assert served.people.resolver(TAMIM).resolve([TAG], NOW_MS - 1) == [layla]
    second, other = await sign_in(served, issuer.token(sub="omar@example"))
    omar = await subject(served, second)
    assert len({layla.shopper, omar.shopper}) == len({layla.track, omar.track}) == len({first, second}) == 2
    assert await devices(served, token) == 401
    assert await devices(served, other) == [second]
    await settle(served.service.loops)
    assert served.people.resolver(TAMIM).resolve([TAG], NOW_MS - 1) == [None]
    assert served.people.device(TAMIM, layla.device) is None
    assert await served.parts.db.read(lambda conn: queries.subject_of_track(conn, TAMIM, layla.track)) is None
    back, _ = await sign_in(served, issuer.token())
    assert back not in (first, second), "what was removed is not taken up again"
    assert (await subject(served, back)).shopper == layla.shopper
    assert await devices(served, other) == 401


async def test_the_tenant_is_the_providers_whatever_is_asked_for(served: Served, issuer: Issuer) -> None:
    here, _ = await sign_in(served, issuer.token())
    body = {"id_token": issuer.token(aud="dana-app"), "installation": HERE}
    status, answer = await served.ask("POST", "/v1/shopper-sign-ins", json=body)
    assert (status, answer["tenant"]) == (200, DANA)
    assert (await subject(served, here)).shopper != (await subject(served, answer["device"], DANA)).shopper
    assert await served.code("POST", "/v1/shopper-sign-ins", json={**body, "tenant": TAMIM}) == (422, "field_unknown")


async def test_a_token_for_two_audiences_goes_to_the_one_it_was_issued_to(served: Served, issuer: Issuer) -> None:
    both = [AUDIENCE, "dana-app"]
    body = {"id_token": issuer.token(aud=both, azp="dana-app"), "installation": HERE}
    _, answer = await served.ask("POST", "/v1/shopper-sign-ins", json=body)
    assert answer["tenant"] == DANA
    body["id_token"] = issuer.token(aud=both)
    assert await served.code("POST", "/v1/shopper-sign-ins", json=body) == (401, "id_token_unknown_provider")


async def test_a_provider_of_operators_signs_no_shopper_in(served: Served, issuer: Issuer) -> None:
    console = issuer.provider(id="console", audience="console", serves="operators")
    await served.parts.db.write(lambda conn: queries.put_identity_provider(conn, console, None, NOW_MS))
    body = {"id_token": issuer.token(aud="console"), "installation": HERE}
    assert await served.code("POST", "/v1/shopper-sign-ins", json=body) == (401, "id_token_unknown_provider")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"id_token": "a.b.c"}, 401, "id_token_malformed"),
        ({"id_token": "x" * 20_000}, 422, "field_wrong"),
        ({"installation": "short"}, 422, "field_wrong"),
        ({"installation": "spaces are not allowed here"}, 422, "field_wrong"),
        ({"language": "fr"}, 422, "unknown_language"),
        ({"nonce": "another"}, 401, "id_token_claim"),
        ({"gender": "f"}, 422, "names_demographics"),
        ({"name": "Layla"}, 422, "field_unknown"),
    ],
)
async def test_a_bad_request_is_refused_and_leaves_nothing(
    served: Served, issuer: Issuer, change: dict[str, str], status: int, code: str
) -> None:
    body = {"id_token": issuer.token(), "installation": HERE, **change}
    assert await served.code("POST", "/v1/shopper-sign-ins", json=body) == (status, code)
    assert await rows(served) == (0, 0, 0)


async def rows(served: Served) -> tuple[int, int, int]:
    """How many identities, shoppers and devices there are."""

    def count(conn: Connection) -> tuple[int, int, int]:
        one, two, three = (conn.scalar(select(func.count()).select_from(table)) or 0 for table in (IdentityRow, ShopperRow, DeviceRow))
        return one, two, three

    return await served.parts.db.read(count)


async def test_sign_ins_at_the_same_moment_make_one_shopper_and_one_live_token(served: Served, issuer: Issuer) -> None:
    id_token = issuer.token()
    answers = await asyncio.gather(*(sign_in(served, id_token) for _ in range(6)))
    assert len({device for device, _ in answers}) == 1
    assert await rows(served) == (1, 1, 1)
    alive = [token for _, token in answers if await devices(served, token) != 401]
    assert len(alive) == 1


async def test_two_shoppers_at_the_same_moment_on_one_phone_leave_one_of_them_there(served: Served, issuer: Issuer) -> None:
    tokens = [issuer.token(sub=f"shopper {number}") for number in range(4)]
    answers = await asyncio.gather(*(sign_in(served, token) for token in tokens))
    assert sum([await devices(served, token) != 401 for _, token in answers]) == 1
    assert await rows(served) == (4, 4, 4)


async def test_signing_out_ends_the_token_and_the_device_may_sign_in_again(served: Served, issuer: Issuer) -> None:
    device, token = await sign_in(served, issuer.token())
    await served.ask("PUT", "/v1/push-target", token, json={"channel": "fcm", "token": "t"})
    assert await served.ask("DELETE", "/v1/shopper-sign-ins", token) == (204, None)
    assert await devices(served, token) == 401
    assert (await served.ask("DELETE", "/v1/shopper-sign-ins", token))[0] == 401
    assert await served.parts.db.read(lambda conn: queries.push_targets(conn, TAMIM, DeviceId(device))) == []
    assert (await sign_in(served, issuer.token()))[0] == device


async def test_nothing_that_names_her_is_stored_or_logged(served: Served, issuer: Issuer) -> None:
    id_token = issuer.token(email="layla@example.com", name="Layla")
    with structlog.testing.capture_logs() as logs:
        device, token = await sign_in(served, id_token)
    hers = await subject(served, device)

    def everything(conn: Connection) -> str:
        return repr(
            [tuple(row) for table in (AccessKeyRow, IdentityRow, ShopperRow, DeviceRow) for row in conn.execute(select(table.__table__))]
        )

    kept = await served.parts.db.read(everything)
    for secret in ("layla@example", "Layla", token, id_token, HERE, issuer.url):
        assert secret not in kept
        assert secret not in json.dumps(logs)
    assert [(log["event"], log["shopper"]) for log in logs if "shopper" in log] == [("device signed in", hers.pseudonym)]


async def test_a_newcomers_language_is_the_apps_and_one_who_is_known_keeps_hers(served: Served, issuer: Issuer) -> None:
    device, _ = await sign_in(served, issuer.token(), language="ar")
    assert (await subject(served, device)).language == "ar"
    await sign_in(served, issuer.token(), language="en")
    assert (await subject(served, device)).language == "ar"
    body = {"id_token": issuer.token(sub="omar"), "installation": THERE}
    _, answer = await served.ask("POST", "/v1/shopper-sign-ins", json=body, headers={"Accept-Language": "ar-SA"})
    assert answer["language"] == "ar"


async def test_who_was_erased_begins_anew(served: Served, issuer: Issuer) -> None:
    device, token = await sign_in(served, issuer.token())
    before = await subject(served, device)
    await served.parts.db.write(lambda conn: queries.request_erasure(conn, TAMIM, before.shopper, "e-1", "shopper", NOW_MS))
    assert await devices(served, token) == 401
    again, _ = await sign_in(served, issuer.token())
    after = await subject(served, again)
    assert len({before.shopper, after.shopper}) == len({before.pseudonym, after.pseudonym}) == 2


async def test_who_was_erased_begins_anew_in_a_demo_too(served: Served) -> None:
    body = {"installation": HERE}
    _, first = await served.ask("POST", "/v1/demo-sign-ups", json=body)
    before = await subject(served, first["device"])
    await served.parts.db.write(lambda conn: queries.request_erasure(conn, TAMIM, before.shopper, "e-1", "shopper", NOW_MS))
    _, second = await served.ask("POST", "/v1/demo-sign-ups", json=body)
    assert (await subject(served, second["device"])).shopper != before.shopper


async def test_a_demo_takes_whoever_comes_and_knows_the_installation_again(served: Served) -> None:
    body = {"installation": HERE, "language": "ar"}
    _, first = await served.ask("POST", "/v1/demo-sign-ups", json=body)
    _, again = await served.ask("POST", "/v1/demo-sign-ups", json=body)
    _, other = await served.ask("POST", "/v1/demo-sign-ups", json={**body, "installation": THERE})
    assert first["tenant"] == TAMIM
    assert first["device"] == again["device"] != other["device"]
    assert await devices(served, first["token"]) == 401
    assert await devices(served, again["token"]) == [first["device"]]


async def test_nobody_comes_by_a_providers_shopper_through_the_demo(served: Served, issuer: Issuer) -> None:
    device, token = await sign_in(served, issuer.token())
    layla = await subject(served, device)
    _, answer = await served.ask("POST", "/v1/demo-sign-ups", json={"installation": HERE})
    assert (await subject(served, answer["device"])).shopper != layla.shopper
    assert await devices(served, token) == 401, "the phone is somebody else's now"


async def test_the_demo_is_off_unless_it_is_switched_on_for_a_tenant_that_exists(parts: Parts) -> None:
    for tenant in ("", "nobody"):
        async with serving(parts, Settings(demo_sign_up_tenant=tenant)) as served:
            assert await served.code("POST", "/v1/demo-sign-ups", json={"installation": HERE}) == (404, "demo_sign_up_off")


async def test_whoever_knocks_too_often_waits(served: Served) -> None:
    body = {"id_token": "a.b.c", "installation": HERE}
    statuses = [(await served.ask("POST", "/v1/shopper-sign-ins", json=body))[0] for _ in range(61)]
    assert statuses == [401] * 60 + [429]


async def test_the_identity_of_one_tenant_means_nothing_in_another(parts: Parts) -> None:
    await parts.db.write(add_tenants)
    assert await parts.db.read(lambda conn: queries.shopper_of_identity(conn, TAMIM, bytes(32))) is None
    assert await parts.db.read(lambda conn: queries.device_of_installation(conn, DANA, bytes(32))) is None
    assert await parts.db.read(lambda conn: queries.own_devices(conn, DANA, LAYLA)) == []
