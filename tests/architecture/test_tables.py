"""Tables: every row belongs to a tenant, times are UTC milliseconds, and a foreign key stays inside its package."""

from importlib import import_module

from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from groundwork.plumbing.db import Base
from tests.architecture.source import product

for _source in product():
    if _source.path.name == "tables.py":
        import_module(_source.module)

PACKAGE_OF = {
    mapper.local_table.name: mapper.class_.__module__.removesuffix(".tables")
    for mapper in Base.registry.mappers
    if isinstance(mapper.local_table, Table)
}
TABLES = list(Base.metadata.tables.values())
PORTABLE = (String, Text, Integer, BigInteger, Float, LargeBinary, Boolean)
NOT_BY_TENANT = {
    "tenant": "its id is the tenant",
    "gateway_key": "a signature names its key before anybody knows the tenant",
    "identity_provider": "a token names its issuer before anybody knows the tenant",
    "access_key": "a bearer token is looked up before anybody knows the tenant",
    "operator": "a login is unique over all tenants, because signing in comes before knowing one",
    "operator_session": "a cookie is looked up before anybody knows the tenant",
    "operator_link": "so is a one-time link",
    "gateway_code": "so is a box's code",
    "log": "a shard holds many tenants' entries in one order",
    "log_head": "counts a shard's positions",
    "shard": "a shard serves many tenants",
    "snapshot": "a shard serves many tenants",
    "dead_letter": "bears its entry's place in the log",
    "topic": "a version all processes poll",
}
"""Tables whose key does not begin with the tenant, and why."""


def test_there_are_tables_and_each_has_an_owner() -> None:
    assert {"tenant", "venue", "zone", "shopper", "decision", "coupon", "log"} <= set(PACKAGE_OF)


def test_the_tenant_comes_first_in_every_key() -> None:
    wrong = [table.name for table in TABLES if table.name not in NOT_BY_TENANT and next(iter(table.primary_key)).name != "tenant"]
    keys = [(table, constraint.columns) for table in TABLES for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
    keys += [(table, index.columns) for table in TABLES for index in table.indexes if index.unique]
    wrong += [
        f"{table.name}: {columns.keys()}" for table, columns in keys if table.name not in NOT_BY_TENANT and columns.keys()[0] != "tenant"
    ]
    assert wrong == []


def test_a_foreign_key_stays_inside_its_package() -> None:
    across = [
        f"{table.name} -> {key.column.table.name}"
        for table in TABLES
        for key in table.foreign_keys
        if PACKAGE_OF[table.name] != PACKAGE_OF[key.column.table.name]
    ]
    assert across == []


def test_times_are_whole_milliseconds() -> None:
    wrong = [str(column) for table in TABLES for column in table.columns if column.name.endswith("_ms") and not _holds_a_time(column.type)]
    wrong += [str(column) for table in TABLES for column in table.columns if column.name.endswith(("_at", "_time", "_date"))]
    assert wrong == []


def _holds_a_time(kind: object) -> bool:
    """A moment needs 64 bits; a span such as a window fits the smaller type."""
    return isinstance(kind, Integer)


def test_columns_have_types_that_both_databases_know() -> None:
    assert [str(column) for table in TABLES for column in table.columns if not isinstance(column.type, PORTABLE)] == []


def test_a_table_is_named_without_its_package() -> None:
    assert [name for name, package in PACKAGE_OF.items() if name.startswith(package.split(".")[-1] + "_")] == []


def test_every_exception_to_the_tenants_key_is_still_needed() -> None:
    assert set(NOT_BY_TENANT) <= set(PACKAGE_OF)
