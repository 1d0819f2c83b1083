"""The audit chain: it holds, and any change to it shows."""

import asyncio

import pytest
from sqlalchemy import text

from groundwork.plumbing import audit, queries
from groundwork.plumbing.audit import Act, Fault
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.tables import AuditRow

ACTS = [
    Act("anna", "made", "thing-1", None, {"b": 1, "a": 2}),
    Act("anna", "changed", "thing-1", {"a": 2}, {"a": 3}),
    Act("bo", "removed", "thing-1"),
]


async def filled(database: Database) -> None:
    for n, act in enumerate(ACTS):
        assert await database.write(lambda conn, n=n, act=act: audit.record(conn, "t", 1000 + n, act)) == n + 1  # type: ignore[misc] # both are bound
    await database.write(lambda conn: audit.record(conn, "other", 5, ACTS[0]))


async def test_an_untouched_chain_is_whole_and_each_tenant_has_its_own(database: Database) -> None:
    await filled(database)
    for tenant, count in (("t", 3), ("other", 1), ("nobody", 0)):
        assert await database.read(lambda conn, tenant=tenant: audit.verify(conn, tenant)) is None  # type: ignore[misc] # bound
        assert (await database.read(lambda conn, tenant=tenant: audit.newest(conn, tenant)))[0] == count  # type: ignore[misc] # bound
    rows = await database.read(lambda conn: list(queries.audits(conn, "t")))
    assert [(row.actor, row.action, row.after) for row in rows] == [
        ("anna", "made", b'{"a":2,"b":1}'),
        ("anna", "changed", b'{"a":3}'),
        ("bo", "removed", b"null"),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("update audit set actor = 'bo' where tenant = 't' and number = 1", Fault(1, "row 1 is not as it was written")),
        ("update audit set at_ms = at_ms + 1 where tenant = 't' and number = 2", Fault(2, "row 2 is not as it was written")),
        ("update audit set after = before where tenant = 't' and number = 2", Fault(2, "row 2 is not as it was written")),
        ("delete from audit where tenant = 't' and number = 2", Fault(2, "row 2 is missing")),
        ("delete from audit where tenant = 't' and number = 1", Fault(1, "row 1 is missing")),
        ("update audit set tenant = 't', number = 4 where tenant = 'other'", Fault(4, "row 4 is not as it was written")),
    ],
)
async def test_the_first_row_that_was_changed_is_found(database: Database, change: str, fault: Fault) -> None:
    await filled(database)
    await database.write(lambda conn: conn.execute(text(change)))
    assert await database.read(lambda conn: audit.verify(conn, "t")) == fault


CHANGES = {
    "tenant": "'elsewhere'",
    "number": "9",
    "at_ms": "at_ms + 1",
    "actor": "'bo'",
    "action": "'forged'",
    "subject": "'thing-2'",
    "before": "after",
    "after": "before",
    "previous": "hash",
    "hash": "previous",
}


@pytest.mark.parametrize("column", [column.name for column in AuditRow.__table__.columns])
async def test_a_change_of_any_column_of_a_row_is_found(database: Database, column: str) -> None:
    """A new column needs a line above: one that the hash leaves out could be changed unseen."""
    await filled(database)
    change = f"update audit set {column} = {CHANGES[column]} where tenant = 't' and number = 2"
    await database.write(lambda conn: conn.execute(text(change)))
    fault = await database.read(lambda conn: audit.verify(conn, "t"))
    assert fault is not None
    assert fault.number == 2


async def test_an_export_of_the_rows_is_judged_like_the_database(database: Database) -> None:
    await filled(database)
    rows = await database.read(lambda conn: audit.rows(conn, "t", 0, 10))
    assert audit.verify_rows("t", rows) is None
    assert audit.verify_rows("other", rows) == Fault(1, "row 1 is not as it was written")
    assert audit.verify_rows("t", rows[1:]) == Fault(1, "row 1 is missing")
    assert await database.read(lambda conn: audit.rows(conn, "t", 1, 1)) == rows[1:2]


async def test_cutting_off_the_newest_row_shows_against_what_was_kept_elsewhere(database: Database) -> None:
    await filled(database)
    kept = await database.read(lambda conn: audit.newest(conn, "t"))
    await database.write(lambda conn: conn.execute(text("delete from audit where tenant = 't' and number = 3")))
    assert await database.read(lambda conn: audit.verify(conn, "t")) is None
    assert await database.read(lambda conn: audit.newest(conn, "t")) != kept


async def test_racing_acts_make_one_chain(database: Database) -> None:
    def act(conn: Connection) -> int:
        return audit.record(conn, "t", 1, ACTS[0])

    numbers = await asyncio.gather(*(database.write(act) for _ in range(12)))
    assert sorted(numbers) == list(range(1, 13))
    assert await database.read(lambda conn: audit.verify(conn, "t")) is None


async def test_an_act_that_is_undone_leaves_no_row(database: Database) -> None:
    def fail(conn: Connection) -> None:
        audit.record(conn, "t", 1, ACTS[0])
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await database.write(fail)
    assert (await database.read(lambda conn: audit.newest(conn, "t")))[0] == 0
