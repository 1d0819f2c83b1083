"""`aislecast audit verify|export`: follows the audit chains and finds a row that was edited, moved or removed; takes a chain away whole.

An export verifies by itself, on any machine, with `--file`. Who can write to the database can cut a chain's newest rows off; an end that
was printed here and kept elsewhere tells, with `--end`.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from aislecast.arguments import Parser
from aislecast.commands.options import NO_TENANT, add_data, add_database, add_json, add_tenant, end_of, existing_database_url, kept_end
from aislecast.exits import BAD_INPUT, FAILED, OK, Stop
from aislecast.words import NOT_THERE, Voice
from groundwork.contracts.ids import TenantId
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from groundwork.plumbing.audit import Audited
    from groundwork.plumbing.db import Connection

SUMMARY = Words("verify or export the record of what operators did", "تحقق من سجل أفعال المشغّلين أو صدّره")
_VERIFY = Words("find any row that was edited, moved or removed", "ابحث عن أي سطر عُدّل أو نُقل أو حُذف")
_EXPORT = Words("write a tenant's chain as JSON lines to standard output", "اكتب سلسلة المستأجر أسطر JSON إلى المخرج القياسي")
_FILE = Words("verify an export instead of the database", "تحقق من ملف مُصدَّر بدلًا من قاعدة البيانات")
_FORM = "ROWS:HASH"
_END = Words(
    "an end this command printed before, which must still be in the tenant's chain",
    "نهاية طبعها هذا الأمر من قبل، ويجب أن تبقى في سلسلة المستأجر",
)
_HOLDS = Words("{tenant}: ok, {rows} rows, end {end}", "{tenant}: سليم، عدد الأسطر {rows}، النهاية {end}")
_BROKEN = Words("{tenant}: row {fault} is missing or not as it was written.", "{tenant}: السطر {fault} مفقود أو ليس كما كُتب.")
_CUT = Words("{tenant}: the end {kept} is no longer in the chain.", "{tenant}: لم تعد النهاية {kept} في السلسلة.")
_BAD_LINE = Words("Line {line} of {path} is no row of an export.", "السطر {line} في {path} ليس سطرًا من ملف مُصدَّر.")


class _Chain(NamedTuple):
    """What became of one tenant's chain."""

    rows: int
    end: bytes
    fault: int | None
    cut: bool


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    for name, action in parser.commands("action", {"verify": _VERIFY, "export": _EXPORT}).items():
        add_tenant(action)
        if name == "verify":
            action.argument("--file", _FILE, metavar="FILE", type=Path)
            action.argument("--end", _END, metavar=_FORM)
            add_json(action)
        add_data(action)
        add_database(action)


def run(args: argparse.Namespace, voice: Voice) -> int:
    if args.action == "verify" and args.file is not None:
        return _said(_of_file(args.file, kept_end(args, _FORM)), args, voice)
    url = existing_database_url(args)
    if args.action == "export":
        asyncio.run(_export(url, args.tenant, sys.stdout.buffer))
        return OK
    return _said(asyncio.run(_of_database(url, args.tenant, kept_end(args, _FORM))), args, voice)


def _said(chains: dict[str, _Chain], args: argparse.Namespace, voice: Voice) -> int:
    ends = {tenant: end_of(one.rows, one.end) for tenant, one in chains.items()}
    if args.json:
        print(json.dumps({tenant: {"ok": _whole(one), "end": ends[tenant], "fault": one.fault} for tenant, one in chains.items()}))
    else:
        for tenant, one in chains.items():
            words = _BROKEN if one.fault is not None else _CUT if one.cut else _HOLDS
            print(voice.line(voice.say(words, tenant=tenant, rows=one.rows, end=ends[tenant], fault=one.fault, kept=args.end)))
    return OK if all(_whole(one) for one in chains.values()) else FAILED


def _whole(chain: _Chain) -> bool:
    return chain.fault is None and not chain.cut


def _checked(tenant: str, rows: "Sequence[Audited]", kept: tuple[int, bytes] | None) -> _Chain:
    from groundwork.plumbing.audit import FIRST, verify_rows

    fault = verify_rows(tenant, rows)
    ends = {row.number: row.hash for row in rows} | {0: FIRST}
    cut = kept is not None and ends.get(kept[0]) != kept[1]
    return _Chain(len(rows), rows[-1].hash if rows else FIRST, fault.number if fault else None, cut)


async def _of_database(url: str, tenant: str | None, kept: tuple[int, bytes] | None) -> dict[str, _Chain]:
    from groundwork.plumbing.db import open_database
    from groundwork.plumbing.queries import audits

    db = await open_database(url)
    try:
        chains = {}
        for each in await db.read(lambda conn: _tenants(conn, tenant)):
            rows = await db.read(lambda conn, each=each: list(audits(conn, each)))  # type: ignore[misc] # bound
            chains[each] = _checked(each, rows, kept)
        return chains
    finally:
        await db.close()


async def _export(url: str, tenant: str | None, out: BinaryIO) -> None:
    from groundwork.people.http.audit import line_of
    from groundwork.plumbing.db import open_database
    from groundwork.plumbing.queries import audits

    def work(conn: "Connection") -> None:
        for each in _tenants(conn, tenant):
            out.writelines(line_of(TenantId(each), row) for row in audits(conn, each))

    db = await open_database(url)
    try:
        await db.read(work)
        out.flush()
    finally:
        await db.close()


def _tenants(conn: "Connection", asked: str | None) -> list[str]:
    """All tenants, or the one asked for. Raises Stop for an unknown one."""
    from groundwork.people import queries

    known: list[str] = [one.id for one in queries.tenants(conn)]
    if asked is not None and asked not in known:
        raise Stop(NO_TENANT, BAD_INPUT, tenant=asked, known=", ".join(known) or "-")
    return known if asked is None else [asked]


def _of_file(path: Path, kept: tuple[int, bytes] | None) -> dict[str, _Chain]:
    if not path.is_file():
        raise Stop(NOT_THERE, BAD_INPUT, path=path)
    rows: dict[str, list[Audited]] = {}
    for tenant, row in _lines(path):
        rows.setdefault(tenant, []).append(row)
    return {tenant: _checked(tenant, chain, kept) for tenant, chain in rows.items()}


def _lines(path: Path) -> "Iterator[tuple[str, Audited]]":
    import msgspec

    from groundwork.contracts.audit import AuditEntry
    from groundwork.plumbing.audit import Audited

    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                entry = msgspec.json.decode(line, type=AuditEntry)
                ends = bytes.fromhex(entry.previous), bytes.fromhex(entry.hash)
            except ValueError:
                raise Stop(_BAD_LINE, BAD_INPUT, line=number, path=path) from None
            texts = entry.actor, entry.action, entry.subject, entry.before.encode(), entry.after.encode()
            yield entry.tenant, Audited(entry.number, entry.at_ms, *texts, *ends)
