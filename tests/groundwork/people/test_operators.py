"""Operators' accounts: made, changed and ended by an admin within her own tenant and venues; the last admin of all cannot go."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from aiohttp import web
from argon2 import PasswordHasher

from groundwork.contracts.ids import TenantId
from groundwork.people import queries
from groundwork.people.accounts import Accounts, Wanted, machine
from groundwork.people.operators import DISABLED
from groundwork.people.roles import ADMIN, INSTALLER, PRIVACY_OFFICER, VIEWER
from groundwork.plumbing import audit
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import DANA, TAMIM, add_tenants
from tests.groundwork.people.staff import PASSWORD, Browser, browser, invited, serving


@pytest.fixture
async def app(parts: Parts) -> AsyncIterator[web.Application]:
    await parts.db.write(add_tenants)
    async with serving(parts) as made:
        yield made


async def _signed_in(
    parts: Parts, hers: Browser, login: str, roles: Sequence[str] = (ADMIN,), venues: Sequence[str] = (), tenant: TenantId = TAMIM
) -> str:
    """Her id."""
    link = await invited(parts, login, roles, venues, tenant)
    assert (await hers.use(link.path))[0] == 200
    return link.operator.id


def _wanted(*roles: str, venues: Sequence[str] = (), name: str = "Omar") -> dict[str, object]:
    return {"name": name, "language": "ar", "roles": list(roles), "venues": list(venues)}


@pytest.fixture
async def admin(app: web.Application, parts: Parts) -> AsyncIterator[Browser]:
    async with browser(app) as hers:
        await _signed_in(parts, hers, "layla")
        yield hers


async def test_an_invited_operator_sets_her_password_and_is_in(admin: Browser, app: web.Application) -> None:
    status, told = await admin.call("POST", "/v1/operators", json={"login": "Omar@Shop.example", **_wanted(VIEWER, venues=["a", "b"])})
    assert (status, told["operator"]["state"], told["operator"]["login"]) == (201, "invited", "omar@shop.example")
    async with browser(app) as his:
        assert (await his.use(told["link"]))[1]["roles"] == [VIEWER]
    listed = (await admin.call("GET", "/v1/operators"))[1]["operators"]
    assert [(each["login"], each["state"], each["venues"]) for each in listed] == [
        ("layla", "active", []),
        ("omar@shop.example", "active", ["a", "b"]),
    ]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"login": "LAYLA"}, 409, "login_taken"),
        ({"roles": ["king"]}, 422, "unknown_role"),
        ({"roles": []}, 422, "field_wrong"),
        ({"login": "no spaces"}, 422, "field_wrong"),
        ({"tenant": DANA}, 422, "field_unknown"),
    ],
)
async def test_a_bad_invitation_is_refused(admin: Browser, change: dict[str, object], status: int, code: str) -> None:
    got, told = await admin.call("POST", "/v1/operators", json={"login": "omar", **_wanted(VIEWER), **change})
    assert (got, told["code"]) == (status, code)
    assert len((await admin.call("GET", "/v1/operators"))[1]["operators"]) == 1


async def test_a_disabled_operator_is_out_at_once_and_stays_so_until_enabled(admin: Browser, app: web.Application, parts: Parts) -> None:
    async with browser(app) as his:
        omar = await _signed_in(parts, his, "omar", [VIEWER])
        link = await Accounts(parts, 24).new_link(machine(TAMIM), omar)
        for _ in range(2):
            assert (await admin.call("POST", f"/v1/operators/{omar}/disable"))[1]["operator"]["state"] == "disabled"
        assert (await his.call("GET", "/v1/session"))[1]["code"] == "signed_out"
        assert (await his.sign_in("omar"))[1]["code"] == "wrong_password"
        assert (await his.use(link.path))[1]["code"] == "dead_link"
        assert (await admin.call("POST", f"/v1/operators/{omar}/link"))[1]["code"] == "disabled_operator"
        assert (await admin.call("POST", f"/v1/operators/{omar}/enable"))[1]["operator"]["state"] == "active"
        assert (await his.sign_in("omar"))[0] == 200


async def test_a_cookie_from_before_stays_dead_when_the_account_is_enabled_again(
    admin: Browser, app: web.Application, parts: Parts
) -> None:
    async with browser(app) as his:
        omar = await _signed_in(parts, his, "omar", [VIEWER])
        for act in ("disable", "enable"):
            assert (await admin.call("POST", f"/v1/operators/{omar}/{act}"))[0] == 200
        assert (await his.call("GET", "/v1/session"))[1]["code"] == "signed_out"


async def test_the_cookie_of_a_disabled_account_is_no_use_however_it_came_to_be_there(app: web.Application, parts: Parts) -> None:
    """A sign-in may commit beside the disabling, or come back with a backup."""
    async with browser(app) as his:
        omar = await _signed_in(parts, his, "omar", [VIEWER])

        def disable(conn: Connection) -> None:
            account = queries.operator(conn, TAMIM, omar)
            assert account is not None
            queries.change_operator(conn, replace(account, state=DISABLED))

        await parts.db.write(disable)
        assert (await his.call("GET", "/v1/session"))[1]["code"] == "signed_out"


async def test_a_reset_link_ends_what_was_before_once_it_is_used(admin: Browser, app: web.Application, parts: Parts) -> None:
    async with browser(app) as his, browser(app) as thiefs:
        omar = await _signed_in(parts, his, "omar", [VIEWER])
        assert (await thiefs.sign_in("omar"))[0] == 200
        first = (await admin.call("POST", f"/v1/operators/{omar}/link"))[1]["link"]
        second = (await admin.call("POST", f"/v1/operators/{omar}/link"))[1]["link"]
        assert (await his.use(first))[1]["code"] == "dead_link"
        assert (await his.use(second, "something else entirely here"))[0] == 200
        assert (await thiefs.call("GET", "/v1/session"))[1]["code"] == "signed_out"
        assert (await thiefs.sign_in("omar"))[0] == 401


async def test_nobody_changes_her_own_rights_but_her_name(admin: Browser) -> None:
    own = (await admin.call("GET", "/v1/session"))[1]["operator"]
    assert (await admin.call("PUT", f"/v1/operators/{own}", json=_wanted(ADMIN, PRIVACY_OFFICER)))[1]["code"] == "own_account"
    assert (await admin.call("PUT", f"/v1/operators/{own}", json=_wanted(ADMIN, venues=["a"])))[1]["code"] == "own_account"
    assert (await admin.call("POST", f"/v1/operators/{own}/disable"))[1]["code"] == "own_account"
    assert (await admin.call("PUT", f"/v1/operators/{own}", json=_wanted(ADMIN, name="Layla H.")))[1]["operator"]["name"] == "Layla H."


async def test_the_last_admin_of_all_venues_can_neither_go_nor_be_made_less(app: web.Application, parts: Parts) -> None:
    async with browser(app) as hers, browser(app) as local:
        layla = await _signed_in(parts, hers, "layla")
        await _signed_in(parts, local, "omar", [ADMIN], ["a"])  # an admin of one venue is not one of all
        await invited(parts, "sara")  # nor is one who has never come
        accounts = Accounts(parts, 24)
        for roles, venues in (({VIEWER}, ()), ({ADMIN}, {"a"})):
            wanted = Wanted("Layla", "ar", frozenset(roles), frozenset(venues))
            with pytest.raises(Refusal, match="last_admin"):
                await accounts.change(machine(TAMIM), layla, wanted)
        with pytest.raises(Refusal, match="last_admin"):
            await accounts.disable(machine(TAMIM), layla)
        assert (await hers.call("GET", "/v1/operators"))[0] == 200


async def test_a_change_is_in_force_at_the_next_request(admin: Browser, app: web.Application, parts: Parts) -> None:
    async with browser(app) as his:
        omar = await _signed_in(parts, his, "omar", [VIEWER])
        assert (await his.call("GET", "/v1/operators"))[1]["code"] == "not_granted"
        assert (await admin.call("PUT", f"/v1/operators/{omar}", json=_wanted(ADMIN)))[0] == 200
        assert (await his.call("GET", "/v1/operators"))[0] == 200


async def test_an_admin_of_some_venues_reaches_no_further(app: web.Application, parts: Parts) -> None:
    async with browser(app) as hers:
        await _signed_in(parts, hers, "layla", [ADMIN], ["a", "b"])
        everywhere = (await invited(parts, "omar", [VIEWER])).operator.id
        elsewhere = (await invited(parts, "sara", [VIEWER], ["b", "c"])).operator.id
        near = (await invited(parts, "noor", [VIEWER], ["b"])).operator.id
        listed = (await hers.call("GET", "/v1/operators"))[1]["operators"]
        assert [each["login"] for each in listed] == ["layla", "noor"]
        for far in (everywhere, elsewhere, "nobody"):
            for method, path in (("PUT", ""), ("POST", "/disable"), ("POST", "/enable"), ("POST", "/link")):
                body = {"json": _wanted(VIEWER, venues=["b"])} if method == "PUT" else {}
                assert (await hers.call(method, f"/v1/operators/{far}{path}", **body))[1]["code"] == "unknown_operator"
        for venues in ([], ["c"], ["a", "c"]):
            assert (await hers.call("PUT", f"/v1/operators/{near}", json=_wanted(VIEWER, venues=venues)))[1]["code"] == "beyond_scope"
            assert (await hers.call("POST", "/v1/operators", json={"login": "x1x", **_wanted(VIEWER, venues=venues)}))[1][
                "code"
            ] == "beyond_scope"
        assert (await hers.call("PUT", f"/v1/operators/{near}", json=_wanted(INSTALLER, venues=["a"])))[0] == 200
        assert (await hers.call("GET", "/v1/audit"))[1]["code"] == "beyond_scope"
        assert (await hers.call("GET", "/v1/audit/export"))[1]["code"] == "beyond_scope"


async def test_another_tenants_operators_are_unknown(admin: Browser, parts: Parts) -> None:
    theirs = (await invited(parts, "dana", [VIEWER], tenant=DANA)).operator.id
    for path in ("/disable", "/enable", "/link"):
        assert (await admin.call("POST", f"/v1/operators/{theirs}{path}"))[1]["code"] == "unknown_operator"
    assert [each["login"] for each in (await admin.call("GET", "/v1/operators"))[1]["operators"]] == ["layla"]


async def test_the_first_admins_link_is_made_anew_until_somebody_has_used_one(
    parts: Parts, app: web.Application, clock: ManualClock
) -> None:
    accounts = Accounts(parts, 24)
    first, second = await accounts.first_link(TAMIM), await accounts.first_link(TAMIM)
    assert first is not None
    assert second is not None
    assert first.operator.id == second.operator.id
    assert (second.operator.login, second.operator.roles, second.operator.scopes) == ("admin", frozenset({ADMIN}), frozenset[str]())
    other = await accounts.first_link(DANA)
    assert other is not None
    assert other.operator.login == "admin.dana"
    async with browser(app) as anybody:
        assert (await anybody.use(first.path))[1]["code"] == "dead_link"
        assert (await anybody.use(second.path))[0] == 200
    assert await accounts.first_link(TAMIM) is None
    assert await accounts.first_link(DANA) is not None


async def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(admin: Browser, parts: Parts) -> None:
    old = PasswordHasher(1, 8_192, 1).hash(PASSWORD)
    account = await parts.db.read(lambda conn: queries.operator_of_login(conn, "layla"))
    assert account is not None
    await parts.db.write(lambda conn: queries.change_operator(conn, replace(account, password_hash=old)))
    assert (await admin.sign_in("layla"))[0] == 200
    renewed = await parts.db.read(lambda conn: queries.operator_of_login(conn, "layla"))
    assert renewed is not None
    assert "m=19456,t=2,p=1" in (renewed.password_hash or "")
    assert (await admin.sign_in("layla"))[0] == 200


async def test_what_an_admin_does_stands_in_the_audit_chain_without_names(admin: Browser, parts: Parts) -> None:
    invited_id = (await admin.call("POST", "/v1/operators", json={"login": "omar", **_wanted(VIEWER)}))[1]["operator"]["id"]
    await admin.call("PUT", f"/v1/operators/{invited_id}", json=_wanted(INSTALLER, venues=["a"]))
    await admin.call("POST", f"/v1/operators/{invited_id}/disable")
    own = (await admin.call("GET", "/v1/session"))[1]["operator"]
    rows = [row for row in await parts.db.read(lambda conn: audit.rows(conn, TAMIM, 0, 100)) if row.subject == invited_id]
    assert [(row.actor, row.action) for row in rows] == [
        (own, "operator.invite"),
        (own, "operator.change"),
        (own, "operator.disable"),
    ]
    assert rows[1].before == b'{"roles":["viewer"],"state":"invited","venues":[]}'
    assert rows[1].after == b'{"roles":["installer"],"state":"invited","venues":["a"]}'
    assert b"mar" not in b"".join(row.before + row.after for row in rows)
