"""A scene may be set again and again: nothing changes, and what people have said since stays said."""

import dataclasses
from typing import Any

import pytest
from sqlalchemy import Select, Table, select

from aislecast.demo import shop as demo
from aislecast.scene import Scene, Secrets
from groundwork.contracts.ids import CampaignId
from groundwork.people import queries as people
from groundwork.people.model import OFFERS, PURPOSES
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Base, Connection
from groundwork.plumbing.service import Parts
from notifier import queries as campaigns

SECRETS = Secrets(b"of this test")
COUNTED = ("published_ms", "people_version", "gateway_version")
"""When and how often something was put in force, which is what happened."""


async def _set(parts: Parts, secrets: Secrets = SECRETS) -> Scene:
    return await parts.db.write(lambda conn: demo.set_demo(conn, secrets, parts.clock.now_ms()))


async def _everything(parts: Parts) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, without the columns that only count."""

    def work(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {table.name: [tuple(row) for row in conn.execute(_rows(table))] for table in Base.metadata.sorted_tables}

    return await parts.db.read(work)


def _rows(table: Table) -> Select[Any]:
    return select(*(column for column in table.columns if column.name not in COUNTED)).order_by(*table.primary_key)


async def test_setting_it_again_changes_nothing(parts: Parts, clock: ManualClock) -> None:
    first = await _set(parts)
    before = await _everything(parts)
    clock.advance(3_600)
    second = await _set(parts)
    after = await _everything(parts)
    assert {name for name, rows in after.items() if rows != before[name]} == set()
    for name in ("tenant", "venue", "till", "till_token", "devices"):
        assert getattr(first, name) == getattr(second, name), name


async def test_a_day_later_nothing_is_new(parts: Parts, clock: ManualClock) -> None:
    await _set(parts)
    before = await _everything(parts)
    clock.advance(86_400)
    await _set(parts)
    assert await _everything(parts) == before


async def test_a_withdrawn_consent_stays_withdrawn(parts: Parts, clock: ManualClock) -> None:
    scene = await _set(parts)
    her = scene.devices[0].subject
    clock.advance(60)

    def withdraw(conn: Connection) -> None:
        people.record_consent(
            conn,
            tenant=her.tenant,
            shopper=her.shopper,
            purpose=OFFERS,
            granted=False,
            text_version="1",
            source="app",
            at_ms=clock.now_ms(),
        )

    await parts.db.write(withdraw)
    clock.advance(60)
    await _set(parts)
    granted = await parts.db.read(lambda conn: people.granted(conn, her.tenant, her.shopper))
    assert granted == set(PURPOSES) - {OFFERS}


async def test_a_paused_campaign_stays_paused(parts: Parts) -> None:
    await _set(parts)
    first = CampaignId(demo.deals()[0].id)
    await parts.db.write(lambda conn: campaigns.pause(conn, demo.TENANT, first, parts.clock.now_ms()))
    await _set(parts)
    found = await parts.db.read(lambda conn: campaigns.campaign(conn, demo.TENANT, first))
    assert found is not None
    assert found.state == "paused"


@pytest.mark.parametrize("name", ["coupons", "device 01"])
def test_who_does_not_know_the_secret_knows_nothing_made_of_it(name: str) -> None:
    other = dataclasses.replace(SECRETS, secret=b"of another")
    assert SECRETS.raw(name, 32) == Secrets(b"of this test").raw(name, 32) != other.raw(name, 32)
    assert SECRETS.token(name) != other.token(name)
    assert SECRETS.token(name).encode() != SECRETS.raw(name, 32).hex().encode(), "each use has a name of its own"
