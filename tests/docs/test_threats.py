"""The threat model and the ASVS table name tests and files; each is there, and each control has one."""

import re

import pytest

from tests.architecture.source import ROOT
from tests.docs.markdown import page, table

THREATS = page("docs/threat-model.md")
CONTROLS = table(THREATS, "no", "control", "code", "test that fails without it", "")
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def missing(text: str) -> list[str]:
    """Tests that `text` names and that no file defines."""
    return [f"{path}::{name}" for path, name in NAMED.findall(text) if not _defines(path, name)]


def _defines(path: str, name: str) -> bool:
    file = ROOT / path
    return file.exists() and (not name or f"def {name}(" in file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["docs/threat-model.md", "docs/asvs.md"])
def test_every_test_that_a_control_names_is_there(name: str) -> None:
    assert NAMED.search(page(name))
    assert missing(page(name)) == []


def test_a_test_that_is_gone_would_be_found() -> None:
    assert missing("`tests/docs/test_threats.py::test_of_nothing` `tests/none.py`") == [
        "tests/docs/test_threats.py::test_of_nothing",
        "tests/none.py::",
    ]


def test_every_control_names_its_code_and_a_test() -> None:
    assert [row[0] for row in CONTROLS] == [str(n) for n in range(1, len(CONTROLS) + 1)]
    assert [row[0] for row in CONTROLS if "`" not in row[2] or "::test_" not in row[3]] == []


def test_the_files_of_the_controls_are_there() -> None:
    paths = {path for row in CONTROLS for path in re.findall(r"`([\w/]+\.py)`", row[2]) if "/" in path}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_attackers_meet_controls_that_are_there() -> None:
    numbers = {int(n) for row in table(THREATS, "who", "wants", "has", "meets controls") for n in re.findall(r"\d+", row[3])}
    assert numbers <= {int(row[0]) for row in CONTROLS}


def test_at_least_fifteen_controls_were_taken_out_and_missed() -> None:
    assert len([row for row in CONTROLS if row[4] == "seen"]) >= 15


def test_what_the_standard_asks_for_is_met_or_said_not_to_be() -> None:
    rows = table(page("docs/asvs.md"), "requirement", "applies", "state", "where, or why not", "test")
    assert [row[0] for row in rows if row[1] == "yes" and row[2].strip("*") not in {"met", "partly", "not met"}] == []
    assert [row[0] for row in rows if row[1] != "yes" and (row[1] != "no" or row[2] or not row[3])] == []
