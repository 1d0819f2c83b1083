"""The hand-written pages name what is there: tables, metrics, subjects, commands."""

import re

from prometheus_client.parser import text_string_to_metric_families

from groundwork.contracts import subjects
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.telemetry import Meters
from tests.architecture.source import ROOT, files, product
from tests.architecture.test_tables import PACKAGE_OF
from tests.docs.generated import described
from tests.docs.markdown import PAGES, page, table

SERVICES = ("beacon_gateway", "geofence", "notifier")


def _ticked(cells: list[str]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_privacy_says_of_every_table_what_it_holds() -> None:
    rows = table(page("docs/privacy.md"), "table", "about people", "goes away")
    assert _ticked([row[0] for row in rows]) == set(PACKAGE_OF)


def test_operations_explains_every_metric() -> None:
    hops = Hops()
    hops.hop("decode", "adverts").refuse("stranger", 0)
    meters = Meters(hops)
    meters.request("GET", "/livez", 200, 0.001)
    shown = {family.name for family in text_string_to_metric_families(meters.exposition().decode())}
    explained = _ticked([row[0] for row in table(page("docs/operations.md"), "metric", "what it counts")])
    assert {name for name in shown if not name.endswith("_created")} == explained


def test_flow_names_every_stream_and_topic() -> None:
    rows = table(page("docs/flow.md"), "name", "carries", "who writes", "who reads")
    assert _ticked([row[0] for row in rows]) == {*subjects.STREAMS, *subjects.TOPICS}


def test_flow_points_at_code_that_is_there() -> None:
    """A cell `path.py: name` names a function, class or method that the file defines."""
    rows = table(page("docs/flow.md"), "hop", "code", "takes", "gives", "counted as")
    missing = []
    for path, name in re.findall(r"`([\w/]+\.py): ([\w.]+)`", "\n".join(row[1] for row in rows)):
        file = ROOT / path
        last = name.split(".")[-1]
        if not file.exists() or not re.search(rf"\b(def|class) {last}\b|^{last}\b", file.read_text(encoding="utf-8"), re.MULTILINE):
            missing.append(f"{path}: {name}")
    assert missing == []


def test_a_file_that_a_page_names_is_there() -> None:
    """A path with a folder in it; a page may leave out the folders before it."""
    known = {f"/{path.as_posix()}" for path in files()}
    named = {(name, path) for name in PAGES for path in re.findall(r"`((?:[\w-]+/)+[\w-]+\.(?:py|md|toml|txt))\b", page(name))}
    assert len(named) > 100
    assert [one for one in sorted(named) if not any(path.endswith(f"/{one[1]}") for path in known)] == []


def test_the_makefile_has_every_target_the_pages_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        name
        for path in ("README.md", "README.ar.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/guide.md", "docs/settings.md")
        for name in re.findall(r"`make ([a-z-]+)", page(path))
    }
    assert named - targets == set()


def test_adding_lists_what_the_lists_hold() -> None:
    from beacon_gateway.sources import SOURCES
    from floorplans.formats import READERS
    from geofence.feeds import FEEDS
    from geofence.locate import LOCATORS
    from groundwork.adverts.formats import FORMATS
    from notifier.channels import CHANNELS
    from notifier.rules import RULES

    rows = table(page("docs/adding.md"), "list", "in", "holds")
    rules = [str(rule.__struct_config__.tag) for rule in RULES]
    formats = [form.name for form in FORMATS]
    assert [re.findall(r"`(\w+)`", row[2]) for row in rows] == [formats, [*SOURCES], [*FEEDS], [*LOCATORS], rules, [*CHANNELS], [*READERS]]


def test_flow_counts_what_the_code_counts() -> None:
    counted = _ticked([row[4] for row in table(page("docs/flow.md"), "hop", "code", "takes", "gives", "counted as")])
    code = "\n".join(source.text for source in product() if source.within(*SERVICES))
    assert set(re.findall(r'\.hop\("([\w.]+)", "', code)) <= counted
    assert {name for name in counted if f'"{name}"' not in code} == set()


def test_every_path_of_the_api_that_a_page_names_is_served() -> None:
    served = {re.sub(r"\{\w+\}", "{}", path) for path in described()["paths"]}
    named = {path for name in PAGES for path in re.findall(r"/v1/[\w{}/-]+", page(name))}
    assert {path for path in named if re.sub(r"\{\w+\}", "{}", path).rstrip("/") not in served} == set()


def test_every_option_that_a_page_names_is_taken() -> None:
    known = "\n".join(source.text for source in product())
    named = {
        option for name in PAGES for option in re.findall(r"`(?:aislecast[ \w-]*? |beacon-gateway[ \w-]*? )?(--[a-z][a-z-]+)", page(name))
    }
    assert {option for option in named if f'"{option}"' not in known} == set()
