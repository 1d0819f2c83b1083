"""What a reader fills while it goes through a file; `finish` makes it the Drawn that everybody else sees."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from floorplans.drawing import Drawn, Premises
from floorplans.features import Remarks
from floorplans.model import Building, Detail, Fixture, Level, Link, Opening, PlacePoint, Polygon, Ring, Zone
from floorplans.shapes import is_sound, polygons_of, shape_of
from groundwork.contracts.ids import LevelId

AGAIN: Final = "@"
"""Between the id of what stands on several levels, and the level: `way/17@1`. The first level has the bare id."""
LONGEST_ID: Final = 64


class Draft:
    """Lists that are filled, and ids that were taken."""

    def __init__(self) -> None:
        self.levels: list[Level] = []
        self.zones: list[Zone] = []
        self.fixtures: list[Fixture] = []
        self.openings: list[Opening] = []
        self.points: list[PlacePoint] = []
        self.links: list[Link] = []
        self.buildings: list[Building] = []
        self.details: dict[tuple[LevelId, str], list[Ring]] = {}
        self.premises: Premises | None = None
        self.found: Counter[str] = Counter()
        self.remarks = Remarks()
        self._taken: set[str] = set()

    def take_id(self, name: str, what: str, at: str) -> str:
        """An id that nothing of this kind has: the file's own, shortened and numbered where it must be, and said so."""
        wanted = name[:LONGEST_ID] or f"{what}-{self.found[what]}"
        taken, number = wanted, 1
        while f"{what} {taken}" in self._taken:
            number += 1
            taken = f"{wanted[: LONGEST_ID - 6]}-{number}"
        if number > 1:
            self.remarks.add("id_taken", at, id=wanted, given=taken)
        self._taken.add(f"{what} {taken}")
        return taken

    def add_detail(self, level: LevelId, lines: Iterable[Ring], layer: str = "") -> None:
        self.details.setdefault((level, layer), []).extend(lines)

    def finish(self) -> Drawn:
        """Everything, levels from the lowest up; rings that cross themselves are mended, and what has no area is left out, with remarks."""
        self.levels = [replace(level, outline=self._sound(f"level {level.id}", level.outline)) for level in self.levels]
        zones = (replace(zone, polygons=self._sound(f"zone {zone.id}", zone.polygons)) for zone in self.zones)
        fixtures = (replace(one, polygons=self._sound(f"fixture {one.id}", one.polygons)) for one in self.fixtures)
        self.zones = [zone for zone in zones if zone.polygons]
        self.fixtures = [one for one in fixtures if one.polygons]
        return Drawn(
            levels=tuple(sorted(self.levels, key=lambda level: level.ordinal)),
            zones=tuple(self.zones),
            fixtures=tuple(self.fixtures),
            openings=tuple(self.openings),
            points=tuple(self.points),
            links=tuple(self.links),
            buildings=tuple(self.buildings),
            details=tuple(Detail(level, tuple(lines), layer) for (level, layer), lines in self.details.items()),
            premises=self.premises,
            found=dict(sorted(self.found.items())),
            remarks=self.remarks.all(),
        )

    def _sound(self, at: str, polygons: tuple[Polygon, ...]) -> tuple[Polygon, ...]:
        if is_sound(polygons):
            return polygons
        mended = polygons_of(shape_of(polygons))
        self.remarks.add("mended" if mended else "no_area", at)
        return mended


def on_levels(name: str, levels: Sequence[LevelId]) -> Iterable[tuple[str, LevelId]]:
    """An id for each level that something stands on: the bare one first."""
    for number, level in enumerate(levels):
        again = f"{name}{AGAIN}{level}"
        if len(again) > LONGEST_ID:  # two UUIDs: cut off, the ids of levels that begin alike would be one
            digest = hashlib.blake2b(str(level).encode(), digest_size=8).hexdigest()
            again = f"{name[: LONGEST_ID - len(digest) - 1]}{AGAIN}{digest}"
        yield (name if number == 0 else again), level


def rings_of(polygons: Iterable[Polygon]) -> Iterable[Ring]:
    """Every ring, holes too."""
    for polygon in polygons:
        yield polygon.outer
        yield from polygon.holes
