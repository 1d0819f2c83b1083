"""IMDF's words and ours, both ways. Source: OGC 20-094 (IMDF 1.0.0), the pages of each feature type and its categories."""

from collections.abc import Mapping
from typing import Final

EXTENSION: Final = "imdf:extension:aislecast:plan#1.0.0"
"""What is ours and IMDF has no word for stands in the property OURS of a feature, and in features of the type of placements."""
OURS: Final = "aislecast"

UNIT_KIND: Final[Mapping[str, str]] = {
    "walkway": "corridor",
    "walkway.island": "corridor",
    "footbridge": "corridor",
    "movingwalkway": "ramp",
    "ramp": "ramp",
    "stairs": "stairs",
    "steps": "stairs",
    "elevator": "elevator",
    "escalator": "escalator",
    "nonpublic": "staff",
    "parking": "parking",
    "opentobelow": "void",
}
"""A unit's category and our zone kind; any `restroom.*` is a restroom, all else a room."""

STRUCTURE: Final = ("brick", "column", "concrete", "drywall", "glass", "structure", "wood")
"""Units that are no room but what rooms are made of; ours are fixtures."""

SECTION_KIND: Final[Mapping[str, str]] = {
    "checkin": "checkout",
    "seating": "seating",
    "seatingrow": "seating",
    "eatingdrinking": "seating",
    "foodcourt": "seating",
    "parking": "parking",
    "private": "staff",
    "walkway": "corridor",
}
FIXTURE_KIND: Final[Mapping[str, str]] = {
    "furniture": "furniture",
    "equipment": "equipment",
    "wall": "wall",
    "vegetation": "obstruction",
    "obstruction": "obstruction",
    "desk": "furniture",
    "seat": "furniture",
    "sofa": "furniture",
    "table": "furniture",
    "checkin": "checkout",
}
OPENING_KIND: Final[Mapping[str, str]] = {
    "pedestrian.principal": "entrance",
    "pedestrian.transit": "entrance",
    "emergencyexit": "emergency",
    "automobile": "vehicle",
    "service": "service",
}
LINK_KIND: Final[Mapping[str, str]] = {
    "stairs": "stairs",
    "elevator": "elevator",
    "escalator": "escalator",
    "ramp": "ramp",
    "movingwalkway": "walkway",
    "traversal": "path",
    "traversal.path": "path",
}

UNIT_CATEGORY: Final[Mapping[str, str]] = {
    "room": "room",
    "shop": "unspecified",
    "corridor": "walkway",
    "restroom": "restroom",
    "staff": "nonpublic",
    "stairs": "stairs",
    "elevator": "elevator",
    "escalator": "escalator",
    "ramp": "ramp",
    "parking": "parking",
    "void": "opentobelow",
}
SECTION_CATEGORY: Final[Mapping[str, str]] = {
    "department": "retaildepartment",
    "aisle": "retail",
    "shelf": "retail",
    "entrance": "information",
    "checkout": "retail",
    "pickup": "retail",
    "seating": "seating",
    "prayer": "information",
    "venue": "retail",
}
FIXTURE_CATEGORY: Final[Mapping[str, str]] = {
    "shelf": "furniture",
    "freezer": "equipment",
    "checkout": "equipment",
    "furniture": "furniture",
    "equipment": "equipment",
    "obstruction": "obstruction",
    "wall": "wall",
    "window": "wall",
    "column": "obstruction",
}
OPENING_CATEGORY: Final[Mapping[str, str]] = {
    "door": "pedestrian",
    "entrance": "pedestrian.principal",
    "emergency": "emergencyexit",
    "service": "service",
    "vehicle": "automobile",
}
LINK_CATEGORY: Final[Mapping[str, str]] = {
    "stairs": "stairs",
    "elevator": "elevator",
    "escalator": "escalator",
    "ramp": "ramp",
    "walkway": "movingwalkway",
    "path": "traversal",
}
"""Of our kind where the zone has no category of its own."""


def unit_kind(category: str) -> str:
    """The zone kind of a unit's category."""
    return "restroom" if category.startswith("restroom") else UNIT_KIND.get(category, "room")
