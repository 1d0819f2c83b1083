"""`aislecast operator add|list|reset-link|disable|enable`: operators' accounts from the machine itself, for when nobody can sign in.

Whoever may write the data folder may do this; the audit chain says that the machine did it. The server may be running. A link is printed
once, to standard output alone.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from aislecast.arguments import Parser
from aislecast.commands.options import add_data, add_database, add_json, existing_database_url
from aislecast.exits import BAD_INPUT, FAILED, OK, Stop
from aislecast.settings import DEFAULT_HOST, DEFAULT_PORT
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from groundwork.contracts.ids import TenantId
    from groundwork.people.accounts import Accounts, Link
    from groundwork.people.operators import Operator
    from groundwork.plumbing.auth import Caller
    from groundwork.plumbing.db import Connection
    from groundwork.plumbing.service import Parts

T = TypeVar("T")

SUMMARY = Words("keep operators' accounts from this machine", "إدارة حسابات المشغّلين من هذا الجهاز")
_ADD = Words("make an account and print a one-time link for its password", "أنشئ حسابًا واطبع رابطًا لكلمة مروره يُستخدم مرة واحدة")
_LIST = Words("print the accounts", "اطبع الحسابات")
_RESET = Words("print a one-time link for a new password", "اطبع رابطًا لكلمة مرور جديدة يُستخدم مرة واحدة")
_DISABLE = Words("end an account's sign-ins and let it in no more", "أنهِ مرات دخول الحساب وامنعه من الدخول")
_ENABLE = Words("let a disabled account in again", "اسمح بالدخول لحساب معطّل من جديد")
_LOGIN = Words("the operator's login", "اسم دخول المشغّل")
_NAME = Words("the operator's name (default: the login)", "اسم المشغّل (الافتراضي: اسم الدخول)")
_ROLE = Words("a role; may be given several times (default: admin)", "دور؛ ويمكن تكراره (الافتراضي: admin)")
_VENUE = Words("a venue the account is limited to; may be given several times", "متجر يقتصر عليه الحساب؛ ويمكن تكراره")
_TENANT = Words("the tenant, where there are several", "المستأجر، إن كان هناك أكثر من واحد")
_SERVER = Words("the server's address, for the link (default: {server})", "عنوان الخادم لكتابة الرابط (الافتراضي: {server})")
_LINK = Words(
    "Open this link to set the password of {login} (once, until {until} UTC):",
    "افتح هذا الرابط لضبط كلمة مرور {login} (مرة واحدة، حتى {until} UTC):",
)
_ROW = Words(
    "{tenant}  {login}  {state}  roles: {roles}  venues: {venues}", "{tenant}  {login}  {state}  الأدوار: {roles}  المتاجر: {venues}"
)
_ALL_VENUES = Words("all", "جميعها")
_STATE = Words("{login} is {state} now.", "حالة {login} الآن: {state}.")
_NO_LOGIN = Words("There is no operator with the login {login}.", "لا يوجد مشغّل باسم الدخول {login}.")
_WHICH_TENANT = Words("Name one tenant with `--tenant`; known are: {known}.", "حدد مستأجرًا واحدًا بالخيار `--tenant`؛ المعروفون: {known}.")


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    actions = {"add": _ADD, "list": _LIST, "reset-link": _RESET, "disable": _DISABLE, "enable": _ENABLE}
    server = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
    for name, action in parser.commands("action", actions).items():
        if name != "list":
            action.argument("login", _LOGIN, metavar="LOGIN")
        if name == "add":
            action.argument("--name", _NAME, metavar="NAME")
            action.argument("--role", _ROLE, action="append", metavar="ROLE")
            action.argument("--venue", _VENUE, action="append", metavar="ID", default=[])
        if name in ("add", "list"):
            action.argument("--tenant", _TENANT, metavar="ID")
        if name in ("add", "reset-link"):
            about = Words(*(words.replace("{server}", server) for words in _SERVER))
            action.argument("--server", about, metavar="URL", default=server)
        add_data(action)
        add_database(action)
        add_json(action)


def run(args: argparse.Namespace, voice: Voice) -> int:
    url = existing_database_url(args)
    work = {"add": _add, "list": _list, "reset-link": _reset_link, "disable": _disable, "enable": _enable}[args.action]
    return asyncio.run(_with_parts(url, lambda parts: work(parts, args, voice)))


async def _with_parts(url: str, work: "Callable[[Parts], Awaitable[int]]") -> int:
    from aislecast.deployment import parts_of
    from groundwork.plumbing.clock import SystemClock
    from groundwork.plumbing.db import open_database
    from groundwork.plumbing.ids import SystemIds

    clock = SystemClock()
    db = await open_database(url)
    parts = parts_of(db, clock, SystemIds(clock), "operator")
    try:
        return await work(parts)
    finally:
        await parts.bus.close()
        await db.close()


async def _add(parts: "Parts", args: argparse.Namespace, voice: Voice) -> int:
    from groundwork.people.accounts import Wanted, machine
    from groundwork.people.roles import ADMIN

    known = await _tenants(parts, args.tenant)
    if len(known) != 1:
        raise Stop(_WHICH_TENANT, BAD_INPUT, known=", ".join(known) or "-")
    wanted = Wanted(args.name or args.login, voice.language, frozenset(args.role or [ADMIN]), frozenset(args.venue))
    link = await _accounts(parts).invite(machine(known[0]), args.login, wanted)
    return _say_link(link, args, voice)


async def _reset_link(parts: "Parts", args: argparse.Namespace, voice: Voice) -> int:
    who, operator = await _found(parts, args.login)
    return _say_link(await _accounts(parts).new_link(who, operator.id), args, voice)


async def _disable(parts: "Parts", args: argparse.Namespace, voice: Voice) -> int:
    who, operator = await _found(parts, args.login)
    return _say_state(await _accounts(parts).disable(who, operator.id), args, voice)


async def _enable(parts: "Parts", args: argparse.Namespace, voice: Voice) -> int:
    who, operator = await _found(parts, args.login)
    return _say_state(await _accounts(parts).enable(who, operator.id), args, voice)


async def _list(parts: "Parts", args: argparse.Namespace, voice: Voice) -> int:
    from groundwork.people.accounts import machine

    known = await _tenants(parts, args.tenant)
    found = [operator for tenant in known for operator in await _accounts(parts).listed(machine(tenant))]
    if args.json:
        print(json.dumps([_json(operator) for operator in found], ensure_ascii=False))
        return OK
    for each in found:
        values = {"roles": ", ".join(sorted(each.roles)), "venues": ", ".join(sorted(each.scopes)) or voice.say(_ALL_VENUES)}
        print(voice.line(voice.say(_ROW, tenant=each.tenant, login=each.login, state=each.state, **values)))
    return OK


def _accounts(parts: "Parts") -> "Accounts":
    from aislecast.premises import PREMISES
    from groundwork.people.accounts import Accounts
    from groundwork.people.settings import Settings

    return Accounts(parts, Settings().link_hours, PREMISES)


async def _tenants(parts: "Parts", asked: str | None) -> "list[TenantId]":
    from groundwork.people import queries

    known = [one.id for one in await parts.db.read(queries.tenants)]
    return known if asked is None else [tenant for tenant in known if tenant == asked]


async def _found(parts: "Parts", login: str) -> "tuple[Caller, Operator]":
    """The account and who acts on it. Raises Stop where there is none."""
    from groundwork.people import queries
    from groundwork.people.accounts import machine
    from groundwork.people.operators import normal_login

    def work(conn: "Connection") -> "Operator | None":
        return queries.operator_of_login(conn, normal_login(login))

    operator = await parts.db.read(work)
    if operator is None:
        raise Stop(_NO_LOGIN, FAILED, login=login)
    return machine(operator.tenant), operator


def _say_link(link: "Link", args: argparse.Namespace, voice: Voice) -> int:
    url = args.server.rstrip("/") + link.path
    if args.json:
        print(json.dumps({**_json(link.operator), "link": url, "expires_ms": link.expires_ms}, ensure_ascii=False))
        return OK
    until = datetime.fromtimestamp(link.expires_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    print(voice.say(_LINK, login=link.operator.login, until=until))
    print(url)
    return OK


def _say_state(operator: "Operator", args: argparse.Namespace, voice: Voice) -> int:
    if args.json:
        print(json.dumps(_json(operator), ensure_ascii=False))
    else:
        print(voice.say(_STATE, login=operator.login, state=operator.state))
    return OK


def _json(operator: "Operator") -> dict[str, object]:
    plain = {name: getattr(operator, name) for name in ("tenant", "id", "login", "name", "language", "state", "created_ms")}
    return {**plain, "roles": sorted(operator.roles), "venues": sorted(operator.scopes)}
