"""Operators sign in and out: cookies that end, requests that only our own pages can make, and refusals that tell an attacker nothing."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from groundwork.people import queries
from groundwork.people.accounts import Accounts, machine
from groundwork.people.roles import INSTALLER, ROLES
from groundwork.plumbing import audit
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.cookies import CSRF_HEADER, PLAIN_NAME
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import TAMIM, add_tenants
from tests.groundwork.people.staff import PASSWORD, Browser, browser, invited, serving

HOUR_MS = 3_600_000
FOREIGN = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]


@pytest.fixture
async def layla(parts: Parts) -> AsyncIterator[Browser]:
    """An installer's browser, signed in by her invitation."""
    await parts.db.write(add_tenants)
    async with serving(parts) as app, browser(app) as hers:
        status, told = await hers.use((await invited(parts, "layla", [INSTALLER], ["shop"])).path)
        assert (status, told["roles"], told["venues"]) == (200, [INSTALLER], ["shop"])
        yield hers


async def test_who_is_signed_in_is_told_what_she_may_do(layla: Browser) -> None:
    status, told = await layla.call("GET", "/v1/session")
    assert (status, told["login"], told["tenant"], told["csrf"]) == (200, "layla", TAMIM, layla.csrf)
    assert set(told["grants"]) == ROLES[INSTALLER]


async def test_signing_out_ends_the_cookie_and_not_only_the_browsers_copy_of_it(layla: Browser, parts: Parts) -> None:
    cookies = {each.key: each.value for each in layla.client.session.cookie_jar}
    assert (await layla.call("DELETE", "/v1/session"))[0] == 204
    assert (await layla.call("GET", "/v1/session"))[1]["code"] == "token_missing"
    assert (await layla.call("GET", "/v1/session", cookies=cookies))[1]["code"] == "signed_out"


async def test_a_cookie_is_kept_as_a_hash(layla: Browser, parts: Parts) -> None:
    [cookie] = layla.client.session.cookie_jar
    assert cookie.key == PLAIN_NAME
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    [row] = await parts.db.read(lambda conn: conn.execute(text("select token_hash from operator_session")).all())
    assert bytes(row.token_hash) == token_hash(cookie.value)


@pytest.mark.parametrize("headers", [{CSRF_HEADER: ""}, {CSRF_HEADER: "x" * 43}, *FOREIGN])
async def test_a_request_that_changes_something_must_come_from_our_own_page(layla: Browser, headers: dict[str, str]) -> None:
    status, told = await layla.call("DELETE", "/v1/session", headers=headers)
    assert (status, told["code"]) == (403, "csrf" if CSRF_HEADER in headers else "cross_site")
    assert (await layla.call("GET", "/v1/session"))[0] == 200


@pytest.mark.parametrize("headers", FOREIGN)
async def test_another_site_signs_nobody_in(layla: Browser, headers: dict[str, str]) -> None:
    asked = {"login": "layla", "password": PASSWORD}
    assert (await layla.call("POST", "/v1/session", json=asked, headers=headers))[1]["code"] == "cross_site"


async def test_the_csrf_token_of_one_sign_in_is_of_no_use_to_another(layla: Browser, parts: Parts) -> None:
    async with serving(parts) as app, browser(app) as other:
        await other.sign_in("layla")
        other.csrf, mine = layla.csrf, other.csrf
        assert mine != layla.csrf
        assert (await other.call("DELETE", "/v1/session"))[1]["code"] == "csrf"


async def test_an_idle_browser_and_one_that_has_been_in_all_day_sign_in_again(layla: Browser, clock: ManualClock) -> None:
    for _ in range(11):
        clock.set(clock.ms + HOUR_MS - 1)
        assert (await layla.call("GET", "/v1/session"))[0] == 200
    clock.set(clock.ms + HOUR_MS - 1)
    assert (await layla.call("GET", "/v1/session"))[0] == 200
    clock.set(clock.ms + 13)
    assert (await layla.call("GET", "/v1/session"))[1]["code"] == "signed_out"
    await layla.sign_in("layla")
    clock.set(clock.ms + HOUR_MS)
    assert (await layla.call("GET", "/v1/session"))[1]["code"] == "signed_out"


@pytest.mark.parametrize(("login", "password"), [("layla", "wrong"), ("nobody", PASSWORD), ("off", PASSWORD), ("invited", PASSWORD)])
async def test_a_refused_sign_in_says_the_same_whatever_was_wrong(layla: Browser, parts: Parts, login: str, password: str) -> None:
    await invited(parts, "invited")
    link = await invited(parts, "off", [INSTALLER])
    async with serving(parts) as app, browser(app) as other:
        await other.use(link.path)
    await Accounts(parts, 24).disable(machine(TAMIM), link.operator.id)
    status, told = await layla.sign_in(login, password)
    assert (status, told["code"]) == (401, "wrong_password")


async def test_a_login_is_not_told_by_its_capitals(layla: Browser) -> None:
    assert (await layla.sign_in(" LAYLA "))[0] == 200


async def test_ten_tries_of_one_login_then_two_a_minute(layla: Browser, clock: ManualClock) -> None:
    for _ in range(10):
        assert (await layla.sign_in("layla", "wrong"))[0] == 401
    status, told = await layla.sign_in("layla")
    assert (status, told["code"]) == (429, "too_many_requests")
    clock.set(clock.ms + 30_000)
    assert (await layla.sign_in("layla"))[0] == 200


async def test_her_own_password_is_changed_by_the_present_one_and_ends_every_other_sign_in(layla: Browser, parts: Parts) -> None:
    fresh = "an altogether different phrase"
    async with serving(parts) as app, browser(app) as phone:
        assert (await phone.sign_in("layla"))[0] == 200
        wrong = {"present": "wrong", "password": fresh}
        assert (await layla.call("POST", "/v1/session/password", json=wrong))[1]["code"] == "wrong_own_password"
        assert (await layla.call("POST", "/v1/session/password", json={"present": PASSWORD, "password": fresh}))[0] == 204
        assert (await phone.call("GET", "/v1/session"))[1]["code"] == "signed_out"
        assert (await phone.sign_in("layla"))[0] == 401
        assert (await phone.sign_in("layla", fresh))[0] == 200
    assert (await layla.call("GET", "/v1/session"))[0] == 200


async def test_she_sees_where_she_is_signed_in_and_ends_one(layla: Browser, parts: Parts) -> None:
    async with serving(parts) as app, browser(app) as phone, browser(app) as other:
        await phone.sign_in("layla")
        await other.use((await invited(parts, "omar")).path)
        told = (await layla.call("GET", "/v1/sessions"))[1]["sign_ins"]
        assert sorted(each["here"] for each in told) == [False, True]
        [elsewhere] = [each["id"] for each in told if not each["here"]]
        assert (await other.call("DELETE", f"/v1/sessions/{elsewhere}"))[1]["code"] == "unknown_sign_in"
        assert (await layla.call("DELETE", f"/v1/sessions/{elsewhere}"))[0] == 204
        assert (await phone.call("GET", "/v1/session"))[1]["code"] == "signed_out"
        assert (await layla.call("DELETE", f"/v1/sessions/{elsewhere}"))[1]["code"] == "unknown_sign_in"


async def test_a_link_is_used_once_within_its_time(parts: Parts, clock: ManualClock) -> None:
    await parts.db.write(add_tenants)
    link, late = await invited(parts, "one"), await invited(parts, "two")
    async with serving(parts) as app, browser(app) as anybody:
        holder = (await anybody.call("POST", "/v1/links/holder", json={"token": link.token}))[1]
        assert (holder["login"], holder["tenant"]) == ("one", TAMIM)
        assert (await anybody.use(link.path, "short"))[1]["code"] == "short_password"
        assert (await anybody.use(link.path))[0] == 200
        assert (await anybody.use(link.path))[1]["code"] == "dead_link"
        assert (await anybody.call("POST", "/v1/links/holder", json={"token": link.token}))[1]["code"] == "dead_link"
        clock.set(clock.ms + 24 * HOUR_MS)
        assert (await anybody.use(late.path))[1]["code"] == "dead_link"
        assert (await anybody.use("/welcome#guess"))[1]["code"] == "dead_link"


async def test_a_change_of_roles_is_in_force_at_the_next_request(layla: Browser, parts: Parts) -> None:
    assert (await layla.call("GET", "/v1/operators"))[1]["code"] == "not_granted"
    await parts.db.write(lambda conn: conn.execute(text("update operator set roles = 'admin retired_role'")))
    assert (await layla.call("GET", "/v1/operators"))[0] == 200


async def test_every_sign_in_and_out_stands_in_the_audit_chain(layla: Browser, parts: Parts) -> None:
    await layla.call("DELETE", "/v1/session")
    rows = await parts.db.read(lambda conn: audit.rows(conn, TAMIM, 0, 10))
    assert [row.action for row in rows] == ["operator.invite", "operator.set_password", "operator.sign_in", "operator.sign_out"]
    account = await parts.db.read(lambda conn: queries.operator_of_login(conn, "layla"))
    assert account is not None
    assert [row.actor for row in rows] == ["machine", account.id, account.id, account.id]
    assert b"layla" not in b"".join(row.before + row.after for row in rows)
    assert await parts.db.read(lambda conn: audit.verify(conn, TAMIM)) is None
