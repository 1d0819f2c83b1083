"""What is installed is what was tested: every library is pinned, by name and version and nothing else."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any

from tests.architecture.source import PACKAGES, ROOT, Source, listed, sources

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINES = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==([0-9][0-9a-z.+!]*)")


def _normalised(requirement: str) -> str:
    """The name in a requirement as packaging compares names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]).lower()


def test_a_pin_is_a_name_and_a_version_and_no_address() -> None:
    assert [line for line in LINES if not PIN.fullmatch(line)] == []


def test_pins_are_sorted_and_each_name_stands_once() -> None:
    names = [line.partition("==")[0] for line in LINES]
    assert names == sorted(set(names))


def test_everything_the_project_asks_for_is_pinned() -> None:
    extras = [name for names in PROJECT["project"]["optional-dependencies"].values() for name in names]
    asked = [*PROJECT["project"]["dependencies"], *extras, *PROJECT["build-system"]["requires"]]
    assert {_normalised(name) for name in asked} - {line.partition("==")[0] for line in LINES} == set()


def test_what_is_not_ours_to_ask_for_is_not_pinned() -> None:
    assert {"pip", "setuptools", "aislecast"} & {line.partition("==")[0] for line in LINES} == set()


def _imports(source: Source) -> set[str]:
    """Top-level modules that `source` imports and that neither Python nor the project brings along."""
    found = {each.name for node in ast.walk(source.tree) if isinstance(node, ast.Import) for each in node.names}
    found |= {node.module for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.split(".")[0] for name in found} - set(sys.stdlib_module_names) - {*PACKAGES, "tests", "benchmarks"}


def test_every_library_that_is_imported_is_asked_for() -> None:
    """What only another library brings along may be gone with its next release."""
    extras = PROJECT["project"]["optional-dependencies"]
    base = {_normalised(name) for name in PROJECT["project"]["dependencies"]}
    installed = base | {_normalised(name) for extra in ("server", "recovery") for name in extras[extra]}
    recovery = {_normalised(name) for name in extras["recovery"]}
    anywhere = installed | {_normalised(name) for name in extras["dev"]}
    distributions = packages_distributions()
    violations = [
        source.at(1, f"imports {module}, which pyproject.toml does not ask for here")
        for source in sources()
        for module in sorted(_imports(source))
        if not {_normalised(name) for name in distributions.get(module, [module])}
        & (base | recovery if source.within("beacon_gateway") else installed if source.path.parts[0] in PACKAGES else anywhere)
    ]
    assert not violations, listed(violations)
