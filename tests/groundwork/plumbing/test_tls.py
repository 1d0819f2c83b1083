"""TLS: a client that knows the authority connects, one that does not refuses; renewal; file rights."""

import ssl
from pathlib import Path

import pytest
from aiohttp import ClientConnectorCertificateError, ClientSession, TCPConnector, web

from groundwork.plumbing.clock import ManualClock, SystemClock
from groundwork.plumbing.tls import own_certificate, tls

NAMES = ("localhost", "127.0.0.1", "shop.example")
DAY_S = 86_400


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def test_who_knows_the_authority_connects_and_who_does_not_refuses(tmp_path: Path) -> None:
    made = tls("self", tmp_path / "tls", NAMES, SystemClock())
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=made.context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
    knowing = ssl.create_default_context(cafile=str(tmp_path / "tls" / "ca.pem"))
    async with ClientSession(connector=TCPConnector(ssl=knowing)) as session, session.get(url) as answer:
        assert await answer.text() == "hello"
    async with ClientSession() as session:
        with pytest.raises(ClientConnectorCertificateError):
            await session.get(url)
    await runner.cleanup()


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    tls("self", tmp_path / "tls", NAMES, SystemClock())
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    for name in ("ca.key", "server.key"):
        assert (tmp_path / "tls" / name).stat().st_mode & 0o777 == 0o600


def test_a_certificate_is_kept_until_it_nears_its_end_or_misses_a_name(tmp_path: Path) -> None:
    clock = ManualClock(1_793_516_400_000)
    certificate, _ = own_certificate(tmp_path, NAMES, clock)
    first, authority = certificate.read_bytes(), (tmp_path / "ca.pem").read_bytes()
    own_certificate(tmp_path, NAMES[:1], clock)
    assert certificate.read_bytes() == first
    clock.advance(366 * DAY_S)
    own_certificate(tmp_path, NAMES, clock)
    assert certificate.read_bytes() == first
    clock.advance(2 * DAY_S)
    own_certificate(tmp_path, NAMES, clock)
    second = certificate.read_bytes()
    assert second != first
    own_certificate(tmp_path, (*NAMES, "10.0.0.7"), clock)
    assert certificate.read_bytes() != second
    assert (tmp_path / "ca.pem").read_bytes() == authority


def test_a_phone_is_told_in_both_languages_how_to_trust_it(tmp_path: Path) -> None:
    trust = tls("self", tmp_path, NAMES, SystemClock()).trust
    assert trust is not None
    for said in trust:
        assert str(tmp_path / "ca.pem") in said
        assert said.rsplit(" ", 1)[1].count(":") == 31
    assert "iPhone" in trust.en
    assert "آيفون" in trust.ar


def test_files_from_elsewhere_are_used_and_faults_named(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path, NAMES, SystemClock())
    assert tls(f"{certificate},{key}", tmp_path, NAMES, SystemClock()).context is not None
    assert tls("off", tmp_path, NAMES, SystemClock()).context is None
    with pytest.raises(ValueError, match="expected tls off, self or CERTIFICATE,KEY, got 'on'"):
        tls("on", tmp_path, NAMES, SystemClock())
    with pytest.raises(ValueError, match="cannot be used"):
        tls(f"{certificate},{tmp_path / 'ca.key'}", tmp_path, NAMES, SystemClock())
