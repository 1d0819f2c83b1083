"""Status: a page for whoever stands beside the box, in Arabic and English, and numbers for Prometheus. Over HTTP, by default on loopback.

It only shows; nothing can be changed here, and no address, token or shopper's name is on it. What is shown is `health.py`'s.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from html import escape
from typing import Final, Protocol

import msgspec
import structlog
from aiohttp import web
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from beacon_gateway.exits import spoken
from beacon_gateway.health import Health, RadioHealth
from beacon_gateway.settings import GatewaySettings
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.telemetry import Meters

_STYLE: Final = """
:root { color-scheme: light dark; font-family: system-ui, "Noto Naskh Arabic", sans-serif; line-height: 1.5; }
body { max-width: 46rem; margin: 2rem auto; padding-inline: 1rem; }
table { border-collapse: collapse; width: 100%; margin-block: 1rem; }
td, th { border-block-end: 1px solid #8886; padding: .35rem .5rem; text-align: start; vertical-align: top; }
.well::before { content: "\\25CF "; color: #2a8a3e; } .ill::before { content: "\\25B2 "; color: #c0392b; }
bdi { font-variant-numeric: tabular-nums; }
""".strip()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_HOT_C: Final = 80.0
"""A Raspberry Pi slows itself down from here on."""
_LATE_MS: Final = 120_000
_LITTLE_ROOM: Final = 50_000_000
_Told = tuple[bool, Words, dict[str, object]]
"""Whether that is well, the sentence, and what fills it."""
_log = structlog.get_logger("gateway")

_OTHER: Final = Words("العربية", "English")
_TITLE: Final = Words("Gateway {gateway}", "البوابة {gateway}")
_HEARS: Final = Words("It hears.", "البوابة تلتقط الإشارات.")
_REPLAYS: Final = Words("It reads a recording.", "البوابة تقرأ تسجيلًا.")
_DEAF: Final = Words(
    "These radios hear nothing: {radios}. The box is repairing them.", "أجهزة لا تلتقط شيئًا: {radios}. تحاول البوابة إصلاحها."
)
_NO_BLUEZ: Final = Words("The Bluetooth service cannot be asked: {problem}", "تعذر سؤال خدمة البلوتوث: {problem}")
_SENDS: Final = Words("It sends to {server}.", "البوابة ترسل إلى {server}.")
_SENDS_NOT: Final = Words(
    "Nothing reaches {server}: {problem}. What is heard waits on disk.", "لا يصل شيء إلى {server}: {problem}. ما يُلتقط محفوظ على القرص."
)
_REVOKED: Final = Words(
    "The server has revoked this box's key, so it neither listens nor sends. Ask for a code there and run `beacon-gateway enrol`.",
    "ألغى الخادم مفتاح هذا الجهاز فلا يلتقط ولا يرسل. اطلب منه رمزًا ثم نفّذ `beacon-gateway enrol`.",
)
_KEY: Final = Words("The signing key could not be changed: {problem}.", "تعذر تغيير مفتاح التوقيع: {problem}.")
_CONFIGURATION: Final = Words(
    "What the site decided was not taken: {problem}. The box goes on as before.",
    "لم يُعتمد ما قرره الموقع: {problem}. ويستمر الجهاز كما كان.",
)
_CLOCK: Final = Words("The clock follows no time server; the server's time is used.", "لا تتبع الساعة خادم توقيت؛ ويُعتمد توقيت الخادم.")
_HOT: Final = Words("The box is hot: {degrees} °C.", "حرارة الجهاز مرتفعة: {degrees} درجة مئوية.")
_FULL: Final = Words("The disk is nearly full.", "القرص شبه ممتلئ.")
_LOST: Final = Words("{count} stretches were given up for want of room.", "عدد الفترات التي حُذفت لضيق المساحة: {count}.")
_COLUMNS: Final = (
    Words("Radio", "جهاز الاستقبال"),
    Words("Adapter", "المحوّل"),
    Words("Adverts heard", "الإعلانات الملتقطة"),
    Words("Silent for", "مدة الصمت"),
    Words("Odd from", "تُعد غير معتادة من"),
    Words("Repairs", "الإصلاحات"),
    Words("Trouble", "المشكلة"),
)
_DEFAULT_ADAPTER: Final = Words("default", "الافتراضي")
_SECONDS: Final = Words("{count} s", "{count} ث")
_FACTS: Final = {
    "waiting_batches": Words("Batches waiting", "الدفعات المنتظرة"),
    "waiting_rows": Words("Sightings waiting", "الأرصاد المنتظرة"),
    "spool_bytes": Words("Bytes waiting", "البايتات المنتظرة"),
    "set_aside": Words("Batches that the server refuses", "الدفعات التي يرفضها الخادم"),
    "clock_offset_ms": Words("Server's clock beyond ours, ms", "فرق ساعة الخادم عن ساعتنا بالملي ثانية"),
    "temperature_c": Words("Temperature, °C", "درجة الحرارة المئوية"),
    "disk_free_bytes": Words("Bytes free on disk", "البايتات المتاحة على القرص"),
    "memory_bytes": Words("Bytes of memory used", "بايتات الذاكرة المستخدمة"),
    "key_age_days": Words("Age of the signing key, days", "عمر مفتاح التوقيع بالأيام"),
    "missing": Words("Accounted for nowhere; must be 0", "ما لا أثر له في السجلات؛ ويجب أن يكون 0"),
}


class Shown(Protocol):
    """What a status page is about: a gateway."""

    @property
    def settings(self) -> GatewaySettings: ...

    @property
    def hops(self) -> Hops: ...

    def health(self) -> Health: ...


class Status:
    """The pages of one gateway, served where its settings say."""

    def __init__(self, gateway: Shown) -> None:
        self._gateway = gateway
        self._meters = Meters(gateway.hops)
        self._meters.registry.register(_Numbers(gateway.health))
        self._runner: web.AppRunner | None = None
        self.port = 0
        """Where it listens; 0 where it does not."""

    async def start(self) -> None:
        """Serves, unless the settings name no address; an address that is taken costs the pages and not the gateway."""
        host, _, port = self._gateway.settings.status_address.rpartition(":")
        if not host:
            return
        app = web.Application()
        app.router.add_get("/", self._answer(self._page))
        app.router.add_get("/health", self._answer(self._health))
        app.router.add_get("/metrics", self._answer(self._metrics))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        except OSError as error:
            _log.warning("no status page", address=self._gateway.settings.status_address, trouble=error.strerror)
            await runner.cleanup()
            return
        self._runner, self.port = runner, runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner, self.port = None, 0

    def _answer(self, show: Callable[[web.Request], web.Response]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            response = await asyncio.to_thread(show, request)  # the spool is asked, which may wait for the disk
            response.headers.update(_HEADERS)
            return response

        return handler

    def _page(self, request: web.Request) -> web.Response:
        asked = request.query.get("lang", "") or request.headers.get("Accept-Language", "")
        language = "ar" if asked.lower().startswith("ar") else "en"
        text = page(self._gateway.health(), self._gateway.settings, language)
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    def _health(self, _request: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self._gateway.health()), content_type="application/json")

    def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._meters.exposition(), headers={"Content-Type": Meters.MEDIA})


def sentences(health: Health, settings: GatewaySettings, language: str) -> list[tuple[bool, str]]:
    """How the box does, in sentences, each with whether that is well."""
    told = [*_hearing(health), *_sending(health, settings), *_machine(health)]
    return [(well, said.said(language, **spoken(values))) for well, said, values in told]


def _hearing(health: Health) -> Iterator[_Told]:
    if health.revoked:
        yield False, _REVOKED, {}
    elif health.deaf:
        yield False, _DEAF, {"radios": ", ".join(health.deaf)}
    else:
        yield True, _HEARS if health.radios else _REPLAYS, {}
    if health.bluetooth_trouble:
        yield False, _NO_BLUEZ, {"problem": health.bluetooth_trouble}


def _sending(health: Health, settings: GatewaySettings) -> Iterator[_Told]:
    if health.trouble and not health.revoked:
        yield False, _SENDS_NOT, {"server": settings.server, "problem": health.trouble}
    elif not health.revoked:
        yield True, _SENDS, {"server": settings.server}
    for problem, sentence in ((health.key_trouble, _KEY), (health.configuration_trouble, _CONFIGURATION)):
        if problem:
            yield False, sentence, {"problem": problem}


def _machine(health: Health) -> Iterator[_Told]:
    if health.clock_synced is False:
        yield abs(health.clock_offset_ms) < _LATE_MS, _CLOCK, {}
    if health.temperature_c is not None and health.temperature_c >= _HOT_C:
        yield False, _HOT, {"degrees": round(health.temperature_c)}
    if health.disk_free_bytes is not None and health.disk_free_bytes < _LITTLE_ROOM:
        yield False, _FULL, {}
    if health.gaps:
        yield False, _LOST, {"count": health.gaps}


def page(health: Health, settings: GatewaySettings, language: str) -> str:
    """The page as HTML; it asks to be loaded again every five seconds and needs no script."""
    arabic = language == "ar"
    title = escape(_TITLE.said(language, gateway=settings.gateway))
    said = "".join(f'<p class="{"well" if well else "ill"}">{escape(text)}</p>' for well, text in sentences(health, settings, language))
    heads = "".join(f"<th>{escape(words.said(language))}</th>" for words in _COLUMNS)
    rows = "".join(_row(radio, language) for radio in health.radios)
    radios = f"<table><tr>{heads}</tr>{rows}</table>" if rows else ""
    facts = "".join(
        f"<tr><th>{escape(words.said(language))}</th><td><bdi>{_number(getattr(health, name))}</bdi></td></tr>"
        for name, words in _FACTS.items()
    )
    return (
        f'<!doctype html><html lang="{"ar" if arabic else "en"}" dir="{"rtl" if arabic else "ltr"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="refresh" content="5">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>{said}{radios}<table>{facts}</table>"
        f'<p><a href="?lang={"en" if arabic else "ar"}">{_OTHER.said(language)}</a> · <a href="/metrics">/metrics</a></p></body></html>'
    )


def _row(radio: RadioHealth, language: str) -> str:
    def seconds(ms: int) -> str:
        return _SECONDS.said(language, count=ms // 1000)

    repairs = ", ".join(f"{step} {count}" for step, count in radio.repairs.items()) or "-"
    adapter = radio.adapter or _DEFAULT_ADAPTER.said(language)
    cells = (radio.radio, adapter, str(radio.heard), seconds(radio.silent_ms), seconds(radio.odd_after_ms), repairs, radio.trouble or "-")
    return "<tr>" + "".join(f"<td><bdi>{escape(cell)}</bdi></td>" for cell in cells) + "</tr>"


def _number(value: object) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.1f}"
        case _:
            return f"{value:,}"


_METRICS: Final = {
    "waiting_batches": "Batches that wait for the server",
    "spool_bytes": "Bytes that wait for the server",
    "set_aside": "Batches that the server can never accept",
    "gaps": "Stretches given up for want of room",
    "revoked": "1 where the server has revoked the box's key",
    "key_age_days": "How old the signing key is",
    "clock_offset_ms": "What the server's clock shows beyond ours",
    "temperature_c": "The hottest sensor, in degrees Celsius",
    "disk_free_bytes": "Room on the disk of the spool",
    "memory_bytes": "Resident memory of the process",
}
"""Of Health, as gateway_<name>."""


class _Numbers(Collector):
    """The numbers of Health, read at each look."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        health = self._health()
        for name, text in _METRICS.items():
            value = getattr(health, name)
            if value is not None:
                yield GaugeMetricFamily(f"gateway_{name}", text, value=value)
        heard = GaugeMetricFamily("gateway_radio_heard", "Adverts heard by a radio, strangers' too", labels=("radio",))
        silent = GaugeMetricFamily("gateway_radio_silent_seconds", "Since when a radio has heard nothing", labels=("radio",))
        deaf = GaugeMetricFamily("gateway_radio_deaf", "1 where it does not scan or is oddly silent", labels=("radio",))
        repairs = GaugeMetricFamily("gateway_radio_repairs", "Repairs of a radio since the start, by step", labels=("radio", "step"))
        for radio in health.radios:
            heard.add_metric((radio.radio,), radio.heard)
            silent.add_metric((radio.radio,), radio.silent_ms / 1000)
            deaf.add_metric((radio.radio,), radio.radio in health.deaf)
            for step, count in radio.repairs.items():
                repairs.add_metric((radio.radio, step), count)
        yield from (heard, silent, deaf, repairs)
