"""The project's own files, as the tests of its architecture see them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("aislecast", "beacon_gateway", "floorplans", "geofence", "groundwork", "notifier")
_NOT_OURS = {".git", ".venv", "__pycache__", "node_modules", "build", "dist", "var"}


@dataclass(frozen=True)
class Source:
    """One Python file of ours; `path` is relative to the project's root."""

    path: Path

    @cached_property
    def text(self) -> str:
        return (ROOT / self.path).read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @property
    def module(self) -> str:
        """The dotted name; a package's `__init__` bears the package's."""
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    def within(self, *packages: str) -> bool:
        """Whether this file is one of `packages` (dotted names) or lies below one."""
        return any(self.module == each or self.module.startswith(f"{each}.") for each in packages)

    def at(self, line: int, what: str) -> str:
        """How a violation is reported: where an editor can jump to, and what is wrong there."""
        return f"{self.path}:{line}: {what}"


@cache
def files() -> tuple[Path, ...]:
    """Every file that belongs to the project, relative to its root: neither environment nor caches nor what a run left."""
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NOT_OURS or re.search(r"_cache$|\.egg-info$|^\.hypothesis$", path.name):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path.relative_to(ROOT)


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project, tests and benchmarks among them."""
    return tuple(Source(path) for path in files() if path.suffix == ".py")


def product() -> tuple[Source, ...]:
    """The Python files that are installed."""
    return tuple(source for source in sources() if source.path.parts[0] in PACKAGES)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain on a name; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            head = dotted(value)
            return f"{head}.{name}" if head else ""
    return ""


def imported_names(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: `{"np": "numpy", "now": "time.time"}`, wherever in the file it is imported."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.asname or each.name.split(".")[0]: each.name if each.asname else each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return names


def listed(violations: list[str]) -> str:
    """The violations as a counted list, for the message of a failing test."""
    return "\n".join([f"{len(violations)} found:", *violations])
