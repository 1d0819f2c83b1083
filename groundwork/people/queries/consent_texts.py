"""Consent texts in the database: added once, never changed, and asked for whenever an answer cites one."""

from sqlalchemy import Connection, insert, select

from groundwork.contracts.ids import TenantId
from groundwork.people.consent import check_purpose
from groundwork.people.consent_texts import ConsentText, UnknownText
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import ConsentTextRow


def add_consent_text(conn: Connection, tenant: TenantId, text: ConsentText) -> bool:
    """Adds a version; False where the same words stand already. Raises ValueError for other words under a version that stands.

    Raises ValueError for an unknown purpose or tenant, too. What is added last is the newest, even where a clock ran back in between.
    """
    check_purpose(text.purpose)
    raise_version(conn, tenant, "people_version")  # two writers of one version wait for one another here
    before = consent_texts(conn, tenant, text.purpose)
    known = next((one for one in before if one.version == text.version), None)
    if known is None:
        created_ms = max(text.created_ms, before[-1].created_ms + 1) if before else text.created_ms
        row = {"purpose": text.purpose, "version": text.version, "text_ar": text.ar, "text_en": text.en, "created_ms": created_ms}
        conn.execute(insert(ConsentTextRow).values(tenant=tenant, **row))
        return True
    if (known.ar, known.en) != (text.ar, text.en):
        raise ValueError(f"consent text {text.version!r} for {text.purpose} has other words: a version never changes, take a new one")
    return False


def consent_text(conn: Connection, tenant: TenantId, purpose: str, version: str) -> ConsentText | None:
    """One version, or None."""
    return next((text for text in consent_texts(conn, tenant, purpose) if text.version == version), None)


def consent_texts(conn: Connection, tenant: TenantId, purpose: str | None = None) -> list[ConsentText]:
    """All versions, of one purpose or of all; the newest of each purpose comes last."""
    row = ConsentTextRow
    wanted = select(row.__table__).where(row.tenant == tenant).order_by(row.purpose, row.created_ms, row.version)
    if purpose is not None:
        wanted = wanted.where(row.purpose == purpose)
    return [ConsentText(found.purpose, found.version, found.text_ar, found.text_en, found.created_ms) for found in conn.execute(wanted)]


def check_text(conn: Connection, tenant: TenantId, purpose: str, version: str) -> None:
    """Raises UnknownText, naming the newest version, where the purpose has no such text."""
    versions = [text.version for text in consent_texts(conn, tenant, purpose)]
    if version not in versions:
        raise UnknownText(purpose, version, versions[-1] if versions else "")
