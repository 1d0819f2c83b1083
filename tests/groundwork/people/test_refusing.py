"""No route of people takes an age, a gender or a nationality, under whatever name, and says so by its own reason."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from groundwork.people.reasons import NAMES_DEMOGRAPHICS
from groundwork.people.settings import Settings
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import TAMIM
from tests.groundwork.people.serving import Served, serving

OPEN = "/v1/demo-sign-ups"


@pytest.fixture
async def served(parts: Parts) -> AsyncIterator[Served]:
    async with serving(parts, Settings(demo_sign_up_tenant=TAMIM)) as opened:
        yield opened


async def test_every_route_with_a_body_refuses_what_it_does_not_know_and_lists_the_reason(served: Served) -> None:
    takers = [route for route in served.service.routes if route.request is not None]
    assert len(takers) > 8
    lax = [route.path for route in takers if not getattr(route.request, "__struct_config__").forbid_unknown_fields]  # noqa: B009 # a type of any kind
    assert lax == []
    assert [route.path for route in takers if NAMES_DEMOGRAPHICS not in route.refusals] == []


@pytest.mark.parametrize("name", ["gender", "customer_age", "dateOfBirth", "nationality", "الجنس", "idfa"])
async def test_a_field_for_one_is_refused_by_that_name(served: Served, name: str) -> None:
    status, problem = await served.ask("POST", OPEN, json={name: "x", "installation": "installation-number-0001"})
    assert (status, problem["code"], problem["at"]) == (422, "names_demographics", f"/{name}")
    assert "gender" in problem["detail_en"]
    assert "الجنس" in problem["detail_ar"]


@pytest.mark.parametrize("name", ["favourite", "image", "message"])
async def test_a_field_that_is_only_unknown_is_refused_as_that(served: Served, name: str) -> None:
    assert await served.code("POST", OPEN, json={name: "x"}) == (422, "field_unknown")


def test_the_reason_is_not_lost_on_a_body_that_is_wrong_in_other_ways_too() -> None:
    """The decoder names the first fault; a field that no struct has comes before one that is missing."""

    class Kettle(msgspec.Struct, forbid_unknown_fields=True):
        litres: int

    with pytest.raises(msgspec.ValidationError, match="unknown field `gender`"):
        msgspec.json.decode(b'{"gender": "f"}', type=Kettle)
