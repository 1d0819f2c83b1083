"""`aislecast consent verify`: follows every tenant's consent chain and finds an entry that was edited, removed, put in or cut off.

Who can write to the database can cut the chain and the end that stands beside it; an end printed here and kept elsewhere tells, with
`--end`.
"""

import argparse
import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aislecast.arguments import Parser
from aislecast.commands.options import add_data, add_database, add_json, database_url
from aislecast.exits import BAD_INPUT, FAILED, OK, Stop
from aislecast.words import NOT_THERE, Voice
from groundwork.contracts.ids import TenantId
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from groundwork.people.queries import Checked

SUMMARY = Words("verify the record of consents", "تحقق من سجل الموافقات")
_VERIFY = Words("find any entry that was edited, removed, put in or cut off", "ابحث عن أي قيد عُدّل أو حُذف أو أُدخل أو قُطع من آخر السجل")
_TENANT = Words("one tenant alone (default: all)", "مستأجر واحد فقط (الافتراضي: الكل)")
_END = Words(
    "an end this command printed before, which must still be in the tenant's chain",
    "نهاية طبعها هذا الأمر من قبل، ويجب أن تبقى في سلسلة المستأجر",
)
_HOLDS = Words("{tenant}: ok, {entries} entries, end {end}", "{tenant}: سليم، عدد القيود {entries}، النهاية {end}")
_BROKEN = Words(
    "{tenant}: entry {fault} is not as it was written, or one was removed or put in there; {entries} entries before it hold.",
    "{tenant}: القيد {fault} ليس كما كُتب، أو حُذف قيد أو أُدخل في موضعه؛ القيود التي قبله وعددها {entries} سليمة.",
)
_NO_TENANT = Words("There is no tenant {tenant}; known are: {known}.", "لا يوجد مستأجر باسم {tenant}؛ المعروفون: {known}.")
_BAD_END = Words(
    "An end has the form `ENTRIES:HASH`, as this command prints it, and needs `--tenant`; got {got}.",
    "صيغة النهاية `ENTRIES:HASH` كما يطبعها هذا الأمر، وتحتاج إلى `--tenant`؛ والمعطى {got}.",
)


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    verify = parser.commands("action", {"verify": _VERIFY})["verify"]
    verify.argument("--tenant", _TENANT, metavar="ID")
    verify.argument("--end", _END, metavar="ENTRIES:HASH")
    add_data(verify)
    add_database(verify)
    add_json(verify)


def run(args: argparse.Namespace, voice: Voice) -> int:
    url, kept = database_url(args), _kept(args)
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists():  # opening would make it
        raise Stop(NOT_THERE, BAD_INPUT, path=path)
    checked = asyncio.run(_checked(url, args.tenant, kept))
    if args.json:
        said = {tenant: {"ok": one.fault is None, "end": _end(one), "fault": one.fault} for tenant, one in checked.items()}
        print(json.dumps(said))
    else:
        for tenant, one in checked.items():
            words = _HOLDS if one.fault is None else _BROKEN
            print(voice.line(voice.say(words, tenant=tenant, entries=one.entries, end=_end(one), fault=one.fault)))
    return OK if all(one.fault is None for one in checked.values()) else FAILED


def _end(checked: "Checked") -> str:
    return f"{checked.entries}:{checked.end.hex()}"


def _kept(args: argparse.Namespace) -> tuple[int, bytes] | None:
    """The end that was kept elsewhere. Raises Stop where it has not the form this command prints."""
    if args.end is None:
        return None
    form = re.fullmatch(r"([0-9]{1,15}):([0-9a-f]{64})", args.end)
    if form is None or not args.tenant:
        raise Stop(_BAD_END, BAD_INPUT, got=args.end)
    return int(form[1]), bytes.fromhex(form[2])


async def _checked(url: str, tenant: str | None, kept: tuple[int, bytes] | None) -> "dict[str, Checked]":
    """What became of each tenant's chain. Raises Stop for an unknown tenant."""
    from groundwork.people import queries
    from groundwork.plumbing.db import open_database

    db = await open_database(url)
    try:
        known = [one.id for one in await db.read(queries.tenants)]
        if tenant is not None and tenant not in known:
            raise Stop(_NO_TENANT, BAD_INPUT, tenant=tenant, known=", ".join(known))
        wanted = known if tenant is None else [TenantId(tenant)]
        more = {} if kept is None else {"kept": kept}
        return {one: await db.read(lambda conn, one=one: queries.checked_consents(conn, one, **more)) for one in wanted}  # type: ignore[misc] # mypy cannot infer a lambda with a default
    finally:
        await db.close()
