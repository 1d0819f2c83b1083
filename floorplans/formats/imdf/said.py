"""What an IMDF feature says of itself, read with patience: labels in any language, ids in capitals, several categories, our own words."""

from typing import Any, Final

import msgspec

from floorplans.drawing import PlanFileError
from floorplans.features import Feature
from floorplans.formats.imdf.words import OURS
from floorplans.model import Anchor, Names, Shelving
from floorplans.naming import labelled


class Ours(msgspec.Struct, frozen=True):
    """What one of our own archives adds to a feature."""

    id: str = ""
    kind: str = ""
    parent: str | None = None
    category: str | None = None
    level: str = ""
    layer: str = ""
    anchor: Anchor | None = None
    elevation_m: float | None = None
    height_m: float | None = None
    bays: int = 0
    facing_deg: float | None = None
    step_free: bool | None = None
    subject: str = ""
    z_m: float = 2.5
    from_ms: int = 0
    time_zone: str = ""
    shelved: tuple[Shelving, ...] = ()


_NOTHING: Final = Ours()


def value_of(feature: Feature, key: str) -> Any:
    """A property as the file has it; None where it is missing."""
    return (feature.properties or {}).get(key)


def ours_of(feature: Feature) -> Ours:
    """Raises PlanFileError where somebody else wrote something else under our name."""
    found = value_of(feature, OURS)
    if found is None:
        return _NOTHING
    try:
        return msgspec.convert(found, Ours)
    except msgspec.ValidationError as error:
        raise PlanFileError("wrong_value", key=OURS, problem=error) from error


def kept_category(feature: Feature) -> str:
    """What is kept of its category: ours as we wrote it, else the file's word."""
    ours = ours_of(feature).category
    return category_of(feature)[:64] if ours is None else ours


def own_names(feature: Feature) -> Names | None:
    """Its names; None where it has none."""
    given = label_of(feature)
    return labelled(given, "room") if given else None


def label_of(feature: Feature) -> Any:
    """Its name in whatever languages, else what it is called besides."""
    return value_of(feature, "name") or value_of(feature, "alt_name")


def key_of(name: object) -> str:
    """A UUID as it is compared: some tools write it in capitals, or in braces."""
    return str(name).strip("{} ").lower()


def category_of(feature: Feature) -> str:
    """Its category; of several the first."""
    found = value_of(feature, "category")
    return next((one for one in found if isinstance(one, str)), "") if isinstance(found, list) else feature.say("category")


def any_label(given: Any) -> str:
    """A label as one short text, as what is on the lift's button."""
    return labelled(given, "level").en[:64] if given else ""
