"""Visits that began outside go on inside under their own id: which do, which do not, and when they end."""

import pytest

from geofence.admitted import arrival, decode
from geofence.tracking.visit_links import VisitLinks
from groundwork.contracts.ids import Pseudonym, Track, VisitId
from groundwork.contracts.visit import Visit
from tests.geofence.venues import TENANT, VENUE

OUTSIDE, UNTIL_MS = 100_000, 400_000
PHONE, TAG = Track(1), Track(2)


def visit(name: str, start_ms: int, end_ms: int | None = None, track: Track = PHONE, shopper: str = "layla") -> Visit:
    return Visit(id=VisitId(name), tenant=TENANT, venue=VENUE, shopper=Pseudonym(shopper), track=track, start_ms=start_ms, end_ms=end_ms)


def linked(shopper: str = "layla", links: VisitLinks | None = None, now_ms: int = OUTSIDE) -> VisitLinks:
    found = links or VisitLinks()
    found.arrive(decode(arrival(visit("outside", OUTSIDE, shopper=shopper), now_ms, UNTIL_MS)))
    return found


def begun(links: VisitLinks, one: Visit) -> str:
    """Under which id a visit that begins inside is kept."""
    (told,) = links.joined([], [one]).visits
    return told.id


@pytest.mark.parametrize(("start_ms", "same"), [(OUTSIDE - 1, False), (OUTSIDE, True), (UNTIL_MS, True), (UNTIL_MS + 1, False)])
def test_a_visit_that_begins_within_the_links_time_is_the_one_that_began_outside(start_ms: int, same: bool) -> None:
    assert begun(linked(), visit("inside", start_ms)) == ("outside" if same else "inside")


def test_another_shoppers_visit_is_her_own() -> None:
    assert begun(linked(), visit("inside", OUTSIDE, shopper="noura")) == "inside"


def test_of_a_device_only_the_first_visit_is_the_linked_one_and_each_of_her_devices_has_one() -> None:
    links = linked()
    assert begun(links, visit("first", OUTSIDE + 1)) == "outside"
    assert begun(links, visit("tag", OUTSIDE + 2, track=TAG)) == "outside"
    assert begun(links, visit("second", OUTSIDE + 3)) == "second"


def test_it_ends_with_the_last_of_her_devices() -> None:
    links = linked()
    links.joined([], [visit("phone", OUTSIDE + 1), visit("tag", OUTSIDE + 2, track=TAG)])
    first = links.joined([], [visit("phone", OUTSIDE + 1, OUTSIDE + 50)])
    assert (first.visits, [one.id for one in first.parted]) == ([], ["phone"])
    (last,) = links.joined([], [visit("tag", OUTSIDE + 2, OUTSIDE + 60, TAG)]).visits
    assert (last.id, last.start_ms, last.end_ms) == ("outside", OUTSIDE, OUTSIDE + 60)


def test_what_is_over_by_the_servers_clock_is_not_waited_for_any_more() -> None:
    links = linked("noura", linked(), now_ms=UNTIL_MS)
    assert begun(links, visit("inside", OUTSIDE + 1)) == "outside"
    links = linked("noura", linked(), now_ms=UNTIL_MS + 1)
    assert begun(links, visit("inside", OUTSIDE + 1)) == "inside"


def test_of_a_forgotten_shopper_nothing_is_left() -> None:
    links = linked()
    links.joined([], [visit("inside", OUTSIDE + 1)])
    linked("noura", links)
    links.forget(Pseudonym("layla"))
    assert (b"layla" in links.state(), b"noura" in links.state()) == (False, True)


def test_links_survive_their_own_bytes() -> None:
    links = linked()
    links.joined([], [visit("inside", OUTSIDE + 1)])
    again = VisitLinks(links.state())
    assert again.state() == links.state()
    (ended,) = again.joined([], [visit("inside", OUTSIDE + 1, OUTSIDE + 50)]).visits
    assert ended.id == "outside"
    assert again
    assert not VisitLinks()
