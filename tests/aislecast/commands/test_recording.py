"""`aislecast recording make`: what the twin's gateways wrote comes out as the twin recorded it; what is wrong is said by name and line."""

import asyncio
import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import floorplans.queries
from aislecast import exits
from aislecast.cli import main
from aislecast.twin.columns import Ints
from aislecast.twin.record import run_to_recording, write_adverts_jsonl
from aislecast.twin.recorded_plan import known_beacon
from aislecast.twin.recording import Recording, read_recording
from aislecast.twin.shop import demo_plan
from beacon_gateway.hci import report_event
from beacon_gateway.sources.btsnoop import EPOCH_US, HEAD, MAGIC, MONITOR, MONITOR_EVENT, RECORD
from floorplans.model import Plan
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people import queries
from groundwork.plumbing.db import Connection, create_tables, open_database
from tests.conftest import START_MS

TENANT, VENUE = TenantId("default"), VenueId("demo")
STRANGER = encode_ibeacon("00" * 16, 9, 9)


@dataclass(frozen=True, slots=True)
class Walked:
    """A run of the twin, and what its gateways heard as their files; nobody may change it."""

    plan: Plan
    recording: Recording
    heard: Path
    home: Path

    @property
    def tags(self) -> list[str]:
        return [str(known_beacon(name).beacon) for name in self.recording.devices]

    @property
    def gateways(self) -> tuple[str, ...]:
        return self.recording.receivers


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp("walked")
    plan = demo_plan(TENANT, VENUE)
    recording = run_to_recording(plan, 7, 2, 1.0, folder / "twin")
    heard = folder / "heard.jsonl"
    write_adverts_jsonl(recording, heard)
    line = {"gateway": recording.receivers[0], "at_ms": START_MS, "rssi_dbm": -60, "data": STRANGER.hex()}
    heard.write_text(json.dumps(line) + "\n" + heard.read_text())

    def work(conn: Connection) -> None:
        create_tables(conn)
        queries.add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=START_MS)
        floorplans.queries.add_venue(conn, plan.venue, START_MS)
        floorplans.queries.publish(conn, plan, START_MS)

    async def fill() -> None:
        db = await open_database(f"sqlite:///{folder / 'aislecast.db'}")
        await db.write(work)
        await db.close()

    asyncio.run(fill())
    return Walked(plan, recording, heard, folder)


@pytest.fixture(autouse=True)
def home(walked: Walked, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AISLECAST_HOME", str(walked.home))
    return walked.home


def marks_of(walked: Walked, path: Path) -> Path:
    """The twin's truth, as somebody with a notebook would write it: a tag's place every second."""
    truth, level = walked.recording.truth, walked.plan.levels[0].id
    rows = zip(truth.device.tolist(), truth.t_ms.tolist(), truth.x_m.tolist(), truth.y_m.tolist(), strict=True)
    lines = [f"{walked.tags[tag]},{(START_MS + t_ms) / 1000},{level},{x},{y},noon" for tag, t_ms, x, y in rows]
    path.write_text("\n".join(["tag,t,level,x_m,y_m,session", *lines]) + "\n")
    return path


def by_hand(path: Path, *rows: str, head: str = "t,level,x_m,y_m") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def make(walked: Walked, marks: Path, out: Path, *more: str, boxes: Iterable[str] | None = None) -> int:
    named = boxes if boxes is not None else [f"{gateway}={walked.heard}" for gateway in walked.gateways]
    typed = [word for box in named for word in ("--box", box)]
    return main(["recording", "make", "--venue", VENUE, *typed, "--marks", str(marks), "--out", str(out), *more])


def rows_of(recording: Recording, names: dict[str, str], zero_ms: Ints) -> set[tuple[str, str, int, float]]:
    heard = recording.sightings
    columns = zip(heard.receiver.tolist(), heard.device.tolist(), (heard.t_ms + zero_ms[heard.session]).tolist(), strict=True)
    loud = heard.rssi_dbm.round(6).tolist()
    return {
        (recording.receivers[radio], names[recording.devices[tag]], at_ms, rssi)
        for (radio, tag, at_ms), rssi in zip(columns, loud, strict=True)
    }


def test_what_gateways_wrote_comes_out_as_it_was_recorded(walked: Walked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make(walked, marks_of(walked, tmp_path / "marks.csv"), tmp_path / "made", "--json") == exits.OK
    told = json.loads(capsys.readouterr().out)
    made, twin = read_recording(tmp_path / "made"), walked.recording
    assert {(a.id, a.role, a.x_m, a.y_m, a.z_m, a.floor) for a in made.anchors} == {
        (a.id, a.role, a.x_m, a.y_m, a.z_m, a.floor) for a in twin.anchors
    }
    assert ([zone.zone for zone in made.zones], len(made.floors)) == ([zone.zone for zone in twin.zones], len(twin.floors))
    first = {made.sessions[s]: t for s, t in zip(made.truth.session[::-1].tolist(), made.truth.t_ms[::-1].tolist(), strict=True)}
    begun = {name: walked.recording.truth.t_ms[walked.recording.truth.device == tag].min() for tag, name in enumerate(twin.devices)}
    carrier = [made.devices[made.truth.device[made.truth.session == number][0]] for number in range(len(made.sessions))]
    own = {tag: name for name, tag in zip(twin.devices, walked.tags, strict=True)}
    zero = np.array([START_MS + begun[own[tag]] - first[session] for tag, session in zip(carrier, made.sessions, strict=True)])
    found = rows_of(made, {tag: tag for tag in walked.tags}, zero)
    meant = rows_of(twin, dict(zip(twin.devices, walked.tags, strict=True)), np.array([START_MS]))
    ends = {tag: (truth.min(), truth.max()) for tag, truth in _truth_ms(walked).items()}
    assert found == {row for row in meant if ends[row[1]][0] - 2_000 <= row[2] < ends[row[1]][1] + 2_000}
    assert (told["sightings"], told["tags"], told["strangers"]) == (len(made.sightings.t_ms), len(walked.tags), 1)
    assert len(found) > 1_000


def _truth_ms(walked: Walked) -> dict[str, Ints]:
    truth = walked.recording.truth
    return {tag: START_MS + truth.t_ms[truth.device == number] for number, tag in enumerate(walked.tags)}


def test_places_and_zones_between_marks_are_those_of_the_walk(walked: Walked, tmp_path: Path) -> None:
    assert make(walked, marks_of(walked, tmp_path / "marks.csv"), tmp_path / "made") == exits.OK
    made, truth = read_recording(tmp_path / "made"), walked.recording.truth
    tag = made.devices.index(walked.tags[0])
    rows = np.flatnonzero(made.truth.device == tag)
    own = truth.device == 0
    start = truth.t_ms[own].min() - made.truth.t_ms[rows].min()
    at_ms = made.truth.t_ms[rows] + start
    np.testing.assert_allclose(made.truth.x_m[rows], np.interp(at_ms, truth.t_ms[own], truth.x_m[own]), atol=1e-3)
    asked = np.searchsorted(at_ms, truth.t_ms[own])
    zones = [made.zone_names[number] if number >= 0 else "" for number in made.truth.zone[rows][asked].tolist()]
    meant = [walked.recording.zone_names[number] if number >= 0 else "" for number in truth.zone[own].tolist()]
    assert np.mean([one == other for one, other in zip(zones, meant, strict=True)]) > 0.99  # places are rounded to 0.1 mm


def snoop(path: Path, rows: Iterable[tuple[int, int, bytes, int]]) -> Path:
    """What `btmon -w` writes: at, RSSI and bytes of each advert, and the adapter that heard it."""
    raw = HEAD.pack(MAGIC, 1, MONITOR)
    for at_ms, rssi, payload, adapter in rows:
        packet = report_event("C0:11:22:33:44:55", rssi, payload)
        raw += RECORD.pack(len(packet), len(packet), adapter << 16 | MONITOR_EVENT, 0, at_ms * 1_000 + EPOCH_US) + packet
    path.write_bytes(raw)
    return path


def corner(walked: Walked) -> tuple[str, float, float]:
    """A level and a place on it: where its first gateway hangs."""
    anchor = walked.recording.anchors[0]
    return anchor.floor, anchor.x_m, anchor.y_m


TAG = "ibeacon:a15eca570000400080000000000000bb:1:7"
ADVERT = encode_ibeacon("a15eca570000400080000000000000bb", 1, 7)


def test_a_btsnoop_file_is_read_with_its_clock_set_right_and_its_torn_end_told(
    walked: Walked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    level, x, y = corner(walked)
    file = snoop(
        tmp_path / "box", [(START_MS + 60_000 + at * 1_000, -50 - at, payload, 0) for at in range(8) for payload in (ADVERT, STRANGER)]
    )
    file.write_bytes(file.read_bytes() + b"\0" * 5)
    iso = "2026-11-01T10:00:0{}+03:00"
    marks = by_hand(tmp_path / "marks.csv", *(f"{iso.format(at)},{level},{x},{y}" for at in (2, 4)))
    box = f"{walked.gateways[0]}={file}"
    typed = ("--tag", TAG.upper(), "--shift", f"{walked.gateways[0]}=-60", "--json")
    assert make(walked, marks, tmp_path / "made", *typed, boxes=[box]) == exits.OK
    told = json.loads(capsys.readouterr().out)
    made = read_recording(tmp_path / "made")
    assert (made.devices, [anchor.id for anchor in made.anchors]) == ((TAG,), [walked.gateways[0]])
    assert made.sightings.rssi_dbm.tolist() == [-50, -51, -52, -53, -54, -55]
    assert made.truth.t_ms.tolist() == [2_000, 2_500, 3_000, 3_500, 4_000]
    assert (told["strangers"], told["boxes"][0]["broken"], told["boxes"][0]["tags"]) == (8, 1, 8)


def test_one_of_several_adapters_has_to_be_named(walked: Walked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    level, x, y = corner(walked)
    file = snoop(tmp_path / "box", [(START_MS + at * 1_000, -50 - at, ADVERT, at % 2) for at in range(8)])
    marks = by_hand(tmp_path / "marks.csv", f"{START_MS / 1000},{level},{x},{y}", f"{START_MS / 1000 + 7},{level},{x},{y}")
    assert make(walked, marks, tmp_path / "made", "--tag", TAG, boxes=[f"{walked.gateways[0]}={file}"]) == exits.BAD_INPUT
    assert f"{walked.gateways[0]}@hci0=" in capsys.readouterr().err
    assert make(walked, marks, tmp_path / "made", "--tag", TAG, boxes=[f"{walked.gateways[0]}@hci1={file}"]) == exits.OK
    assert read_recording(tmp_path / "made").sightings.rssi_dbm.tolist() == [-51, -53, -55, -57]


def test_across_a_long_gap_nothing_is_known(walked: Walked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    level, x, y = corner(walked)
    file = snoop(tmp_path / "box", [(START_MS + at * 1_000, -50, ADVERT, 0) for at in range(60)])
    zero = START_MS // 1000
    marks = by_hand(tmp_path / "marks.csv", *(f"{zero + at},{level},{x},{y}" for at in (2, 6, 40, 44, 900)))
    assert make(walked, marks, tmp_path / "made", "--tag", TAG, boxes=[f"{walked.gateways[0]}={file}"]) == exits.OK
    made = read_recording(tmp_path / "made")
    assert made.sessions == ("walk-01", "walk-02")
    assert np.bincount(made.sightings.session).tolist() == [8, 8]
    assert "walk-03" in capsys.readouterr().out  # nobody heard it
    assert make(walked, marks, tmp_path / "wide", "--tag", TAG, "--between", "60", boxes=[f"{walked.gateways[0]}={file}"]) == exits.OK
    assert np.bincount(read_recording(tmp_path / "wide").sightings.session).tolist() == [46]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_what_to_type_next_can_be_copied(walked: Walked, tmp_path: Path, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert make(walked, marks_of(walked, tmp_path / "marks.csv"), tmp_path / "my walk", "--lang", language, "--progress") == exits.OK
    told = capsys.readouterr()
    out = str(tmp_path / "my walk")
    assert shlex.split(told.out.splitlines()[-1]) == ["aislecast", "calibrate", out, "--out", f"{out}/calibration.json"]
    assert str(walked.heard) in told.err


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("yesterday,{level},{x},{y}", ("line 3", "'yesterday'", "seconds since 1970")),
        ("2026-11-01T10:00:05,{level},{x},{y}", ("line 3", "with its zone")),
        ("{t},attic,{x},{y}", ("line 3", "'attic'", "{level}")),
        ("{t},{level},left,{y}", ("line 3", "'left'", "finite number")),
        ("{t},{level},{x}", ("line 3", "3 cells")),
        ("{t},{level},900,{y}", ("line 3", "(900.0,", "own frame")),
        ("{t},{level},{far},{y}", ("line 3", "m a second")),
    ],
)
def test_a_bad_mark_is_named_with_its_line(
    walked: Walked, tmp_path: Path, row: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    level, x, y = corner(walked)
    given = {"level": level, "x": x, "y": y, "t": START_MS / 1000 + 1, "far": x + 8}
    marks = by_hand(tmp_path / "marks.csv", f"{START_MS / 1000},{level},{x},{y}", row.format(**given))
    assert make(walked, marks, tmp_path / "made", "--tag", walked.tags[0]) == exits.BAD_INPUT
    said = capsys.readouterr().err
    assert [word for word in ("marks.csv", *words) if word.format(**given) not in said] == []
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("head", "rows", "tags", "word"),
    [
        ("tag,t,level,x_m,y_m", ["{tag},{t},{level},{x},{y}"], ["--tag", TAG], "tag, --tag"),
        ("t,level,x_m,y_m", ["{t},{level},{x},{y}"], [], "--tag"),
        ("tag,t,level,x_m,y_m", ["token:0123,{t},{level},{x},{y}"], [], "'token:0123'"),
        ("t,level,x_m,y_m", [], ["--tag", TAG], "no marks"),
        (
            "tag,t,level,x_m,y_m,session",
            [f"{{tag}},{{t{at}}},{{level}},{{x}},{{y}},{one}" for at, one in ((0, "a"), (1, "b"), (2, "a"))],
            [],
            "b begins",
        ),
    ],
)
def test_whose_marks_they_are_has_to_be_clear(
    walked: Walked, tmp_path: Path, head: str, rows: list[str], tags: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    level, x, y = corner(walked)
    zero = START_MS / 1000
    given = {"level": level, "x": x, "y": y, "tag": walked.tags[0], "t": zero, "t0": zero, "t1": zero + 1, "t2": zero + 2}
    marks = by_hand(tmp_path / "marks.csv", *(row.format(**given) for row in rows), head=head)
    assert make(walked, marks, tmp_path / "made", *tags) == exits.BAD_INPUT
    assert word in capsys.readouterr().err


def test_what_cannot_be_a_box_or_a_tag_is_named(walked: Walked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    level, x, y = corner(walked)
    gateway, tag = walked.gateways[0], walked.tags[0]
    marks = by_hand(tmp_path / "marks.csv", f"{START_MS / 1000 + 20},{level},{x},{y}")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "bad").write_text('{"at_ms": "noon"}\n')
    cases: list[tuple[list[str], list[str], str]] = [
        ([f"attic={walked.heard}"], [tag], "no gateway attic"),
        ([f"{gateway}={tmp_path / 'none'}"], [tag], "none"),
        ([f"{gateway}={tmp_path / 'empty'}"], [tag], "holds no adverts"),
        ([f"{gateway}={tmp_path / 'bad'}"], [tag], "bad, line 1"),
        ([f"{gateway}"], [tag], "`--box` takes"),
        ([f"{gateway}={walked.heard}"], [TAG], f"No box heard the tag {TAG}"),
        ([f"{gateway}={walked.heard}"], ["tag 7"], "'tag 7'"),
        ([f"{gateway}={walked.heard}"], [tag, "--shift", "attic=3"], "'attic=3'"),
        ([f"{gateway}={walked.heard}"], [tag, "--shift", f"{gateway}=86400"], "--shift GATEWAY=SECONDS"),
    ]
    for boxes, typed, word in cases:
        assert make(walked, marks, tmp_path / "made", "--tag", *typed, boxes=boxes) == exits.BAD_INPUT
        assert word in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_a_folder_with_something_in_it_is_left_alone(walked: Walked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make(walked, tmp_path / "marks.csv", walked.home) == exits.BAD_INPUT
    assert "is not empty" in capsys.readouterr().err


def test_a_venue_without_a_plan_is_said(walked: Walked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLECAST_HOME", str(tmp_path))
    assert make(walked, tmp_path / "marks.csv", tmp_path / "made") == exits.BAD_INPUT


@pytest.mark.long
def test_a_calibration_made_of_it_fits_the_plan(walked: Walked, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make(walked, marks_of(walked, tmp_path / "marks.csv"), tmp_path / "made") == exits.OK
    file = str(tmp_path / "made" / "calibration.json")
    assert main(["calibrate", str(tmp_path / "made"), "--out", file]) == exits.OK
    capsys.readouterr()
    assert main(["calibration", "put", file, "--venue", VENUE, "--json"]) == exits.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["gains"], told["fit"]["unplaced"], told["fit"]["moved"], told["fit"]["levels"]) == (len(walked.gateways), [], [], [])
