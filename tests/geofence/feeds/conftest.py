"""The scene and its broker, for every test of feeds that needs them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from groundwork.plumbing.service import Parts
from tests.broker import Broker
from tests.geofence.feeds.scene import Scene, add_feeding


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    started = Broker(tmp_path)
    await started.start()
    yield started
    started.stop()


@pytest.fixture
async def scene(parts: Parts) -> AsyncIterator[Scene]:
    await parts.db.write(add_feeding)
    started = await Scene.start(parts)
    yield started
    await started.deployment.close()
