"""API keys: shown once, kept as hashes, limited in what they may do and for how long, rotated with an overlap and revoked at once."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from sqlalchemy import text

from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import INTEGRATION_GRANTS, TILL_GRANTS
from groundwork.people.roles import ADMIN, STORE_MANAGER
from groundwork.plumbing import audit
from groundwork.plumbing.auth import Caller, token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.http import Route, caller
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import DANA, LAYLA, PHONE, TAMIM, add_tenants, sign_up
from tests.groundwork.people.staff import Browser, browser, invited, serving

HOUR_MS = 3_600_000
TILL = {"name": "till 3", "subject": "till-3", "grants": sorted(TILL_GRANTS), "venues": ["shop"]}


@pytest.fixture
async def app(parts: Parts) -> AsyncIterator[web.Application]:
    await parts.db.write(add_tenants)
    async with serving(parts) as made:
        yield made


@pytest.fixture
async def admin(app: web.Application, parts: Parts) -> AsyncIterator[Browser]:
    async with browser(app) as hers:
        await hers.use((await invited(parts, "layla", [ADMIN])).path)
        yield hers


async def _caller_of(parts: Parts, token: str) -> Caller | None:
    """Who calls with the token, asked over HTTP of a route that says so."""
    found: list[Caller] = []

    async def show(request: web.Request) -> web.Response:
        found.append(caller(request))
        return web.Response()

    routes = [Route("GET", "/who", show, Words("Who?", "من؟"), "coupons.redeem")]
    made = build_app(routes, LiveCredentials(parts.db), parts.clock, parts.ids, parts.hops, list)
    async with browser(made) as till:
        await till.call("GET", "/who", headers={"Authorization": f"Bearer {token}"})
    return found[0] if found else None


async def test_a_till_calls_with_its_key_in_its_venue_and_for_its_time(admin: Browser, parts: Parts, clock: ManualClock) -> None:
    status, told = await admin.call("POST", "/v1/api-keys", json={**TILL, "days": 1})
    assert status == 201
    who = await _caller_of(parts, told["token"])
    assert who is not None
    assert (who.tenant, who.subject, who.grants, who.scopes) == (TAMIM, "till-3", TILL_GRANTS, frozenset({"shop"}))
    clock.set(clock.ms + 24 * HOUR_MS)
    assert await _caller_of(parts, told["token"]) is None


async def test_a_token_is_shown_once_and_kept_as_a_hash(admin: Browser, parts: Parts) -> None:
    token = (await admin.call("POST", "/v1/api-keys", json=TILL))[1]["token"]
    assert token.startswith("aislecast_")
    assert len(token) == len("aislecast_") + 43
    [key] = (await admin.call("GET", "/v1/api-keys"))[1]["keys"]
    assert "token" not in key
    rows = await parts.db.read(lambda conn: conn.execute(text("select token_hash from access_key")).all())
    assert [bytes(row.token_hash) for row in rows] == [token_hash(token)]


async def test_both_keys_work_while_one_takes_the_place_of_the_other(admin: Browser, parts: Parts, clock: ManualClock) -> None:
    old = (await admin.call("POST", "/v1/api-keys", json=TILL))[1]
    status, new = await admin.call("POST", f"/v1/api-keys/{old['key']['id']}/rotate", json={"overlap_h": 2})
    assert status == 201
    first, second = await _caller_of(parts, old["token"]), await _caller_of(parts, new["token"])
    assert first is not None
    assert second is not None
    assert (first.subject, first.grants, first.scopes) == (second.subject, second.grants, second.scopes)
    clock.set(clock.ms + 2 * HOUR_MS)
    await admin.sign_in("layla")
    assert await _caller_of(parts, old["token"]) is None
    assert await _caller_of(parts, new["token"]) is not None
    assert (await admin.call("POST", f"/v1/api-keys/{old['key']['id']}/rotate", json={}))[1]["code"] == "dead_api_key"


async def test_a_rotation_never_makes_the_old_key_live_longer(admin: Browser, parts: Parts, clock: ManualClock) -> None:
    old = (await admin.call("POST", "/v1/api-keys", json={**TILL, "days": 1}))[1]
    await admin.call("POST", f"/v1/api-keys/{old['key']['id']}/rotate", json={"overlap_h": 168})
    clock.set(clock.ms + 24 * HOUR_MS)
    assert await _caller_of(parts, old["token"]) is None


async def test_a_revoked_key_ends_at_once_and_for_good(admin: Browser, parts: Parts) -> None:
    made = (await admin.call("POST", "/v1/api-keys", json=TILL))[1]
    for _ in range(2):
        status, told = await admin.call("DELETE", f"/v1/api-keys/{made['key']['id']}")
        assert (status, told["key"]["revoked_ms"] is None) == (200, False)
        assert await _caller_of(parts, made["token"]) is None
    assert (await admin.call("POST", f"/v1/api-keys/{made['key']['id']}/rotate", json={}))[1]["code"] == "dead_api_key"


@pytest.mark.parametrize("grant", ["operators.manage", "sightings.send", "consents.write", "self.manage", "session.own", "audit.read"])
async def test_no_key_holds_what_is_an_operators_a_shoppers_or_a_boxs(admin: Browser, grant: str) -> None:
    told = (await admin.call("POST", "/v1/api-keys", json={**TILL, "grants": [*INTEGRATION_GRANTS, grant]}))[1]
    assert (told["code"], told["at"]) == ("unknown_grant", "/grants")


async def test_no_key_calls_in_a_persons_name(admin: Browser, parts: Parts) -> None:
    await parts.db.write(lambda conn: sign_up(conn, TAMIM, LAYLA))
    own = (await admin.call("GET", "/v1/session"))[1]["operator"]
    for subject in (PHONE, own):
        assert (await admin.call("POST", "/v1/api-keys", json={**TILL, "subject": subject}))[1]["code"] == "taken_subject"


async def test_an_admin_of_one_venue_keeps_the_keys_of_that_venue_alone(app: web.Application, admin: Browser, parts: Parts) -> None:
    everywhere = (await admin.call("POST", "/v1/api-keys", json={**TILL, "venues": []}))[1]["key"]["id"]
    elsewhere = (await admin.call("POST", "/v1/api-keys", json={**TILL, "venues": ["other"]}))[1]["key"]["id"]
    async with browser(app) as local:
        await local.use((await invited(parts, "omar", [ADMIN], ["shop"])).path)
        assert (await local.call("GET", "/v1/api-keys"))[1]["keys"] == []
        for far in (everywhere, elsewhere, "none"):
            assert (await local.call("DELETE", f"/v1/api-keys/{far}"))[1]["code"] == "unknown_api_key"
            assert (await local.call("POST", f"/v1/api-keys/{far}/rotate", json={}))[1]["code"] == "unknown_api_key"
        for venues in ([], ["other"], ["shop", "other"]):
            assert (await local.call("POST", "/v1/api-keys", json={**TILL, "venues": venues}))[1]["code"] == "beyond_scope"
        assert (await local.call("POST", "/v1/api-keys", json=TILL))[0] == 201
        assert len((await local.call("GET", "/v1/api-keys"))[1]["keys"]) == 1


async def test_others_keep_no_keys(app: web.Application, parts: Parts) -> None:
    async with browser(app) as manager, browser(app) as theirs:
        await manager.use((await invited(parts, "sara", [STORE_MANAGER])).path)
        assert (await manager.call("POST", "/v1/api-keys", json=TILL))[1]["code"] == "not_granted"
        await theirs.use((await invited(parts, "dana", [ADMIN], tenant=DANA)).path)
        assert (await theirs.call("GET", "/v1/api-keys"))[1]["keys"] == []


async def test_what_becomes_of_a_key_stands_in_the_audit_chain_without_its_token(admin: Browser, parts: Parts) -> None:
    old = (await admin.call("POST", "/v1/api-keys", json=TILL))[1]
    new = (await admin.call("POST", f"/v1/api-keys/{old['key']['id']}/rotate", json={}))[1]
    await admin.call("DELETE", f"/v1/api-keys/{new['key']['id']}")
    rows = [row for row in await parts.db.read(lambda conn: audit.rows(conn, TAMIM, 0, 99)) if row.action.startswith("api_key")]
    assert [(row.action, row.subject) for row in rows] == [
        ("api_key.add", old["key"]["id"]),
        ("api_key.rotate", old["key"]["id"]),
        ("api_key.revoke", new["key"]["id"]),
    ]
    said = b"".join(row.before + row.after for row in rows)
    assert new["key"]["id"].encode() in said
    assert not any(made["token"].encode() in said for made in (old, new))
