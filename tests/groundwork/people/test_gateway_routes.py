"""Gateways over HTTP: a box enrols with a code once, changes its key, and is dead within five seconds of being revoked."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from groundwork.contracts.ids import GatewayId, GatewayKeyId, VenueId
from groundwork.people import acts, queries
from groundwork.people.configuration import public_key
from groundwork.people.credentials import LiveCredentials
from groundwork.people.enrolment import ENROL, ROTATE, key_id_of
from groundwork.people.model import MANAGE_GATEWAYS
from groundwork.people.tables import GatewayCodeRow
from groundwork.plumbing import audit, signatures
from groundwork.plumbing import queries as plumbing_queries
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.proofs import prove
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import DANA, NOW_MS, SHOP, TAMIM, VAULT
from tests.groundwork.people.served import Served, bearer, let_in, serve

FIRST, SECOND, THIRD = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
INSTALLER = bearer("installer")
ASKED = {"gateway": "box-1", "venue": SHOP, "name": "door"}


def _let_in(conn: Connection) -> None:
    let_in(conn, "installer", {MANAGE_GATEWAYS})
    let_in(conn, "elsewhere", {MANAGE_GATEWAYS}, scopes=["other-shop"])
    let_in(conn, "dana", {MANAGE_GATEWAYS}, tenant=DANA)


@pytest.fixture
async def served(parts: Parts) -> AsyncIterator[Served]:
    async with serve(parts) as opened:
        await parts.db.write(_let_in)
        yield opened


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


async def _code(served: Served, **changes: str) -> str:
    answer = await served.client.post("/v1/gateway-codes", json={**ASKED, **changes}, headers=INSTALLER)
    assert answer.status == 201
    return str((await answer.json())["code"])


async def _enrol(served: Served, code: str, key: Ed25519PrivateKey = FIRST, **changes: str) -> tuple[int, dict[str, Any]]:
    plain = code.upper().replace("-", "").replace(" ", "")
    body = {"code": code, "public_key": _public(key).hex(), "proof": prove(key, ENROL, plain), **changes}
    answer = await served.client.post("/v1/gateway-enrolments", json=body)
    return answer.status, await answer.json()


async def _rotate(
    served: Served, parts: Parts, old: Ed25519PrivateKey, new: Ed25519PrivateKey, proof: str | None = None
) -> tuple[int, dict[str, Any]]:
    old_id = key_id_of(_public(old))
    body = json.dumps({"public_key": _public(new).hex(), "proof": proof or prove(new, ROTATE, old_id)}).encode()
    header = signatures.sign(old, old_id, "POST", "/v1/gateway-keys", parts.clock.now_ms(), body)
    headers = {signatures.HEADER: header, "Content-Type": "application/json"}
    answer = await served.client.post("/v1/gateway-keys", data=body, headers=headers)
    return answer.status, await answer.json()


async def _acts(parts: Parts) -> list[tuple[str, str, str]]:
    rows = await parts.db.read(lambda conn: list(plumbing_queries.audits(conn, TAMIM)))
    assert await parts.db.read(lambda conn: audit.verify(conn, TAMIM)) is None
    return [(row.actor, row.action, row.subject) for row in rows]


async def test_a_box_enrols_with_a_code_and_signs_at_once(served: Served, parts: Parts) -> None:
    code = await _code(served)
    status, said = await _enrol(served, code.lower().replace("-", " "))
    key = key_id_of(_public(FIRST))
    pinned = public_key(VAULT)
    told = {"version": 1, "tenant": TAMIM, "gateway": "box-1", "venue": SHOP, "key_id": key, "configuration_key": pinned}
    assert (status, said) == (200, told)
    signer = served.credentials.signer(key)
    assert signer is not None
    assert (signer.caller.tenant, signer.caller.subject, signer.caller.scopes) == (TAMIM, "box-1", frozenset({SHOP}))
    assert await _acts(parts) == [("installer", acts.ISSUE_GATEWAY_CODE, "box-1"), ("box-1", acts.ENROL_GATEWAY, "box-1")]


async def test_a_code_is_kept_as_a_keyed_hash_alone(served: Served, parts: Parts) -> None:
    code = await _code(served)
    hashes = await parts.db.read(lambda conn: list(conn.scalars(select(GatewayCodeRow.code_hash))))
    assert len(hashes) == 1
    assert code.encode() not in hashes[0]


async def test_the_same_box_asking_again_gets_the_same_answer_and_another_box_none(
    served: Served, clock: ManualClock, parts: Parts
) -> None:
    code = await _code(served)
    first = await _enrol(served, code)
    clock.advance(3_600)
    assert await _enrol(served, code) == first
    status, problem = await _enrol(served, code, SECOND)
    assert (status, problem["code"]) == (403, "wrong_code")
    assert len(await _acts(parts)) == 2


@pytest.mark.parametrize(("after_s", "status"), [(899, 200), (900, 403)])
async def test_a_code_lasts_a_quarter_of_an_hour(served: Served, clock: ManualClock, after_s: int, status: int) -> None:
    code = await _code(served)
    clock.advance(after_s)
    assert (await _enrol(served, code))[0] == status


async def test_a_newer_code_ends_the_one_before(served: Served) -> None:
    first, second = await _code(served), await _code(served)
    assert (await _enrol(served, first))[0] == 403
    assert (await _enrol(served, second))[0] == 200


@pytest.mark.parametrize("change", ["occasion", "purpose", "key", "code"])
async def test_a_proof_holds_for_this_key_this_code_and_this_purpose(served: Served, change: str) -> None:
    code = await _code(served)
    plain = code.replace("-", "")
    made = {
        "occasion": prove(FIRST, ENROL, "0" * 12),
        "purpose": prove(FIRST, ROTATE, plain),
        "key": prove(SECOND, ENROL, plain),
        "code": prove(FIRST, ENROL, plain),
    }[change]
    status, problem = await _enrol(served, "not a code" if change == "code" else code, proof=made)
    assert (status, problem["code"]) == (403, "wrong_code" if change == "code" else "wrong_proof")
    assert (await _enrol(served, code))[0] == 200  # a bad try does not spend the code


async def test_guessing_codes_is_slowed_down(served: Served) -> None:
    statuses = [(await _enrol(served, "0000-0000-0000"))[0] for _ in range(12)]
    assert statuses[:10] == [403] * 10
    assert statuses[-1] == 429


async def test_a_box_that_takes_anothers_place_ends_its_keys(served: Served) -> None:
    await _enrol(served, await _code(served))
    assert (await _enrol(served, await _code(served), SECOND))[0] == 200
    assert served.credentials.signer(key_id_of(_public(FIRST))) is None
    assert served.credentials.signer(key_id_of(_public(SECOND))) is not None


async def test_a_key_of_another_gateway_is_not_taken_in(served: Served) -> None:
    await _enrol(served, await _code(served))
    status, problem = await _enrol(served, await _code(served, gateway="box-2"))
    assert (status, problem["code"]) == (409, "key_taken")


async def test_a_box_changes_its_key_with_a_day_of_overlap(served: Served, parts: Parts, clock: ManualClock) -> None:
    await _enrol(served, await _code(served))
    status, said = await _rotate(served, parts, FIRST, SECOND)
    new = key_id_of(_public(SECOND))
    until_ms = clock.now_ms() + 86_400_000
    assert (status, said["key_id"], said["previous_until_ms"]) == (200, new, until_ms)
    again = await _rotate(served, parts, FIRST, SECOND)
    assert again == (200, said)
    assert (await _rotate(served, parts, SECOND, THIRD))[0] == 200  # the new one signs at once
    clock.advance(86_400)
    assert (await _rotate(served, parts, FIRST, SECOND))[0] == 401
    assert [act for _, act, _ in await _acts(parts)][2:] == [acts.ADD_GATEWAY_KEY] * 2


async def test_a_rotation_sent_again_by_someone_who_caught_it_revives_nothing(served: Served, parts: Parts) -> None:
    await _enrol(served, await _code(served))
    await _rotate(served, parts, FIRST, SECOND)
    revoked = key_id_of(_public(SECOND))
    assert (await served.client.delete(f"/v1/gateways/box-1/keys/{revoked}", headers=INSTALLER)).status == 200
    status, problem = await _rotate(served, parts, FIRST, SECOND)
    assert (status, problem["code"]) == (409, "key_revoked")
    assert served.credentials.signer(revoked) is None


async def test_a_rotation_needs_the_new_keys_own_proof(served: Served, parts: Parts) -> None:
    await _enrol(served, await _code(served))
    status, problem = await _rotate(served, parts, FIRST, SECOND, prove(FIRST, ROTATE, key_id_of(_public(FIRST))))
    assert (status, problem["code"]) == (403, "wrong_proof")
    assert (await _rotate(served, parts, FIRST, FIRST))[0] == 409


@pytest.mark.parametrize("path", ["/v1/gateways/box-1", "/v1/gateways/box-1/keys/{key}"])
async def test_what_is_revoked_is_refused_at_once_here_and_within_five_seconds_elsewhere(
    served: Served, parts: Parts, clock: ManualClock, path: str
) -> None:
    await _enrol(served, await _code(served))
    key = key_id_of(_public(FIRST))
    elsewhere = LiveCredentials(parts.db)
    await elsewhere.renew()
    deaf = Refresh("credentials elsewhere", elsewhere.renew, parts.bus, (), clock, 1_000)  # the announcement is lost on it
    await deaf.step()
    assert (await served.client.delete(path.format(key=key), headers=INSTALLER)).status == 200
    assert (await _rotate(served, parts, FIRST, SECOND))[0] == 401
    assert elsewhere.signer(key) is not None
    clock.advance(5)
    await deaf.step()
    assert elsewhere.signer(key) is None


async def test_a_revoked_gateway_comes_back_by_a_new_code_alone_and_without_its_old_keys(served: Served) -> None:
    await _enrol(served, await _code(served))
    said = await (await served.client.delete("/v1/gateways/box-1", headers=INSTALLER)).json()
    assert [gateway["active"] for gateway in said["gateways"]] == [False]
    assert (await _enrol(served, await _code(served), SECOND))[0] == 200
    assert served.credentials.signer(key_id_of(_public(FIRST))) is None
    shown = (await (await served.client.get("/v1/gateways", headers=INSTALLER)).json())["gateways"][0]
    assert (shown["active"], [key["revoked_ms"] is None for key in shown["keys"]]) == (True, [False, True])


async def test_a_caller_of_one_venue_neither_sees_nor_takes_anothers_gateway(served: Served) -> None:
    await _enrol(served, await _code(served))
    for other in ("elsewhere", "dana"):
        headers = bearer(other)
        assert (await (await served.client.get("/v1/gateways", headers=headers)).json())["gateways"] == []
        status = 403 if other == "elsewhere" else 404
        assert (await served.client.delete("/v1/gateways/box-1", headers=headers)).status == status
        assert (await served.client.delete("/v1/gateways/box-1/keys/x", headers=headers)).status == status
    for venue in (SHOP, "other-shop"):
        answer = await served.client.post("/v1/gateway-codes", json={**ASKED, "venue": venue}, headers=bearer("elsewhere"))
        assert (answer.status, (await answer.json())["code"]) == (403, "beyond_scope")


async def test_a_radio_on_a_box_gets_no_code(served: Served, parts: Parts) -> None:
    def add(conn: Connection) -> None:
        for gateway, via in (("box-1", None), ("radio", GatewayId("box-1"))):
            queries.add_gateway(conn, tenant=TAMIM, gateway=GatewayId(gateway), venue=VenueId(SHOP), name=gateway, via=via, now_ms=NOW_MS)

    await parts.db.write(add)
    answer = await served.client.post("/v1/gateway-codes", json={**ASKED, "gateway": "radio"}, headers=INSTALLER)
    assert (answer.status, (await answer.json())["code"]) == (409, "gateway_is_radio")


async def test_a_key_that_is_not_the_gateways_cannot_be_revoked_as_its(served: Served) -> None:
    await _enrol(served, await _code(served))
    await _enrol(served, await _code(served, gateway="box-2"), SECOND)
    answer = await served.client.delete(f"/v1/gateways/box-1/keys/{key_id_of(_public(SECOND))}", headers=INSTALLER)
    assert (answer.status, (await answer.json())["code"]) == (404, "unknown_gateway_key")
    assert served.credentials.signer(GatewayKeyId(key_id_of(_public(SECOND)))) is not None
