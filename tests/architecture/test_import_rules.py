"""The import rules of docs/guide.md hold, and each is proven by a copy of the tree with an import that breaks it."""

import itertools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source import PACKAGES, ROOT, product

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS: dict[str, dict[str, Any]] = {each["id"]: each for each in PROJECT["tool"]["importlinter"]["contracts"]}

BROKEN_BY = [
    ("layers", "floorplans/odd.py", "import geofence"),
    ("layers", "groundwork/people/odd.py", "import floorplans"),
    ("layers", "groundwork/catalogue/odd.py", "import groundwork.people"),
    ("layers", "geofence/odd.py", "import notifier"),
    ("layers", "notifier/odd.py", "import aislecast"),
    ("layers", "groundwork/plumbing/odd.py", "import groundwork.adverts"),
    ("layers", "groundwork/contracts/odd.py", "import groundwork.plumbing.clock"),
    ("twin", "aislecast/twin/odd.py", "import notifier"),
    ("twin", "aislecast/twin/odd.py", "import aislecast.other"),
    ("gateway", "beacon_gateway/odd.py", "import groundwork.people"),
    ("gateway", "beacon_gateway/odd.py", "import groundwork.plumbing.db"),
    ("gateway", "beacon_gateway/odd.py", "import numpy"),
    ("contracts", "groundwork/contracts/odd.py", "import numpy"),
    ("plumbing", "groundwork/plumbing/odd.py", "import groundwork.contracts.ids"),
    ("pure", "groundwork/adverts/odd.py", "import socket"),
    ("pure", "floorplans/model.py", "import pathlib"),
    ("pure", "notifier/decide.py", "import groundwork.plumbing.clock"),
    ("pure", "geofence/zones/presence.py", "import geofence.other  # which reads the clock"),
    ("door-radio", "beacon_gateway/odd.py", "import bleak"),
    ("door-radio", "aislecast/odd.py", "from bleak import BleakScanner"),
    ("door-nats", "groundwork/plumbing/odd.py", "import nats"),
    ("door-mqtt", "geofence/odd.py", "import aiomqtt"),
    ("door-fcm", "notifier/channels/odd.py", "import firebase_admin"),
    ("door-jose", "groundwork/people/odd.py", "from joserfc import jwt"),
    ("sql", "geofence/odd.py", "from sqlalchemy import select"),
    ("sql", "notifier/odd.py", "import sqlalchemy.orm"),
    ("adverts-formats", "groundwork/adverts/formats/odd.py", "import groundwork.adverts.formats.other"),
    ("gateway-sources", "beacon_gateway/sources/odd.py", "import beacon_gateway.sources.other"),
    ("geofence-feeds", "geofence/feeds/odd.py", "import geofence.feeds.other"),
    ("geofence-locate", "geofence/locate/odd.py", "import geofence.locate.other"),
    ("notifier-rules", "notifier/rules/odd.py", "import notifier.rules.other"),
    ("notifier-channels", "notifier/channels/odd.py", "import notifier.channels.other"),
    ("notifier-packs", "notifier/packs/odd.py", "import notifier.packs.other"),
    ("floorplans-formats", "floorplans/formats/odd.py", "import floorplans.formats.other"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the installed packages; each test may add to it and puts it back."""
    root = tmp_path_factory.mktemp("tree")
    (root / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for source in product():
        _write(root / source.path, source.text)
    return root


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


_LINTS_AT_EVERY_LINE = """
import sys
from importlinter.cli import lint_imports
for _ in sys.stdin:
    lint_imports(cache_dir="cache", no_logo=True)
    print("DONE", flush=True)
"""


class Linter:
    """import-linter in a process of its own, in whose folder our packages are the tree's; started once, because starting is most of it."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LINTS_AT_EVERY_LINE],
            cwd=root,
            env={"COLUMNS": "200", "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def lint(self) -> tuple[set[str], str]:
        """The ids of the contracts that the tree breaks, and what was printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        printed = "".join(itertools.takewhile(lambda line: line != "DONE\n", self._process.stdout))
        assert "Contracts:" in printed, printed
        return {each["id"] for each in CONTRACTS.values() if f"{each['name']} BROKEN" in printed}, printed

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture(scope="module")
def linter(tree: Path) -> Iterator[Linter]:
    linter = Linter(tree)
    yield linter
    linter.close()


class _Changed:
    """Files of the tree that are other than they were, until the end of the `with` block."""

    def __init__(self, root: Path, texts: dict[str, str]) -> None:
        self._texts = {root / name: text for name, text in texts.items()}
        self._before: dict[Path, str | None] = {}

    def __enter__(self) -> None:
        for path, text in self._texts.items():
            self._before[path] = path.read_text(encoding="utf-8") if path.exists() else None
            _write(path, text + "\n" + (self._before[path] or ""))

    def __exit__(self, *_: object) -> None:
        for path, text in self._before.items():
            if text is None:
                path.unlink()
            else:
                _write(path, text)


def test_the_real_tree_keeps_every_rule(linter: Linter) -> None:
    broken, printed = linter.lint()
    assert not broken, printed


@pytest.mark.parametrize(("rule", "path", "line"), BROKEN_BY, ids=lambda value: str(value).split("  #")[0])
def test_an_import_that_a_rule_bans_breaks_that_rule_and_no_other(tree: Path, linter: Linter, rule: str, path: str, line: str) -> None:
    folder = Path(path).parent
    others = {str(folder / "other.py"): "", "aislecast/other.py": "", "geofence/other.py": "import time"}
    packages = {str(folder / "__init__.py"): "", path: line}
    with _Changed(tree, others | packages):
        broken, printed = linter.lint()
    assert broken == {rule}, printed


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("beacon_gateway/sources/odd.py", "import bleak"),
        ("groundwork/plumbing/bus_nats.py", "import nats"),
        ("notifier/channels/fcm.py", "import firebase_admin"),
        ("geofence/queries/zone_events.py", "from sqlalchemy import select"),
    ],
)
def test_a_library_may_come_in_by_its_own_door(tree: Path, linter: Linter, path: str, line: str) -> None:
    with _Changed(tree, {path: line}):
        broken, printed = linter.lint()
    assert not broken, printed


def test_every_rule_is_broken_by_some_test() -> None:
    assert {rule for rule, _, _ in BROKEN_BY} == set(CONTRACTS)


def _deciding() -> set[str]:
    """The modules that rule 4 covers, as its expressions find them."""
    patterns = [re.compile(each.replace(".", r"\.").replace("*", r"[^.]+") + r"(\..+)?") for each in CONTRACTS["pure"]["source_modules"]]
    return {source.module for source in product() if any(pattern.fullmatch(source.module) for pattern in patterns)}


def test_each_deciding_module_is_held_to_rule_4(tree: Path, linter: Linter) -> None:
    deciding = _deciding()
    by_module = {source.module: str(source.path) for source in product()}
    with _Changed(tree, {by_module[module]: "import socket" for module in deciding}):
        _, printed = linter.lint()
    assert {module for module in deciding if f"{module} -> socket" not in re.sub(r"\s+", " ", printed)} == set()


def test_what_the_guide_calls_deciding_code_is_what_rule_4_covers() -> None:
    rule = re.search(r"^4\. Deciding code.*?(?=^5\. )", (ROOT / "docs/guide.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert rule is not None
    named = re.findall(r"`([a-z_./]+)`", rule[0].split(" import neither ")[0])
    in_guide = {part.split(".")[-1] for name in named for part in name.split("/")}
    in_rule = {name.split(".")[-1] for name in CONTRACTS["pure"]["source_modules"]}
    assert in_guide == in_rule


def _libraries(*lists: list[str]) -> set[str]:
    """The top-level modules that these requirements install."""
    wanted = {re.split(r"[^A-Za-z0-9_.-]", name, maxsplit=1)[0].lower().replace("_", "-") for names in lists for name in names}
    return {
        module
        for module, distributions in packages_distributions().items()
        if not module.startswith("_") and any(each.lower().replace("_", "-") in wanted for each in distributions)
    }


def test_every_library_but_msgspec_is_banned_from_contracts() -> None:
    libraries = _libraries(PROJECT["project"]["dependencies"], PROJECT["project"]["optional-dependencies"]["server"])
    assert libraries - {"msgspec", "tzdata"} <= set(CONTRACTS["contracts"]["forbidden_modules"])


def test_every_library_of_the_server_is_banned_from_the_gateway() -> None:
    base = _libraries(PROJECT["project"]["dependencies"])
    server = _libraries(PROJECT["project"]["optional-dependencies"]["server"])
    assert server - base - {"tzdata"} <= set(CONTRACTS["gateway"]["forbidden_modules"])


def test_every_package_is_under_the_rules() -> None:
    assert tuple(PROJECT["tool"]["importlinter"]["root_packages"]) == PACKAGES
    assert tuple(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES
