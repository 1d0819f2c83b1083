"""The parts of the docs that are made of the code: settings, routes, reasons, rules of the import linter. `make docs` writes them.

A page is written by hand around blocks `<!-- made: NAME -->` ... `<!-- end -->`; only what stands between is made. A test holds that
every block is fresh.
"""

import ast
import asyncio
import json
import re
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from groundwork.plumbing import problems
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.counts import plain
from groundwork.plumbing.db import open_database
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.reasons import Reason
from groundwork.plumbing.settings import describe
from tests.architecture.source import ROOT, product
from tests.architecture.test_languages import codes

Json = dict[str, Any]

PAGES = ("docs/guide.md", "docs/settings.md", "docs/reasons.md", "docs/api.md", "docs/privacy.md")
OPENAPI = "openapi.json"
_BLOCK = re.compile(r"(?<=<!-- made: )(?P<name>[\w. ]+)(?P<open> -->\n)(?P<body>.*?)(?=<!-- end -->)", re.DOTALL)


def sections() -> dict[str, type[msgspec.Struct]]:
    """The sections of the settings, those of the server and the gateway's."""
    from aislecast.configuration import SECTIONS
    from beacon_gateway.settings import GatewaySettings

    return {**SECTIONS, "gateway": GatewaySettings}


def settings_table(section: str) -> str:
    """Every setting of `section`."""
    rows = [
        (f"`{each.name}`", f"`{each.variable}`", f"`{each.default}`", each.expected, each.text)
        for each in describe(sections()[section], section)
    ]  # fmt: skip
    return written(("setting", "environment", "default", "expected", "meaning"), rows)


def variables_table() -> str:
    """The variables that stand behind options of the command line, with the comment under each."""
    source = next(source for source in product() if source.module == "aislecast.settings")
    rows = []
    for name, after in zip(source.tree.body, source.tree.body[1:], strict=False):
        if isinstance(name, ast.Assign) and isinstance(after, ast.Expr) and str(value := _constant(name.value)).startswith("AISLECAST_"):
            rows.append((f"`{value}`", str(_constant(after.value))))
    return written(("variable", "meaning"), rows)


def _constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else ""


@cache
def described() -> Json:
    """The API as the all-in-one process describes itself at /openapi.json."""
    return asyncio.run(_asked())


async def _asked() -> Json:
    from aislecast.configuration import Configuration
    from aislecast.deployment import Extras, Keys, deploy, parts_of

    with tempfile.TemporaryDirectory() as folder:
        database = await open_database(f"sqlite:///{folder}/empty.db")
        clock = ManualClock(0)
        deployment = deploy(
            parts_of(database, clock, SeededIds(clock, 1), "docs"), Configuration(), Keys(bytes(32), bytes(32)), Extras(metrics=True)
        )
        async with TestServer(deployment.app) as server, ClientSession() as client, client.get(server.make_url("/openapi.json")) as got:
            answer: Json = await got.json()
        await deployment.bus.close()
        await database.close()
        return answer


def _operations() -> Iterator[tuple[str, Json]]:
    """Every operation as `METHOD /path`, in the order of the paths."""
    for path, operations in sorted(described()["paths"].items()):
        yield from ((f"{method.upper()} {path}", operation) for method, operation in operations.items())


def _codes(operation: Json) -> dict[str, str]:
    """The operation's refusals: status by code."""
    found: dict[str, str] = {}
    for status, response in operation["responses"].items():
        for schema in response.get("content", {}).get(problems.MEDIA, {}).get("schema", {}).get("allOf", [])[1:]:
            found |= dict.fromkeys(schema["properties"]["code"]["enum"], status)
    return found


def _shared() -> dict[str, Reason]:
    """The reasons of HTTP itself, by code."""
    return {each.code: each for each in vars(problems).values() if isinstance(each, Reason)}


def routes_table() -> str:
    """Every operation: who may, what it answers, what it does, and its own refusals."""
    rows = []
    for name, operation in _operations():
        who = operation.get("x-grant", "")
        who = f"`{who}`, signed" if {"signature": []} in operation["security"] else f"`{who}`" if who else "anybody"
        own = ", ".join(f"`{code}`" for code in _codes(operation) if code not in _shared())
        answers = next(status for status in operation["responses"] if status < "400")
        rows.append((f"`{name}`", who, answers, operation["summary"], operation["x-description-ar"], own))
    return written(("operation", "who may", "answers", "what it does", "ما تفعله", "refusals of its own"), rows)


def shared_refusals_table() -> str:
    """What any operation may answer besides its own."""
    met = {code: status for _, operation in _operations() for code, status in _codes(operation).items() if code in _shared()}
    rows = [(f"`{code}`", met[code], _shared()[code].words.en, plain(_shared()[code].words.ar)) for code in sorted(met)]
    return written(("code", "status", "says", "العربية"), rows)


def reasons_table() -> str:
    """Every reason of the product by code, with both sentences and where it stands."""
    rows = [
        (f"`{code}`", en, plain(ar), f"`{source.path}`")
        for source in product()
        for _, code, en, ar in codes(source)
        if en or ar
    ]  # fmt: skip
    return written(("code", "English", "العربية", "where"), sorted(rows))


def files_block() -> str:
    """The modules of every package, as a map: one paragraph a package, its folders as `name/ (files)`."""
    packages: dict[str, list[str]] = {}
    for source in product():
        if source.path.stem != "__init__" and "versions" not in source.path.parts:
            packages.setdefault(str(source.path.parent), []).append(source.path.stem)
    lines = []
    for folder, names in sorted(packages.items()):
        text = textwrap.wrap("  ".join(names), 118, break_long_words=False)
        lines += [f"    {'' if at else folder + '/':34}{part}" for at, part in enumerate(text)]
    return "\n" + "\n".join(lines) + "\n\n"


def retention_table() -> str:
    """Every kind of row that tells of shoppers, or that has a period: how long it is kept by default, and what erasure does with it."""
    from aislecast.holdings import HOLDINGS
    from groundwork.people.holding import FATES
    from groundwork.people.settings import Retention

    told = [holding for holding in HOLDINGS if holding.fate != "nothing" or holding.days]
    rows = [(f"`{each.table}`", each.kept(Retention()).en, _code(each.days), _code(each.consent), FATES[each.fate].en) for each in told]
    return written(("rows", "kept", "setting", "held by consent to", "erasure"), sorted(rows))


def _code(name: str) -> str:
    return f"`{name}`" if name else ""


MADE: dict[str, Callable[[], str]] = {
    "files": files_block,
    "retention": retention_table,
    "variables": variables_table,
    "routes": routes_table,
    "shared refusals": shared_refusals_table,
    "reasons": reasons_table,
}
"""What a block can be made of; a block `settings SECTION` is a table of that section."""


def made(name: str) -> str:
    """The content of the block `name`; raises KeyError naming what is known."""
    kind, _, section = name.partition(" ")
    if kind == "settings":
        return settings_table(section)
    if name not in MADE:
        raise KeyError(f"unknown block {name!r}; known: settings SECTION, {', '.join(MADE)}")
    return MADE[name]()


def fresh(page: str) -> str:
    """The page with every block made anew."""
    return _BLOCK.sub(lambda found: f"{found['name']}{found['open']}{made(found['name'])}", page)


def openapi() -> str:
    """The description of the API as it is kept in the repository."""
    return json.dumps(described(), ensure_ascii=False, indent=1) + "\n"


def written(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; what a cell holds is kept on one line and inside its borders."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|").strip()


def main() -> None:
    for name in PAGES:
        path = ROOT / name
        path.write_text(fresh(path.read_text(encoding="utf-8")), encoding="utf-8")
    (ROOT / OPENAPI).write_text(openapi(), encoding="utf-8")


if __name__ == "__main__":
    main()
