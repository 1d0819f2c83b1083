"""The headers that every answer carries, so that a browser does no more with it than was meant."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from groundwork.plumbing.http import REQUEST_ID, SECURE

HSTS_S: Final = 365 * 86_400
"""A year, which is what lists of HTTPS-only sites ask for at least."""

PROTECTING: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""A handler that sets one of these itself keeps its own: a page its policy of content, a file its time in caches."""


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Adds what the handler has not set; over TLS also that this host is never to be asked without it.

    Runs when the headers are about to leave, so that event streams have them too.
    """
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    response.headers["Server"] = "Aislecast"  # and not which versions of what
    for name, value in PROTECTING.items():
        response.headers.setdefault(name, value)
    if request[SECURE] and not _is_this_machine(request.host):
        response.headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_S}")


def _is_this_machine(host: str) -> bool:
    """A browser keeps that promise for all ports of a host, so on `localhost` it would break whatever else is developed there."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
