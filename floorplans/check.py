"""What `aislecast plan check` says of a file or of a venue's plan in force: how many of what, how large in metres, and what to look at.

One answer for people and CI.
"""

from typing import Final

import msgspec

from floorplans.draft import AGAIN
from floorplans.drawing import Drawn, Remark
from floorplans.findings import Finding, findings
from floorplans.formats.imdf.words import STRUCTURE
from floorplans.importing import Import
from floorplans.merge import plan_of
from floorplans.model import UNIT_KINDS, Level, Plan, Point
from floorplans.sentences import phrases
from floorplans.shapes import box_of
from groundwork.contracts.ids import VenueId


class LevelSize(msgspec.Struct, frozen=True):
    """One level: metres of the box around its outline, or where it has none around all that is on it."""

    id: str
    ordinal: int
    name: str
    width_m: float | None
    height_m: float | None
    units: int
    doors: int


class Noted(msgspec.Struct, frozen=True):
    """A problem, of the file or of the plan in it."""

    code: str
    severity: str
    at: str
    en: str
    ar: str
    fix_en: str = ""
    fix_ar: str = ""
    level: str = ""
    place: Point | None = None
    fixable: bool = False
    """Whether a fix can be applied without asking."""


class Checked(msgspec.Struct, frozen=True):
    """The whole answer."""

    file: str
    format: str
    counts: dict[str, int]
    found: dict[str, int]
    """In the file's own words."""
    width_m: float | None
    height_m: float | None
    levels: list[LevelSize]
    georeferenced: bool
    scale_known: bool
    errors: int
    warnings: int
    problems: list[Noted]
    layers: list[str] = []


IN_FORCE: Final = "in_force"
"""The format of a plan that comes from no file."""


def checked(name: str, read: Import) -> Checked:
    """The answer on a file that was read."""
    return _checked(name, read.format, plan_of(read.drawn), read.drawn)


def checked_plan(venue: VenueId, plan: Plan) -> Checked:
    """The answer on the plan in force at a venue; `file` is the venue's id."""
    return _checked(venue, IN_FORCE, plan, Drawn())


def _checked(name: str, form: str, plan: Plan, drawn: Drawn) -> Checked:
    noted = [remark_noted(remark) for remark in drawn.remarks]
    noted += [finding_noted(finding) for finding in findings(plan)]
    scaled = drawn.sheet is None or drawn.sheet.metres_per_unit is not None
    sizes = [_level(plan, level, scaled) for level in plan.levels]
    width, height = _size(plan, drawn)
    return Checked(
        file=name,
        format=form,
        counts=counts(plan),
        found=dict(drawn.found),
        width_m=width,
        height_m=height,
        levels=sizes,
        georeferenced=bool(plan.levels) and all(level.anchor for level in plan.levels),
        scale_known=scaled,
        errors=sum(one.severity == "error" for one in noted),
        warnings=sum(one.severity == "warning" for one in noted),
        problems=noted,
        layers=list(drawn.layers),
    )


def counts(plan: Plan) -> dict[str, int]:
    """How many of each. A room over two levels is one unit; a door is an opening of any kind."""
    units = {zone.id.partition(AGAIN)[0] for zone in plan.zones if zone.kind in UNIT_KINDS}
    structure = sum(fixture.category in STRUCTURE for fixture in plan.fixtures)
    doors = {opening.id.partition(AGAIN)[0] for opening in plan.openings}
    return {
        "levels": len(plan.levels),
        "units": len(units) + structure,
        "doors": len(doors),
        "zones": len(plan.zones),
        "fixtures": len(plan.fixtures),
        "openings": len(plan.openings),
        "points": len(plan.points),
        "links": len(plan.links),
        "buildings": len(plan.buildings),
        "placements": len(plan.placements),
        "products": len(plan.shelved),
        "lines": sum(len(detail.lines) for detail in plan.details),
    }


def points_on(plan: Plan, level: Level) -> list[Point]:
    """Every point there is on a level, of its outline alone where it has one."""
    if level.outline:
        return [point for polygon in level.outline for point in polygon.outer]
    shapes = [one for part in (plan.zones, plan.fixtures) for one in part if one.level == level.id]
    found = [point for one in shapes for polygon in one.polygons for point in polygon.outer]
    found += [point for one in plan.openings if one.level == level.id for point in one.line]
    found += [point for one in plan.details if one.level == level.id for line in one.lines for point in line]
    found += [(one.x_m, one.y_m) for part in (plan.points, plan.placements) for one in part if one.level == level.id]
    return found


def _level(plan: Plan, level: Level, scaled: bool) -> LevelSize:
    units = sum(zone.level == level.id and zone.kind in UNIT_KINDS for zone in plan.zones)
    doors = sum(opening.level == level.id for opening in plan.openings)
    width, height = _sides(points_on(plan, level)) if scaled else (None, None)
    return LevelSize(level.id, level.ordinal, level.names.en, width, height, units, doors)


def _size(plan: Plan, drawn: Drawn) -> tuple[float | None, float | None]:
    """Of a drawing its own size, where its scale is known; else around all levels where they share a frame, or the widest and highest."""
    sheet = drawn.sheet
    if sheet is not None and (sheet.unit == "unit" or not any(level.outline for level in plan.levels)):
        scale = sheet.metres_per_unit
        return (None, None) if scale is None else (round(sheet.width * scale, 3), round(sheet.height * scale, 3))
    if len({level.anchor for level in plan.levels}) <= 1:
        return _sides([point for level in plan.levels for point in points_on(plan, level)])
    sizes = [_sides(points_on(plan, level)) for level in plan.levels]
    return max((width for width, _ in sizes if width), default=None), max((height for _, height in sizes if height), default=None)


def _sides(points: list[Point]) -> tuple[float | None, float | None]:
    box = box_of(points)
    return (None, None) if box is None else (round(box[2] - box[0], 3), round(box[3] - box[1], 3))


def remark_noted(remark: Remark) -> Noted:
    """What a file's owner should know, in both languages."""
    (en, fix_en), (ar, fix_ar) = (phrases(remark.code, remark.values, language) for language in ("en", "ar"))
    return Noted(remark.code, "warning", remark.at, en, ar, fix_en, fix_ar)


def finding_noted(one: Finding) -> Noted:
    """What to look at on a plan, in both languages."""
    (en, fix_en), (ar, fix_ar) = (phrases(one.code, one.values, language) for language in ("en", "ar"))
    return Noted(one.code, one.severity, one.at, en, ar, fix_en, fix_ar, one.level, one.place, one.fix is not None)
