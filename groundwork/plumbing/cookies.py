"""The cookie of a signed-in browser, and what keeps other sites from using it.

The cookie is HttpOnly and SameSite=Strict; over TLS it has the `__Host-` prefix, so that no other host, path or plain connection can set
it. A browser sends it by itself, so every request that changes something must also show, in a header, a token that only a page of ours
can have read, and must not say that it comes from elsewhere. What stands behind a cookie is for `Credentials` to know.
"""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import hdrs, web

from groundwork.plumbing import problems
from groundwork.plumbing.http import SECURE
from groundwork.plumbing.reasons import Refusal

NAME: Final = "__Host-aislecast"
PLAIN_NAME: Final = "aislecast"
"""Over plain HTTP, where a browser refuses the prefix."""
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FROM_HERE: Final = ("same-origin", "none")
"""Values of Sec-Fetch-Site: a page of ours, or no page at all (typed, bookmarked)."""
_log = structlog.get_logger()


class Cookies:
    """Sets and clears the cookie; remembers whether it has warned that one went over plain HTTP."""

    def __init__(self) -> None:
        self._warned = False

    def set(self, request: web.Request, response: web.StreamResponse, token: str, max_age_s: int) -> None:
        """Gives the browser `token`, for so many seconds."""
        secure = request[SECURE]
        if not secure and not self._warned:
            self._warned = True
            _log.warning("plain_cookie", host=request.host, why="without TLS the cookie of a sign-in can be read on the way")
        response.set_cookie(_name(secure), token, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="Strict")

    def clear(self, request: web.Request, response: web.StreamResponse) -> None:
        """Takes the cookie back, and what the browser has kept of our pages."""
        secure = request[SECURE]
        response.del_cookie(_name(secure), path="/", secure=secure, httponly=True, samesite="Strict")
        response.headers["Clear-Site-Data"] = '"cache", "storage"'


def carry(request: web.Request, response: web.StreamResponse, value: str, max_age_s: int) -> None:
    """Lets the browser carry `value` to another site's page and back to us; SameSite=Lax, for the way back begins elsewhere."""
    secure = request[SECURE]
    response.set_cookie(f"{_name(secure)}-way", value, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="Lax")


def carried(request: web.Request) -> str:
    """What `carry` gave; empty where there is nothing."""
    return request.cookies.get(f"{_name(request[SECURE])}-way", "")


def token_of(request: web.Request) -> str:
    """The token in the request's cookie; empty where there is none."""
    return request.cookies.get(_name(request[SECURE]), "")


def csrf_of(token: str) -> str:
    """What a request that changes something must show beside the cookie `token`; bound to it, and of no use to make one."""
    digest = hmac.digest(token.encode(), b"csrf", hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def check_csrf(request: web.Request, token: str) -> None:
    """Raises Refusal unless the request changes nothing, or shows the token that goes with its cookie and comes from our own pages."""
    if request.method in SAFE_METHODS:
        return
    check_origin(request)
    shown = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode(errors="replace"), csrf_of(token).encode()):
        raise Refusal(problems.CSRF, header=CSRF_HEADER)


def check_origin(request: web.Request) -> None:
    """Raises Refusal where the browser says that a page of another site sends the request; programs say nothing of the kind."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in _FROM_HERE:
            raise Refusal(problems.CROSS_SITE, value=site)
        return
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and not _is_ours(request, origin):
        raise Refusal(problems.CROSS_SITE, value=origin)


def _is_ours(request: web.Request, origin: str) -> bool:
    """Scheme and host as the browser reached us. An `Origin: null` is nobody's."""
    try:
        said = urlsplit(origin)
    except ValueError:
        return False
    return (said.scheme, said.netloc.lower()) == ("https" if request[SECURE] else "http", request.host.lower())


def _name(secure: bool) -> str:
    return NAME if secure else PLAIN_NAME
