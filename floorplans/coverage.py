"""Coverage: how loud each gateway should hear a phone on each square metre, where too few hear it, and where a further one helps most.

Pure. Log-distance path loss in three dimensions, less what the straight line crosses: shelves, fixtures, walls, the sides of rooms. It is
a forecast for choosing places to mount; what a walk then measures is compared with it in `walk_test.py`. Floors are taken to stop radio.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from floorplans.model import Level, Placement, Plan, Point, Polygon
from floorplans.shapes import outline_of, shape_of
from floorplans.walkable import walled_rooms
from groundwork.contracts.ids import LevelId

Floats = NDArray[np.float64]

CELL_M: Final = 1.0
"""Loss changes over the width of a shelf; finer cells cost time squared and show nothing more."""
THRESHOLD_DBM: Final = -85.0
"""What a gateway hears reliably: at -82 dBm recorded receivers get 81 of 100 adverts, from -92 on hardly any (aislecast.twin.radio)."""
HEIGHT_M: Final = 3.0
"""Where a further gateway would hang: under a suspended ceiling."""
CARRIED_M: Final = 1.1
"""Height of a phone in a hand or on a trolley."""
NEAREST_M: Final = 0.5
"""No nearer than this is a distance taken: below it the antenna's shape decides."""
CANDIDATE_M: Final = 3.0
"""Between two places a further gateway is tried at; a gateway's own reach is ten times that."""
APART_M: Final = 5.0
"""Between a further gateway and any other: two in one place hear the same, and tell no more of where somebody is."""
MOST_CELLS: Final = 20_000
"""Of a level over HTTP and on the command line; a mall's floor is looked at in squares of 1.7 m, and a hangar's does not take minutes."""
MOST_TRIED_CELLS: Final = 4_000
"""While places for further gateways are tried, each of them from every square."""
MOST_CANDIDATES: Final = 150
"""Places tried on a level; a large hall is tried more coarsely instead of for minutes."""
WANTED: Final = 3
"""Gateways that should hear a phone: three distances make a point."""

LOSS_DB: Final[Mapping[str, float]] = {
    "shelf": 1.6,
    "freezer": 4.0,
    "checkout": 0.5,
    "furniture": 0.5,
    "equipment": 3.0,
    "obstruction": 3.0,
    "wall": 5.0,
    "window": 2.0,
    "column": 3.0,
    "room": 4.0,
}
"""By the kind of fixture crossed; `room` is the side of a room with a door. The shelf's is fitted to a recorded library (uji-library);
the others are the figures that are usual for surveys at 2.4 GHz, to be replaced by what a walk test says."""
MATERIAL_DB: Final[Mapping[str, float]] = {
    "concrete": 12.0,
    "brick": 8.0,
    "block": 8.0,
    "metal": 15.0,
    "steel": 15.0,
    "plasterboard": 3.0,
    "drywall": 3.0,
    "wood": 3.0,
    "glass": 2.0,
}
"""By a word in a fixture's category, which goes before its kind: `wall.brick`."""


@dataclass(frozen=True, slots=True)
class Air:
    """How radio fares at a venue; the defaults are the fit to recorded shops and offices that the twin has too."""

    power_dbm: float = -58.8
    """RSSI at 1 m of an average phone."""
    exponent: float = 1.6
    """Path loss among shelves, whose loss is counted apart. Raised, only near gateways matter."""
    carried_m: float = CARRIED_M
    loss_db: Mapping[str, float] = field(default_factory=lambda: LOSS_DB)


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """A level's squares and how loud each gateway is expected in them."""

    level: LevelId
    cell_m: float
    points: Floats
    """The squares' middles, in metres of the level's frame, shape (cells, 2)."""
    gateways: tuple[str, ...]
    rssi_dbm: Floats
    """Shape (cells, gateways)."""

    def heard_by(self, threshold_dbm: float = THRESHOLD_DBM) -> NDArray[np.int64]:
        """How many gateways hear each square, shape (cells,)."""
        return np.asarray(np.count_nonzero(self.rssi_dbm >= threshold_dbm, axis=1), dtype=np.int64)

    def shares(self, threshold_dbm: float = THRESHOLD_DBM, most: int = WANTED) -> dict[int, float]:
        """The share of the floor that is heard by 1, 2, ... `most` gateways or more."""
        heard = self.heard_by(threshold_dbm)
        return {count: float(np.mean(heard >= count)) if len(heard) else 0.0 for count in range(1, most + 1)}

    def strongest_dbm(self) -> Floats:
        """The loudest gateway in each square, shape (cells,); -inf where there is no gateway."""
        return np.asarray(np.max(self.rssi_dbm, axis=1, initial=-np.inf), dtype=np.float64)

    def heat(self, low_dbm: float = -95.0, high_dbm: float = -60.0) -> dict[Point, float]:
        """The strongest signal as shares from 0 to 1, as `render.scene` draws them."""
        share = np.clip((self.strongest_dbm() - low_dbm) / (high_dbm - low_dbm), 0.0, 1.0)
        return {(x, y): float(value) for (x, y), value in zip(self.points.tolist(), share, strict=True)}


@dataclass(frozen=True, slots=True)
class GapFiller:
    """A place for a further gateway, and what it brings."""

    level: LevelId
    x_m: float
    y_m: float
    z_m: float
    share_before: float
    """Of the floor that enough gateways hear without it, and with it and those before it."""
    share_after: float
    heard_by: Mapping[int, float] = field(default_factory=dict)
    """The share of the floor that 1, 2 ... gateways or more hear with it and those before it: a first gateway brings nothing to three."""


class Radios:
    """A level as radio sees it: asks what a phone anywhere on it sounds like at places that may have a gateway."""

    def __init__(self, plan: Plan, level: Level, air: Air | None = None) -> None:
        self.level, self.air = level, air or Air()
        drawn = [p for part in (plan.zones, plan.fixtures) for one in part if one.level == level.id for p in one.polygons]
        self._floor = shape_of(level.outline or outline_of(drawn))
        barriers = list(_barriers(plan, level, self.air.loss_db))
        self._db = np.array([db for _, db in barriers])
        self._tree = shapely.STRtree([shape for shape, _ in barriers])

    def cells(self, cell_m: float) -> Floats:
        """The middles of the squares whose middle is on the floor, row by row from below, shape (cells, 2)."""
        if not cell_m > 0:
            raise ValueError(f"a square must have a side over 0 m, got {cell_m}")
        if self._floor.is_empty:
            return np.empty((0, 2))
        left, bottom, right, top = self._floor.bounds
        x = np.arange(left + cell_m / 2, right, cell_m)
        y = np.arange(bottom + cell_m / 2, top, cell_m)
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        shapely.prepare(self._floor)
        return np.asarray(grid[shapely.contains_xy(self._floor, grid)], dtype=np.float64)

    def rssi_dbm(self, points: Floats, at: Point, z_m: float) -> Floats:
        """How loud a phone at each point is at one place, in dBm; `points` of shape (n, 2), the answer of shape (n,)."""
        metres = np.sqrt(np.sum((points - np.asarray(at)) ** 2, axis=1) + (z_m - self.air.carried_m) ** 2)
        path_db = 10.0 * self.air.exponent * np.log10(np.maximum(metres, NEAREST_M))
        return np.asarray(self.air.power_dbm - path_db - self._crossed_db(points, at), dtype=np.float64)

    def _crossed_db(self, points: Floats, at: Point) -> Floats:
        """What the straight lines cross."""
        if not len(self._db) or not len(points):
            return np.zeros(len(points))
        lines = shapely.linestrings(np.stack([points, np.broadcast_to(np.asarray(at), points.shape)], axis=1))
        line, barrier = self._tree.query(lines, predicate="intersects")
        return np.asarray(np.bincount(line, weights=self._db[barrier], minlength=len(points)), dtype=np.float64)


def predicted(plan: Plan, level: LevelId, at_ms: int | None = None, cell_m: float = CELL_M, air: Air | None = None) -> Coverage:
    """What each gateway that hangs on a level at a time (none given: the last known places) should hear. Raises ValueError."""
    radios = Radios(plan, _level(plan, level), air)
    points = radios.cells(cell_m)
    hung = placed(plan.placements, level, at_ms)
    heard = [radios.rssi_dbm(points, (one.x_m, one.y_m), one.z_m) for one in hung]
    return Coverage(
        level, cell_m, points, tuple(one.subject for one in hung), np.stack(heard, axis=1) if heard else np.empty((len(points), 0))
    )


def placed(placements: Iterable[Placement], level: LevelId, at_ms: int | None = None) -> list[Placement]:
    """The gateways of a level: of each the newest placement, or the newest at a time; by name."""
    newest: dict[str, Placement] = {}
    for one in sorted(placements, key=lambda one: one.from_ms):
        if one.kind == "gateway" and (at_ms is None or one.from_ms <= at_ms):
            newest[one.subject] = one
    return sorted((one for one in newest.values() if one.level == level), key=lambda one: one.subject)


def gap_fillers(
    plan: Plan,
    level: LevelId,
    most: int = 3,
    wanted: int = WANTED,
    threshold_dbm: float = THRESHOLD_DBM,
    air: Air | None = None,
    z_m: float = HEIGHT_M,
    cell_m: float = CELL_M,
) -> list[GapFiller]:
    """Places for up to `most` further gateways, each where it helps most after those before it; fewer where none helps any more.

    What helps is counted square by square: how many of the `wanted` gateways it then has. So a first one is found where one alone is not
    enough to be heard by three.
    """
    radios = Radios(plan, _level(plan, level), air)
    points = radios.cells(cell_m)
    heard = predicted(plan, level, cell_m=cell_m, air=air).heard_by(threshold_dbm)
    spots = _candidates(radios, [(one.x_m, one.y_m) for one in placed(plan.placements, level)])
    if not len(points) or not len(spots):
        return []
    gains = np.stack([radios.rssi_dbm(points, (x, y), z_m) >= threshold_dbm for x, y in spots.tolist()])
    found: list[GapFiller] = []
    for _ in range(most):
        worth = gains[:, heard < wanted].sum(axis=1)
        best = int(np.argmax(worth))
        if not worth[best]:
            break
        before = float(np.mean(heard >= wanted))
        heard = heard + gains[best]
        x, y = (round(value, 2) for value in spots[best].tolist())
        gains[np.hypot(*(spots - spots[best]).T) < APART_M] = False
        shares = {count: float(np.mean(heard >= count)) for count in range(1, max(wanted, WANTED) + 1)}
        found.append(GapFiller(level, x, y, z_m, before, shares[wanted], shares))
    return found


def cell_for(level: Level, wanted_m: float, most: int = MOST_CELLS) -> float:
    """The side of a square that divides the level's outline into `most` of them, unless the wanted one does."""
    area = float(shape_of(level.outline).area)
    return max(wanted_m, float(np.ceil(np.sqrt(area / most) * 10)) / 10)


def _candidates(radios: Radios, taken: Sequence[Point]) -> Floats:
    """Places that are far enough from what hangs there already, shape (n, 2)."""
    step = CANDIDATE_M
    while len(spots := radios.cells(step)) > MOST_CANDIDATES:
        step *= 1.25
    for at in taken:
        spots = spots[np.hypot(*(spots - np.asarray(at)).T) >= APART_M]
    return spots


def _level(plan: Plan, name: LevelId) -> Level:
    found = next((level for level in plan.levels if level.id == name), None)
    if found is None:
        raise ValueError(f"no level {name!r}; there are {', '.join(level.id for level in plan.levels) or 'none'}")
    return found


def _barriers(plan: Plan, level: Level, loss_db: Mapping[str, float]) -> Iterable[tuple[Any, float]]:
    """What stands in radio's way, each with its loss; obstacles of no kind are shelves, as in shops they mostly are."""
    for polygon in level.obstacles:
        yield _shape(polygon), loss_db["shelf"]
    for fixture in plan.fixtures:
        if fixture.level == level.id:
            words = fixture.category.lower()
            loss = next((db for material, db in MATERIAL_DB.items() if material in words), loss_db[fixture.kind])
            for polygon in fixture.polygons:
                yield _shape(polygon), loss
    sides = shapely.union_all([shapely.boundary(room) for room in walled_rooms(plan, level)])
    for side in _straight(sides):
        yield side, loss_db["room"]


def _straight(lines: Any) -> Sequence[Any]:
    """The straight pieces of lines, each of them once though two rooms share it."""
    pieces = []
    for line in shapely.get_parts(lines):
        at = shapely.get_coordinates(line)
        pieces += list(shapely.linestrings(np.stack([at[:-1], at[1:]], axis=1))) if len(at) > 1 else []
    return pieces


def _shape(polygon: Polygon) -> Any:
    return shape_of([polygon])
