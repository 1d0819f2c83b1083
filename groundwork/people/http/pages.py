"""The operators' pages: HTML that anybody may open; what they show, each asks for with the cookie of whoever looks."""

from collections.abc import Sequence

from aiohttp import web

from groundwork.people import pages
from groundwork.plumbing.http import Handler, Route, language
from groundwork.plumbing.reasons import Words


class PageRoutes:
    """The handlers."""

    def routes(self) -> Sequence[Route]:
        return (
            _route("/", "landing", Words("A page: who is signed in here.", "صفحة: من سجّل الدخول هنا.")),
            _route("/sign-in", "sign-in", Words("A page to sign in.", "صفحة لتسجيل الدخول.")),
            _route(
                "/welcome",
                "welcome",
                Words("A page to set a password by a one-time link.", "صفحة لضبط كلمة المرور برابط يُستخدم مرة واحدة."),
            ),
        )


def _route(path: str, name: str, words: Words) -> Route:
    return Route("GET", path, _shows(name), words, grant="", answer_media="text/html")


def _shows(name: str) -> Handler:
    async def show(request: web.Request) -> web.StreamResponse:
        """The page in the language asked for."""
        headers = {"Content-Security-Policy": pages.POLICY, "Vary": "Accept-Language"}
        return web.Response(text=pages.page(name, language(request)), content_type="text/html", headers=headers)

    return show
