"""What routes of a shopper's own device share: who she is, and which language she asks for."""

from aiohttp import web

from groundwork.contracts.ids import DeviceId, TenantId
from groundwork.people import queries
from groundwork.people.model import LANGUAGES, Subject
from groundwork.people.reasons import NO_SHOPPER, UNKNOWN_LANGUAGE
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import language
from groundwork.plumbing.reasons import Refusal


def own_subject(conn: Connection, who: Caller) -> Subject:
    """The caller's device and its shopper, in the transaction that acts for her. Raises Refusal where the caller is no shopper's device."""
    subject = queries.subject_of_device(conn, TenantId(who.tenant), DeviceId(who.subject))
    if subject is None:
        raise Refusal(NO_SHOPPER)
    return subject


def spoken(request: web.Request, asked: str) -> str:
    """The language `asked` for, or where that is empty, the request's own. Raises Refusal naming those spoken here."""
    if asked and asked not in LANGUAGES:
        raise Refusal(UNKNOWN_LANGUAGE, at="/language", value=asked, known=", ".join(LANGUAGES))
    return asked or language(request)
