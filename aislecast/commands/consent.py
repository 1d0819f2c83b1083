"""`aislecast consent verify`: follows every tenant's consent chain and finds an entry that was edited, removed, put in or cut off.

Who can write to the database can cut the chain and the end that stands beside it; an end printed here and kept elsewhere tells, with
`--end`.
"""

import argparse
import asyncio
import json
from typing import TYPE_CHECKING

from aislecast.arguments import Parser
from aislecast.commands.options import NO_TENANT, add_data, add_database, add_json, add_tenant, end_of, existing_database_url, kept_end
from aislecast.exits import BAD_INPUT, FAILED, OK, Stop
from aislecast.words import Voice
from groundwork.contracts.ids import TenantId
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from groundwork.people.queries import Checked

SUMMARY = Words("verify the record of consents", "تحقق من سجل الموافقات")
_VERIFY = Words("find any entry that was edited, removed, put in or cut off", "ابحث عن أي قيد عُدّل أو حُذف أو أُدخل أو قُطع من آخر السجل")
_FORM = "ENTRIES:HASH"
_END = Words(
    "an end this command printed before, which must still be in the tenant's chain",
    "نهاية طبعها هذا الأمر من قبل، ويجب أن تبقى في سلسلة المستأجر",
)
_HOLDS = Words("{tenant}: ok, {entries} entries, end {end}", "{tenant}: سليم، عدد القيود {entries}، النهاية {end}")
_BROKEN = Words(
    "{tenant}: entry {fault} is not as it was written, or one was removed or put in there; {entries} entries before it hold.",
    "{tenant}: القيد {fault} ليس كما كُتب، أو حُذف قيد أو أُدخل في موضعه؛ القيود التي قبله وعددها {entries} سليمة.",
)


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    verify = parser.commands("action", {"verify": _VERIFY})["verify"]
    add_tenant(verify)
    verify.argument("--end", _END, metavar=_FORM)
    add_data(verify)
    add_database(verify)
    add_json(verify)


def run(args: argparse.Namespace, voice: Voice) -> int:
    url, kept = existing_database_url(args), kept_end(args, _FORM)
    checked = asyncio.run(_checked(url, args.tenant, kept))
    ends = {tenant: end_of(one.entries, one.end) for tenant, one in checked.items()}
    if args.json:
        print(json.dumps({tenant: {"ok": one.fault is None, "end": ends[tenant], "fault": one.fault} for tenant, one in checked.items()}))
    else:
        for tenant, one in checked.items():
            words = _HOLDS if one.fault is None else _BROKEN
            print(voice.line(voice.say(words, tenant=tenant, entries=one.entries, end=ends[tenant], fault=one.fault)))
    return OK if all(one.fault is None for one in checked.values()) else FAILED


async def _checked(url: str, tenant: str | None, kept: tuple[int, bytes] | None) -> "dict[str, Checked]":
    """What became of each tenant's chain. Raises Stop for an unknown tenant."""
    from groundwork.people import queries
    from groundwork.plumbing.db import open_database

    db = await open_database(url)
    try:
        known = [one.id for one in await db.read(queries.tenants)]
        if tenant is not None and tenant not in known:
            raise Stop(NO_TENANT, BAD_INPUT, tenant=tenant, known=", ".join(known))
        wanted = known if tenant is None else [TenantId(tenant)]
        more = {} if kept is None else {"kept": kept}
        return {one: await db.read(lambda conn, one=one: queries.checked_consents(conn, one, **more)) for one in wanted}  # type: ignore[misc] # mypy cannot infer a lambda with a default
    finally:
        await db.close()
