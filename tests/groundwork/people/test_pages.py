"""The operators' pages: whole in both languages, with nothing from elsewhere, under a policy that names their script by its hash."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator

import pytest

from groundwork.people import pages
from groundwork.people.roles import ROLES
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import add_tenants
from tests.groundwork.people.staff import Browser, browser, serving


@pytest.fixture
async def anybody(parts: Parts) -> AsyncIterator[Browser]:
    await parts.db.write(add_tenants)
    async with serving(parts) as app, browser(app) as made:
        yield made


@pytest.mark.parametrize("path", ["/", "/sign-in", "/welcome"])
@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr")])
async def test_a_page_is_whole_and_asks_nothing_of_anybody_else(anybody: Browser, path: str, language: str, direction: str) -> None:
    async with anybody.client.get(path, params={"lang": language}) as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//", page)
    assert not re.findall(r"\son\w+=", page)
    assert "unsafe" not in policy
    for kind, body in re.findall(r"<(style|script)>(.*?)</\1>", page, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_every_role_has_a_name_in_both_languages() -> None:
    assert pages._ROLE_NAMES.keys() == ROLES.keys()
