"""IMDF archives as others write them: all that is in them comes in, and what goes out again is the same bytes each time."""

from pathlib import Path

import pytest

from floorplans.check import counts
from floorplans.drawing import Choice
from floorplans.formats import imdf, recognised
from floorplans.formats.imdf.words import STRUCTURE
from floorplans.merge import plan_of
from floorplans.validate import problems
from tests.floorplans.formats.wild_imdf import HABITS, wild

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_of_a_wild_archive_is_lost_and_it_goes_out_alike(tmp_path: Path, seed: int) -> None:
    archive = wild(seed)
    path = tmp_path / "wild.zip"
    path.write_bytes(archive.raw)
    assert recognised(path) == "imdf"
    drawn = imdf.read(path, Choice())
    plan, found = plan_of(drawn), counts(plan_of(drawn))
    came = (found["levels"], found["units"], found["doors"], found["points"])
    assert came == (archive.levels, archive.units, archive.openings, archive.occupants + archive.amenities), archive.habits
    nowhere = "fenced by building" in archive.habits and {"bare levels", "no address"} & set(archive.habits)  # its buildings are gone
    expected = {"other_version", "level_guessed", "unknown_reference"} if nowhere else {"other_version", "level_guessed"}
    assert {remark.code for remark in drawn.remarks} <= expected, archive.habits
    assert problems(plan) == [], archive.habits
    first = imdf.write(plan)
    path.write_bytes(first)
    again = plan_of(imdf.read(path, Choice()))
    assert imdf.write(again) == first, archive.habits
    assert counts(again) == found


def test_the_seeds_have_every_habit() -> None:
    assert {habit for seed in SEEDS for habit in wild(seed).habits} == set(HABITS)
    assert "structure" in STRUCTURE


def test_a_seed_is_an_archive() -> None:
    assert wild(3).raw[:4] == wild(3).raw[:4] == b"PK\x03\x04"
    assert wild(3)[1:] == wild(3)[1:]
