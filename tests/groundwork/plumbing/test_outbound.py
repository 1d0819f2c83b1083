"""Requests to addresses that somebody typed in: https and public ones only, and nothing that a name turns into behind our back."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from groundwork.plumbing.outbound import AddressRefused, Outbound, Unreachable, is_public


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/jwks",
        "ftp://example.com/jwks",
        "https://127.0.0.1/jwks",
        "https://localhost/jwks",
        "https://[::1]/jwks",
        "https://[::ffff:127.0.0.1]/jwks",
        "https://10.0.0.8/jwks",
        "https://192.168.1.1/jwks",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/jwks",
        "https://[::ffff:10.0.0.1]/jwks",
        "https://[2002:a00:1::]/jwks",
        "https://0.0.0.0/jwks",
        "https://224.0.0.1/jwks",
        "https://2130706433/jwks",
        "https://0x7f000001/jwks",
        "https://name:password@example.com/jwks",
        "https://example.com/jwks#part",
        "https://example.com:99999/jwks",
        "https:///jwks",
        "https://exa mple.com/",
        "https://متجر.example/",
        "jwks",
        "",
    ],
)
def test_an_address_that_may_be_a_trap_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        Outbound().check(url)


@pytest.mark.parametrize("url", ["https://example.com/jwks", "https://example.com:8443/", "https://8.8.8.8/jwks"])
def test_a_public_https_address_is_taken(url: str) -> None:
    Outbound().check(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/jwks", "http://localhost/jwks", "https://[::1]/jwks"])
def test_this_machine_is_called_only_where_that_is_allowed(url: str) -> None:
    Outbound(loopback=True).check(url)
    with pytest.raises(AddressRefused):
        Outbound().check(url)


@pytest.mark.parametrize("url", ["http://example.com/jwks", "https://10.0.0.8/jwks", "ftp://localhost/jwks"])
def test_allowing_this_machine_allows_nothing_else(url: str) -> None:
    with pytest.raises(AddressRefused):
        Outbound(loopback=True).check(url)


class Rebound(AbstractResolver):
    """Names that are harmless to look at and all lead here."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        return


@pytest.mark.parametrize("loopback", [False, True])
async def test_a_name_that_leads_to_this_machine_is_not_connected_to(loopback: bool) -> None:
    with pytest.raises(Unreachable, match="no public address"):
        await Outbound(loopback, lookup=Rebound).get("https://rebound.example/jwks")


@pytest.mark.parametrize(
    ("address", "public"), [("8.8.8.8", True), ("2001:4860:4860::8888", True), ("fe80::1%eth0", False), ("shop", False), ("", False)]
)
def test_public_addresses_are_told_from_others(address: str, public: bool) -> None:
    assert is_public(address) is public
