"""One word, one meaning: names of the domain packages keep to the glossary, and plumbing knows no noun of the trade."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import ROOT, Source, files, listed, product

BANNED_ANYWHERE = {
    "user": "shopper, or operator in the console",
    "users": "shoppers, or operators in the console",
    "customer": "shopper",
    "customers": "shoppers",
    "store": "venue for a shop; tables and queries for code that saves",
    "stores": "venues; tables and queries",
    "notification": "push",
    "notifications": "pushes",
    "pos": "till",
    "data": "what it holds",
    "info": "what it tells",
    "item": "what it is one of",
    "items": "what they are",
    "object": "what it is",
    "objects": "what they are",
    "manager": "what it does",
    "helper": "what it does",
    "helpers": "what they do",
    "util": "what it does",
    "utils": "what they do",
    "common": "what is in it",
}
"""A word that may be no part of a name, and what to say instead."""

BANNED_ALONE = {
    "location": "fix, zone or placement",
    "event": "zone event",
    "position": "fix, zone or placement",
    "message": "push, where it goes to a phone; else what it says",
    "session": "visit",
}
"""A word that may be no whole name of a class, function, field or module, and what to say instead."""

ALLOWED = {
    ("groundwork.adverts", "data"): "the Bluetooth specification calls the payload of an advert AD data",
    ("groundwork.adverts", "MANUFACTURER_DATA"): "the name of an AD type in the Bluetooth specification",
    ("groundwork.adverts", "SERVICE_DATA_16"): "the name of an AD type in the Bluetooth specification",
    ("aislecast", "data"): "what the folder of a deployment is called on the command line: --data",
    ("aislecast", "_DATA"): "what the folder of a deployment is called on the command line: --data",
    ("aislecast", "add_data"): "what the folder of a deployment is called on the command line: --data",
    ("beacon_gateway", "data"): "as in groundwork.adverts",
    ("beacon_gateway", "position"): "of a source that reads a file: how far it has read",
    ("aislecast", "session"): "one run of a recording, as the recordings' own files call it",
    ("groundwork.people", "STORE_MANAGER"): "a role, by the name the glossary has for it",
    ("geofence", "_from_objects"): "JSON's own word",
}
"""(package, name): why it may be called so there all the same."""

TRADE = (
    "venue", "zone", "aisle", "shopper", "beacon", "sighting", "advert", "ranging", "campaign", "coupon", "dwell", "visit", "holdout",
    "redemption", "purchase", "geofence", "notifier", "floorplan", "gateway", "till", "redeem",
)  # fmt: skip
"""Nouns of the trade, and their kin."""

NOT_THE_TRADE = (
    r"time[ _-]?zones?",  # of a clock
    r"zoneinfo",
)
"""Where the letters of such a noun mean something else."""


def _defined(source: Source) -> Iterator[tuple[int, str, bool]]:
    """Line and name of everything that `source` gives a name to, and whether others see it by that name alone.

    Variables and parameters are close to what they are, and a field such as `event: ZoneEvent` has its type beside it.
    """
    for node in ast.walk(source.tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name, True
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind):
                yield node.lineno, name, name not in ast.unparse(kind).lower()
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name, True
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name, False


def _words(name: str) -> list[str]:
    """`ZoneEventRow` and `zone_event_row` are both zone, event, row."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def _fault(module: str, name: str, outward: bool) -> str:
    """What is wrong with `name`, and what to say instead; empty when nothing is."""
    if any(name == allowed and f"{module}.".startswith(f"{package}.") for package, allowed in ALLOWED):
        return ""
    words = _words(name)
    instead = next((BANNED_ANYWHERE[word] for word in words if word in BANNED_ANYWHERE), "")
    if not instead and outward and len(words) == 1 and not name.startswith("_"):
        instead = BANNED_ALONE.get(words[0], "")
    return f"`{name}`: say {instead}" if instead else ""


def test_names_in_the_domain_packages_keep_to_the_glossary() -> None:
    violations = []
    for source in product():
        if source.within("groundwork.plumbing"):
            continue
        module_name = source.path.parent.name if source.path.stem == "__init__" else source.path.stem
        found = [(1, module_name, True), *_defined(source)]
        faults = {(line, fault) for line, name, outward in found if (fault := _fault(source.module, name, outward))}
        violations += [source.at(line, fault) for line, fault in sorted(faults)]
    assert not violations, listed(violations)


def test_every_exception_to_the_words_is_still_needed() -> None:
    defined = [(source, name) for source in product() for _, name, _ in _defined(source)]
    idle = [key for key in ALLOWED if not any(name == key[1] and source.within(key[0]) for source, name in defined)]
    assert idle == []


def test_plumbing_has_no_noun_of_the_trade_in_code_docstring_or_comment() -> None:
    noun = re.compile(rf"(?<![a-z])({'|'.join(TRADE)})(s|es)?(?![a-z])", re.IGNORECASE)
    violations = []
    for source in product():
        if not source.within("groundwork.plumbing"):
            continue
        for number, line in enumerate(source.text.splitlines(), 1):
            spoken = re.sub("|".join(NOT_THE_TRADE), "", re.sub(r"([a-z])([A-Z])", r"\1 \2", line), flags=re.IGNORECASE)
            violations += [source.at(number, f"`{found[0]}` is a noun of the trade") for found in noun.finditer(spoken)]
    assert not violations, listed(violations)


def test_no_file_or_folder_is_a_junk_drawer() -> None:
    drawers = {"common", "core", "util", "utils", "helper", "helpers", "misc", "base", "shared", "lib"}
    found = [str(path) for path in files() if drawers & {*path.parts, path.stem}]
    assert found == []


def test_only_the_folders_of_the_guide_stand_at_the_top() -> None:
    table = (ROOT / "docs/guide.md").read_text(encoding="utf-8").split("### The top level")[1].split("### ")[0]
    named = {name.split("/")[0] for name in re.findall(r"`([a-z_/]+)/`", table)}
    top = {path.parts[0] for path in files() if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    assert top <= named
