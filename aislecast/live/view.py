"""The live view: shoppers per zone, the last zone events, pushes and redemptions, and the counts of every hop.

`render` is a pure function of the state; `LiveView` puts it on a terminal, `PlainView` writes lines where there is none. Both are
driven by `refresh` and never wait. In Arabic columns run from right to left and bars grow from the right.
"""

from collections.abc import Sequence
from typing import Final, Literal, Protocol, TextIO
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from aislecast.live.state import Line, LiveState, PushLine, RedemptionLine, ZoneLine
from aislecast.steps import in_order, step_name
from aislecast.words import Voice
from groundwork.plumbing.clock import as_datetime
from groundwork.plumbing.hops import Hop
from groundwork.plumbing.reasons import Words
from notifier.reasons import BY_CODE

_LEAST: Final = {"zones": 3, "events": 2, "pushes": 1, "redemptions": 1}
_MOST: Final = {"zones": 40, "events": 8, "pushes": 5, "redemptions": 3}
"""Rows of each part: where a terminal is low, parts grow in turn from the least until it is full; the hops are below, and may be cut."""
_FIXED_ROWS: Final = 14
"""Header, five titles with a line above each, the hops' headings, and the footer."""
_BAR: Final = 24
_GAP: Final = 2
"""Between columns."""
_SUMMARY_S: Final = 10.0
_SAMPLE_S: Final = 1.0

_ZONES = Words("Shoppers in the zones", "المتسوقون في المناطق")
_LAST_EVENTS = Words("Last zone events", "آخر أحداث المناطق")
_LAST_PUSHES = Words("Last pushes", "آخر الإشعارات")
_LAST_REDEMPTIONS = Words("Last redemptions", "آخر القسائم المصروفة")
_HOPS = Words("The flow, step by step (in = out + refused + held)", "المسار خطوة بخطوة (دخل = خرج + رُفض + معلّق)")
_NONE_YET = Words("none yet", "لا شيء بعد")
_DOCS = Words("API documentation: {url}", "توثيق الواجهة البرمجية: {url}")
_STOP = Words("Ctrl-C stops it.", "للإيقاف: Ctrl-C.")
_HEADINGS: Final = (
    Words("step", "المرحلة"),
    Words("in", "دخل"),
    Words("out", "خرج"),
    Words("refused", "رُفض"),
    Words("held", "معلّق"),
    Words("missing", "مفقود"),
    Words("per s", "في الثانية"),
    Words("lag", "التأخر"),
)
_MISSING: Final = 5
_SHORTEST_NAME: Final = 8
_LEAST_COLUMNS: Final = _MISSING + 1
"""What a narrow terminal still shows: every count; how fast and how late it is can be asked of the metrics."""
_ENTER = Words("shopper {shopper} entered {zone}", "دخل المتسوق {shopper} إلى {zone}")
_EXIT = Words("shopper {shopper} left {zone}", "غادر المتسوق {shopper} {zone}")
_DWELL = Words("shopper {shopper} has been in {zone} for {seconds} s", "المتسوق {shopper} في {zone} منذ {seconds:ثانية}")
_OUTSIDE: Final = {
    ("approach", "enter"): Words("shopper {shopper} is on the way to {zone}", "المتسوق {shopper} في الطريق إلى {zone}"),
    ("approach", "dwell"): Words(
        "shopper {shopper} has been near {zone} for {seconds} s", "المتسوق {shopper} قرب {zone} منذ {seconds:ثانية}"
    ),
    ("approach", "exit"): Words("shopper {shopper} is no longer near {zone}", "لم يعد المتسوق {shopper} قرب {zone}"),
    ("venue", "enter"): Words("shopper {shopper} has arrived at {zone}", "وصل المتسوق {shopper} إلى {zone}"),
    ("venue", "dwell"): Words("shopper {shopper} has been at {zone} for {seconds} s", "المتسوق {shopper} في {zone} منذ {seconds:ثانية}"),
    ("venue", "exit"): Words("shopper {shopper} has left {zone}", "غادر المتسوق {shopper} {zone}"),
}
"""Of fences on the earth, by the zone's kind and the event's: approaching, arrived, left."""
_EXPECTED = Words(
    "shopper {shopper} is on the way to {zone}, expected at {time}", "المتسوق {shopper} في الطريق إلى {zone}، ويُتوقع وصوله {time}"
)
_PUSHED = Words("push to shopper {shopper} by {channel}: {title}", "إشعار إلى المتسوق {shopper} عبر {channel}: {title}")
_NOT_PUSHED = Words(
    "push to shopper {shopper} not delivered: {why} ({channel}: {title})",
    "لم يصل إشعار إلى المتسوق {shopper}: {why} ({channel}: {title})",
)
_CHANNELS: Final = {"inbox": Words("in-app inbox", "صندوق التطبيق"), "dry_run": Words("dry run, sent nowhere", "تجربة دون إرسال")}
_REDEEMED = Words("coupon redeemed: {amount} {currency} off, receipt {receipt}", "صُرفت قسيمة: خصم {amount} {currency}، الإيصال {receipt}")
_LAG = Words("{seconds} s", "{seconds} ث")
_SKIPPED = Words("... {count} more", "... و{count} غيرها")
_AND = Words("; ", "؛ ")
_SUMMARY = Words("shoppers in zones: {shoppers}", "المتسوقون في المناطق: {shoppers}")
_HOP = Words(
    "{name} {in_} in, {out} out, {refused} refused, {held} held, {missing} missing",
    "{name}: دخل {in_}، خرج {out}، رُفض {refused}، معلّق {held}، مفقود {missing}",
)


Side = Literal["left", "right", "number"]
"""Of a column, in English. A number stands at the right in both languages, so that its units stand below one another."""


class View(Protocol):
    """What the all-in-one process drives a few times a second."""

    def refresh(self, now_ms: int, monotonic_s: float) -> None:
        """Shows the state as it is at `now_ms`."""
        ...

    def close(self) -> None:
        """Leaves the terminal as it should be found."""
        ...


def open_view(state: LiveState, voice: Voice, out: TextIO, *, plain: bool) -> View:
    """The view that fits: the live one on a terminal, unless plain lines were asked for."""
    return PlainView(state, voice, out) if plain or not out.isatty() else LiveView(state, voice, Console(file=out))


class LiveView:
    """The state drawn in place on a terminal."""

    def __init__(self, state: LiveState, voice: Voice, console: Console) -> None:
        self._state, self._voice, self._console = state, voice, console
        self._sampled_s = float("-inf")
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def refresh(self, now_ms: int, monotonic_s: float) -> None:
        if not self._live.is_started:  # not before there is something to draw: what else is printed would be drawn over
            self._live.start()
        if monotonic_s - self._sampled_s >= _SAMPLE_S:
            self._state.sample(monotonic_s)
            self._sampled_s = monotonic_s
        drawn = render(self._state, self._voice.language, self._console.width, now_ms, self._console.height)
        self._live.update(drawn, refresh=True)

    def close(self) -> None:
        self._live.stop()


class PlainView:
    """One line for each thing that happens, and every ten seconds a summary."""

    def __init__(self, state: LiveState, voice: Voice, out: TextIO) -> None:
        self._state, self._voice, self._out = state, voice, out
        self._shown = 0
        self._summed_s: float | None = None
        if state.url:
            self._say(voice.say(_DOCS, url=state.url))

    def refresh(self, now_ms: int, monotonic_s: float) -> None:
        fresh = self._state.since(self._shown)
        skipped = self._state.added - self._shown - len(fresh)
        self._shown = self._state.added
        if skipped:
            self._say(self._voice.say(_SKIPPED, count=skipped))
        for line in fresh:
            self._say(f"{local_time(line.at_ms, self._state.time_zone)} {said(line, self._state, self._voice)}")
        if self._summed_s is None:
            self._summed_s = monotonic_s
        elif monotonic_s - self._summed_s >= _SUMMARY_S:
            self._summed_s = monotonic_s
            self._say(f"{local_time(now_ms, self._state.time_zone)} {summary(self._state, self._voice)}")
        self._out.flush()

    def close(self) -> None:
        self._out.flush()

    def _say(self, line: str) -> None:
        self._out.write(self._voice.line(line) + "\n")


def render(state: LiveState, language: str, width: int, now_ms: int, height: int = 60) -> RenderableType:
    """The whole view as it is at `now_ms`, for a terminal of `width` columns and `height` rows."""
    voice = Voice(language)
    rows = fitted(state, height)
    return Group(
        _header(state, voice, width, now_ms),
        _title(_ZONES, voice),
        _zones(state, voice, width, rows["zones"]),
        _title(_LAST_EVENTS, voice),
        _lines(state.last(ZoneLine, rows["events"]), state, voice, width),
        _title(_LAST_PUSHES, voice),
        _lines(state.last(PushLine, rows["pushes"]), state, voice, width),
        _title(_LAST_REDEMPTIONS, voice),
        _lines(state.last(RedemptionLine, rows["redemptions"]), state, voice, width),
        _title(_HOPS, voice),
        _hops(state, voice, width),
        _footer(state, voice),
    )


def fitted(state: LiveState, height: int) -> dict[str, int]:
    """How many rows each part gets on a terminal of `height` rows."""
    most = _MOST | {"zones": max(_LEAST["zones"], min(len(state.zones), _MOST["zones"]))}
    rows = dict(_LEAST)
    left = height - _FIXED_ROWS - len(state.hops.all()) - sum(rows.values())
    for part in [*rows] * max(most.values()):
        if left > 0 and rows[part] < most[part]:
            rows[part] += 1
            left -= 1
    return rows


def said(line: Line, state: LiveState, voice: Voice) -> str:
    """One line in the operator's language; a push's title stays in the shopper's."""
    match line:
        case ZoneLine():
            return _said_of_zone(line, state, voice)
        case PushLine():
            channel = voice.say(_CHANNELS[line.channel]) if line.channel in _CHANNELS else line.channel
            values = {"shopper": line.shopper[:4], "channel": channel, "title": line.title}
            return voice.say(_PUSHED, **values) if line.outcome == "delivered" else voice.say(_NOT_PUSHED, why=_why(line, voice), **values)
        case RedemptionLine():
            amount = f"{line.discount_minor / 100:.2f}"
            return voice.say(_REDEEMED, amount=amount, currency=line.currency, receipt=line.receipt)


def _said_of_zone(line: ZoneLine, state: LiveState, voice: Voice) -> str:
    outside = _OUTSIDE.get((line.zone_kind, line.kind)) if line.zone not in state.zones else None
    if outside is None:
        words = {"enter": _ENTER, "exit": _EXIT, "dwell": _DWELL}[line.kind]
        return voice.say(words, shopper=line.shopper[:4], zone=_zone_name(line.zone, state, voice), **_seconds(line))
    values = {"shopper": line.shopper[:4], "zone": state.venue.ar if voice.right_to_left else state.venue.en}
    if line.arrives_ms is not None:
        return voice.say(_EXPECTED, time=local_time(line.arrives_ms, state.time_zone), **values)
    return voice.say(outside, **values, **_seconds(line))


def summary(state: LiveState, voice: Voice) -> str:
    """All counts in one line: how many shoppers are in, and what each hop that did anything took, gave, refused, holds and lost."""
    busy = [hop for hop in in_order(state.hops) if hop.in_ or hop.missing()]
    hops = [voice.say(_HOP, name=step_name(hop.name, voice), in_=hop.in_, out=hop.out, **_losses(hop)) for hop in busy]
    return voice.say(_AND).join([voice.say(_SUMMARY, shoppers=sum(state.counts.values())), *hops])


def local_time(ms: int, time_zone: str) -> str:
    """`10:00:00` where the venue is."""
    return f"{as_datetime(ms).astimezone(ZoneInfo(time_zone)):%H:%M:%S}"


def _why(line: PushLine, voice: Voice) -> str:
    """Why the push was not delivered, in a sentence where the reason has one."""
    reason = BY_CODE.get(line.reason)
    return voice.say(reason.words).rstrip(".") if reason else line.outcome


def _seconds(line: ZoneLine) -> dict[str, int]:
    return {"seconds": line.dwell_s} if line.kind == "dwell" else {}


def _losses(hop: Hop) -> dict[str, int]:
    return {"refused": hop.refused.total(), "held": hop.held, "missing": hop.missing()}


def _zone_name(zone: str, state: LiveState, voice: Voice) -> str:
    names = state.zones.get(zone)
    return zone if names is None else names.ar if voice.right_to_left else names.en


def _grid(voice: Voice, width: int, *columns: Side) -> Table:
    """A table without lines; `columns` are as in English, and turn around in Arabic."""
    table = Table.grid(padding=(0, _GAP), expand=False)
    table.width = width
    for side in reversed(columns) if voice.right_to_left else columns:
        table.add_column(justify=_justified(side, voice), no_wrap=True)
    return table


def _start(voice: Voice) -> Literal["left", "right"]:
    """The side on which a line begins."""
    return "right" if voice.right_to_left else "left"


def _justified(side: Side, voice: Voice) -> Literal["left", "right"]:
    return "right" if side == "number" or (side == "right") != voice.right_to_left else "left"


def _row(table: Table, voice: Voice, *cells: RenderableType) -> None:
    table.add_row(*(reversed(cells) if voice.right_to_left else cells))


def _title(words: Words, voice: Voice) -> Text:
    return Text(f"\n{voice.say(words)}", style="bold", justify=_start(voice))


def _header(state: LiveState, voice: Voice, width: int, now_ms: int) -> Table:
    table = _grid(voice, width, "left", "right")
    name = state.venue.ar if voice.right_to_left else state.venue.en
    _row(table, voice, Text(f"Aislecast  {voice.isolate(name)}", style="bold cyan"), Text(local_time(now_ms, state.time_zone)))
    return table


def _zones(state: LiveState, voice: Voice, width: int, rows: int) -> Table:
    """The zones in their order; where not all fit, those with the most shoppers."""
    most = max([1, *state.counts.values()])
    fullest = sorted(state.zones, key=lambda zone: -state.counts.get(zone, 0))[:rows]
    table = _grid(voice, width, "left", "number", "left")
    table.columns[1].min_width = len(str(most))
    for zone in (zone for zone in state.zones if zone in fullest):
        count = state.counts.get(zone, 0)
        bar = "█" * max(round(_BAR * count / most), 1 if count else 0)
        _row(table, voice, _zone_name(zone, state, voice), str(count), Text(bar, style="green"))
    return table


def _lines(lines: Sequence[Line], state: LiveState, voice: Voice, width: int) -> RenderableType:
    if not lines:
        return Text(voice.say(_NONE_YET), style="dim", justify=_start(voice))
    table = _grid(voice, width, "left", "left")
    table.columns[0 if voice.right_to_left else 1].ratio = 1
    for line in lines:
        text = Text(said(line, state, voice), overflow="ellipsis")
        _row(table, voice, Text(local_time(line.at_ms, state.time_zone), style="dim"), text)
    return table


def _hops(state: LiveState, voice: Voice, width: int) -> Table:
    """A row for each hop. On a narrow terminal the last columns are left out, and names cut: half a number would be another number."""
    rows = [[voice.say(heading) for heading in _HEADINGS], *(_hop_row(hop, state, voice) for hop in in_order(state.hops))]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    while len(widths) > _LEAST_COLUMNS and sum(widths) + _GAP * (len(widths) - 1) > width:
        widths.pop()
    counts: list[Side] = ["number"] * (len(widths) - 1)
    table = _grid(voice, width, "left", *counts)
    names, *numbers = reversed(table.columns) if voice.right_to_left else table.columns
    for column, wide in zip(numbers, widths[1:], strict=True):
        column.min_width = wide
    names.max_width = max(_SHORTEST_NAME, width - sum(widths[1:]) - _GAP * len(numbers))
    for number, row in enumerate(rows):
        styles = ["dim" if number == 0 else "bold red" if at == _MISSING and cell != "0" else "" for at, cell in enumerate(row)]
        _row(table, voice, *(Text(cell, style=style) for cell, style in zip(row[: len(widths)], styles, strict=False)))
    return table


def _hop_row(hop: Hop, state: LiveState, voice: Voice) -> list[str]:
    counts = (hop.in_, hop.out, hop.refused.total(), hop.held, hop.missing())
    lag = voice.say(_LAG, seconds=f"{state.lags_s[hop.name]:.1f}") if hop.name in state.lags_s else "-"
    return [step_name(hop.name, voice), *(f"{count:,}" for count in counts), f"{state.rate(hop.name):,.1f}", lag]


def _footer(state: LiveState, voice: Voice) -> Text:
    parts = [voice.say(_DOCS, url=state.url)] if state.url else []
    return Text("\n" + "  ".join([*parts, voice.say(_STOP)]), style="dim", justify=_start(voice))
