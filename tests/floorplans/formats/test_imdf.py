"""IMDF: anybody's archive is read with its faults named, and ours goes out and in without a byte's difference."""

import dataclasses
import json
import random
import zipfile
from pathlib import Path

import pytest

from floorplans.check import checked, counts
from floorplans.drawing import Choice, Drawn, PlanFileError
from floorplans.formats import imdf, recognised
from floorplans.importing import Import
from floorplans.merge import plan_of
from floorplans.model import Plan
from floorplans.validate import problems
from tests.floorplans.mall import GROUND, foreign_archive, full_plan, packed, uid


def _read(path: Path, raw: bytes) -> Drawn:
    path.write_bytes(raw)
    assert recognised(path) == "imdf"
    return imdf.read(path, Choice())


@pytest.fixture
def foreign(tmp_path: Path) -> Drawn:
    return _read(tmp_path / "centre.zip", packed(foreign_archive(), "1.0.0.beta.2", "IMDF/"))


def test_anybodys_archive_is_read_with_what_it_has(foreign: Drawn) -> None:
    found = counts(plan_of(foreign))
    expected = {"levels": 2, "units": 4, "doors": 1, "points": 2, "links": 1, "buildings": 1, "fixtures": 1, "zones": 6}
    assert {key: found[key] for key in expected} == expected
    assert foreign.found["unit"] == 5
    assert [(zone.kind, zone.names.en) for zone in foreign.zones][:3] == [
        ("room", "Hall A"),
        ("corridor", "Corridor"),
        ("restroom", "Restroom"),
    ]
    assert foreign.premises is not None
    assert (foreign.premises.address, foreign.premises.country) == ("150 W, San Jose, US-CA", "US")
    assert [(level.short_name, level.outdoor, level.building) for level in foreign.levels] == [("C", False, uid(3)), ("", True, None)]
    assert problems(plan_of(foreign)) == []


def test_its_size_is_that_of_the_earth_under_it(foreign: Drawn) -> None:
    """At 37.33 degrees north a thousandth of a degree is 88.6 m to the east and 111.0 m to the north."""
    found = checked("centre.zip", Import("imdf", foreign))
    assert found.width_m == pytest.approx(88.63, abs=0.05)
    assert found.height_m == pytest.approx(110.99, abs=0.05)
    assert found.georeferenced


def test_a_faulty_feature_is_named_and_the_others_are_read(foreign: Drawn) -> None:
    assert [(remark.code, remark.at.partition(" (")[0]) for remark in foreign.remarks] == [
        ("other_version", "manifest.json"),
        ("unknown_reference", "unit.geojson, feature 4"),
        ("wrong_point", "opening.geojson, feature 1"),
        ("unknown_reference", "relationship.geojson, feature 1"),
    ]


def test_a_shops_name_comes_with_its_unit(foreign: Drawn) -> None:
    (brand,) = [point for point in foreign.points if point.category == "occupant:coffee"]
    assert (brand.zone, brand.names.en if brand.names else "") == (uid(20), "Cafe")


@pytest.mark.parametrize("ours", [True, False])
def test_writing_reading_and_writing_again_gives_the_same_bytes(tmp_path: Path, foreign: Drawn, ours: bool) -> None:
    first = imdf.write(full_plan() if ours else plan_of(foreign))
    again = plan_of(_read(tmp_path / "first.zip", first))
    second = imdf.write(again)
    assert second == first
    assert imdf.write(plan_of(_read(tmp_path / "second.zip", second))) == first


def test_our_own_archive_brings_a_whole_plan_back(tmp_path: Path) -> None:
    plan = full_plan()
    back = plan_of(_read(tmp_path / "ours.zip", imdf.write(plan)))
    assert _comparable(back) == _comparable(plan)
    assert {fixture.id for fixture in back.fixtures} == {"rack-1", "pillar", "G:obstacle-0"}


def _comparable(plan: Plan) -> object:
    """Coordinates went through degrees and back, so they are compared to a tenth of a millimetre; obstacles came back as fixtures."""
    kept = [zone.polygons[0].outer[2] for zone in plan.zones] + [opening.line[0] for opening in plan.openings]
    kept += [(one.x_m, one.y_m) for one in plan.placements] + [(one.x_m, one.y_m) for one in plan.points]
    zones = {(zone.id, zone.kind, zone.level, zone.names, zone.parent, zone.category) for zone in plan.zones}
    levels = [dataclasses.replace(level, outline=(), obstacles=()) for level in plan.levels]
    placements = [(one.kind, one.subject, one.level, one.z_m, one.from_ms, one.facing_deg) for one in plan.placements]
    rounded = sorted((round(x, 3), round(y, 3)) for x, y in kept)
    return rounded, zones, levels, placements, plan.links, plan.shelved, plan.venue, plan.buildings, len(plan.details)


def test_every_feature_has_an_id_of_its_own_and_leads_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "ours.zip"
    path.write_bytes(imdf.write(full_plan()))
    ids: list[str] = []
    named: set[str] = set()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            body = json.loads(archive.read(name))
            for one in body.get("features", []):
                ids.append(one["id"])
                for key, value in one["properties"].items():
                    if key.endswith(("_id", "_ids")) and value:
                        named.update([value] if isinstance(value, str) else value)
    assert len(ids) == len(set(ids))
    assert named <= set(ids)


def test_a_level_that_is_not_tied_to_the_earth_does_not_go_out(tmp_path: Path) -> None:
    plan = full_plan()
    loose = dataclasses.replace(plan, levels=(dataclasses.replace(plan.levels[0], anchor=None), plan.levels[1]))
    with pytest.raises(PlanFileError, match=f"{GROUND}: no_anchor"):
        imdf.write(loose)


@pytest.mark.parametrize(("collections", "code"), [({}, "no_level"), ({"level": []}, "no_level")])
def test_an_archive_without_a_level_is_refused(tmp_path: Path, collections: dict[str, list[dict[str, object]]], code: str) -> None:
    path = tmp_path / "empty.zip"
    path.write_bytes(packed(collections))
    with pytest.raises(PlanFileError, match=code):
        imdf.read(path, Choice())


@pytest.mark.parametrize("seed", range(60))
def test_an_archive_with_anything_in_it_is_read_or_refused_but_never_trips_us(tmp_path: Path, seed: int) -> None:
    """Values of our sample are swapped for what does not belong there."""
    chance = random.Random(seed)
    collections = foreign_archive()
    strange: list[object] = [None, "", "x" * 300, -1, 1e308, True, [], [[]], {}, {"id": []}, [None], "\u0000", uid(10)]
    for _ in range(6):
        one = chance.choice(chance.choice(list(collections.values())))
        inside = chance.choice([one, one["properties"], one["geometry"] or one])
        if isinstance(inside, dict) and inside:
            inside[chance.choice(sorted(inside))] = chance.choice(strange)
    path = tmp_path / "strange.zip"
    path.write_bytes(packed(collections))
    try:
        drawn = imdf.read(path, Choice())
    except PlanFileError:
        return
    checked("strange.zip", Import("imdf", drawn))
