"""Whatever anybody sends, the server answers: cases made from the deployment's own `openapi.json`, by callers who may ask each route.

A fault here is a status of 500 or above. Who may ask is in `tests/aislecast/who_may.txt`; `tests/aislecast/test_matrix.py` holds the
deployment to it.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import schemathesis
from aiohttp import ClientSession, web
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from schemathesis.core.result import Ok

from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import open_database
from tests.aislecast.test_matrix import ANYBODY, listed
from tests.aislecast.two_tenants import TAMIM, Asking, World, open_world
from tests.conftest import START_MS

T = TypeVar("T")
ALL = 5_000
"""The issue's count, run by `make test-long`."""
SLICE = 400
"""What every run can afford."""
STREAMS = frozenset({"GET /v1/feed"})
"""Answers that do not end."""


class HurryingClock(ManualClock):
    """Ten minutes pass between any two looks, so that no limit on how often one may ask keeps a case from its handler."""

    _looks: int = 0

    def monotonic_s(self) -> float:
        self._looks += 1
        return self._looks * 600.0


class Running:
    """The deployment on a port, in a thread and an event loop of its own, because the cases are sent by a library that waits."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._serving = _serving(folder)
        self.world, self.url, self.described = self.wait(self._serving.__aenter__())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        self.wait(self._serving.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[tuple[World, str, Any]]:
    database = await open_database(f"sqlite:///{folder / 'fuzzed.db'}", durable=False)
    world = await open_world(database, HurryingClock(START_MS))
    runner = web.AppRunner(world.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with ClientSession() as client, client.get(f"{url}/openapi.json") as answer:
        described = await answer.json()
    yield world, url, described
    await runner.cleanup()
    await world.deployment.stop()
    await world.deployment.bus.close()
    await database.close()


@pytest.fixture
def running(sqlite_template: Path, tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "fuzzed.db").write_bytes(sqlite_template.read_bytes())
    made = Running(tmp_path)
    yield made
    made.close()


class _Shows:
    """Adds a caller's credential to a request that is ready to be sent."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def __call__(self, request: Any) -> Any:
        body = request.body or b""
        raw = body if isinstance(body, bytes) else str(body).encode()
        request.headers.update(self._asking.headers_for(request.method, request.path_url, raw, START_MS))
        return request


class Fuzzing:
    """Sends cases and keeps count."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._may = listed()
        self.sent: Counter[int] = Counter()
        """Cases by the status of the answer."""
        self.faults: list[str] = []

    def operations(self) -> list[Any]:
        """Every operation whose answer ends; what removes something comes last."""
        found = []
        for result in schemathesis.openapi.from_dict(self._running.described).get_all_operations():
            assert isinstance(result, Ok), result
            found.append(result.ok())
        asked = [one for one in found if one.label not in STREAMS]
        return sorted(asked, key=lambda one: (one.method.upper() == "DELETE", one.label))

    def send(self, operation: Any, count: int, number: int) -> None:
        """Up to `count` cases of one operation, fewer where there are no more; `number` seeds them."""
        first = self._may[operation.label][0]
        who = "anonymous" if first == ANYBODY else first

        @seed(number)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def one(case: Any) -> None:
            asking = self._running.wait(self._running.world.callers(TAMIM, only=[who]))[who]
            answer = case.call(base_url=self._running.url, auth=_Shows(asking))
            self.sent[answer.status_code] += 1
            if answer.status_code >= 500:
                self.faults.append(f"{operation.label} by {who}: {answer.status_code} for {case.as_curl_command()[:1500]}")

        one()

    def run(self, total: int) -> None:
        """At least `total` cases over all operations, round after round."""
        operations = self.operations()
        for number in range(1_000):
            for operation in operations:
                self.send(operation, -(-total // len(operations)), number)
            if self.sent.total() >= total:
                break
        assert not self.faults, f"{len(self.faults)} faults:\n" + "\n".join(self.faults[:20])
        assert self.sent.total() >= total
        assert self.sent[429] == 0, "a limit kept cases from their handlers"


def test_no_case_of_a_slice_breaks_the_server(running: Running) -> None:
    Fuzzing(running).run(SLICE)


@pytest.mark.long
def test_no_case_of_thousands_breaks_the_server(running: Running) -> None:
    fuzzing = Fuzzing(running)
    fuzzing.run(ALL)
    assert sum(count for status, count in fuzzing.sent.items() if status < 300) > ALL // 20, fuzzing.sent
