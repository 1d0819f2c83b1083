"""A site that every test of this folder may use."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from groundwork.people.model import MANAGE_GATEWAYS
from groundwork.plumbing.service import Parts
from tests.beacon_gateway.site import Site
from tests.groundwork.people.served import let_in, serve


@pytest.fixture
async def site(parts: Parts, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    box = tmp_path / "box"
    box.mkdir()
    monkeypatch.chdir(box)
    async with serve(parts) as opened:
        await parts.db.write(lambda conn: let_in(conn, "installer", {MANAGE_GATEWAYS}))
        yield Site(opened, box, capsys)
