"""Rules of enrolment, against the real registry over HTTP: a code makes the box a gateway, the same again is harmless, nothing is lost."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from beacon_gateway.keys import next_of
from groundwork.plumbing.clock import SystemClock
from groundwork.plumbing.proofs import key_name
from groundwork.plumbing.tls import tls
from tests.beacon_gateway.site import INSTALLER, Site
from tests.groundwork.people.register import TAMIM
from tests.groundwork.people.served import Served


@asynccontextmanager
async def listening(app: web.Application, port: int, trust: ssl.SSLContext | None = None) -> AsyncIterator[None]:
    """`app` on a port of the loopback."""
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=trust).start()
    try:
        yield
    finally:
        await runner.cleanup()


def forwarding(served: Served) -> web.Application:
    """What ends TLS in front of the server."""

    async def forward(request: web.Request) -> web.Response:
        body, kind = await request.read(), {"Content-Type": request.content_type}
        answer = await served.client.post(request.path, data=body, headers=kind)
        return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    app = web.Application()
    app.router.add_post("/{path:.*}", forward)
    return app


async def test_a_code_makes_the_box_a_gateway(site: Site) -> None:
    status, said = await site.enrol((await site.code()).lower())
    assert status == 0, said
    assert "is now the gateway box-1 of" in said
    settings = site.settings()
    assert (settings.server, settings.tenant, settings.gateway, settings.key_id) == (site.url, TAMIM, "box-1", "")
    assert settings.key_file == site.key
    assert site.key.stat().st_mode & 0o777 == 0o600
    signer = site.served.credentials.signer(key_name(site.public()))
    assert signer is not None
    assert (signer.caller.tenant, signer.caller.subject) == (TAMIM, "box-1")


async def test_the_same_again_changes_nothing(site: Site) -> None:
    code = await site.code()
    assert (await site.enrol(code))[0] == 0
    before = (site.config.read_bytes(), site.key.read_bytes())
    assert (await site.enrol(code))[0] == 0
    assert (site.config.read_bytes(), site.key.read_bytes()) == before
    assert sorted(path.name for path in site.folder.iterdir()) == ["gateway.pem", "gateway.toml"]


async def test_settings_that_say_otherwise_are_left_and_the_missing_lines_told(site: Site) -> None:
    site.config.write_text(f'[gateway]\nserver = "{site.url}"\nallow_eid = true\n')
    status, said = await site.enrol(await site.code())
    assert status == 2
    assert f'tenant = "{TAMIM}"\ngateway = "box-1"' in said
    assert site.config.read_text().endswith("allow_eid = true\n")


async def test_settings_that_fit_are_kept_with_all_else_they_say(site: Site) -> None:
    text = f'[gateway]\nserver = "{site.url}"\ntenant = "{TAMIM}"\ngateway = "box-1"\nkey_file = "own.pem"\nallow_eid = true\n'
    site.config.write_text(text)
    status, said = await site.enrol(await site.code())
    assert status == 0, said
    assert site.config.read_text() == text
    assert (site.folder / "own.pem").exists()


async def test_settings_of_another_server_are_told_before_the_code_is_spent(site: Site) -> None:
    site.config.write_text('[gateway]\nserver = "https://other.example"\n')
    code = await site.code()
    status, said = await site.enrol(code)
    assert (status, site.url in said) == (2, True)
    site.config.unlink()
    assert (await site.enrol(code))[0] == 0


async def test_a_box_whose_key_was_revoked_makes_another(site: Site) -> None:
    assert (await site.enrol(await site.code()))[0] == 0
    first = site.public()
    await site.served.client.delete("/v1/gateways/box-1", headers=INSTALLER)
    status, said = await site.enrol(await site.code())
    assert status == 0, said
    assert site.public() != first
    assert not next_of(site.key).exists()
    assert site.served.credentials.signer(key_name(site.public())) is not None


async def test_a_key_that_died_half_written_is_made_anew(site: Site) -> None:
    (site.folder / "gateway.pem.part").write_bytes(b"-----BEGIN")
    assert (await site.enrol(await site.code()))[0] == 0
    assert not (site.folder / "gateway.pem.part").exists()


@pytest.mark.parametrize(
    ("code", "en", "ar"),
    [
        ("7K2M-Q0XB-94TD", "The server does not take this code", "لم يقبل الخادم هذا الرمز"),
        ("7K2M-Q0XB", "`7K2M-Q0XB` is no code", "ليست رمزًا"),
        ("7K2M-Q0XB-94TU", "is no code", "ليست رمزًا"),
    ],
)
async def test_a_code_that_is_none_is_told_in_both_languages(site: Site, code: str, en: str, ar: str) -> None:
    for lang, sentence in (("en", en), ("ar", ar)):
        status, said = await site.enrol(code, lang=lang)
        assert (status, sentence in said) == (2, True), said
    assert not site.config.exists()


@pytest.mark.parametrize(
    ("server", "sentence", "status"),
    [
        ("aislecast.example", "is no server's address", 2),
        ("http://127.0.0.1:9", "does not answer", 3),
        ("http://nowhere.invalid", "is not known", 3),
    ],
)
async def test_a_server_that_is_none_is_told(site: Site, server: str, sentence: str, status: int) -> None:
    code, said = await site.enrol("7K2M-Q0XB-94TD", server=server)
    assert (code, sentence in said) == (status, True), said


async def test_too_many_guesses_are_told_with_how_long_to_wait(site: Site) -> None:
    said = [await site.enrol("7K2M-Q0XB-94TD") for _ in range(11)]
    assert (said[-1][0], "Try again in" in said[-1][1]) == (3, True)


async def test_what_is_no_server_of_ours_is_told(site: Site, unused_tcp_port: int) -> None:
    async with listening(web.Application(), unused_tcp_port):
        status, said = await site.enrol("7K2M-Q0XB-94TD", server=f"http://127.0.0.1:{unused_tcp_port}")
    assert (status, "answers with 404" in said) == (2, True)


async def test_with_an_authority_named_no_other_is_trusted(site: Site, unused_tcp_port: int) -> None:
    """A box that is told of the shop's own authority enrols; told of another, or of none, it says what is wrong."""
    made = tls("self", site.folder / "tls", ("127.0.0.1",), SystemClock())
    tls("self", site.folder / "other", ("127.0.0.1",), SystemClock())
    server = f"https://127.0.0.1:{unused_tcp_port}"
    code = await site.code()
    async with listening(forwarding(site.served), unused_tcp_port, made.context):
        for more in ((), ("--ca", "other/ca.pem")):
            status, said = await site.enrol(code, *more, server=server)
            assert (status, "is not trusted" in said) == (3, True), said
        assert (await site.enrol(code, "--ca", "none.pem", server=server))[0] == 2
        status, said = await site.enrol(code, "--ca", "tls/ca.pem", server=server)
        assert status == 0, said
    assert site.settings().ca_file == str(site.folder / "tls" / "ca.pem")
