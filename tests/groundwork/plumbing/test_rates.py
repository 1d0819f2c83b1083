"""Rate limits: a burst, then a pace; told with 429 and when to come again; one caller's excess is nobody else's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.http import Route
from groundwork.plumbing.http_app import Limits, build_app
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.rates import Buckets, Rate
from groundwork.plumbing.server_settings import ServerSettings
from tests.groundwork.plumbing.crates import BODY, WORDS, Client, Known, signed

START_MS = 1_793_516_400_000


def test_a_burst_passes_and_then_so_many_a_second() -> None:
    clock = ManualClock(START_MS)
    buckets, rate = Buckets(clock), Rate(per_s=2, burst=3)
    assert [buckets.take("a", rate) for _ in range(4)] == [0, 0, 0, 0.5]
    clock.set(clock.ms + 499)
    assert buckets.take("a", rate) > 0
    clock.set(clock.ms + 1)
    assert [buckets.take("a", rate) > 0 for _ in range(2)] == [False, True]


@given(
    st.floats(0.05, 50),
    st.integers(1, 20),
    st.lists(st.integers(0, 5_000), min_size=1, max_size=200),
)
def test_in_any_span_no_more_than_the_burst_and_the_pace(per_s: float, burst: int, pauses_ms: list[int]) -> None:
    clock = ManualClock(START_MS)
    buckets, rate = Buckets(clock), Rate(per_s, burst)
    passed = []
    for pause in pauses_ms:
        clock.set(clock.ms + pause)
        if not buckets.take("a", rate):
            passed.append(clock.ms / 1000)
    for first, since in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - since) * per_s + 1e-6


@given(st.floats(0.05, 50), st.integers(1, 20), st.integers(1, 60))
def test_who_waits_as_long_as_told_gets_through(per_s: float, burst: int, extra: int) -> None:
    clock = ManualClock(START_MS)
    buckets, rate = Buckets(clock), Rate(per_s, burst)
    for _ in range(burst + extra):
        wait = buckets.take("a", rate)
        if wait:
            clock.set(clock.ms + int(wait * 1000) + 1)
            assert buckets.take("a", rate) == 0


def test_a_refused_request_costs_nothing() -> None:
    clock = ManualClock(START_MS)
    buckets, rate = Buckets(clock), Rate(per_s=1, burst=1)
    buckets.take("a", rate)
    assert {buckets.take("a", rate) for _ in range(1_000)} == {1.0}


def test_memory_is_bounded_and_who_is_forgotten_is_let_through() -> None:
    buckets, rate = Buckets(ManualClock(START_MS), most=100), Rate(per_s=1, burst=1)
    for key in range(10_000):
        assert buckets.take(key, rate) == 0
    assert len(buckets) == 100
    assert buckets.take(9_999, rate) > 0
    assert buckets.take(0, rate) == 0


@pytest.mark.parametrize(("per_s", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_rate_that_lets_nothing_through_is_a_mistake(per_s: float, burst: int) -> None:
    with pytest.raises(ValueError, match="more than 0 a second"):
        Rate(per_s, burst)


async def _fine(_request: web.Request) -> web.Response:
    return web.Response()


ROUTES = [
    Route("GET", "/open", _fine, WORDS, ""),
    Route("POST", "/strict", _fine, WORDS, "", rate=Rate(per_s=0.1, burst=2)),
    Route("GET", "/known", _fine, WORDS, "load.read"),
    Route("GET", "/dear", _fine, WORDS, "load.read", rate=Rate(per_s=0.5, burst=1)),
    Route("POST", "/loads", _fine, WORDS, "load.write", signed=True),
]
READS = {"Authorization": "Bearer reads"}


@asynccontextmanager
async def serving(clock: ManualClock, **settings: object) -> AsyncIterator[Client]:
    limits = Limits(server=ServerSettings(**settings), metrics=True)  # type: ignore[arg-type] # fields by name
    app = build_app(ROUTES, Known(clock), clock, SeededIds(clock, 1), Hops(), list, limits)
    async with TestClient(TestServer(app)) as made:
        yield made


async def _statuses(client: Client, method: str, path: str, count: int, headers: dict[str, str] | None = None) -> list[int]:
    found = []
    for _ in range(count):
        async with client.request(method, path, headers=headers) as answer:
            found.append(answer.status)
    return found


async def test_the_answer_says_when_to_come_again_in_both_languages(clock: ManualClock) -> None:
    async with serving(clock) as client:
        assert await _statuses(client, "POST", "/strict", 2) == [200, 200]
        async with client.post("/strict", headers={"Accept-Language": "ar"}) as answer:
            told = await answer.json(content_type=None)
            assert (answer.status, answer.headers["Retry-After"], told["code"]) == (429, "10", "too_many_requests")
            assert "10" in told["detail_ar"]
            assert "10" in told["detail_en"]
        clock.set(clock.ms + 10_000)
        assert await _statuses(client, "POST", "/strict", 2) == [200, 429]
        async with client.get("/metrics") as answer:
            assert 'http_limited_total{limit="address",route="/strict"} 2.0' in await answer.text()


async def test_a_strict_route_is_counted_by_itself(clock: ManualClock) -> None:
    async with serving(clock, open_per_s=1, open_burst=3) as client:
        assert await _statuses(client, "POST", "/strict", 3) == [200, 200, 429]
        assert await _statuses(client, "GET", "/open", 4) == [200, 200, 200, 429]


async def test_a_valid_key_does_not_lift_the_limit_of_an_open_route(clock: ManualClock) -> None:
    async with serving(clock) as client:
        assert await _statuses(client, "POST", "/strict", 3, READS) == [200, 200, 429]


async def test_wrong_credentials_are_slowed_down_and_right_ones_from_there_are_not(clock: ManualClock) -> None:
    async with serving(clock, failed_per_s=1, failed_burst=2) as client:
        assert await _statuses(client, "GET", "/known", 4, {"Authorization": "Bearer guess"}) == [401, 401, 429, 429]
        assert await _statuses(client, "GET", "/known", 3, READS) == [200, 200, 200]


async def test_a_box_whose_clock_is_off_is_not_taken_for_a_guesser(clock: ManualClock) -> None:
    async with serving(clock, failed_per_s=1, failed_burst=1) as client:
        late = signed(b"", clock, off_ms=-400_000)
        assert await _statuses(client, "POST", "/loads", 5, late) == [401] * 5
        assert await _statuses(client, "POST", "/loads", 1, signed(b"", clock)) == [200]


async def test_each_caller_has_a_limit_and_a_dear_route_its_own_beside_it(clock: ManualClock) -> None:
    async with serving(clock, caller_per_s=1, caller_burst=4) as client:
        assert await _statuses(client, "GET", "/dear", 2, READS) == [200, 429]
        assert await _statuses(client, "GET", "/known", 3, READS) == [200, 200, 429]
        assert await _statuses(client, "GET", "/open", 1) == [200]


async def test_all_of_a_tenants_callers_share_a_roof(clock: ManualClock) -> None:
    async with serving(clock, tenant_per_s=1, tenant_burst=2) as client:
        assert await _statuses(client, "GET", "/known", 1, READS) == [200]
        assert await _statuses(client, "POST", "/loads", 2, signed(b"", clock)) == [200, 429]
        assert await _statuses(client, "GET", "/known", 1, READS) == [429]


def _bursts(settings: ServerSettings) -> Sequence[int]:
    return (settings.open_burst, settings.failed_burst, settings.caller_burst, settings.signed_burst, settings.tenant_burst)


def test_what_is_set_by_default_no_shop_ever_meets() -> None:
    """A box back from three days offline sends 500 rows a POST as fast as they are taken; a till in a rush a few a second."""
    settings = ServerSettings()
    assert settings.signed_per_s >= 20_000
    assert settings.tenant_per_s >= settings.signed_per_s
    assert settings.caller_per_s >= 1_000
    assert min(_bursts(settings)) >= 300


async def test_the_body_is_not_read_for_who_is_refused(clock: ManualClock) -> None:
    async with serving(clock) as client, client.post("/loads", data=BODY, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 401
