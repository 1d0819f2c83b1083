"""Whatever a caller sends wrong, the Arabic answer is Arabic: every body and query of every route, wrong in every way a decoder knows.

The routes are the deployment's own, and beside them stands what comes in by other ways (campaigns, calibration files). A value is wrong at
one place at a time; what stands before it is left out, because the decoder stops at the first fault. What types cannot say stands in
`__post_init__`: each of those has its wrong values in UNFIT, and one that is missing there fails.
"""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from msgspec import inspect as types

from aislecast.configuration import Configuration
from aislecast.deployment import Extras, Keys, deploy, parts_of
from beacon_gateway.settings import GatewaySettings
from floorplans.model import Plan
from geofence.outdoor.settings import Settings as OutdoorSettings
from geofence.positioning.anchors import Calibration, Prints, RadioMap
from geofence.settings import Settings as GeofenceSettings
from groundwork.people.tags import Tag
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import open_database
from groundwork.plumbing.http import Route, decoded
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.problems import problem
from groundwork.plumbing.reasons import Phrased, Refusal
from groundwork.plumbing.server_settings import ServerSettings
from notifier.campaigns import Campaign, Offer, Percent, Texts
from notifier.rules.dates import ValidDates
from notifier.rules.schedule import Schedule
from notifier.settings import Settings as NotifierSettings
from tests.architecture.source import product

Json = Any
DEEPEST: Final = 6
"""Levels of a body that are gone down; a plan is nested without end."""
WRONG: Final[tuple[Json, ...]] = (None, True, -(10**30), 10**30, 0.5, "", "\u0001 no such value", "x" * 5_000, [], [[]] * 9, {}, {"": 0})
NOT_JSON: Final = (
    *(b"", b"{", b"nil", b"[1,]", b'{"a":1,}', b'{"a" 1}', b"[1 2]", b'{"a":1 "b":2}', b"{1:2}", b"01", b"1e999", b"{} {}"),
    *(b'"\xff"', b'"\\x"', b'"\\u12"', b'"\\ud800"', b'"\\ud800\\u0001"', b'"\\ud8', b"[" * 9_999),
)
_SENTENCE: Final = re.compile(r"[A-Za-z]{2,} (?:[A-Za-z]+ )*[A-Za-z]{2,}")
"""Two Latin words side by side. Names, numbers and ids stand alone, or between signs."""
_SAID_BY_THE_CALLER: Final = re.compile(r"no such value")


@pytest.fixture
async def routes(tmp_path: Path) -> list[Route]:
    """Every route of the all-in-one process."""
    clock = ManualClock(0)
    database = await open_database(f"sqlite:///{tmp_path}/empty.db")
    parts = parts_of(database, clock, SeededIds(clock, 1), "test")
    deployment = deploy(parts, Configuration(), Keys(bytes(32), bytes(32)), Extras(metrics=True))
    found = [route for service in deployment.services for route in service.routes]
    await deployment.bus.close()
    await database.close()
    return found


def wrong(kind: types.Type, depth: int = 0) -> Iterator[Json]:
    """Values of which each has one fault, as seen by one who was promised a `kind`."""
    yield from WRONG
    if depth < DEEPEST:
        yield from _wrong_within(kind, depth)


def _wrong_within(kind: types.Type, depth: int) -> Iterator[Json]:
    match kind:
        case types.Metadata():
            yield from wrong(kind.type, depth)
        case types.UnionType():
            yield from (value for one in kind.types for value in wrong(one, depth))
        case types.StructType():
            yield from _wrong_fields(kind, depth)
        case types.CollectionType():
            yield from ([value] for value in wrong(kind.item_type, depth + 1))
        case types.TupleType():
            yield from ([value] for one in kind.item_types for value in wrong(one, depth + 1))
        case types.DictType():
            yield from ({"a": value} for value in wrong(kind.value_type, depth + 1))
            yield {"no such value": 1}


def _wrong_fields(kind: types.StructType, depth: int) -> Iterator[Json]:
    tag: dict[str, Json] = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
    yield {**tag, "no_such_field": 1}
    yield from ({name: "no such value"} for name in tag)
    for field in kind.fields:
        yield from ({**tag, field.encode_name: value} for value in wrong(field.type, depth + 1))


def foreign(arabic: str) -> str:
    """The first English in an Arabic sentence, what the caller sent herself and what stands in backquotes left out; empty for none."""
    found = _SENTENCE.search(re.sub(r"`[^`]*`", "", _SAID_BY_THE_CALLER.sub("", arabic)))
    return found[0] if found else ""


def refused(raw: bytes, kind: Any) -> Iterator[str]:
    """English in the Arabic answer to `raw` where a `kind` was expected."""
    try:
        decoded(raw, kind)
    except Refusal as refusal:
        told = problem(refusal, "ar", "")
        if found := foreign(told.detail_ar):
            yield f"{kind.__name__}: {found!r} in {told.detail_ar!r}"
        if not re.search("[ء-ي]", told.detail_ar):
            yield f"{kind.__name__}: no Arabic in {told.detail_ar!r}"


async def test_whatever_is_wrong_with_a_body_is_said_in_arabic_without_english(routes: list[Route]) -> None:
    kinds = {kind for route in routes for kind in (route.request, route.query) if kind is not None}
    assert len(kinds) > 40
    tried = 0
    violations: list[str] = []
    for kind in sorted([*kinds, Campaign, Calibration, Plan], key=lambda one: one.__name__):
        for value in wrong(types.type_info(kind)):
            tried += 1
            violations += refused(msgspec.json.encode(value), kind)
    assert tried > 5_000
    assert not violations, "\n".join(sorted(set(violations)))


@pytest.mark.parametrize("raw", NOT_JSON)
def test_what_is_no_json_is_refused_in_arabic_without_english(raw: bytes) -> None:
    assert not list(refused(raw, Campaign))
    with pytest.raises(Refusal, match="body_no_json"):
        decoded(raw, Campaign)


def test_the_search_for_english_finds_it() -> None:
    """The bodies above prove nothing if this lets everything through."""
    assert foreign("قيمة /x هي 1؛ والمتوقع a number above zero.") == "number above zero"
    assert foreign("لا يُملأ فيه إلا {code} {venue} مثل Asia/Riyadh، ‎`int | null`") == ""


def _offer(body: str) -> Offer:
    return Offer(title=Texts("عرض", "offer"), body=Texts(body, body), value=Percent(10))


def _prints(*, x_m: list[float] = [1.0], starts: list[int] = [0, 1], beacon: list[int] = [0]) -> Prints:  # noqa: B006 # never changed
    return Prints(subjects=["a"], levels=["F1"], level=[0], x_m=x_m, y_m=[1.0], starts=starts, beacon=beacon, share=[1])


UNFIT: Final[dict[str, tuple[Callable[[], object], ...]]] = {
    "notifier.campaigns.Offer": (lambda: _offer("{name}"),),
    "notifier.rules.dates.ValidDates": (lambda: ValidDates(date(2026, 2, 1), date(2026, 1, 1)),),
    "notifier.rules.schedule.Schedule": (lambda: Schedule(start="24:00"), lambda: Schedule(until="nine")),
    "geofence.positioning.anchors.RadioMap": (lambda: RadioMap(level="F1", x_m=[1.0], y_m=[], residual_ddb={}),),
    "geofence.positioning.anchors.Prints": (
        lambda: _prints(x_m=[]),
        lambda: _prints(starts=[1, 1]),
        lambda: _prints(beacon=[1]),
    ),
    "groundwork.people.tags.Tag": (
        lambda: Tag("1", "cart", None),
        lambda: Tag("1", "cart", None, "ibeacon:00:1:2"),  # type: ignore[arg-type] # a key is a str
        lambda: Tag("1", "loyalty", None, "token:00"),  # type: ignore[arg-type] # a key is a str
    ),
    "geofence.settings.Settings": (
        lambda: GeofenceSettings(exit_probability=0.99),
        lambda: GeofenceSettings(visit_end_ms=1),
        lambda: GeofenceSettings(dwell_s=(30, 10)),
        lambda: GeofenceSettings(dwell_s=(1,)),
    ),
    "geofence.outdoor.settings.Settings": (lambda: OutdoorSettings(dwell_s=(30, 10)), lambda: OutdoorSettings(dwell_s=(1,))),
    "notifier.settings.Settings": (lambda: NotifierSettings(lease_s=1),),
    "groundwork.plumbing.server_settings.ServerSettings": (lambda: ServerSettings(trusted_proxies=("proxy",)),),
    "beacon_gateway.settings.GatewaySettings": (
        lambda: GatewaySettings(token_marker=[1]),
        lambda: GatewaySettings(source="btsnoop"),
        lambda: GatewaySettings(status_address="localhost:99999"),
        lambda: GatewaySettings(bthome_keys={"here": "0" * 32}),
        lambda: GatewaySettings(allow_companies=[0x004C]),
    ),
}
"""Values that types let through and `__post_init__` does not."""
WITHOUT_WORDS: Final = {
    "aislecast.phone.Phone",
    "aislecast.replaying.replay.Replay",
    "geofence.device_columns.DeviceColumns",
    "groundwork.people.eid.EidKey",
    "groundwork.plumbing.rates.Rate",
    "notifier.coupons.Codes",
}
"""These refuse nothing, or what only a programmer can give them: keys of a length that we make ourselves, rates that stand in the code."""


def test_every_check_beyond_the_types_has_its_wrong_values_here() -> None:
    found = {
        f"{source.module}.{node.name}"
        for source in product()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and any(isinstance(one, ast.FunctionDef) and one.name == "__post_init__" for one in node.body)
    }
    assert found == UNFIT.keys() | WITHOUT_WORDS


@pytest.mark.parametrize("make", [make for makes in UNFIT.values() for make in makes])
def test_what_does_not_fit_together_is_said_in_both_languages(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        make()
    assert isinstance(caught.value, Phrased)
    words = phrase_of(caught.value)
    assert re.search("[ء-ي]", words.ar)
    assert not foreign(words.ar), words.ar
    assert not re.search("[ء-ي]", words.en)


def test_a_wrong_campaign_is_refused_with_place_value_and_what_was_expected() -> None:
    """Before, the whole offer was quoted, and English stood in the Arabic sentence."""
    texts = {"ar": "عرض", "en": "offer"}
    offer = {"title": texts, "body": {"ar": "خصم {amount}", "en": "off"}, "value": {"type": "percent", "percent": 10}}
    trigger = {"type": "enter"}
    raw = {"id": "c", "tenant": "t", "names": texts, "offer": offer, "trigger": trigger}
    with pytest.raises(Refusal) as caught:
        decoded(msgspec.json.encode(raw), Campaign)
    told = problem(caught.value, "ar", "")
    assert told.at == "/offer/body/ar"
    assert told.detail_ar == 'قيمة /offer/body/ar هي "خصم {amount}"؛ والمتوقع نص لا يُملأ فيه إلا: {code} {value} {venue}.'
    assert told.detail_en.endswith("expected words in which only these are filled in: {code} {value} {venue}.")
