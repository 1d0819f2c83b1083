"""The commands of docs/app.md, run as they stand, one after the other, against a real server and a real issuer."""

import asyncio
import shutil
from asyncio.subprocess import PIPE

import pytest

from groundwork.people import queries
from groundwork.people.settings import Settings
from groundwork.plumbing.service import Parts
from tests.docs.markdown import blocks, page
from tests.groundwork.people.issuer import running
from tests.groundwork.people.register import NOW_MS, TAMIM
from tests.groundwork.people.serving import serving

COMMANDS = [block.text for block in blocks(page("docs/app.md")) if block.tag == "app"]


async def test_what_the_page_tells_an_app_to_send_works(parts: Parts) -> None:
    missing = [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"the page's commands need {', '.join(missing)}")
    async with running() as issuer, serving(parts, Settings(loopback_providers=True)) as served:
        await parts.db.write(lambda conn: queries.put_identity_provider(conn, issuer.provider(), None, NOW_MS))
        coffee = {"name": {"ar": "عشاق القهوة", "en": "Coffee lovers"}}
        assert (await served.ask("PUT", "/v1/communities/coffee", f"{TAMIM}-marketing", json=coffee))[0] == 200
        given = {"ID_TOKEN": issuer.token(), "INSTALLATION": "6f9d2c1e-installation-x", "PATH": "/usr/local/bin:/usr/bin:/bin"}
        given["SERVER"] = str(served.client.make_url("")).rstrip("/")
        script = "\n".join(["set -euo pipefail", *COMMANDS])
        process = await asyncio.create_subprocess_exec("bash", "-c", script, env=given, stdout=PIPE, stderr=PIPE)
        said, complaint = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, said.decode() + complaint.decode()
    assert '"channels":[]' in said.decode()
    assert "Coffee lovers" in said.decode()


def test_the_page_shows_every_route_that_an_app_needs_for_itself() -> None:
    shown = page("docs/app.md")
    for path in ("/v1/shopper-sign-ins", "/v1/demo-sign-ups", "/v1/devices", "/v1/push-target", "/v1/me", "/v1/communities"):
        assert path in shown
    assert len(COMMANDS) == 8
