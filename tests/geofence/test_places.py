"""Places in memory: a plan that was asked for is looked for until it is found, also when the database was away in between."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from geofence.places import Places, PlanMissing
from groundwork.contracts.ids import PlanVersionId
from groundwork.plumbing.db import Connection, Database, DatabaseTrouble
from tests.geofence.deployment import TAMIM, add_everything
from tests.geofence.venues import two_rooms

T = TypeVar("T")


class Away(Database):
    """A database that cannot be read for a while."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.away = False

    @property
    def dialect(self) -> str:
        return self._inner.dialect

    async def write(self, work: Callable[[Connection], T]) -> T:
        return await self._inner.write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        if self.away:
            raise DatabaseTrouble("away")
        return await self._inner.read(work)

    async def compact(self) -> bool:
        return await self._inner.compact()

    async def close(self) -> None:
        await self._inner.close()


async def test_a_plan_that_was_asked_for_is_still_wanted_after_trouble(database: Database) -> None:
    await database.write(add_everything)
    away = Away(database)
    places, version = Places(away), PlanVersionId(two_rooms(tenant=TAMIM).version)
    with pytest.raises(PlanMissing):
        places.version(TAMIM, version)
    away.away = True
    with pytest.raises(DatabaseTrouble):
        await places.renew_plans()
    assert places.wanting
    away.away = False
    await places.renew_plans()
    assert places.version(TAMIM, version).version == version
    assert not places.wanting
