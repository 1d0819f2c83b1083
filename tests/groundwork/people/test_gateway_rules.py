"""What a site decides for its boxes: put by an operator, on record, and fetched by each box, signed by the deployment."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection

from groundwork.contracts.ids import GatewayId, GatewayKeyId, VenueId
from groundwork.people import acts, queries
from groundwork.people.configuration import public_key
from groundwork.people.enrolment import key_id_of
from groundwork.people.model import MANAGE_GATEWAYS
from groundwork.plumbing import audit, signatures
from groundwork.plumbing import queries as plumbing_queries
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import NOW_MS, SHOP, TAMIM, VAULT
from tests.groundwork.people.served import Served, bearer, let_in, serve

KEY = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
KEY_ID = key_id_of(KEY.public_key().public_bytes_raw())
PLACE = f"/v1/venues/{SHOP}/gateway-rules"
RULES: dict[str, Any] = {"allow_ibeacon": ["426c7565436861726d426561636f6e73"], "token_marker": [1, 2]}


def _let_in(conn: Connection) -> None:
    let_in(conn, "installer", {MANAGE_GATEWAYS})
    let_in(conn, "elsewhere", {MANAGE_GATEWAYS}, scopes=["other-shop"])
    gateway = GatewayId("box-1")
    queries.add_gateway(conn, tenant=TAMIM, gateway=gateway, venue=VenueId(SHOP), name="door", now_ms=NOW_MS)
    raw = KEY.public_key().public_bytes_raw()
    queries.add_gateway_key(conn, tenant=TAMIM, gateway=gateway, key=GatewayKeyId(KEY_ID), public_key=raw, valid_from_ms=NOW_MS)


@pytest.fixture
async def served(parts: Parts) -> AsyncIterator[Served]:
    async with serve(parts) as opened:
        await parts.db.write(_let_in)
        await opened.credentials.renew()
        yield opened


async def _put(served: Served, rules: dict[str, Any], token: str = "installer") -> tuple[int, dict[str, Any]]:
    answer = await served.client.put(PLACE, json=rules, headers=bearer(token))
    return answer.status, await answer.json()


async def _pull(served: Served, parts: Parts, key: Ed25519PrivateKey = KEY) -> tuple[int, dict[str, Any]]:
    path = "/v1/gateway-configuration"
    header = signatures.sign(key, KEY_ID, "GET", path, parts.clock.now_ms(), b"")
    answer = await served.client.get(path, headers={signatures.HEADER: header})
    return answer.status, await answer.json()


async def test_a_box_gets_what_was_decided_signed_by_the_deployment(served: Served, parts: Parts) -> None:
    assert (await _put(served, RULES))[0] == 200
    status, said = await _pull(served, parts)
    assert status == 200
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key(VAULT)))
    value = base64.urlsafe_b64decode(said["signature"] + "==")
    key.verify(value, b"aislecast-configuration\n" + said["configuration"].encode())
    with pytest.raises(InvalidSignature):
        key.verify(value, b"aislecast-configuration\n" + said["configuration"].replace("box-1", "box-2").encode())
    told = json.loads(said["configuration"])
    assert (told["tenant"], told["gateway"], told["venue"], told["issued_ms"]) == (TAMIM, "box-1", SHOP, parts.clock.now_ms())
    assert told["rules"] == {**told["rules"], **RULES}


async def test_where_nobody_has_decided_the_box_is_told_so(served: Served, parts: Parts) -> None:
    told = json.loads((await _pull(served, parts))[1]["configuration"])
    assert (told["rules"], told["window_ms"]) == (None, None)
    shown = await served.client.get(PLACE, headers=bearer("installer"))
    assert (await shown.json())["rules"] is None


async def test_another_s_signature_gets_nothing(served: Served, parts: Parts) -> None:
    status, said = await _pull(served, parts, Ed25519PrivateKey.from_private_bytes(bytes([8]) * 32))
    assert (status, said["code"]) == (401, "signature_wrong")


async def test_each_change_is_on_record_once(served: Served, parts: Parts) -> None:
    changed = {**RULES, "allow_eid": True}
    for rules in (RULES, RULES, changed):
        assert (await _put(served, rules))[0] == 200
    found = await parts.db.read(lambda conn: list(plumbing_queries.audits(conn, TAMIM)))
    assert await parts.db.read(lambda conn: audit.verify(conn, TAMIM)) is None
    assert [(row.actor, row.action, row.subject) for row in found] == [("installer", acts.PUT_GATEWAY_RULES, SHOP)] * 2


async def test_an_operator_of_another_venue_decides_nothing_here(served: Served) -> None:
    status, said = await _put(served, RULES, "elsewhere")
    assert (status, said["code"]) == (403, "beyond_scope")


@pytest.mark.parametrize(
    ("rules", "at"),
    [({"allow_companies": [0x004C]}, "/allow_companies"), ({"token_marker": [1]}, "/token_marker")],
)
async def test_rules_that_cannot_stand_are_refused(served: Served, rules: dict[str, Any], at: str) -> None:
    status, said = await _put(served, rules)
    assert (status, said["code"], said["at"]) == (422, "bad_gateway_rules", at)


@pytest.mark.parametrize("rules", [{"allow_ibeacon": ["zz"]}, {"allow_addresses": ["A4:C1"]}, {"window_ms": 5}, {"token_company": 65_536}])
async def test_rules_that_are_none_are_refused(served: Served, rules: dict[str, Any]) -> None:
    assert (await _put(served, rules))[0] in (400, 422)
