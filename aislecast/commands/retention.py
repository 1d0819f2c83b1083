"""`aislecast retention show|run`: what is kept, for how long and why; and the job that removes what is older, now instead of tonight."""

import argparse
import asyncio
import json
import os
from typing import TYPE_CHECKING

from aislecast.arguments import Parser
from aislecast.commands.options import add_data, add_database, add_json, existing_database_url, folder_of
from aislecast.exits import OK
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from groundwork.contracts.rights import RetentionRun
    from groundwork.people.settings import Retention

SUMMARY = Words(
    "show how long each kind of row is kept, or remove what is older", "اعرض مدة الاحتفاظ بكل نوع من البيانات، أو احذف ما تجاوزها"
)
_SHOW = Words("what is kept, for how long, and what erasure does with it", "ما يُحفظ ومدته وما يفعله المحو به")
_RUN = Words("remove now what is older than its period, and write the report", "احذف الآن ما تجاوز مدته واكتب التقرير")
_KEPT = Words("{table}: {kept}; {fate}", "{table}: {kept}؛ {fate}")
_REMOVED = Words("{tenant}: {kind}: {removed} removed, older than {days} days", "{tenant}: {kind}: حُذف {removed} مما تجاوز {days:يوم}")
_MORE = Words("{tenant}: {kind}: there is more; run again", "{tenant}: {kind}: بقي المزيد؛ شغّل الأمر مجددًا")
_NOTHING = Words("{tenant}: nothing is older than its period", "{tenant}: لا شيء تجاوز مدته")


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    actions = parser.commands("action", {"show": _SHOW, "run": _RUN})
    for action in actions.values():
        add_data(action)
        add_json(action)
    add_database(actions["run"])


def run(args: argparse.Namespace, voice: Voice) -> int:
    from aislecast.configuration import FILE, configuration

    retention = configuration(os.environ, folder_of(args).root / FILE).retention
    return show(args, voice, retention) if args.action == "show" else remove(args, voice, retention)


def show(args: argparse.Namespace, voice: Voice, retention: "Retention") -> int:
    from aislecast.holdings import HOLDINGS
    from groundwork.people.holding import FATES

    holdings = sorted(HOLDINGS, key=lambda holding: holding.table)
    if args.json:
        days = {each.table: getattr(retention, each.days) if each.days else None for each in holdings}
        print(
            json.dumps({each.table: {"days": days[each.table], "kept": each.kept(retention).en, "erasure": each.fate} for each in holdings})
        )
        return OK
    for each in holdings:
        kept, fate = voice.say(each.kept(retention)), voice.say(FATES[each.fate])
        print(voice.line(voice.say(_KEPT, table=each.table, kept=kept, fate=fate)))
    return OK


def remove(args: argparse.Namespace, voice: Voice, retention: "Retention") -> int:
    url = existing_database_url(args)
    runs = asyncio.run(_runs(url, retention))
    if args.json:
        print(json.dumps({tenant: {count.kind: count.removed for count in ran.counts} for tenant, ran in runs.items()}))
        return OK
    for tenant, ran in runs.items():
        _tell(voice, tenant, ran)
    return OK


def _tell(voice: Voice, tenant: str, ran: "RetentionRun") -> None:
    removed = [count for count in ran.counts if count.removed]
    if not removed:
        print(voice.line(voice.say(_NOTHING, tenant=tenant)))
    for count in removed:
        print(voice.line(voice.say(_REMOVED, tenant=tenant, kind=count.kind, removed=count.removed, days=count.days)))
        if count.more:
            print(voice.line(voice.say(_MORE, tenant=tenant, kind=count.kind)))


async def _runs(url: str, retention: "Retention") -> "dict[str, RetentionRun]":
    from aislecast.holdings import HOLDINGS
    from groundwork.people import queries
    from groundwork.people.retention import Job
    from groundwork.plumbing.clock import SystemClock
    from groundwork.plumbing.db import open_database
    from groundwork.plumbing.hops import Hops

    database = await open_database(url)
    try:
        job = Job(database, SystemClock(), Hops(), HOLDINGS, retention)
        tenants = await database.read(queries.tenants)
        return {tenant.id: await job.run_for(tenant.id) for tenant in tenants}
    finally:
        await database.close()
