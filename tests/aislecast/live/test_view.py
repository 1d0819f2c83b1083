"""The live view in both languages, and the plain lines that stand in for it."""

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from aislecast.live.state import KEPT_LINES, LiveState, PushLine, RedemptionLine, ZoneLine
from aislecast.live.view import LiveView, PlainView, open_view, render, said
from aislecast.steps import STEPS, step_name
from aislecast.words import Voice
from floorplans.model import Names
from groundwork.plumbing.hops import Hops

NOW_MS = 1_793_516_400_000
"""10:00 in Riyadh."""
GONE = "The device no longer takes pushes"
SNAPSHOTS = Path(__file__).parent / "snapshots"
ISOLATES = dict.fromkeys(map(ord, "\u2066\u2068\u2069\u200f"))


@pytest.fixture
def state() -> LiveState:
    """A shop at ten in the morning with something of everything."""
    hops = Hops()
    gate = hops.hop("gateway.gate", "adverts")
    gate.take(1_234)
    gate.give(200)
    gate.refuse("stranger", 1_000)
    gate.held = 34
    decide = hops.hop("decide", "zone events")
    decide.take(7)
    decide.give(6)
    state = LiveState(
        hops=hops,
        venue=Names("سوق النخيل", "Palm Market"),
        zones={
            "coffee": Names("الممر 1: القهوة والشاي", "Aisle 1: coffee and tea"),
            "bakery": Names("المخبز", "Bakery"),
            "entrance": Names("المدخل", "Entrance"),
        },
        time_zone="Asia/Riyadh",
        url="http://127.0.0.1:8000/docs",
    )
    state.set_counts({"coffee": 4, "bakery": 1})
    state.set_lag("decide", 0.42)
    state.add(ZoneLine(NOW_MS, "enter", "a3f2c9d1", "bakery"))
    state.add(ZoneLine(NOW_MS + 10_000, "dwell", "a3f2c9d1", "bakery", 10))
    state.add(PushLine(NOW_MS + 10_300, "a3f2c9d1", "ar", "خبز طازج بخصم 20٪", "inbox"))
    state.add(PushLine(NOW_MS + 10_400, "77e0aa10", "en", "Fresh bread, 20% off", "dry_run", "refused", "target_gone"))
    state.add(ZoneLine(NOW_MS + 15_000, "exit", "a3f2c9d1", "bakery"))
    state.add(RedemptionLine(NOW_MS + 20_000, 1_250, "SAR", "R-100"))
    return state


def _drawn(state: LiveState, language: str, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(render(state, language, width, NOW_MS + 30_000))
    return capture.get()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_view_looks_as_it_was_approved(state: LiveState, language: str) -> None:
    """Look at a changed snapshot before it is committed: columns that touch are seen there and nowhere else."""
    assert _drawn(state, language) == (SNAPSHOTS / f"live_view_{language}.txt").read_text()


def test_an_arabic_view_begins_at_the_right_edge(state: LiveState) -> None:
    lines = [line for line in _drawn(state, "ar").splitlines() if line.strip()]
    assert {cell_len(line) for line in lines} == {100}
    assert all(not line.endswith(" ") for line in lines)
    [bar] = [line for line in lines if "القهوة" in line]
    assert bar.index("█") < bar.index("4") < bar.index("الممر"), "name at the right, then the count, then the bar"


def test_before_anything_happened_the_view_says_so() -> None:
    empty = LiveState(Hops(), Names("متجر", "Shop"), {})
    assert _drawn(empty, "en").count("none yet") == 3
    assert _drawn(empty, "ar").count("لا شيء بعد") == 3


@pytest.mark.parametrize("width", [40, 60, 200])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_no_line_is_wider_than_the_terminal(state: LiveState, language: str, width: int) -> None:
    for line in _drawn(state, language, width).splitlines():
        assert cell_len(line) <= width


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_narrow_terminal_still_says_how_many_are_in_a_zone(state: LiveState, language: str, width: int) -> None:
    full = max(state.counts, key=lambda zone: state.counts[zone])
    state.set_counts({**state.counts, full: 4_321})
    assert any("4321" in line and "█" in line for line in _drawn(state, language, width).splitlines())


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_narrow_terminal_loses_columns_and_ends_of_names_but_no_digit(state: LiveState, language: str, width: int) -> None:
    counts = {}
    for number, name in enumerate(STEPS):
        hop = state.hops.hop(name, "adverts" if name.startswith("gateway") else "zone events")
        hop.take(12_345_678 * 3 ** (number % 3))
        hop.give(hop.in_ // 2)
        counts[step_name(name, Voice(language))] = hop
    drawn = _drawn(state, language, width)
    shown = {line for line in drawn.splitlines() if re.search(r"\d,\d{3},\d{3}", line)}
    assert len(shown) == len(STEPS)
    for hop in counts.values():
        assert any(f" {hop.in_:,} " in line and f" {hop.out:,} " in line and f"{hop.missing():,} " in line + " " for line in shown)


@pytest.mark.parametrize("height", [24, 30, 40, 60])
def test_the_view_fits_the_terminal(state: LiveState, height: int) -> None:
    for number in range(20):
        state.add(ZoneLine(NOW_MS + number, "enter", "a3f2", "bakery"))
        state.add(PushLine(NOW_MS + number, "a3f2", "en", f"offer {number}", "inbox"))
    console = Console(width=100, height=height, file=io.StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(render(state, "en", 100, NOW_MS, height))
    assert len(capture.get().splitlines()) <= height
    assert "offer 19" in capture.get()


def test_where_not_all_zones_fit_the_fullest_are_shown_in_their_order(state: LiveState) -> None:
    state.zones = {f"z{number}": Names(f"م{number}", f"Zone-{number}.") for number in range(30)}
    state.set_counts({"z20": 5, "z25": 1, "z10": 3})
    console = Console(width=100, height=24, file=io.StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(render(state, "en", 100, NOW_MS, 24))
    assert re.findall(r"Zone-(\d+)\.", capture.get())[-3:] == ["10", "20", "25"]


def test_something_missing_stands_out(state: LiveState) -> None:
    console = Console(width=100, file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(render(state, "en", 100, NOW_MS))
    [decide] = [line for line in capture.get().splitlines() if "decide" in line]
    assert re.search(r"\x1b\[1;31m +1\x1b\[0m", decide)


def test_a_zone_nobody_named_is_shown_by_its_id(state: LiveState) -> None:
    state.add(ZoneLine(NOW_MS, "enter", "a3f2", "new-zone"))
    assert "shopper a3f2 entered new-zone" in _drawn(state, "en")


@pytest.mark.parametrize(
    ("line", "english"),
    [
        (ZoneLine(NOW_MS, "enter", "a3f2", "approach:near", 0, "approach", NOW_MS + 60_000), "is on the way to Palm Market, expected at"),
        (ZoneLine(NOW_MS, "enter", "a3f2", "approach:near", 0, "approach"), "is on the way to Palm Market"),
        (ZoneLine(NOW_MS, "dwell", "a3f2", "approach:near", 120, "approach"), "has been near Palm Market for 120 s"),
        (ZoneLine(NOW_MS, "enter", "a3f2", "venue", 0, "venue"), "has arrived at Palm Market"),
        (ZoneLine(NOW_MS, "exit", "a3f2", "venue", 0, "venue"), "has left Palm Market"),
    ],
)
def test_outside_it_is_said_who_is_on_the_way_has_arrived_and_left(state: LiveState, line: ZoneLine, english: str) -> None:
    assert english in said(line, state, Voice("en"))
    assert "سوق النخيل" in said(line, state, Voice("ar"))


def test_rates_are_over_the_last_seconds(state: LiveState) -> None:
    gate = state.hops.hop("gateway.gate", "adverts")
    assert state.rate("gateway.gate") == 0.0
    for second in range(20):
        state.sample(second)
        gate.take(30)
    assert state.rate("gateway.gate") == pytest.approx(30.0)
    for second in range(20, 30):
        state.sample(second)
    assert state.rate("gateway.gate") == 0.0


def test_plain_lines_say_each_thing_once(state: LiveState) -> None:
    out = io.StringIO()
    view = PlainView(state, Voice("en"), out)
    view.refresh(NOW_MS + 20_000, 0.0)
    view.refresh(NOW_MS + 20_250, 0.25)
    assert out.getvalue().splitlines() == [
        "API documentation: http://127.0.0.1:8000/docs",
        "10:00:00 shopper a3f2 entered Bakery",
        "10:00:10 shopper a3f2 has been in Bakery for 10 s",
        "10:00:10 push to shopper a3f2 by in-app inbox: خبز طازج بخصم 20٪",
        f"10:00:10 push to shopper 77e0 not delivered: {GONE} (dry run, sent nowhere: Fresh bread, 20% off)",
        "10:00:15 shopper a3f2 left Bakery",
        "10:00:20 coupon redeemed: 12.50 SAR off, receipt R-100",
    ]


def test_plain_lines_sum_up_every_ten_seconds(state: LiveState) -> None:
    out = io.StringIO()
    view = PlainView(state, Voice("en"), out)
    for second in range(21):
        view.refresh(NOW_MS + second * 1_000, float(second))
    view.close()
    sums = [line for line in out.getvalue().splitlines() if "shoppers in zones" in line]
    assert sums == [
        f"10:00:{second} shoppers in zones: 5; gateway: gate 1234 in, 200 out, 1000 refused, 34 held, 0 missing; "
        "decide 7 in, 6 out, 0 refused, 0 held, 1 missing"
        for second in (10, 20)
    ]


def test_arabic_plain_lines_run_from_the_right(state: LiveState) -> None:
    out = io.StringIO()
    PlainView(state, Voice("ar"), out).refresh(NOW_MS, 0.0)
    lines = out.getvalue().splitlines()
    assert all(line.startswith("\u200f") for line in lines)
    assert lines[1].translate(ISOLATES) == "10:00:00 دخل المتسوق a3f2 إلى المخبز"


def test_a_view_that_fell_behind_says_how_much_it_skips(state: LiveState) -> None:
    out = io.StringIO()
    view = PlainView(state, Voice("en"), out)
    view.refresh(NOW_MS, 0.0)
    for _ in range(KEPT_LINES + 5):
        state.add(ZoneLine(NOW_MS, "exit", "77e0", "bakery"))
    view.refresh(NOW_MS, 0.25)
    lines = out.getvalue().splitlines()
    assert lines[7] == "... 5 more"
    assert len(lines) == 8 + KEPT_LINES


def test_where_there_is_no_terminal_lines_are_plain(state: LiveState) -> None:
    assert isinstance(open_view(state, Voice("en"), io.StringIO(), plain=False), PlainView)


def test_the_live_view_draws_in_place_and_leaves_the_last_picture(state: LiveState) -> None:
    out = io.StringIO()
    view = LiveView(state, Voice("en"), Console(file=out, force_terminal=True, width=100, height=60))
    view.refresh(NOW_MS, 0.0)
    view.refresh(NOW_MS + 1_000, 1.0)
    view.close()
    assert "10:00:01" in out.getvalue()
    assert "\x1b[?25h" in out.getvalue(), "the cursor is shown again"
