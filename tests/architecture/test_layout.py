"""Know one package, know all: tests mirror the code, packages say that they are typed, and nothing of ours is faked."""

import ast
import re

from tests.architecture.source import PACKAGES, ROOT, files, listed, sources

OF_THEIR_OWN = {"architecture", "contracts", "docs", "faults", "journeys"}
"""Folders of tests that are about no single package."""


def test_tests_mirror_the_packages() -> None:
    folders = {path.parent for path in files() if path.parts[0] == "tests" and path.suffix == ".py"} - {ROOT.joinpath("tests")}
    inner = {folder.relative_to("tests") for folder in folders if folder.parts[1:] and folder.parts[1] not in OF_THEIR_OWN}
    assert [str(folder) for folder in inner if not (ROOT / folder).is_dir()] == []


def test_every_folder_of_code_is_a_package() -> None:
    """Two tests of the same name in folders without `__init__.py` would shadow each other."""
    folders = {path.parent for path in files() if path.suffix == ".py" and path.parts[0] in {*PACKAGES, "tests", "benchmarks"}}
    folders = {folder for folder in folders if folder.name != "versions"}  # Alembic reads its revisions as files
    assert [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


def test_every_package_says_that_it_is_typed() -> None:
    assert [name for name in PACKAGES if not (ROOT / name / "py.typed").exists()] == []


def _shrinks_a_limit(call: ast.Call) -> bool:
    """Whether a constant is changed, so that a limit is met sooner, or a stream of the interpreter's; neither replaces behaviour."""
    target = call.args[1] if len(call.args) > 2 else call.args[0]
    return isinstance(target, ast.Constant) and bool(re.fullmatch(r"_?[A-Z][A-Z0-9_]*|sys\.std\w+", str(target.value)))


def test_nothing_of_ours_is_faked_in_a_test() -> None:
    """Fakes are product: the manual clock, the local bus, the dry-run channel, the twin. What is patched is not tested."""
    violations = []
    for source in sources():
        if not source.within("tests"):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and "mock" in ast.unparse(node).split():
                violations.append(source.at(node.lineno, "imports a mock"))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("monkeypatch.setattr") and not _shrinks_a_limit(node):
                violations.append(source.at(node.lineno, f"`{ast.unparse(node)[:80]}` patches code"))
    assert not violations, listed(violations)


def test_a_test_is_named_by_its_rule() -> None:
    """At least three words: `test_decide_1` says nothing when it fails."""
    violations = [
        source.at(node.lineno, f"`{node.name}` does not say what holds")
        for source in sources()
        if source.within("tests")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and len(node.name.split("_")) < 4
    ]
    assert not violations, listed(violations)
