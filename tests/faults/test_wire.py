"""Between a real box and a real server lies a wire that doubles, delays, reorders, cuts and lies; and the box's clock jumps.

Whatever happens, everything acknowledged is on the server once, and what is not there is reported, advert by advert.
"""

import asyncio
import sys
from array import array
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
import pytest

from groundwork.contracts.sighting import BatchAnswer
from tests.faults.processes import open_shop
from tests.faults.rough_wire import MOODS, RoughWire, rough_wire, through
from tests.faults.test_gateway import SPEED, all_there, arrived, ended, playing, undisturbed

DIGEST_BYTES = 32
"""Before each answer in the inbox: of the rows, so that another batch under the same number is told from a repeat."""


@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
async def test_whatever_the_wire_does_to_batches_each_is_on_the_server_once(tmp_path: Path, seed: int) -> None:
    rows = await undisturbed(tmp_path / "calm")
    (tmp_path / "rough").mkdir()
    async with playing(tmp_path / "rough") as shop, rough_wire(shop.port, seed) as wire:
        through(shop.gateway.arguments, shop.port, wire.port)
        shop.gateway.start()
        assert await ended(shop) == 0, shop.gateway.log.read_text()[-3_000:]
        assert set(MOODS) <= set(wire.befell), f"seed {seed} shows too little: {wire.befell}"
        await wire.settle()
        all_there(shop, rows)
        answers = [msgspec.json.decode(answer[DIGEST_BYTES:], type=BatchAnswer) for (answer,) in shop.rows("SELECT answer FROM inbox")]
        assert sum(answer.accepted + sum(answer.refused.values()) for answer in answers) == rows
        assert len(wire.taken) > len(wire.once()) == len(arrived(shop).inbox), "nothing was sent twice"


@dataclass
class Came:
    """What the server took in of a box that heard numbered beacons."""

    rows: Counter[str]
    """By beacon."""
    starts_ms: list[int]
    told: Counter[str]
    """Adverts that the box reports as not sent, by reason."""


def came(wire: RoughWire) -> Came:
    found = Came(Counter(), [], Counter())
    for frame in wire.once().values():
        indices = array("I", bytes(frame.columns["beacon"]))
        found.rows.update(str(frame.header.beacons[index]) for index in indices)
        found.starts_ms += array("q", bytes(frame.columns["window_start_ms"]))
        found.told.update(frame.header.refused)
    return found


async def wait_s(seconds: float) -> None:
    """Until processes have gone on for so long, by their own clocks; nothing else can tell."""
    await asyncio.sleep(seconds / SPEED)


HOUR_MS = 3_600_000
IN_1970 = "1970"
SLACK_MS = 5_000
"""The server's time is learned to within the length of a request, and processes of this test run six times as fast as the world."""
COUNT = 600
"""Beacons; half a minute of the box's time."""


@pytest.mark.faults
@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(0, [HOUR_MS], id="an hour forward", marks=pytest.mark.long),
        pytest.param(0, [-HOUR_MS], id="an hour back", marks=pytest.mark.long),
        pytest.param(0, [HOUR_MS, 0, -HOUR_MS, 0], id="to and fro"),
        pytest.param(IN_1970, [], id="1970, and never set", marks=pytest.mark.long),
        pytest.param(IN_1970, [0], id="1970, and set later"),
    ],
)
async def test_whatever_the_clock_does_each_beacon_heard_is_on_the_server_at_its_time_or_told(
    tmp_path: Path, first: int | str, then: list[int]
) -> None:
    """The server comes up after the box; so what was heard before has the times of a clock that nobody had set."""
    shop = await open_shop(tmp_path, seed=5, shoppers=1, minutes=0.1, speed=SPEED)
    beyond = tmp_path / "beyond"
    start_ms = shop.now_ms()
    beyond.write_text(str(60_000 - start_ms if first == IN_1970 else first))
    async with rough_wire(shop.port, 1, calm=1.0) as wire, aiohttp.ClientSession() as http:
        through(shop.gateway.arguments, shop.port, wire.port)
        configuration = shop.gateway.arguments[shop.gateway.arguments.index("--config") + 1]
        text = Path(configuration).read_text().replace('source = "jsonl"', 'source = "bleak"')
        Path(configuration).write_text(text)
        shop.gateway.arguments = [sys.executable, "-m", "tests.faults.jumping_box", configuration, str(beyond), str(COUNT)]
        try:
            shop.gateway.start()
            await wait_s(8)
            shop.server.start()
            await shop.until_ready(http)
            for ms in then:
                await wait_s(6)
                part = beyond.with_suffix(".part")
                part.write_text(str(ms))
                part.replace(beyond)
            assert await ended(shop) == 0, shop.gateway.log.read_text()[-3_000:]
            end_ms = shop.now_ms()
        finally:
            shop.close()
        found, state = came(wire), arrived(shop)
    log = shop.gateway.log.read_text()[-3_000:]
    assert (state.waiting, state.set_aside, state.gaps) == (0, 0, 0), log
    assert state.inbox == set(wire.once())
    assert set(found.rows.values()) == {1}, "a beacon heard once is on the server once"
    assert found.rows.total() + found.told.total() == COUNT, (found.told, log)
    wrong = [ms - start_ms for ms in found.starts_ms if not start_ms - SLACK_MS <= ms <= end_ms + SLACK_MS]
    assert not wrong, wrong
