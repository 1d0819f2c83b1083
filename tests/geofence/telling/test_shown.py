"""What others are told of a zone event and of a visit: the pseudonym, never which device."""

import msgspec

from geofence.telling.shown import shown
from groundwork.contracts.ids import Pseudonym, TenantId, Track, VenueId, VisitId
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent


def test_everything_is_shown_but_the_track() -> None:
    visit = Visit(id=VisitId("v"), tenant=TenantId("t"), venue=VenueId("shop"), shopper=Pseudonym("9a3f"), track=Track(1 << 63), start_ms=7)
    assert list(shown(visit)) == [name for name in Visit.__struct_fields__ if name != "track"]
    told = msgspec.json.encode(shown(visit))
    assert str(1 << 63).encode() not in told
    assert msgspec.json.decode(told)["shopper"] == "9a3f"


def test_a_stay_is_told_from_another_without_it() -> None:
    assert {"visit", "zone", "stay_start_ms", "shopper"} <= {*ZoneEvent.__struct_fields__}
