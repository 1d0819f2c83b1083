"""Interest communities over HTTP: joined and left at once, kept by marketing, and never named after what people are."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from groundwork.contracts.ids import CommunityId, DeviceId
from groundwork.people import queries
from groundwork.people.settings import Settings
from groundwork.plumbing import audit
from groundwork.plumbing import queries as plumbing
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import DANA, NOW_MS, TAMIM
from tests.groundwork.people.serving import Served, serving

COFFEE = {"name": {"ar": "عشاق القهوة", "en": "Coffee lovers"}, "about": {"ar": "تحميص وتحضير", "en": "Roasting and brewing"}}
MARKETING = f"{TAMIM}-marketing"
MEMBERSHIP = "/v1/communities/coffee/membership"


@pytest.fixture
async def served(parts: Parts) -> AsyncIterator[Served]:
    async with serving(parts, Settings(demo_sign_up_tenant=TAMIM)) as opened:
        yield opened


async def sign_up(served: Served, number: int = 1) -> str:
    body = {"installation": f"installation-number-{number:04d}"}
    _, answer = await served.ask("POST", "/v1/demo-sign-ups", json=body)
    return str(answer["token"])


async def put(served: Served, token: str = MARKETING, name: str = "coffee", **changes: Any) -> Any:
    status, answer = await served.ask("PUT", f"/v1/communities/{name}", token, json={**COFFEE, **changes})
    assert status == 200, answer
    return answer["communities"][0]


async def seen(served: Served, token: str) -> list[tuple[str, bool, int | None]]:
    _, answer = await served.ask("GET", "/v1/communities", token)
    return [(one["id"], one["open"], one["joined_ms"]) for one in answer["communities"]]


async def hers(served: Served, token: str) -> frozenset[str]:
    """What a decision reads in its own transaction."""
    device = DeviceId((await served.ask("GET", "/v1/devices", token))[1]["devices"][0]["id"])
    subject = await served.parts.db.read(lambda conn: queries.subject_of_device(conn, TAMIM, device))
    assert subject is not None
    return await served.parts.db.read(lambda conn: queries.communities_of(conn, TAMIM, subject.shopper))


async def test_a_community_is_joined_by_one_request_and_left_by_another(served: Served) -> None:
    await put(served)
    token = await sign_up(served)
    assert await seen(served, token) == [("coffee", True, None)]
    for _ in range(2):
        assert await served.ask("PUT", MEMBERSHIP, token) == (204, None)
        assert await seen(served, token) == [("coffee", True, NOW_MS)]
    assert await hers(served, token) == {"coffee"}
    for _ in range(2):
        assert await served.ask("DELETE", MEMBERSHIP, token) == (204, None)
        assert await hers(served, token) == frozenset(), "gone when the answer is there"
    assert await seen(served, token) == [("coffee", True, None)]


async def test_a_community_is_told_in_both_languages(served: Served) -> None:
    await put(served)
    _, answer = await served.ask("GET", "/v1/communities", await sign_up(served))
    assert {"name": answer["communities"][0]["name"], "about": answer["communities"][0]["about"]} == COFFEE


async def test_one_shoppers_membership_is_nobody_elses(served: Served) -> None:
    await put(served)
    one, other = await sign_up(served, 1), await sign_up(served, 2)
    await served.ask("PUT", MEMBERSHIP, one)
    assert await seen(served, other) == [("coffee", True, None)]


async def test_a_closed_community_takes_nobody_in_counts_for_nothing_and_can_be_left(served: Served) -> None:
    await put(served)
    member, stranger = await sign_up(served, 1), await sign_up(served, 2)
    await served.ask("PUT", MEMBERSHIP, member)
    await put(served, open=False)
    assert await seen(served, stranger) == []
    assert await served.code("PUT", MEMBERSHIP, stranger) == (409, "community_closed")
    assert await seen(served, member) == [("coffee", False, NOW_MS)]
    assert await hers(served, member) == frozenset()
    await put(served)
    assert await hers(served, member) == {"coffee"}
    await put(served, open=False)
    await served.ask("DELETE", MEMBERSHIP, member)
    assert await seen(served, member) == []


async def test_renaming_keeps_the_members_and_is_audited_once(served: Served) -> None:
    await put(served)
    token = await sign_up(served)
    await served.ask("PUT", MEMBERSHIP, token)
    renamed = {"ar": "محبو القهوة", "en": "Coffee friends"}
    for _ in range(2):
        assert (await put_named(served, renamed))["name"] == renamed
    assert await hers(served, token) == {"coffee"}
    acts = await served.parts.db.read(lambda conn: list(plumbing.audits(conn, TAMIM)))
    assert [(act.actor, act.action, act.subject) for act in acts] == [("marketing-1", "community.put", "coffee")] * 2
    assert b"Coffee lovers" in acts[1].before
    assert b"Coffee friends" in acts[1].after
    assert await served.parts.db.read(lambda conn: audit.verify(conn, TAMIM)) is None


async def put_named(served: Served, name: dict[str, str]) -> Any:
    status, answer = await served.ask("PUT", "/v1/communities/coffee", MARKETING, json={**COFFEE, "name": name})
    assert status == 200
    return answer["communities"][0]


async def test_small_numbers_of_members_are_not_told(served: Served) -> None:
    await put(served)
    for number in range(10):
        _, answer = await served.ask("GET", "/v1/managed-communities", MARKETING)
        assert [one["members"] for one in answer["communities"]] == [None]
        await served.ask("PUT", MEMBERSHIP, await sign_up(served, number))
    _, answer = await served.ask("GET", "/v1/managed-communities", MARKETING)
    assert [one["members"] for one in answer["communities"]] == [10]


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"name": {"ar": "نادي السيدات", "en": "Coffee"}}, "/name/ar"),
        ({"name": {"ar": "القهوة", "en": "Over 40s"}}, "/name/en"),
        ({"about": {"ar": "للمصريين", "en": ""}}, "/about/ar"),
        ({"about": {"ar": "", "en": "For women who like coffee"}}, "/about/en"),
        ({"gender": "f"}, "/gender"),
        ({"minAge": 18}, "/minAge"),
        ({"name": {"ar": "القهوة", "en": "Coffee", "nationality": "sa"}}, "/name/nationality"),
    ],
)
async def test_a_community_is_never_about_what_people_are(served: Served, change: dict[str, Any], at: str) -> None:
    status, problem = await served.ask(
        "PUT", "/v1/communities/coffee", MARKETING, json={**COFFEE, **change}, headers={"Accept-Language": "ar"}
    )
    assert (status, problem["code"], problem["at"]) == (422, "names_demographics", at)
    assert "اهتماماتهم" in problem["detail"]
    assert (await served.ask("GET", "/v1/managed-communities", MARKETING))[1]["communities"] == []


@pytest.mark.parametrize(("name", "code"), [("women", "names_demographics"), ("UPPER", "field_wrong"), ("a" * 65, "field_wrong")])
async def test_a_communitys_id_is_plain_and_names_nobody_either(served: Served, name: str, code: str) -> None:
    assert await served.code("PUT", f"/v1/communities/{name}", MARKETING, json=COFFEE) == (422, code)


async def test_what_is_not_there_cannot_be_joined(served: Served) -> None:
    token = await sign_up(served)
    assert await served.code("PUT", MEMBERSHIP, token) == (404, "community_unknown")
    assert await served.ask("DELETE", MEMBERSHIP, token) == (204, None)


async def test_tenants_do_not_see_each_others_communities(served: Served) -> None:
    await put(served)
    await put(served, f"{DANA}-marketing", name="tea")
    token = await sign_up(served)
    assert [one[0] for one in await seen(served, token)] == ["coffee"]
    assert await served.code("PUT", "/v1/communities/tea/membership", token) == (404, "community_unknown")
    assert await served.parts.db.read(lambda conn: queries.community_of_id(conn, DANA, CommunityId("coffee"))) is None


@pytest.mark.parametrize("role", ["installer", "analyst", "viewer", "store_manager", "privacy_officer"])
async def test_other_roles_keep_no_communities(served: Served, role: str) -> None:
    assert await served.code("PUT", "/v1/communities/coffee", f"{TAMIM}-{role}", json=COFFEE) == (403, "not_granted")
    assert await served.code("GET", "/v1/managed-communities", f"{TAMIM}-{role}") == (403, "not_granted")
    assert await served.code("GET", "/v1/communities", f"{TAMIM}-{role}") == (403, "not_granted")
