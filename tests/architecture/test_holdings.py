"""Holdings: every table says what it holds of shoppers, how long, and what erasure does; a new one that does not is told what to write."""

from collections import Counter

import pytest
from sqlalchemy import Column, Table

from aislecast.holdings import HOLDINGS
from groundwork.people.holding import FATES, Holding
from groundwork.people.rights_columns import COLUMNS
from groundwork.people.settings import Retention
from groundwork.plumbing.db import Base
from tests.architecture.test_tables import PACKAGE_OF

BY_TABLE = {holding.table: holding for holding in HOLDINGS}
NAMES_A_SHOPPER = frozenset(
    {
        "shopper",
        "shopper_id",
        "pseudonym",
        "track",
        "device",
        "device_id",
        "enrolment",
        "installation_tag",
        "subject",
        "subject_tag",
        "token",
        "token_tag",
        "visit",
        "visit_id",
        "phone",
        "email",
        "grant_id",
        "push_id",
        "coupon_id",
    }
)
"""Names of columns that say, or lead to, who somebody is."""
NOT_OF_SHOPPERS = {
    ("placement", "subject"): "a gateway or a fixed beacon that is mounted there",
    ("operator", "subject_tag"): "an operator's, at the provider that vouches for her",
}
"""Columns of such a name that are about somebody or something else, and why."""


def suspicious(table: Table) -> list[str]:
    """Columns of the table that may name a shopper."""
    return sorted(column.name for column in table.columns if _names_her(table, column))


def _names_her(table: Table, column: Column[object]) -> bool:
    return column.name in NAMES_A_SHOPPER and (table.name, column.name) not in NOT_OF_SHOPPERS


def what_is_wrong(table: Table, package: str, holding: Holding | None) -> str:
    """A sentence that says what to do; empty where nothing is wrong."""
    where = f"{package.replace('.', '/')}/holdings.py" if package != "groundwork.plumbing" else "aislecast/holdings.py"
    named = suspicious(table)
    if holding is None:
        return f"table {table.name!r} is in no list of holdings: say in {where} what it holds of shoppers, how long, and what erasure does"
    if named and holding.fate == "nothing":
        return (
            f"table {table.name!r} has {', '.join(named)}, which may name a shopper, but {where} says it knows none: have erasure reach it "
            "(a query in the package, called by its `erase`) and give it another fate, or say in NOT_OF_SHOPPERS whose it is"
        )
    if not holding.days and not holding.stays.en:
        return f"table {table.name!r} has neither a number of days nor a reason to stay: give it one in {where}"
    if holding.days and holding.sweep is None:
        return f"table {table.name!r} is to go after {holding.days}, but nothing removes it: give it a sweep in {where}"
    return ""


@pytest.mark.parametrize("name", sorted(PACKAGE_OF))
def test_every_table_says_what_it_holds_of_shoppers(name: str) -> None:
    assert what_is_wrong(Base.metadata.tables[name], PACKAGE_OF[name], BY_TABLE.get(name)) == ""


def test_each_table_is_listed_once_and_exists() -> None:
    assert [name for name, count in Counter(holding.table for holding in HOLDINGS).items() if count > 1] == []
    assert set(BY_TABLE) - set(PACKAGE_OF) == set()


def test_every_exception_is_still_needed() -> None:
    assert [key for key in NOT_OF_SHOPPERS if key[0] not in PACKAGE_OF or key[1] not in Base.metadata.tables[key[0]].columns] == []


def test_every_period_is_a_setting_and_every_setting_a_period() -> None:
    assert {holding.days for holding in HOLDINGS if holding.days} == set(Retention.__struct_fields__)


def test_a_new_table_with_a_shopper_in_it_fails_with_a_sentence() -> None:
    table = Table("loyalty_card", Base.metadata.__class__(), Column("tenant"), Column("shopper_id"))
    assert "is in no list of holdings: say in notifier/holdings.py" in what_is_wrong(table, "notifier", None)
    told = Holding("loyalty_card", "nothing", FATES["nothing"], FATES["nothing"], FATES["nothing"])
    assert "shopper_id, which may name a shopper" in what_is_wrong(table, "notifier", told)


def test_what_a_shopper_is_shown_is_said_in_both_languages() -> None:
    words = [words for holding in HOLDINGS if holding.rows for words in (holding.title, holding.why, holding.kept(Retention()))]
    assert [one for one in words if not one.ar or not one.en or one.ar == one.en] == []


def test_every_column_that_a_shopper_is_shown_has_a_name_in_both_languages() -> None:
    shown = [holding.table for holding in HOLDINGS if holding.fate != "nothing"]
    columns = {column.name for table in shown for column in Base.metadata.tables[table].columns} - {"tenant"}
    assert not (missing := columns - COLUMNS.keys()), f"name them in groundwork/people/rights_columns.py: {sorted(missing)}"
    assert not (idle := COLUMNS.keys() - columns), f"no such column is shown: {sorted(idle)}"
