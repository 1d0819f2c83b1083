"""Sentences: every code that this package says has one in both languages, and none is left over."""

import re
from pathlib import Path

import floorplans
from floorplans.sentences import OF_FILES, OF_FITS, OF_PLANS

PACKAGE = Path(floorplans.__file__).parent
SAID = re.compile(r'(?:PlanFileError|remarks\.add|Finding|Problem)\(\s*"([a-z_0-9]+)"')
NAMED = re.compile(r'"([a-z_0-9]+)"')


def _code() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")) if path.name != "sentences.py")


def test_every_code_has_its_sentence() -> None:
    said = set(SAID.findall(_code())) | {"mended", "no_area", "crossing_ring"}
    assert said - OF_FILES.keys() - OF_PLANS.keys() == set()


def test_no_sentence_is_left_over() -> None:
    named = set(NAMED.findall(_code()))
    assert (OF_FILES.keys() | OF_PLANS.keys() | OF_FITS.keys()) - named == set()
    assert not (OF_FILES.keys() & OF_PLANS.keys())
