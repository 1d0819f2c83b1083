"""Edits as they come over HTTP: which thing is put, or by which key one is taken away."""

from typing import Annotated, TypeAlias

import msgspec

from floorplans.commands import Edit, Premises, Put, Remove
from floorplans.model import Building, Detail, Fixture, Level, Link, Opening, Placement, PlacePoint, Shelving, Zone


class _Put(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Adds one, or puts it in the place of the one with its id."""


class PutLevel(_Put, frozen=True, tag="put_level"):
    thing: Level


class PutZone(_Put, frozen=True, tag="put_zone"):
    thing: Zone


class PutFixture(_Put, frozen=True, tag="put_fixture"):
    thing: Fixture


class PutOpening(_Put, frozen=True, tag="put_opening"):
    thing: Opening


class PutPoint(_Put, frozen=True, tag="put_point"):
    thing: PlacePoint


class PutLink(_Put, frozen=True, tag="put_link"):
    thing: Link


class PutBuilding(_Put, frozen=True, tag="put_building"):
    thing: Building


class PutPlacement(_Put, frozen=True, tag="put_placement"):
    thing: Placement


class PutShelving(_Put, frozen=True, tag="put_shelving"):
    thing: Shelving


class PutDetail(_Put, frozen=True, tag="put_detail"):
    thing: Detail


class PutPremises(_Put, frozen=True, tag="put_venue"):
    thing: Premises


class RemoveThing(_Put, frozen=True, tag="remove"):
    """Takes one away; `whole` takes what stands on a level, or the products of a shelf, along."""

    part: str
    """`levels`, `zones`, `fixtures`, `openings`, `points`, `links`, `buildings`, `placements`, `shelved`, `details` or `venue`."""
    key: Annotated[list[str | int], msgspec.Meta(max_length=4)]
    """Its id; of a placement kind, subject and from_ms; of a product product, fixture, bay, board; of lines level and layer."""
    whole: bool = False


AnyEdit: TypeAlias = (
    PutLevel
    | PutZone
    | PutFixture
    | PutOpening
    | PutPoint
    | PutLink
    | PutBuilding
    | PutPlacement
    | PutShelving
    | PutDetail
    | PutPremises
    | RemoveThing
)


def edit_of(one: AnyEdit) -> Edit:
    """The edit as the draft takes it."""
    return Remove((one.part, *one.key), one.whole) if isinstance(one, RemoveThing) else Put(one.thing)
