"""Recordings: the real ones as they are, whatever is wrong with a file said by name and line, and a twin's run there and back."""

import gzip
import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import shapely

from aislecast.twin.faults import RecordingError
from aislecast.twin.record import run_to_recording, write_adverts_jsonl, write_recording
from aislecast.twin.recorded_plan import Located, advert_bytes, known_beacon, plan_of
from aislecast.twin.recording import Recording, parts_of, read_recording, session_start_ms
from aislecast.twin.shop import demo_plan, products
from aislecast.twin.walkways import shape_of
from groundwork.contracts.ids import TenantId, VenueId
from tests.conftest import START_MS
from tests.data import data_folder

TENANT, VENUE = TenantId("t"), VenueId("v")

# rows of sightings, truth, sessions, receivers, devices, zones: as the recordings' own table has them
COUNTS = {
    "tetam-office": (172_214, 1_324, 85, 12, 1, 20),
    "uji-library": (7_535, 702, 4, 2, 24, 32),
    "warsaw-flat": (22_277, 4_104, 4, 6, 1, 6),
    "sal-door": (96_787, 10_259, 5, 10, 2, 3),
}


@pytest.mark.parametrize("name", COUNTS)
def test_every_row_of_a_real_recording_is_read(name: str) -> None:
    recording = read_recording(data_folder(name))
    found = (len(recording.sightings.t_ms), len(recording.truth.t_ms), len(recording.sessions))
    named = (len(recording.receivers), len(recording.devices), len(recording.zone_names))
    assert (*found, *named) == COUNTS[name]
    assert recording.ranged == (name == "uji-library")
    assert recording.part == "dev"


@pytest.mark.parametrize("name", COUNTS)
def test_rows_are_in_order_of_session_and_time(name: str) -> None:
    recording = read_recording(data_folder(name))
    for rows in (recording.sightings, recording.truth):
        key = rows.session.astype(np.int64) * 10**9 + rows.t_ms
        assert (np.diff(key) >= 0).all()
    assert list(recording.sessions) == sorted(recording.sessions)


def test_a_recording_without_anchors_or_a_list_of_beacons_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no anchors\.csv"):
        read_recording(folder_of(tmp_path, anchors=None))


def test_a_mall_without_anchors_has_the_beacons_on_its_list_placed_nowhere() -> None:
    mall = read_recording(data_folder("mall-hangzhou"), sessions="m1-00*")
    assert len(mall.anchors) == 335
    assert not any(anchor.placed for anchor in mall.anchors)
    assert mall.ranged
    assert len(mall.steps.t_ms) > 0
    assert set(mall.floor_names) >= {"site1-F1", "site2-F8"}
    assert plan_of(mall, TENANT, VENUE).placements == ()


def test_a_walk_past_strangers_transmitters_alone_is_a_session_all_the_same() -> None:
    """Half of this mall has no beacon of its own: there, not knowing is right, and has to be counted."""
    mall = read_recording(data_folder("mall-hangzhou"), sessions="m2-*")
    assert len(mall.sightings.t_ms) == 0
    assert len(mall.sessions) == 250
    assert len(mall.truth.t_ms) == 9_727


def test_in_a_mall_its_shops_are_zones_and_all_that_is_drawn_is_walked_around() -> None:
    mall = read_recording(data_folder("mall-hangzhou"), sessions="m1-00*")
    key = known_beacon(mall.anchors[0].id).beacon
    plan = plan_of(mall, TENANT, VENUE, found={key: Located("site1-F1", 60.0, 80.0)})
    assert [level.id for level in plan.levels] == ["site1-F1"]
    assert {zone.kind for zone in plan.zones} == {"shop"}
    assert len(plan.levels[0].obstacles) > len(plan.zones)


def test_only_matching_sessions_are_kept() -> None:
    recording = read_recording(data_folder("tetam-office"), sessions="track-*")
    assert len(recording.sessions) == 4
    assert len(recording.sightings.t_ms) == 5_869
    assert set(recording.truth.session.tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("name", COUNTS)
def test_a_recordings_plan_is_valid_and_holds_its_truth(name: str) -> None:
    recording = read_recording(data_folder(name))
    plan = plan_of(recording, TENANT, VENUE)
    floor = shape_of(plan.levels[0].outline)
    free = shapely.difference(floor, shape_of(plan.levels[0].obstacles))
    known = ~np.isnan(recording.truth.x_m)
    inside = shapely.intersects_xy(free.buffer(0.01), recording.truth.x_m[known], recording.truth.y_m[known])
    assert floor.is_valid
    assert all(shape_of(zone.polygons).is_valid for zone in plan.zones)
    assert not known.any() or inside.mean() > 0.98  # tetam's surveyors stood on the outline
    assert len(plan.zones) == (len(recording.zones) or 2)  # a door's two sides


def test_gateways_keep_their_ids_and_beacons_get_stable_keys() -> None:
    tetam = plan_of(read_recording(data_folder("tetam-office")), TENANT, VENUE)
    library = plan_of(read_recording(data_folder("uji-library")), TENANT, VENUE)
    assert {(p.kind, p.subject) for p in tetam.placements} >= {("gateway", "sensor10"), ("gateway", "sensor42")}
    assert len({p.subject for p in library.placements}) == 24
    assert known_beacon("b23").beacon == "ibeacon:a15eca570000400080000000000000bb:35756:50627"


def test_zones_keep_their_names_and_kinds() -> None:
    plan = plan_of(read_recording(data_folder("uji-library")), TENANT, VENUE)
    kinds = {str(zone.id): zone.kind for zone in plan.zones}
    assert (kinds["A1"], kinds["K1-1"]) == ("aisle", "corridor")


def test_without_a_drawn_floor_the_hull_and_a_metre_is_the_floor() -> None:
    plan = plan_of(read_recording(data_folder("sal-door")), TENANT, VENUE)
    floor = shape_of(plan.levels[0].outline)
    assert {zone.id for zone in plan.zones} == {"inside", "outside"}
    assert min(floor.boundary.distance(shapely.Point(p.x_m, p.y_m)) for p in plan.placements) == pytest.approx(1.0, abs=0.02)


def test_session_i_starts_at_ten_on_day_i() -> None:
    assert session_start_ms(0, "Asia/Riyadh") == START_MS
    assert session_start_ms(2, "Asia/Riyadh") == START_MS + 2 * 86_400_000
    assert session_start_ms(0, "UTC") == START_MS + 3 * 3_600_000


SMALL = {
    "anchors.csv": "anchor_id,role,x_m,y_m,floor\ng1,receiver,0,0,F1\ng2,receiver,5,0,F1\n",
    "zones.geojson": '{"features":[{"properties":{"zone":"Z","kind":"aisle","floor":"F1"},'
    '"geometry":{"type":"Polygon","coordinates":[[[0,0],[5,0],[5,5],[0,0]]]}}]}',
    "dev/sightings.csv": "session,t_s,receiver_id,device_id,rssi_dbm\ns1,0.5,g2,tag,-70.5\ns1,0.1,g1,tag,12\n",
    "dev/truth.csv": "session,t_s,device_id,x_m,y_m,floor,zone\ns1,0,tag,1,1,F1,Z\ns1,1,tag,,,F1,\n",
}


def folder_of(root: Path, **changed: str | bytes | None) -> Path:
    """A small recording; a changed file is named without its ending and folder, None removes it."""
    for name, text in SMALL.items():
        content = changed.get(Path(name).stem, text)
        (root / name).parent.mkdir(exist_ok=True)
        if content is not None:
            (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def sightings(*rows: str) -> str:
    return "\n".join(["session,t_s,receiver_id,device_id,rssi_dbm", *rows, ""])


def test_a_small_recording_is_read_as_written(tmp_path: Path) -> None:
    recording = read_recording(folder_of(tmp_path))
    assert recording.sightings.t_ms.tolist() == [100, 500]
    assert recording.sightings.rssi_dbm.tolist() == [12.0, -70.5]  # impossible, and for the gateway to refuse
    assert recording.truth.zone.tolist() == [0, -1]
    assert np.isnan(recording.truth.x_m).tolist() == [False, True]


def test_beacons_that_are_not_on_the_list_are_strangers(tmp_path: Path) -> None:
    """A phone hears whatever sends; a gateway that is nowhere on the plan is a mistake in the recording."""
    anchors = SMALL["anchors.csv"].replace("receiver", "beacon")
    folder = folder_of(tmp_path, anchors=anchors, sightings=sightings("s1,0,phone,g1,-70", "s1,1,phone,earphones,-50"), truth=None)
    recording = read_recording(folder)
    assert (recording.devices, recording.sightings.rssi_dbm.tolist()) == (("g1", "g2"), [-70.0])


def test_truth_steps_zones_and_floor_may_be_missing(tmp_path: Path) -> None:
    recording = read_recording(folder_of(tmp_path, truth=None, zones=None))
    assert len(recording.truth.t_ms) == len(recording.steps.t_ms) == len(recording.zones) == len(recording.floors) == 0


def test_steps_are_read_where_there_are_some(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "dev" / "steps.csv").write_text("session,t_s,heading_deg\ns1,0.7,90\ns1,0.2,\n")
    steps = read_recording(folder).steps
    assert steps.t_ms.tolist() == [200, 700]
    assert np.isnan(steps.heading_deg[0])


def test_of_several_parts_one_must_be_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "later").mkdir()
    (folder / "later" / "sightings.csv").write_text(sightings("s1,0,g1,tag,-70"))
    assert parts_of(folder) == ("dev", "later")
    assert len(read_recording(folder, "later").sightings.t_ms) == 1
    with pytest.raises(RecordingError, match=r"2 parts: dev, later"):
        read_recording(folder)
    with pytest.raises(RecordingError, match=r"one of: dev, later"):
        read_recording(folder, "earlier")


BAD_SIGHTINGS: dict[str, tuple[str | bytes, int | None, str]] = {
    "a word for a number": (sightings("s1,0,g1,tag,-70", "s1,0.5,g1,tag,loud"), 3, "'loud'"),
    "not a number": (sightings("s1,nan,g1,tag,-70"), 2, "'nan'"),
    "infinite": (sightings("s1,0,g1,tag,-inf"), 2, "'-inf'"),
    "nothing for a number": (sightings("s1,,g1,tag,-70"), 2, "''"),
    "an unknown gateway": (sightings("s1,0,g1,tag,-70", "s1,0,g9,tag,-70"), 3, "'g9'"),
    "no name for a device": (sightings("s1,0,g1,,-70"), 2, "''"),
    "a cell too few": (sightings("s1,0,g1,tag,-70", "s1,0,g1,tag"), 3, "4 cells"),
    "a cell too many": (sightings("s1,0,g1,tag,-70,9"), 2, "6 cells"),
    "a line without anything": (sightings("s1,0,g1,tag,-70", "", "s1,0,g1,tag,-70"), 3, "0 cells"),
    "a cell over two lines": (sightings('s1,0,g1,"ta', 'g",-70', "s1,x,g1,tag,-70"), 4, "'x'"),
    "a missing column": ("session,t_s,receiver_id,rssi_dbm\ns1,0,g1,-70\n", 1, "no column device_id"),
    "a column twice": ("session,t_s,t_s,receiver_id,device_id,rssi_dbm\ns1,0,0,g1,tag,-70\n", 1, "stands twice"),
    "an open quote": (sightings('s1,0,g1,"tag,-70'), None, "no CSV"),
    "bytes that are no text": (b"session,t_s,receiver_id,device_id,rssi_dbm\ns1,0,g1,\xff,-70\n", None, "no UTF-8"),
    "longer than a day": (sightings("s1,90000,g1,tag,-70"), None, "90000"),
    "an empty file": ("", 1, "among nothing"),
    "a header alone": (sightings(), None, "no session matches"),
}


@pytest.mark.parametrize("case", BAD_SIGHTINGS)
def test_bad_sightings_are_refused_by_file_and_line(case: str, tmp_path: Path) -> None:
    content, line, found = BAD_SIGHTINGS[case]
    with pytest.raises(RecordingError, match=r"sightings\.csv") as caught:
        read_recording(folder_of(tmp_path, sightings=content))
    assert caught.value.line == line
    assert found in str(caught.value)
    assert "expected" in str(caught.value)


def test_sessions_of_which_only_the_truth_is_known_come_after_those_with_something_heard(tmp_path: Path) -> None:
    truth = "session,t_s,device_id,x_m,y_m,floor,zone\na0,0,tag,1,1,F1,Z\ns1,0,tag,1,1,F1,Z\nz9,3,tag,1,1,F1,Z\n"
    folder = folder_of(tmp_path, truth=truth)
    recording = read_recording(folder)
    assert recording.sessions == ("s1", "a0", "z9")
    assert recording.truth.session.tolist() == [0, 1, 2]
    assert read_recording(folder, sessions="z*").sessions == ("z9",)
    with pytest.raises(RecordingError, match="one of a0, s1, z9"):
        read_recording(folder, sessions="walk*")


def test_a_refusal_that_names_twenty_sessions_says_how_many_more_there_are(tmp_path: Path) -> None:
    named = sightings(*(f"s{number:02d},1,g1,tag,-70" for number in range(23)))
    with pytest.raises(RecordingError, match=r"s19 \.\.\. \(\+3\)"):
        read_recording(folder_of(tmp_path, sightings=named, truth=None), sessions="walk*")


BAD_PLACES: dict[str, dict[str, str]] = {
    "an unknown role": {"anchors": "anchor_id,role,x_m,y_m,floor\ng1,antenna,0,0,F1\n"},
    "both roles": {"anchors": "anchor_id,role,x_m,y_m,floor\ng1,receiver,0,0,F1\nb1,beacon,0,0,F1\n"},
    "one anchor twice": {"anchors": "anchor_id,role,x_m,y_m,floor\ng1,receiver,0,0,F1\ng1,receiver,1,0,F1\n"},
    "no anchors": {"anchors": "anchor_id,role,x_m,y_m,floor\n"},
    "an anchor nowhere": {"anchors": "anchor_id,role,x_m,y_m,floor\ng1,receiver,,0,F1\n"},
    "no JSON": {"zones": "{"},
    "no features": {"zones": "{}"},
    "a list": {"zones": "[]"},
    "brackets without end": {"zones": "[" * 100_000},
    "an open ring": {"zones": SMALL["zones.geojson"].replace("[5,5],[0,0]", "[5,5],[0,1]")},
    "a zone without a name": {"zones": SMALL["zones.geojson"].replace('"zone":"Z"', '"zone":""')},
    "a point for a zone": {"zones": SMALL["zones.geojson"].replace("Polygon", "Point")},
    "a corner that is a word": {"zones": SMALL["zones.geojson"].replace("[5,0]", '["x",0]')},
    "an infinite corner": {"zones": SMALL["zones.geojson"].replace("[5,0]", "[Infinity,0]")},
}


@pytest.mark.parametrize("case", BAD_PLACES)
def test_bad_anchors_and_zones_are_refused_by_file(case: str, tmp_path: Path) -> None:
    changed = BAD_PLACES[case]
    with pytest.raises(RecordingError, match=next(iter(changed))):
        read_recording(folder_of(tmp_path, **changed))


def test_a_cut_off_gzip_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, sightings=None)
    whole = gzip.compress(sightings(*[f"s1,{n},g1,tag,-70" for n in range(999)]).encode())
    for broken in (whole[:-20], b"no gzip at all", whole[:40] + bytes(20) + whole[60:]):
        (folder / "dev" / "sightings.csv.gz").write_bytes(broken)
        with pytest.raises(RecordingError, match="broken gzip"):
            read_recording(folder)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such folder"):
        read_recording(tmp_path / "nowhere")


def test_a_spreadsheets_mark_before_the_header_is_no_part_of_it(tmp_path: Path) -> None:
    marked = {Path(name).stem: b"\xef\xbb\xbf" + text.encode() for name, text in SMALL.items()}
    recording = read_recording(folder_of(tmp_path, **marked))
    assert recording.sessions == ("s1",)
    assert [zone.zone for zone in recording.zones] == ["Z"]


def same(one: Recording, other: Recording, differ: Callable[[Recording], object]) -> bool:
    """Equal but for what `differ` gives, compared column by column."""
    columns = [
        (a, b)
        for name in ("sightings", "truth", "steps")
        for a, b in zip(astuple(getattr(one, name)), astuple(getattr(other, name)), strict=True)
    ]
    return differ(one) == differ(other) and all(np.allclose(a, b, rtol=0, atol=1e-4, equal_nan=True) for a, b in columns)


def _named(recording: Recording) -> object:
    return (
        recording.anchors,
        recording.zones,
        recording.floors,
        recording.sessions,
        recording.receivers,
        recording.devices,
        recording.zone_names,
        recording.floor_names,
    )


@pytest.mark.parametrize("ranging", [False, True])
def test_a_twins_run_reads_back_as_it_was(ranging: bool, tmp_path: Path) -> None:
    plan = demo_plan(TENANT, VENUE)
    written = run_to_recording(plan, 1, 3, 1.5, tmp_path / "run", shelved=products(), ranging=ranging)
    read = read_recording(tmp_path / "run")
    assert same(written, read, _named)
    assert len(read.sightings.t_ms) > 100
    again = plan_of(read, TENANT, VENUE)
    assert [(z.id, z.kind, z.polygons) for z in again.zones] == [(z.id, z.kind, z.polygons) for z in plan.zones]
    assert again.levels[0].obstacles == plan.levels[0].obstacles


def test_the_same_run_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        run_to_recording(demo_plan(TENANT, VENUE), 1, 2, 0.5, tmp_path / name / "shop", shelved=products())
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) == 5
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "other" / path).read_bytes() for path in files)


@pytest.mark.parametrize("name", ["warsaw-flat", "uji-library", "sal-door"])
def test_a_real_recording_written_again_reads_the_same(name: str, tmp_path: Path) -> None:
    recording = read_recording(data_folder(name))
    write_recording(tmp_path / name, recording)
    assert same(
        read_recording(tmp_path / name), recording, lambda one: (repr(one.anchors), one.zones, one.sessions, one.receivers, one.devices)
    )


def test_adverts_for_a_gateway_are_its_receivers_rows_in_order_of_time(tmp_path: Path) -> None:
    recording = read_recording(data_folder("warsaw-flat"))
    count = write_adverts_jsonl(recording, tmp_path / "adverts.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "adverts.jsonl").read_text().splitlines()]
    assert len(lines) == count == len(recording.sightings.t_ms)
    assert lines[0] == {"gateway": "an1", "at_ms": START_MS, "rssi_dbm": -54.0, "data": advert_bytes("robot").hex()}
    assert [line["at_ms"] for line in lines] == sorted(line["at_ms"] for line in lines)


def test_where_phones_range_there_are_no_adverts_to_write(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="phones range"):
        write_adverts_jsonl(read_recording(data_folder("uji-library")), tmp_path / "adverts.jsonl")
