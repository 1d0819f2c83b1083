"""Whose request it is behind a proxy: what a trusted one says, and nothing that anybody else says."""

import pytest
from aiohttp.test_utils import make_mocked_request

from groundwork.plumbing.proxies import Proxies
from groundwork.plumbing.server_settings import ServerSettings


class _Transport:
    """A connection from `peer`."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self._peer, 4711) if name == "peername" else default

    def is_closing(self) -> bool:
        return False


def _address(trusted: tuple[str, ...], peer: str, *forwarded: str) -> str:
    headers = [("X-Forwarded-For", each) for each in forwarded]
    return Proxies(trusted).address(make_mocked_request("GET", "/", headers, transport=_Transport(peer)))


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ((), "198.51.100.7", (), "198.51.100.7"),
        ((), "198.51.100.7", ("203.0.113.9",), "198.51.100.7"),
        (("10.0.0.0/8",), "198.51.100.7", ("203.0.113.9",), "198.51.100.7"),
        (("10.0.0.0/8",), "10.1.2.3", ("203.0.113.9",), "203.0.113.9"),
        (("10.0.0.0/8",), "10.1.2.3", ("6.6.6.6, 203.0.113.9",), "203.0.113.9"),
        (("10.0.0.0/8",), "10.1.2.3", ("6.6.6.6", "203.0.113.9, 10.9.9.9"), "203.0.113.9"),
        (("10.0.0.0/8",), "10.1.2.3", (), "10.1.2.3"),
        (("10.0.0.0/8",), "10.1.2.3", ("nonsense, ' OR 1=1",), "10.1.2.3"),
        (("10.0.0.0/8",), "10.1.2.3", ("6.6.6.6, 203.0.113.9:4711",), "10.1.2.3"),
        (("10.0.0.0/8",), "10.1.2.3", ("10.4.4.4",), "10.1.2.3"),
        (("::1",), "::1", ("2001:db8:1:2:3:4:5:6",), "2001:db8:1:2::/64"),
        ((), "2001:db8:1:2:ffff::1", (), "2001:db8:1:2::/64"),
        ((), "::ffff:198.51.100.7", (), "198.51.100.7"),
        ((), "", (), "local"),
    ],
)
def test_a_request_counts_for_the_address_nearest_to_us_that_is_no_proxy(
    trusted: tuple[str, ...], peer: str, forwarded: tuple[str, ...], address: str
) -> None:
    assert _address(trusted, peer, *forwarded) == address


@pytest.mark.parametrize(
    ("peer", "said", "secure"), [("10.1.2.3", "https", True), ("10.1.2.3", "http", False), ("6.6.6.6", "https", False)]
)
def test_only_a_trusted_proxy_says_that_it_came_over_tls(peer: str, said: str, secure: bool) -> None:
    request = make_mocked_request("GET", "/", {"X-Forwarded-Proto": said}, transport=_Transport(peer))
    assert Proxies(("10.0.0.0/8",)).secure(request) is secure


def test_a_proxy_that_is_no_address_is_told_at_start() -> None:
    with pytest.raises(ValueError, match="names 'nginx'"):
        ServerSettings(trusted_proxies=("nginx",))
