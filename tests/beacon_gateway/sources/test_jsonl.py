"""Rules of the JSON-lines source: paced by the clock, read on after a restart to the line, and nothing wrong goes unnoticed."""

import json
import os
import random
import secrets
from array import array
from collections import Counter
from pathlib import Path

import pytest

from beacon_gateway.exits import BAD_INPUT, Stop
from beacon_gateway.listen import Listen
from beacon_gateway.pipeline import Pipeline
from beacon_gateway.source import Heard
from beacon_gateway.sources.jsonl import JsonlSource, Lines
from beacon_gateway.spool import Spool
from groundwork.adverts.advert import Advert
from groundwork.contracts.codec import COLUMNS, decode_frame
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.hops import Hops
from tests.beacon_gateway.build import BOX, START_MS, STRANGER, advert, clock, plan, spool

FOREVER = 10**14


def line_of(one: Advert) -> str:
    return json.dumps({"gateway": one.gateway, "at_ms": one.at_ms, "rssi_dbm": one.rssi_dbm, "data": one.data.hex()})


def written(path: Path, adverts: list[Advert]) -> Path:
    path.write_text("".join(line_of(one) + "\n" for one in adverts))
    return path


async def started(path: Path | str, resume: str = "", *, strict: bool = False) -> JsonlSource:
    source = JsonlSource(str(path), BOX, resume, strict=strict)
    await source.start()
    return source


async def test_lines_are_heard_when_the_clock_passes_them(tmp_path: Path) -> None:
    adverts = [advert(0), advert(400), advert(400, -70.0), advert(900)]
    source = await started(written(tmp_path / "walk", adverts))
    heard = [source.read(START_MS + at_ms).adverts for at_ms in (-1, 0, 399, 500, 899, 900)]
    assert heard == [[], adverts[:1], [], adverts[1:3], [], adverts[3:]]
    source.read(FOREVER)
    assert source.ended


async def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    (tmp_path / "walk").write_text(line_of(advert(0)))
    source = await started(tmp_path / "walk")
    assert source.read(FOREVER).adverts == [advert(0)]
    assert source.ended


async def test_a_box_with_one_radio_need_not_name_it(tmp_path: Path) -> None:
    (tmp_path / "walk").write_text('{"at_ms": 5, "rssi_dbm": -60, "data": "0201", "address": "AA:BB"}\n')
    source = await started(tmp_path / "walk")
    assert source.read(FOREVER).adverts == [Advert(BOX, 5, -60.0, b"\x02\x01", "AA:BB")]


DEEP = '{"at_ms": 1, "x": ' + "[" * 20_000
WRONG = [
    DEEP,
    "no json",
    "{}",
    '{"at_ms": -1, "rssi_dbm": 1, "data": ""}',
    '{"at_ms": 1, "rssi_dbm": 1, "data": "0g"}',
    "\xff\xfe",
    "[]",
    "",
]


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_malformed_line_is_counted_and_the_next_is_read(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "walk").write_bytes(f"{line_of(advert(0))}\n{wrong}\n{line_of(advert(1))}\n".encode("latin-1"))
    source = await started(tmp_path / "walk")
    assert source.read(FOREVER) == Heard([advert(0), advert(1)], [(START_MS, "malformed_line")])


async def test_a_strict_source_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "walk").write_text(line_of(advert(0)) + '\n{"at_ms": "noon"}\n')
    source = await started(tmp_path / "walk", strict=True)
    with pytest.raises(Stop, match=r"walk, line 2: .*at_ms.*int.*; expected \{") as stopped:
        source.read(FOREVER)
    assert stopped.value.code == BAD_INPUT


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"nowhere.* cannot be opened: No such file"):
        await started(tmp_path / "nowhere")


async def test_a_line_without_end_does_not_take_all_memory(tmp_path: Path) -> None:
    (tmp_path / "walk").write_bytes(b"x" * 1_000_000 + b"\n" + line_of(advert(0)).encode())
    source = await started(tmp_path / "walk")
    heard = source.read(FOREVER)
    assert heard.adverts == [advert(0)]
    assert {code for _, code in heard.refused} == {"malformed_line"}


async def test_a_pipe_is_read_as_it_fills_and_cannot_be_resumed(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    source = await started(path)
    before_any_writer = (source.read(FOREVER).adverts, source.ended)
    assert before_any_writer == ([], False)
    with path.open("wb", buffering=0) as writer:
        whole = line_of(advert(0)).encode() + b"\n"
        writer.write(whole + whole[:20])
        assert source.read(FOREVER).adverts == [advert(0)]
        assert source.read(FOREVER).adverts == []
        writer.write(whole[20:])
        assert source.read(FOREVER).adverts == [advert(0)]
    after_the_last = (source.read(FOREVER).adverts, source.ended)
    assert after_the_last == ([], True)
    assert (source.rewindable, source.position(0)) == (False, "")
    await source.close()


async def test_reading_on_skips_what_is_dealt_with_and_keeps_what_is_open(tmp_path: Path) -> None:
    adverts = [advert(0), advert(700), advert(300), advert(900), advert(1_200)]
    path = written(tmp_path / "walk", adverts)
    first = await started(path)
    first.read(START_MS + 1_000)
    second = await started(path, first.position(START_MS + 500))
    assert second.read(FOREVER).adverts == [adverts[1], adverts[3], adverts[4]]


async def test_another_file_of_the_same_name_is_read_from_its_start(tmp_path: Path) -> None:
    path = written(tmp_path / "walk", [advert(0), advert(100)])
    first = await started(path)
    first.read(FOREVER)
    position = first.position(FOREVER)
    written(path, [advert(5), advert(6), advert(7)])
    assert len((await started(path, position)).read(FOREVER).adverts) == 3


@pytest.mark.parametrize("position", ["", "nonsense", "{}", '{"first_line": 1}'])
async def test_a_position_that_makes_no_sense_reads_from_the_start(tmp_path: Path, position: str) -> None:
    path = written(tmp_path / "walk", [advert(0)])
    assert len((await started(path, position)).read(FOREVER).adverts) == 1


def disorderly_walk(rng: random.Random, path: Path) -> Path:
    """A recording with disorder, strangers, impossible values and broken lines."""
    lines, at_ms = [], 0
    for _ in range(400):
        at_ms += rng.randrange(60)
        back_ms = at_ms - (rng.randrange(1_500) if rng.randrange(10) == 0 else 0)
        uuid = {"uuid": STRANGER} if rng.randrange(5) == 0 else {}
        rssi_dbm = rng.choice([-60.5, -71.0, -80.25, 3.0])
        lines.append(line_of(advert(max(0, back_ms), rssi_dbm, minor=rng.randrange(3), radio=rng.choice(["r1", "r2"]), **uuid)))
        if rng.randrange(20) == 0:
            lines.append(line_of(advert(0))[: rng.randrange(40)])
    path.write_text("\n".join(lines))
    return path


async def run_with_crashes(walk: Path, spool_path: Path, crashes: list[int]) -> Spool:
    """The spool once all of the walk is in it; the process dies, and starts again, at each of the moments in `crashes`."""
    radios = frozenset({GatewayId("r1"), GatewayId("r2")})
    now = clock()
    for run, end_ms in enumerate([*sorted(crashes), 10**6], start=1):
        opened = spool(spool_path, seed=run)
        source = await started(walk, opened.progress.position)
        listen = Listen(source, Pipeline(plan(radios=radios), opened, Hops(), source.position), now, lambda: None)
        while now.now_ms() < START_MS + end_ms and not listen.drained.is_set():
            while await listen.step():
                pass
            now.advance(0.13)
        if run <= len(crashes):
            opened.close()  # what was in memory is gone
    return opened


def told(of: Spool) -> tuple[list[tuple[object, ...]], Counter[str]]:
    """Every row and every refusal in the spool."""
    rows: list[tuple[object, ...]] = []
    refused: Counter[str] = Counter()
    while (batch := of.oldest()) is not None:
        frame = decode_frame(batch.body())
        values = {name: array(CODES[name], frame.columns[name].tobytes()) for name in CODES}
        gateways = [frame.header.gateways[index] for index in values["gateway"]]
        beacons = [frame.header.beacons[index] for index in values["beacon"]]
        figures = (values[name] for name in CODES if name not in ("gateway", "beacon"))
        rows += zip(gateways, beacons, *figures, strict=True)
        refused.update(frame.header.refused)
        of.acknowledge(batch.boot, batch.number, batch.number)
    return rows, refused


CODES = {column.name: column.typecode for column in COLUMNS}


@pytest.mark.parametrize("seed", range(8))
async def test_crashes_change_no_row_and_no_count(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    walk = disorderly_walk(rng, tmp_path / "walk")
    rows, refused = told(await run_with_crashes(walk, tmp_path / "a", []))
    assert told(await run_with_crashes(walk, tmp_path / "b", rng.sample(range(15_000), 20))) == (rows, refused)
    assert len(rows) == len(set(rows)) > 50
    assert set(refused) == {"stranger", "impossible_rssi", "late_advert", "malformed_line"}


@pytest.mark.parametrize("rounds", [100_000, pytest.param(10_000_000, marks=pytest.mark.long)])
def test_no_line_whatever_ends_the_run(rounds: int) -> None:
    """Real lines with bytes changed or cut away. Prints the seed."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    rng, lines, read = random.Random(seed), Lines(BOX), 0
    for number in range(rounds):
        line = bytearray(line_of(advert(number, minor=number % 9)).encode())
        for _ in range(rng.randrange(4)):
            line[rng.randrange(len(line))] = rng.randrange(256)
        cut = rng.randrange(len(line)) if rng.randrange(4) == 0 else len(line)
        try:
            read += len(lines.adverts(bytes(line[:cut])))
        except ValueError:
            continue
    assert read > rounds // 5
