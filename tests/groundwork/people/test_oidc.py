"""Tokens of OpenID providers: taken only as the provider's row says, with keys that rotate, vanish and come back."""

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc import jwk

from groundwork.people import reasons
from groundwork.people.oidc import LONGEST_TOKEN, Named, OpenId, Patience, named
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.outbound import Outbound
from groundwork.plumbing.reasons import Reason, Refusal
from tests.groundwork.people.issuer import AUDIENCE, EC, RSA, RSA_NEXT, Issuer, public, running, signed
from tests.groundwork.people.register import NOW_MS

SECOND = NOW_MS // 1000
SECRET = jwk.OctKey.import_key("a secret that both sides would share, 32 bytes", {"kid": "rsa-1"})
WEAK_BITS = 1024


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running() as opened:
        yield opened


@pytest.fixture
def openid(clock: ManualClock) -> OpenId:
    return OpenId(clock, Outbound(loopback=True))


async def refused(openid: OpenId, issuer: Issuer, token: str, **changes: Any) -> Reason:
    nonce = changes.pop("nonce", None)
    with pytest.raises(Refusal) as caught:
        await openid.verify(issuer.provider(**changes), token, nonce)
    return caught.value.reason


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (EC, "ES256"), (RSA_NEXT, "PS512")])
async def test_a_token_of_the_provider_is_taken(openid: OpenId, issuer: Issuer, key: jwk.RSAKey, alg: str) -> None:
    issuer.keys.append(public(RSA_NEXT))
    claims = await openid.verify(issuer.provider(algorithms=(alg,)), issuer.token(key, alg, email="layla@example.com"))
    assert (claims.issuer, claims.subject) == (issuer.url, "layla@example")
    assert (claims.issued_ms, claims.expires_ms) == (NOW_MS - 5_000, NOW_MS + 3_600_000)
    assert claims.more["email"] == "layla@example.com"
    assert "layla" not in repr(claims.more["aud"])


async def test_many_tokens_cost_one_fetch(openid: OpenId, issuer: Issuer) -> None:
    tokens = [issuer.token(sub=f"shopper {number}") for number in range(20)]
    claims = await asyncio.gather(*(openid.verify(issuer.provider(), token) for token in tokens))
    assert [one.subject for one in claims] == [f"shopper {number}" for number in range(20)]
    assert issuer.asked == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://other.example"}, reasons.ID_TOKEN_CLAIM),
        ({"aud": "another-app"}, reasons.ID_TOKEN_CLAIM),
        ({"aud": []}, reasons.ID_TOKEN_CLAIM),
        ({"aud": ["another-app", AUDIENCE]}, reasons.ID_TOKEN_CLAIM),
        ({"aud": ["another-app", AUDIENCE], "azp": "another-app"}, reasons.ID_TOKEN_CLAIM),
        ({"aud": None}, reasons.ID_TOKEN_MALFORMED),
        ({"sub": None}, reasons.ID_TOKEN_CLAIM),
        ({"sub": ""}, reasons.ID_TOKEN_CLAIM),
        ({"sub": "s" * 256}, reasons.ID_TOKEN_CLAIM),
        ({"sub": 7}, reasons.ID_TOKEN_MALFORMED),
        ({"exp": None}, reasons.ID_TOKEN_CLAIM),
        ({"exp": 0}, reasons.ID_TOKEN_CLAIM),
        ({"exp": 1e30}, reasons.ID_TOKEN_CLAIM),
        ({"exp": "tomorrow"}, reasons.ID_TOKEN_MALFORMED),
        ({"exp": SECOND - 60}, reasons.ID_TOKEN_EXPIRED),
        ({"iat": None}, reasons.ID_TOKEN_CLAIM),
        ({"iat": SECOND + 61}, reasons.ID_TOKEN_CLAIM),
        ({"iat": SECOND - 86_460}, reasons.ID_TOKEN_EXPIRED),
        ({"nbf": SECOND + 61}, reasons.ID_TOKEN_CLAIM),
        ({"nbf": -1}, reasons.ID_TOKEN_CLAIM),
    ],
    ids=str,
)
async def test_a_claim_that_is_not_what_it_must_be_is_refused(
    openid: OpenId, issuer: Issuer, changes: dict[str, Any], reason: Reason
) -> None:
    assert await refused(openid, issuer, issuer.token(**changes)) is reason


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": SECOND - 59},
        {"iat": SECOND + 60},
        {"nbf": SECOND + 60},
        {"aud": [AUDIENCE]},
        {"aud": ["another-app", AUDIENCE], "azp": AUDIENCE},
        {"azp": "the app's own id, where the audience is its server's"},
        {"sub": "س" * 255},
    ],
    ids=str,
)
async def test_a_claim_on_the_border_is_taken(openid: OpenId, issuer: Issuer, changes: dict[str, Any]) -> None:
    await openid.verify(issuer.provider(), issuer.token(**changes))


@pytest.mark.parametrize(("said", "expected", "holds"), [("n1", "n1", True), ("n2", "n1", False), (None, "n1", False), ("n1", None, True)])
async def test_a_nonce_is_asked_for_where_one_is_given(
    openid: OpenId, issuer: Issuer, said: str | None, expected: str | None, holds: bool
) -> None:
    token = issuer.token(nonce=said)
    if holds:
        await openid.verify(issuer.provider(), token, expected)
    else:
        assert await refused(openid, issuer, token, nonce=expected) is reasons.ID_TOKEN_CLAIM


def _unsigned(issuer: Issuer, alg: str) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": alg}, issuer.claims())]
    return f"{parts[0]}.{parts[1]}."


@pytest.mark.parametrize("listed", [("RS256",), ("RS256", "none", "HS256")], ids=["as it should be", "as no row ever says"])
async def test_neither_no_signature_nor_a_shared_secret_is_ever_taken(openid: OpenId, issuer: Issuer, listed: tuple[str, ...]) -> None:
    issuer.keys.append({"kty": "oct", "kid": "rsa-1", "k": SECRET.as_dict()["k"]})
    pem = RSA.as_pem(private=False)
    confused = signed(issuer.claims(), jwk.OctKey.import_key(base64.b64encode(pem), {"kid": "rsa-1"}), "HS256")
    for token in (_unsigned(issuer, "none"), _unsigned(issuer, "None"), signed(issuer.claims(), SECRET, "HS256"), confused):
        assert await refused(openid, issuer, token, algorithms=listed) is reasons.ID_TOKEN_ALGORITHM


async def test_an_algorithm_that_is_not_the_providers_is_refused_before_any_key_is_fetched(openid: OpenId, issuer: Issuer) -> None:
    assert await refused(openid, issuer, issuer.token(EC, "ES256"), algorithms=("RS256",)) is reasons.ID_TOKEN_ALGORITHM
    assert issuer.asked == 0


async def test_a_key_made_for_one_algorithm_verifies_no_other(openid: OpenId, issuer: Issuer) -> None:
    token = signed(issuer.claims(), jwk.RSAKey.import_key({**RSA.as_dict(private=True), "alg": "PS256"}), "PS256")
    assert await refused(openid, issuer, token, algorithms=("PS256", "RS256")) is reasons.ID_TOKEN_UNKNOWN_KEY


async def test_a_changed_token_is_refused_wherever_it_was_changed(openid: OpenId, issuer: Issuer) -> None:
    """Seeded: one character anywhere."""
    token = issuer.token()
    generator = random.Random(5)
    for _ in range(60):
        place = generator.randrange(len(token) - 1)  # the last character holds bits that mean nothing
        other = generator.choice([letter for letter in "Aa0-_." if letter != token[place]])
        with pytest.raises(Refusal):
            await openid.verify(issuer.provider(), token[:place] + other + token[place + 1 :])


async def test_a_signature_by_somebody_else_is_refused(openid: OpenId, issuer: Issuer) -> None:
    thief = jwk.RSAKey.generate_key(2048, {"kid": "rsa-1"})
    assert await refused(openid, issuer, issuer.token(thief)) is reasons.ID_TOKEN_SIGNATURE


@pytest.mark.parametrize("header", [{"jwk": None}, {"jku": "http://127.0.0.1/own-keys"}, {"x5u": "https://example.com"}])
async def test_a_key_that_the_token_brings_along_is_not_looked_at(openid: OpenId, issuer: Issuer, header: dict[str, Any]) -> None:
    thief = jwk.RSAKey.generate_key(2048, {"kid": "mine"})
    carried = {"jwk": public(thief)} if "jwk" in header else header
    assert await refused(openid, issuer, issuer.token(thief, header=carried)) is reasons.ID_TOKEN_UNKNOWN_KEY


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c.d",
        "....",
        "e30.e30.",
        "bm8.e30.x",
        "eyJhbGciOiJSUzI1NiJ9.bm8.x",
        "é.e30.x",
        "W10.e30.x",
        "a" * (LONGEST_TOKEN + 1),
    ],
)
async def test_what_is_no_token_is_refused_as_such(openid: OpenId, issuer: Issuer, token: str) -> None:
    with pytest.raises(Refusal) as caught:
        named(token)
    assert caught.value.reason is reasons.ID_TOKEN_MALFORMED
    with pytest.raises(Refusal):
        await openid.verify(issuer.provider(), token)


async def test_a_demand_nobody_understands_is_refused(openid: OpenId, issuer: Issuer) -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"rsa-1","crit":["b64"],"b64":false}').decode().rstrip("=")
    assert await refused(openid, issuer, head + issuer.token()[issuer.token().index(".") :]) is reasons.ID_TOKEN_MALFORMED


async def test_a_token_without_a_key_id_is_taken_where_only_one_key_fits(openid: OpenId, issuer: Issuer) -> None:
    token = issuer.token(header={"kid": None})
    await openid.verify(issuer.provider(), token)
    other = OpenId(ManualClock(NOW_MS), Outbound(loopback=True))
    issuer.keys.append({**public(RSA_NEXT), "kid": "rsa-2"})
    assert await refused(other, issuer, token) is reasons.ID_TOKEN_UNKNOWN_KEY


async def test_keys_that_cannot_be_used_do_not_hide_the_others(openid: OpenId, issuer: Issuer) -> None:
    weak = {**public(RSA), "n": base64.urlsafe_b64encode(b"\xff" * (WEAK_BITS // 8)).decode().rstrip("="), "kid": "rsa-1"}
    issuer.keys[:0] = [{"kty": "LATTICE"}, {}, weak, {**public(EC), "x": "AAAA"}, {**public(RSA), "use": "enc"}, {"kty": "RSA", "n": 7}]
    await openid.verify(issuer.provider(), issuer.token())
    await openid.verify(issuer.provider(), issuer.token(EC, "ES256"))


async def test_a_rotated_key_is_fetched_when_it_is_first_named(openid: OpenId, issuer: Issuer, clock: ManualClock) -> None:
    await openid.verify(issuer.provider(), issuer.token())
    issuer.keys = [public(RSA_NEXT)]
    clock.advance(10)
    await openid.verify(issuer.provider(), issuer.token(RSA_NEXT))
    assert await refused(openid, issuer, issuer.token(RSA)) is reasons.ID_TOKEN_UNKNOWN_KEY, "the old one is taken back with it"
    assert issuer.asked == 2


async def test_invented_key_ids_do_not_make_us_a_hammer(openid: OpenId, issuer: Issuer, clock: ManualClock) -> None:
    await openid.verify(issuer.provider(), issuer.token())
    for number in range(50):
        invented = issuer.token(header={"kid": f"invented-{number}"})
        assert await refused(openid, issuer, invented) is reasons.ID_TOKEN_UNKNOWN_KEY
        clock.advance(1)
    assert issuer.asked == 5
    await openid.verify(issuer.provider(), issuer.token())  # and those with a good key are not kept waiting


async def test_a_key_that_was_taken_back_ends_when_the_keys_are_stale(openid: OpenId, issuer: Issuer, clock: ManualClock) -> None:
    await openid.verify(issuer.provider(), issuer.token())
    issuer.keys = [public(EC)]
    clock.set(NOW_MS + Patience().fresh_ms - 1)
    await openid.verify(issuer.provider(), issuer.token())
    clock.set(NOW_MS + Patience().fresh_ms)
    assert await refused(openid, issuer, issuer.token()) is reasons.ID_TOKEN_UNKNOWN_KEY


@pytest.mark.parametrize("trouble", ["status", "redirect", "no json", "no keys", "too long"])
async def test_an_outage_of_the_provider_is_survived_for_a_day(openid: OpenId, issuer: Issuer, clock: ManualClock, trouble: str) -> None:
    await openid.verify(issuer.provider(), issuer.token())
    issuer.status = {"status": 500, "redirect": 302}.get(trouble, 200)
    issuer.raw = {"no json": b"<html>", "no keys": b"{}", "too long": b" " * 600_000}.get(trouble)
    clock.set(NOW_MS + 80_000_000)
    now = clock.now_ms() // 1000
    await openid.verify(issuer.provider(), issuer.token(iat=now, exp=now + 60))
    clock.set(NOW_MS + 86_400_000)
    now = clock.now_ms() // 1000
    assert await refused(openid, issuer, issuer.token(iat=now, exp=now + 60)) is reasons.PROVIDER_UNREACHABLE
    issuer.status, issuer.raw = 200, None
    clock.advance(10)
    await openid.verify(issuer.provider(), issuer.token(iat=now, exp=now + 60))


async def test_without_any_key_the_caller_hears_that_it_is_not_her_fault(openid: OpenId, issuer: Issuer) -> None:
    issuer.status = 503
    assert await refused(openid, issuer, issuer.token()) is reasons.PROVIDER_UNREACHABLE
    assert await refused(openid, issuer, issuer.token()) is reasons.PROVIDER_UNREACHABLE
    assert issuer.asked == 1


async def test_a_provider_that_hangs_is_given_up(clock: ManualClock, issuer: Issuer) -> None:
    issuer.hangs = True
    impatient = OpenId(clock, Outbound(loopback=True, timeout_s=0.05))
    assert await refused(impatient, issuer, issuer.token()) is reasons.PROVIDER_UNREACHABLE


async def test_keys_are_not_fetched_from_this_machine_unless_that_is_allowed(clock: ManualClock, issuer: Issuer) -> None:
    assert await refused(OpenId(clock, Outbound()), issuer, issuer.token()) is reasons.PROVIDER_UNREACHABLE
    assert issuer.asked == 0


def test_a_token_names_its_provider() -> None:
    token = signed({"iss": "i", "aud": ["a", "b"], "azp": "a"}, RSA, "RS256")
    assert named(token) == Named("i", ("a", "b"), "a")
