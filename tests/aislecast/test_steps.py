"""Every hop that any package counts has a place in the flow, and a name and a unit in both languages."""

import ast
import re
from pathlib import Path

import pytest

import aislecast
from aislecast.replaying.report import UNITS, as_text, counts
from aislecast.steps import STEPS
from aislecast.words import LANGUAGES, Voice
from groundwork.plumbing.hops import Hops

ROOT = Path(aislecast.__file__).parents[1]


def _counted() -> dict[str, str]:
    """The hops that the code names in so many words, each with its unit."""
    found: dict[str, str] = {}
    for package in ("aislecast", "beacon_gateway", "geofence", "groundwork", "notifier", "floorplans"):
        for path in sorted((ROOT / package).rglob("*.py")):
            calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
            found |= {name: unit for name, unit in map(_hop, calls) if unit}
    return found


def _hop(call: ast.Call) -> tuple[str, str]:
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in ("hop", "_count_lost")):
        return "", ""
    said = [arg.value for arg in call.args[:2] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return (said[0], said[1]) if len(said) == 2 else ("", "")


def test_every_hop_is_listed_with_its_unit() -> None:
    counted = _counted()
    assert {"ingest", "statistics", "webhooks"} <= counted.keys()
    assert [name for name in counted if name not in STEPS] == []
    assert [unit for unit in counted.values() if unit not in UNITS] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hop_that_nobody_has_listed_is_told_by_its_own_name(language: str) -> None:
    hops = Hops()
    hops.hop("roof", "pigeons").take(3)
    assert "pigeons" in as_text({"hops": counts(hops)}, Voice(language))


def test_a_figure_with_nothing_to_work_it_out_from_is_a_dash() -> None:
    told = as_text({"hops": [], "presence": {"precision": None, "recall": 0.0}}, Voice("en"))
    assert "None" not in told
    assert re.search(r"share of right ones\W+-\W", told)
