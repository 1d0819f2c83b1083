"""What several tests of the geofence stand on."""

from collections.abc import AsyncIterator

import pytest

from groundwork.plumbing.service import Parts
from tests.geofence.deployment import Deployment, add_everything


@pytest.fixture
async def shop(parts: Parts) -> AsyncIterator[Deployment]:
    """A running geofence whose registries hold the two rooms, their boxes and Layla."""
    await parts.db.write(add_everything)
    deployment = await Deployment.start(parts)
    yield deployment
    await deployment.close()
