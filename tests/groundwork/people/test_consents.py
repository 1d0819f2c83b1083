"""Consent: an append-only chain, the last word counts, tampering shows, and a withdrawal waits for a send."""

import asyncio

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from groundwork.contracts.ids import ShopperId
from groundwork.people import queries
from groundwork.people.model import MEASUREMENT, OFFERS, POSITIONING
from groundwork.people.tables import ConsentRow, TenantRow
from groundwork.plumbing.db import Database
from tests.groundwork.people.register import DANA, LAYLA, NOW_MS, OMAR, TAMIM, add_tenants, consent, sign_up


def _chain(conn: Connection) -> None:
    """Five entries of one tenant, one of the other."""
    add_tenants(conn)
    sign_up(conn, TAMIM, LAYLA)
    sign_up(conn, DANA, LAYLA)
    for purpose in (POSITIONING, OFFERS, MEASUREMENT):
        consent(conn, TAMIM, LAYLA, purpose)
    consent(conn, TAMIM, LAYLA, OFFERS, granted=False)
    consent(conn, TAMIM, LAYLA, OFFERS, text="v2")
    consent(conn, DANA, LAYLA, OFFERS)


async def test_the_last_word_on_each_purpose_counts_and_none_implies_another(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        sign_up(conn, TAMIM, LAYLA)
        assert queries.granted(conn, TAMIM, LAYLA) == frozenset()
        consent(conn, TAMIM, LAYLA, OFFERS)
        assert queries.granted(conn, TAMIM, LAYLA, lock=True) == {OFFERS}
        consent(conn, TAMIM, LAYLA, POSITIONING)
        consent(conn, TAMIM, LAYLA, OFFERS, granted=False)
        assert queries.granted(conn, TAMIM, LAYLA) == {POSITIONING}
        assert queries.granted(conn, TAMIM, ShopperId("nobody")) == frozenset()

    await database.write(work)


async def test_the_same_answer_to_the_same_text_is_appended_once(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        sign_up(conn, TAMIM, LAYLA)
        assert consent(conn, TAMIM, LAYLA, OFFERS)
        assert not consent(conn, TAMIM, LAYLA, OFFERS)
        assert consent(conn, TAMIM, LAYLA, OFFERS, text="v2")
        assert conn.scalars(select(ConsentRow.seq).where(ConsentRow.tenant == TAMIM)).all() == [1, 2]

    await database.write(work)


async def test_an_unknown_purpose_names_the_known_ones(database: Database) -> None:
    def work(conn: Connection) -> None:
        _chain(conn)
        with pytest.raises(ValueError, match="'ofers': expected one of positioning, offers, measurement"):
            consent(conn, TAMIM, LAYLA, "ofers")
        with pytest.raises(ValueError, match="shopper 'omar' of tenant 'tamim' is unknown"):
            consent(conn, TAMIM, OMAR, OFFERS)

    await database.write(work)


async def test_an_untouched_chain_holds_and_carries_no_shopper_id(database: Database) -> None:
    def work(conn: Connection) -> None:
        _chain(conn)
        assert [queries.verify_consents(conn, tenant) for tenant in (TAMIM, DANA)] == [None, None]
        assert LAYLA not in conn.scalars(select(ConsentRow.shopper)).all()

    await database.write(work)


TAMPERED = {
    "tenant": DANA,
    "seq": 9,
    "shopper": "0123456789abcdef",
    "purpose": "offerz",
    "granted": True,
    "text_version": "",
    "language": "en",
    "source": "x",
    "at_ms": NOW_MS + 1,
    "previous": bytes(32),
    "hash": bytes(32),
}


def test_no_column_of_the_chain_is_left_out_of_the_tampering_below() -> None:
    assert set(TAMPERED) == set(ConsentRow.__table__.columns.keys())


@pytest.mark.parametrize(("column", "value"), TAMPERED.items())
async def test_a_changed_entry_is_found(database: Database, column: str, value: object) -> None:
    def work(conn: Connection) -> int | None:
        _chain(conn)
        conn.execute(update(ConsentRow).where(ConsentRow.tenant == TAMIM, ConsentRow.seq == 4).values({column: value}))
        return queries.verify_consents(conn, TAMIM)

    assert await database.write(work) == 4


@pytest.mark.parametrize("seq", [1, 3, 5])
async def test_a_removed_entry_is_found_even_at_the_end(database: Database, seq: int) -> None:
    def work(conn: Connection) -> int | None:
        _chain(conn)
        conn.execute(delete(ConsentRow).where(ConsentRow.tenant == TAMIM, ConsentRow.seq == seq))
        assert queries.verify_consents(conn, DANA) is None
        return queries.verify_consents(conn, TAMIM)

    assert await database.write(work) == seq


async def test_an_entry_put_in_at_the_end_is_found(database: Database) -> None:
    def work(conn: Connection) -> int | None:
        _chain(conn)
        last = conn.execute(select(ConsentRow.__table__).where(ConsentRow.tenant == TAMIM, ConsentRow.seq == 5)).one()._asdict()
        conn.execute(insert(ConsentRow).values({**last, "seq": 6, "previous": last["hash"]}))
        return queries.verify_consents(conn, TAMIM)

    assert await database.write(work) == 6


async def test_a_chain_cut_together_with_its_end_is_found_by_an_end_kept_elsewhere(database: Database) -> None:
    def work(conn: Connection) -> None:
        _chain(conn)
        kept = queries.checked_consents(conn, TAMIM)
        assert (kept.entries, kept.fault) == (5, None)
        last = conn.execute(select(ConsentRow.previous).where(ConsentRow.tenant == TAMIM, ConsentRow.seq == 5)).scalar_one()
        conn.execute(delete(ConsentRow).where(ConsentRow.tenant == TAMIM, ConsentRow.seq == 5))
        conn.execute(update(TenantRow).where(TenantRow.id == TAMIM).values(consent_seq=4, consent_hash=last))
        assert queries.checked_consents(conn, TAMIM).fault is None
        assert queries.checked_consents(conn, TAMIM, (kept.entries, kept.end)).fault == 5
        assert consent(conn, TAMIM, LAYLA, OFFERS, text="v3")  # the place is filled again, by another entry
        assert queries.checked_consents(conn, TAMIM, (kept.entries, kept.end)).fault == 5

    await database.write(work)


async def test_an_end_that_was_replaced_is_found(database: Database) -> None:
    def work(conn: Connection) -> int | None:
        _chain(conn)
        conn.execute(update(TenantRow).where(TenantRow.id == TAMIM).values(consent_hash=bytes(32)))
        return queries.verify_consents(conn, TAMIM)

    assert await database.write(work) == 5


async def test_consents_at_the_same_moment_make_one_chain(database: Database) -> None:
    shoppers = [ShopperId(f"s{number}") for number in range(8)]

    def enrol(conn: Connection) -> None:
        add_tenants(conn)
        for number, shopper in enumerate(shoppers):
            sign_up(conn, TAMIM, shopper, device=f"d{number}", enrolment=number)  # type: ignore[arg-type] # a plain string will do

    await database.write(enrol)
    await asyncio.gather(*(database.write(lambda conn, s=shopper: consent(conn, TAMIM, s, OFFERS)) for shopper in shoppers))  # type: ignore[misc] # mypy cannot infer a lambda with a default

    def check(conn: Connection) -> tuple[int | None, list[int]]:
        seqs = conn.scalars(select(ConsentRow.seq).where(ConsentRow.tenant == TAMIM).order_by(ConsentRow.seq))
        return queries.verify_consents(conn, TAMIM), list(seqs)

    assert await database.read(check) == (None, list(range(1, 9)))


async def test_a_send_after_a_withdrawal_finds_no_consent(database: Database) -> None:
    """Sends and a withdrawal run beside one another; each send notes, in its own transaction, how long the chain was when it asked."""

    def enrol(conn: Connection) -> None:
        add_tenants(conn)
        sign_up(conn, TAMIM, LAYLA)
        consent(conn, TAMIM, LAYLA, OFFERS)

    def send(conn: Connection) -> tuple[bool, int]:
        allowed = OFFERS in queries.granted(conn, TAMIM, LAYLA, lock=True)
        return allowed, len(conn.scalars(select(ConsentRow.seq).where(ConsentRow.tenant == TAMIM)).all())

    await database.write(enrol)
    sending = asyncio.gather(*(database.write(send) for _ in range(12)))
    await database.write(lambda conn: consent(conn, TAMIM, LAYLA, OFFERS, granted=False))
    assert set(await sending) <= {(True, 1), (False, 2)}
    assert await database.write(send) == (False, 2)
