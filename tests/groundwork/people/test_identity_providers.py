"""Identity providers over HTTP: kept by an admin, checked before they are trusted, their secret sealed and never shown."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from groundwork.contracts.ids import TenantId
from groundwork.people import queries
from groundwork.people.settings import Settings
from groundwork.plumbing import queries as plumbing
from groundwork.plumbing.service import Parts
from tests.groundwork.people.issuer import AUDIENCE, running
from tests.groundwork.people.register import DANA, NOW_MS, TAMIM, VAULT
from tests.groundwork.people.serving import Served, serving

ADMIN = f"{TAMIM}-admin"
PATH = "/v1/identity-providers/own"
SHOP_APP = {"serves": "shoppers", "issuer": "https://id.example.com", "audience": AUDIENCE, "jwks_url": "https://id.example.com/jwks"}
CONSOLE = {
    **SHOP_APP,
    "serves": "operators",
    "audience": "console",
    "algorithms": ["RS256", "ES256"],
    "authorize_url": "https://id.example.com/authorize",
    "token_url": "https://id.example.com/token",
    "client_secret": "planted-client-secret",
}


@pytest.fixture
async def served(parts: Parts) -> AsyncIterator[Served]:
    async with serving(parts, Settings()) as opened:
        yield opened


async def shown(served: Served, token: str = ADMIN) -> list[dict[str, Any]]:
    status, answer = await served.ask("GET", "/v1/identity-providers", token)
    assert status == 200
    providers: list[dict[str, Any]] = answer["providers"]
    return providers


async def test_a_provider_is_kept_and_its_secret_never_shown_again(served: Served) -> None:
    status, answer = await served.ask("PUT", PATH, ADMIN, json=CONSOLE)
    assert status == 200
    assert answer["providers"] == await shown(served)
    [provider] = answer["providers"]
    kept = {name: value for name, value in CONSOLE.items() if name != "client_secret"}
    assert provider == {"id": "own", **kept, "algorithms": ["ES256", "RS256"], "has_client_secret": True}
    assert "planted" not in json.dumps(answer)
    acts = await served.parts.db.read(lambda conn: list(plumbing.audits(conn, TAMIM)))
    assert [(act.actor, act.action) for act in acts] == [("admin-1", "identity_provider.put")]
    assert "planted" not in repr(acts)


async def test_the_secret_is_sealed_for_its_row_and_stays_where_none_is_given(served: Served) -> None:
    await served.ask("PUT", PATH, ADMIN, json=CONSOLE)
    without = {name: value for name, value in CONSOLE.items() if name != "client_secret"}
    for _ in range(2):
        await served.ask("PUT", PATH, ADMIN, json={**without, "algorithms": ["RS256"]})
    sealed = await served.parts.db.read(lambda conn: queries.sealed_client_secret(conn, TAMIM, "own"))
    assert sealed is not None
    assert VAULT.open(sealed, "identity_provider", TAMIM, "own", "client_secret") == b"planted-client-secret"
    acts = await served.parts.db.read(lambda conn: list(plumbing.audits(conn, TAMIM)))
    assert len(acts) == 2, "what changes nothing is no act"


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"jwks_url": "http://id.example.com/jwks"}, "/jwks_url"),
        ({"jwks_url": "https://127.0.0.1/jwks"}, "/jwks_url"),
        ({"jwks_url": "https://169.254.169.254/latest"}, "/jwks_url"),
        ({"issuer": "https://10.1.2.3"}, "/issuer"),
        ({"token_url": "https://[fd00::1]/token"}, "/token_url"),
        ({"authorize_url": "javascript:alert(1)"}, "/authorize_url"),
        ({"algorithms": ["none"]}, "/algorithms"),
        ({"algorithms": ["HS256"]}, "/algorithms"),
        ({"algorithms": []}, "/algorithms"),
        ({"serves": "everybody"}, "/serves"),
        ({"serves": "shoppers"}, "/authorize_url, /token_url, /client_secret"),
        ({"audience": ""}, "/audience"),
    ],
    ids=str,
)
async def test_what_cannot_be_trusted_is_refused_by_its_field(served: Served, change: dict[str, Any], at: str) -> None:
    status, problem = await served.ask("PUT", PATH, ADMIN, json={**CONSOLE, **change})
    assert (status, problem["code"], problem["at"]) == (422, "field_wrong", at)
    assert "planted" not in json.dumps(problem)
    assert await shown(served) == []


async def test_an_id_with_odd_signs_is_refused(served: Served) -> None:
    assert await served.code("PUT", "/v1/identity-providers/a%20b", ADMIN, json=SHOP_APP) == (422, "field_wrong")


async def test_issuer_and_audience_lead_to_one_tenant(served: Served) -> None:
    await served.ask("PUT", PATH, ADMIN, json=SHOP_APP)
    assert await served.code("PUT", PATH, f"{DANA}-admin", json=SHOP_APP) == (409, "provider_taken")
    assert await served.code("PUT", "/v1/identity-providers/other", ADMIN, json=SHOP_APP) == (409, "provider_taken")
    assert (await served.ask("PUT", PATH, f"{DANA}-admin", json={**SHOP_APP, "audience": "dana-app"}))[0] == 200
    assert [one["audience"] for one in await shown(served)] == [AUDIENCE]


async def test_of_two_tenants_that_register_one_provider_at_once_one_is_refused(served: Served) -> None:
    for number in range(12):
        body = {**SHOP_APP, "audience": f"app-{number}"}
        asked = (served.ask("PUT", f"/v1/identity-providers/p{number}", f"{tenant}-admin", json=body) for tenant in (TAMIM, DANA))
        assert sorted(status for status, _ in await asyncio.gather(*asked)) == [200, 409]


async def test_a_provider_is_removed_by_its_own_tenant_alone(served: Served) -> None:
    await served.ask("PUT", PATH, ADMIN, json=SHOP_APP)
    assert await served.code("DELETE", PATH, f"{DANA}-admin") == (404, "provider_unknown")
    assert await served.ask("DELETE", PATH, ADMIN) == (204, None)
    assert await served.code("DELETE", PATH, ADMIN) == (404, "provider_unknown")
    acts = await served.parts.db.read(lambda conn: [act.action for act in plumbing.audits(conn, TAMIM)])
    assert acts == ["identity_provider.put", "identity_provider.remove"]


@pytest.mark.parametrize("role", ["marketing", "store_manager", "installer", "analyst", "privacy_officer", "viewer"])
async def test_nobody_but_an_admin_may(served: Served, role: str) -> None:
    for method, path in (("GET", "/v1/identity-providers"), ("PUT", PATH), ("DELETE", PATH)):
        assert await served.code(method, path, f"{TAMIM}-{role}", json=SHOP_APP) == (403, "not_granted")


async def test_a_removed_providers_tokens_sign_nobody_in(parts: Parts) -> None:
    async with running() as issuer, serving(parts, Settings(loopback_providers=True)) as served:
        body = {"serves": "shoppers", "issuer": issuer.url, "audience": AUDIENCE, "jwks_url": f"{issuer.url}/jwks"}
        assert (await served.ask("PUT", PATH, ADMIN, json=body))[0] == 200
        sign_in = {"id_token": issuer.token(), "installation": "installation-number-0001"}
        status, answer = await served.ask("POST", "/v1/shopper-sign-ins", json=sign_in)
        assert (status, answer["tenant"]) == (200, TAMIM)
        await served.ask("DELETE", PATH, ADMIN)
        assert await served.code("POST", "/v1/shopper-sign-ins", json=sign_in) == (401, "id_token_unknown_provider")
        assert (await served.ask("GET", "/v1/devices", answer["token"]))[0] == 200, "who is signed in stays so"


async def test_an_unknown_tenant_has_no_provider(parts: Parts) -> None:
    async with running() as issuer:
        provider = issuer.provider(TenantId("nobody"))
        with pytest.raises(ValueError, match="tenant 'nobody' is unknown"):
            await parts.db.write(lambda conn: queries.put_identity_provider(conn, provider, None, NOW_MS))
