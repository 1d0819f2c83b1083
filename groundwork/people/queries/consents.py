"""Consent: appended to the tenant's chain, read as the last answer to each purpose, and checked from beginning to end."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from groundwork.contracts.ids import ShopperId, TenantId
from groundwork.people.consent import BEGINNING, Entry, check_language, check_purpose, link
from groundwork.people.queries.shoppers import AnyRow, shopper_row, stamp
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import ConsentRow, ShopperRow, TenantRow

# Asked at every zone event and every send, so it is built once.
_ANSWERS: Final = (
    select(ConsentRow.purpose, ConsentRow.granted, ConsentRow.text_version, ConsentRow.seq)
    .where(ConsentRow.tenant == bindparam("of"), ConsentRow.shopper == bindparam("pseudonym"))
    .order_by(ConsentRow.purpose, ConsentRow.seq)  # as the index has it; by seq alone SQLite reads the whole chain
)


class UnknownShopper(ValueError):
    """There is no such shopper, or her erasure has begun."""


class Cited(NamedTuple):
    """What a send names as its ground: the entry of the consent chain, and the version of the words she answered."""

    seq: int
    text_version: str


class Checked(NamedTuple):
    """How far a chain holds."""

    entries: int
    end: bytes
    """Hash of the last entry that holds."""
    fault: int | None
    """The first entry that was changed, removed or put in; None where the chain holds to its end."""


def record_consent(
    conn: Connection,
    *,
    tenant: TenantId,
    shopper: ShopperId,
    purpose: str,
    granted: bool,
    text_version: str,
    source: str,
    at_ms: int,
    language: str = "",
) -> bool:
    """Appends the shopper's yes or no to one purpose; False, and nothing appended, where the same answer to the same text stands.

    `language` is that of the text she saw, by default her own; `source` says where she said it (`app`, `desk`, ...).
    Raises ValueError for an unknown purpose (naming the known ones), tenant, shopper or language.
    """
    check_purpose(purpose)
    version = raise_version(conn, tenant, "people_version")
    her = shopper_row(conn, tenant, shopper, lock=True)
    if her is None:
        raise UnknownShopper(f"shopper {shopper!r} of tenant {tenant!r} is unknown: sign_up comes before record_consent")
    if granted and her.key is None:
        raise UnknownShopper(f"shopper {shopper!r} of tenant {tenant!r} is being erased: she consents to nothing any more")
    check_language(language or her.language)
    last = _answers(conn, tenant, her.pseudonym).get(purpose)
    if last is not None and (last.granted, last.text_version) == (granted, text_version):
        return False
    end = conn.execute(select(TenantRow.consent_seq, TenantRow.consent_hash).where(TenantRow.id == tenant)).one()
    seq = end.consent_seq + 1
    entry = Entry(tenant, seq, her.pseudonym, purpose, granted, text_version, language or her.language, source, at_ms)
    hashed = link(end.consent_hash, entry)
    columns = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    conn.execute(insert(ConsentRow).values(**columns, previous=end.consent_hash, hash=hashed))
    conn.execute(update(TenantRow).where(TenantRow.id == tenant).values(consent_seq=seq, consent_hash=hashed))
    stamp(conn, tenant, ShopperRow.id == shopper, version)
    return True


def granted(conn: Connection, tenant: TenantId, shopper: ShopperId, lock: bool = False) -> frozenset[str]:
    """The purposes the shopper consents to now; empty for an unknown one. What `lock` does is said with `standing`."""
    return frozenset(standing(conn, tenant, shopper, lock))


def standing(conn: Connection, tenant: TenantId, shopper: ShopperId, lock: bool = False) -> Mapping[str, Cited]:
    """The purposes the shopper consents to now, each with what a send must cite; empty for an unknown shopper.

    With `lock`, on PostgreSQL, her row is held until the transaction ends, so that a withdrawal waits for a send that asked here and a
    send waits for a withdrawal; on SQLite the one writer does the same.
    """
    her = shopper_row(conn, tenant, shopper, lock)
    answers = _answers(conn, tenant, her.pseudonym) if her else {}
    return {purpose: Cited(last.seq, last.text_version) for purpose, last in answers.items() if last.granted}


def verify_consents(conn: Connection, tenant: TenantId) -> int | None:
    """The first `seq` of the tenant's chain that was changed, removed or put in; None where the chain holds to its end."""
    return checked_consents(conn, tenant).fault


def checked_consents(conn: Connection, tenant: TenantId, kept: tuple[int, bytes] = (0, BEGINNING)) -> Checked:
    """The tenant's chain, followed from its beginning to the end that stands with the tenant.

    `kept` is an end that was noted elsewhere before, number and hash: whoever can write to the database can cut the chain and the end that
    stands there, but not what lies elsewhere.
    """
    row, previous, seq = ConsentRow, BEGINNING, 0
    for found in conn.execute(select(row.__table__).where(row.tenant == tenant).order_by(row.seq)):
        entry = Entry(**{name: getattr(found, name) for name in Entry.__dataclass_fields__})
        wrong = found.seq != seq + 1 or found.previous != previous or found.hash != link(previous, entry)
        if wrong or (found.seq == kept[0] and found.hash != kept[1]):
            return Checked(seq, previous, seq + 1)
        seq, previous = seq + 1, found.hash
    end = conn.execute(select(TenantRow.consent_seq, TenantRow.consent_hash).where(TenantRow.id == tenant)).one_or_none()
    if end is None or (end.consent_seq, end.consent_hash) == (seq, previous):
        return Checked(seq, previous, seq + 1 if seq < kept[0] else None)
    return Checked(seq, previous, min(seq, int(end.consent_seq)) + (1 if seq != end.consent_seq else 0))


def _answers(conn: Connection, tenant: TenantId, pseudonym: str) -> dict[str, AnyRow]:
    """Her last answer to each purpose she was asked about: `granted`, `text_version`, `seq`."""
    answers = conn.execute(_ANSWERS, {"of": tenant, "pseudonym": pseudonym})
    return {answer.purpose: answer for answer in answers}
