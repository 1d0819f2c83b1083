"""A link in a page leads somewhere, and a path in one is a file."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.docs.markdown import PAGES, anchors, page, without_code


@pytest.mark.parametrize("name", PAGES, ids=str)
def test_every_link_resolves(name: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page(name))):
        path, _, fragment = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        file = (ROOT / name).parent / path if path else ROOT / name
        if not file.exists() or (fragment and fragment not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("name", PAGES, ids=str)
def test_the_pages_reach_one_another(name: Path) -> None:
    """Every page is linked from another one, the two READMEs at the root and the pages of folders aside."""
    if name.name.startswith(("README", "CHANGELOG")):
        return
    linking = [other for other in PAGES if other != name and re.search(rf"\]\(([^)\s]*/)?{re.escape(name.name)}(#[^)]*)?\)", page(other))]
    assert linking, f"nothing links to {name}"
