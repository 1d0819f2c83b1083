"""The graph that ways are found on: the corners of every level's walkable floor, the mouths of links, and what it costs between them.

Pure. Costs are metres; a link costs the metres one would walk in its seconds. Only `wayfinding.py` uses it. scipy is imported with the
first way that is asked for, which keeps it out of a server's start.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import shapely

from floorplans.level_links import WALK_MPS, Mouth, Passage, height_of
from floorplans.model import Plan, Point
from floorplans.route import Change, Leg, NoRoute, Route, Stop
from floorplans.shapes import shape_of
from floorplans.visibility import Floats, Ints, Sight
from floorplans.walkable import Island, island, parts_of, walkable_area, within
from groundwork.contracts.ids import LevelId

LEAST_M: Final = 1e-9
"""What the solver takes a way of no length for; 0 would be none."""
FAR_M: Final = 10.0
"""A link whose mouth lies farther from any walkable floor leads nowhere."""
LEADS_OUT: Final = ("door", "entrance")
"""Openings that one may leave a building by without an alarm."""
NEAR_EDGE_M: Final = 1.0
"""How far a door may be drawn from the outline, and the floor it leads to from the door."""
AROUND: Final = 1.4
"""Metres walked outside for a metre from door to door: around a corner. What is outside is not on the plan."""
MOST_OUTSIDE: Final = 40
"""Doors of a level that are joined outside, each with each."""
NEVER_S: Final = 1e9
"""Stands for no way in a table that the order of stops is found by."""
RIVAL: Final = 0.5
"""Of the largest group's floor on a level: one of this size that leads to the rest of the venue is taken before it."""


class _Gate(NamedTuple):
    """One mouth of a link on the walkable floor."""

    level: LevelId
    at: Point
    part: int
    """Of its level's parts, the largest first."""


class _Arcs(NamedTuple):
    """Ways between nodes, each one way; arrays of shape (n,)."""

    tails: Ints
    heads: Ints
    metres: Floats

    def both_ways(self) -> "_Arcs":
        return _Arcs(np.concatenate([self.tails, self.heads]), np.concatenate([self.heads, self.tails]), np.tile(self.metres, 2))


class Floors:
    """The walkable floors of a plan for those who pass all openings but those that are `shut`; what sees what is found once for each."""

    def __init__(self, plan: Plan, body_m: float, shut: Collection[str] = ()) -> None:
        self.parts = {level.id: parts_of(walkable_area(plan, level, body_m, shut)) for level in plan.levels}
        self.shut = frozenset(shut)
        self._sights: dict[tuple[LevelId, frozenset[int]], Sight] = {}

    def sight(self, level: LevelId, kept: frozenset[int]) -> Sight:
        """Over some of a level's parts."""
        if (level, kept) not in self._sights:
            self._sights[level, kept] = Sight(shapely.union_all([part for n, part in enumerate(self.parts[level]) if n in kept]))
        return self._sights[level, kept]


def outside(plan: Plan, parts: Mapping[LevelId, Sequence[Any]], shut: Collection[str] = ()) -> list[Passage]:
    """Ways around the building, between doors in its outline that lead to parts of the ground floor which nothing joins inside.

    A parade of shops is left and entered again. Nobody is sent outside where the floor hangs together.
    """
    found: list[Passage] = []
    for level in plan.levels:
        if level.ordinal != 0 or len(parts[level.id]) < 2:
            continue
        edge = shapely.boundary(shape_of(level.outline))
        doors = [
            one for one in plan.openings if one.level == level.id and one.kind in LEADS_OUT and len(one.line) > 1 and one.id not in shut
        ]
        mouths = [(one, Mouth(level.id, line)) for one in doors if (line := shapely.LineString(one.line)).distance(edge) <= NEAR_EDGE_M]
        gates = [(one, mouth, gate) for one, mouth in mouths if (gate := _gate(mouth, parts[level.id], NEAR_EDGE_M)) is not None]
        for (one, mouth, gate), (other, far, there) in combinations(gates[:MOST_OUTSIDE], 2):
            if gate.part != there.part:
                seconds = AROUND * float(np.hypot(gate.at[0] - there.at[0], gate.at[1] - there.at[1])) / WALK_MPS
                step_free = one.step_free is not False and other.step_free is not False
                found.append(Passage(f"{one.id}..{other.id}", "outside", mouth, far, seconds, False, step_free))
    return found


class Network:
    """The graph of a plan for those who can take `links`."""

    def __init__(self, plan: Plan, floors: Floors, links: Sequence[Passage]) -> None:
        self.levels = {level.id: level for level in plan.levels}
        parts = floors.parts
        around = outside(plan, parts, floors.shut)
        gated = [(link, *ends) for link in (*links, *around) if (ends := _gates(link, parts)) is not None]
        kept = _kept(parts, [(a, b) for _, a, b in gated])
        self.islands: tuple[Island, ...] = tuple(
            island(level, part, plan.zones) for level in plan.levels for n, part in enumerate(parts[level.id]) if n not in kept[level.id]
        )
        self.sights = {name: floors.sight(name, kept[name]) for name in parts}
        self.nodes: list[tuple[LevelId, Point]] = []
        self.first: dict[LevelId, int] = {}
        """Each level's first corner among the nodes."""
        self.mouths: dict[LevelId, Ints] = {}
        """The nodes on each level where links are entered."""
        self.changes: dict[tuple[int, int], Change] = {}
        arcs = [self._corners(name, sight) for name, sight in self.sights.items()]
        arcs.append(self._gates([(link, a, b) for link, a, b in gated if a.part in kept[a.level] and b.part in kept[b.level]]))
        self.arcs = _joined(arcs)

    def area(self, level: LevelId) -> Any:
        """Where one can walk on a level. Raises NoRoute."""
        if level not in self.sights:
            raise NoRoute("unknown_level", level)
        if self.sights[level].area.is_empty:
            raise NoRoute("not_walkable", level)
        return self.sights[level].area

    def _corners(self, name: LevelId, sight: Sight) -> _Arcs:
        self.first[name] = len(self.nodes)
        self.nodes += [(name, (x, y)) for x, y in sight.corners.tolist()]
        tails, heads, metres = sight.pairs
        return _Arcs(tails + self.first[name], heads + self.first[name], metres).both_ways()

    def _gates(self, gated: Sequence[tuple[Passage, _Gate, _Gate]]) -> _Arcs:
        """The mouths of links as nodes, the walks between them and to corners, and the links themselves: the quicker of two alike."""
        node = {gate: len(self.nodes) + n for n, gate in enumerate(dict.fromkeys(gate for _, *ends in gated for gate in ends))}
        walks = self.walks([(gate.level, gate.at) for gate in node])
        self.nodes += [(gate.level, gate.at) for gate in node]
        self.mouths = {level: np.array([n for gate, n in node.items() if gate.level == level], dtype=np.int64) for level in self.levels}
        for link, a, b in gated:
            self._add(link, a, b, (node[a], node[b]))
            if not link.one_way:
                self._add(link, b, a, (node[b], node[a]))
        ends = np.array(list(self.changes), dtype=np.int64).reshape(-1, 2)
        return _joined([walks, _Arcs(ends[:, 0], ends[:, 1], np.array([one.seconds * WALK_MPS for one in self.changes.values()]))])

    def _add(self, link: Passage, a: _Gate, b: _Gate, ends: tuple[int, int]) -> None:
        rise_m = height_of(self.levels[b.level]) - height_of(self.levels[a.level])
        change = Change(link.kind, link.id, a.level, a.at, b.level, rise_m, link.seconds, link.step_free)
        if ends[0] != ends[1] and (ends not in self.changes or self.changes[ends].seconds > change.seconds):
            self.changes[ends] = change

    def walks(self, spots: Sequence[tuple[LevelId, Point]]) -> _Arcs:
        """From each spot to the corners and mouths it sees, and to the other spots; these become the nodes after those there are."""
        base, arcs = len(self.nodes), [_none()]
        for n, (level, at) in enumerate(spots):
            seen = self.sights[level].seen_from(at)
            arcs.append(_Arcs(np.full(len(seen.corners), base + n, np.int64), seen.corners + self.first[level], seen.metres))
            arcs.append(self._to_mouths(base + n, level, at))
        for level in dict.fromkeys(level for level, _ in spots):
            here = np.array([n for n, spot in enumerate(spots) if spot[0] == level], dtype=np.int64)
            points = np.array([spots[n][1] for n in here])
            a, b = np.triu_indices(len(here), 1)
            straight = self.sights[level].straight(points[a], points[b])
            a, b = a[straight], b[straight]
            arcs.append(_Arcs(base + here[a], base + here[b], np.hypot(*(points[a] - points[b]).T)))
        return _joined(arcs).both_ways()

    def _to_mouths(self, node: int, level: LevelId, at: Point) -> _Arcs:
        mouths = self.mouths.get(level, _none().heads)
        there = np.array([self.nodes[n][1] for n in mouths]).reshape(-1, 2)
        here = np.broadcast_to(np.asarray(at), there.shape)
        straight = self.sights[level].straight(here, there)
        return _Arcs(np.full(int(straight.sum()), node, np.int64), mouths[straight], np.hypot(*(there - here)[straight].T))


class Ways:
    """The ways between some stops, all found at once."""

    def __init__(self, network: Network, stops: Sequence[Stop], step_free: bool, sources: Sequence[int] | None = None) -> None:
        from scipy.sparse import coo_array, csgraph, csr_array

        self._network, self._stops, self._step_free = network, stops, step_free
        self._base = len(network.nodes)
        arcs = _joined([network.arcs, network.walks([(stop.level, stop.at) for stop in stops])])
        size = self._base + len(stops)
        graph = csr_array(coo_array((np.maximum(arcs.metres, LEAST_M), (arcs.tails, arcs.heads)), shape=(size, size)))
        self._sources = list(range(len(stops)) if sources is None else sources)
        self._metres, self._before = csgraph.dijkstra(
            graph, indices=[self._base + source for source in self._sources], return_predecessors=True
        )

    def seconds(self, start: int, end: int | None = None) -> list[list[float]]:
        """How long each way takes, from row to column. There must be one from everywhere but `end` to everywhere but `start`, or NoRoute.

        A way nobody needs, back up a one-way escalator to where the errand began, takes for ever (NEVER_S).
        """
        metres = self._metres[:, self._base :]
        needed = np.ones(metres.shape, dtype=np.bool_)
        needed[:, start] = False
        if end is not None:
            needed[end, :] = False
        for row, column in np.argwhere(needed & ~np.isfinite(metres)).tolist():
            raise self._no_way(self._sources[row], column)
        table: list[list[float]] = np.where(np.isfinite(metres), metres / WALK_MPS, NEVER_S).tolist()
        return table

    def route(self, start: int, goal: int) -> Route:
        """The way between two stops. Raises NoRoute."""
        row = self._sources.index(start)
        if not np.isfinite(self._metres[row, self._base + goal]):
            raise self._no_way(start, goal)
        nodes = [self._base + goal]
        while nodes[-1] != self._base + start:
            nodes.append(int(self._before[row, nodes[-1]]))
        return self._told(start, goal, nodes[::-1])

    def _told(self, start: int, goal: int, nodes: Sequence[int]) -> Route:
        legs: list[Leg] = []
        changes: list[Change] = []
        walked = [self._spot(nodes[0])]
        for before, node in pairwise(nodes):
            change = self._network.changes.get((before, node))
            if change is not None:
                legs.append(_leg(walked))
                changes.append(change)
                walked = []
            walked.append(self._spot(node))
        step_free = self._step_free or all(change.step_free for change in changes)
        return Route(self._stops[start], self._stops[goal], (*legs, _leg(walked)), tuple(changes), step_free)

    def _spot(self, node: int) -> tuple[LevelId, Point]:
        if node < self._base:
            return self._network.nodes[node]
        stop = self._stops[node - self._base]
        return stop.level, stop.at

    def _no_way(self, start: int, goal: int) -> NoRoute:
        a, b = self._stops[start], self._stops[goal]
        ends = " to ".join(f"({at[0]:.2f}, {at[1]:.2f}) on level {level}" for level, at, *_ in (a, b))
        return NoRoute("no_step_free_way" if self._step_free else "no_way", ends, goal)


def _leg(walked: Sequence[tuple[LevelId, Point]]) -> Leg:
    """The walk without the points on it that are no corners."""
    points = [walked[0][1]]
    for n, (_, at) in enumerate(walked[1:], 1):
        ahead = walked[n + 1][1] if n + 1 < len(walked) else None
        if at != points[-1] and (ahead is None or not _on_line(points[-1], at, ahead)):
            points.append(at)
    metres = sum(float(np.hypot(x - u, y - v)) for (x, y), (u, v) in pairwise(points))
    return Leg(walked[0][0], tuple(points), metres)


def _on_line(a: Point, b: Point, c: Point) -> bool:
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) < LEAST_M


def _gates(link: Passage, parts: dict[LevelId, list[Any]]) -> tuple[_Gate, _Gate] | None:
    """Where a link's mouths meet the floor; None where one is too far from any."""
    ends = [_gate(mouth, parts.get(mouth.level, [])) for mouth in (link.origin, link.destination)]
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])


def _gate(mouth: Mouth, parts: Sequence[Any], most_m: float = FAR_M) -> _Gate | None:
    near = [(*within(part, mouth.shape), n) for n, part in enumerate(parts) if not part.is_empty]
    at, off_m, part = min(near, key=lambda one: one[1:], default=((0.0, 0.0), np.inf, 0))
    return _Gate(mouth.level, at, part) if off_m <= most_m else None


def _kept(parts: dict[LevelId, list[Any]], joined: Iterable[tuple[_Gate, _Gate]]) -> dict[LevelId, frozenset[int]]:
    """Of each level the parts that hang together in its main group, through other levels or not."""
    from scipy.sparse import coo_array, csgraph

    number = {key: n for n, key in enumerate((name, n) for name, of in parts.items() for n in range(len(of)))}
    pairs = np.array([(number[a.level, a.part], number[b.level, b.part]) for a, b in joined], dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(number), len(number)))
    _, group = csgraph.connected_components(graph, directed=False)
    of = {key: int(group[n]) for key, n in number.items()}
    total: dict[int, float] = {}
    for (name, n), one in of.items():
        total[one] = total.get(one, 0.0) + parts[name][n].area
    return {name: _main([of[name, n] for n in range(len(pieces))], pieces, total) for name, pieces in parts.items()}


def _main(groups: Sequence[int], pieces: Sequence[Any], total: dict[int, float]) -> frozenset[int]:
    """The parts of one level in its main group: of those nearly as large here as the largest, the one with most floor in the venue."""
    here: dict[int, float] = {}
    for group, piece in zip(groups, pieces, strict=True):
        here[group] = here.get(group, 0.0) + piece.area
    large = [group for group, area in here.items() if area >= RIVAL * max(here.values())]
    main = max(large, key=lambda group: (total[group], here[group]), default=-1)
    return frozenset(n for n, group in enumerate(groups) if group == main)


def _joined(arcs: Sequence[_Arcs]) -> _Arcs:
    return _Arcs(*(np.concatenate(columns) for columns in zip(*arcs, strict=True)))


def _none() -> _Arcs:
    return _Arcs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
