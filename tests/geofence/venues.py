"""Plans, entries and recorded walks for the tests of the geofence."""

import csv
import gzip
import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from floorplans.model import Level, Names, Placement, Plan, Policy, Polygon, Venue, Zone
from geofence.admitted import Admitted, AdmittedHeader, AdmittedKind
from geofence.columns import Columns
from groundwork.contracts.ids import LevelId, PlanVersionId, Pseudonym, TenantId, VenueId, ZoneId

TENANT = TenantId("default")
VENUE = VenueId("shop")
START_MS = 1_793_516_400_000
FLOOR = LevelId("F1")

Row = tuple[int, str, int, float]
"""Track, anchor, end of window in ms after START_MS, dBm."""


def names(text: str) -> Names:
    return Names(text, text)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def plan(
    zones: Sequence[Zone], anchors: dict[str, tuple[float, float]], *, version: str = "v1", tenant: str = TENANT, venue: str = VENUE
) -> Plan:
    """A level of 40 x 25 m with these zones and gateways."""
    shop = Venue(VenueId(venue), TenantId(tenant), names("shop"), "Asia/Riyadh", "SA", Policy())
    level = Level(FLOOR, 0, names("floor"), (rectangle(0, 0, 40, 25),))
    placements = tuple(Placement("gateway", subject, FLOOR, x, y) for subject, (x, y) in anchors.items())
    return Plan(shop, PlanVersionId(version), (level,), tuple(zones), placements)


def zone(name: str, *polygons: Polygon, kind: str = "aisle") -> Zone:
    return Zone(ZoneId(name), FLOOR, kind, names(name), polygons)


def two_rooms(version: str = "v1", tenant: str = TENANT) -> Plan:
    """`left` and `right`, side by side, 20 x 25 m each, with a gateway in the middle of each."""
    zones = (zone("left", rectangle(0, 0, 20, 25)), zone("right", rectangle(20, 0, 40, 25)))
    return plan(zones, {"g-left": (10.0, 12.0), "g-right": (30.0, 12.0)}, version=version, tenant=tenant)


def shopper_of(track: int) -> Pseudonym:
    return Pseudonym(f"{track:016x}")


def entry(
    rows: Sequence[Row],
    covered_ms: int,
    *,
    kind: AdmittedKind = "sightings",
    source: str = "box",
    window_ms: int = 500,
    version: str | None = "v1",
    tenant: str = TENANT,
    venue: str = VENUE,
) -> Admitted:
    """An admitted entry; times are in ms after START_MS."""
    tracks = sorted({row[0] for row in rows})
    anchors = sorted({row[1] for row in rows})
    header = AdmittedHeader(
        kind=kind,
        tenant=TenantId(tenant),
        venue=VenueId(venue),
        source=source,
        covered_until_ms=START_MS + covered_ms,
        admitted_ms=START_MS + covered_ms,
        plan_version=PlanVersionId(version) if version else None,
        anchors=anchors,
        shoppers=[shopper_of(track) for track in tracks],
        rows=len(rows),
    )
    return Admitted(
        header,
        np.array(tracks, np.uint64),
        np.array([START_MS + row[2] - window_ms for row in rows], np.int64),
        np.array([row[3] for row in rows], np.float32),
        np.array([tracks.index(row[0]) for row in rows], np.int64),
        np.array([anchors.index(row[1]) for row in rows], np.int64),
        np.full(len(rows), window_ms, np.int64),
        np.ones(len(rows), np.int64),
    )


def report(track: int, rows: Sequence[tuple[str, int, float]], covered_ms: int) -> Admitted:
    """A phone's ranging report."""
    return entry([(track, *row) for row in rows], covered_ms, kind="ranging", source=str(track))


def tick(now_ms: int) -> Admitted:
    return entry([], now_ms, kind="tick", source="", version=None)


# --- recordings ------------------------------------------------------------------------------------------------------------------


def recorded_plan(folder: Path) -> Plan:
    """The plan of a recording, all on one level."""
    zones = []
    for feature in json.loads((folder / "zones.geojson").read_text())["features"]:
        rings = [tuple((float(x), float(y)) for x, y in ring[:-1]) for ring in feature["geometry"]["coordinates"]]
        zones.append(zone(feature["properties"]["zone"], Polygon(rings[0], tuple(rings[1:]))))
    with (folder / "anchors.csv").open() as lines:
        anchors = {row["anchor_id"]: (float(row["x_m"]), float(row["y_m"])) for row in csv.DictReader(lines)}
    return plan(zones, anchors)


def recorded_entries(folder: Path, sessions: str, *, window_ms: int = 500, step_ms: int = 2_000) -> Iterator[tuple[str, list[Admitted]]]:
    """Each session whose name starts with `sessions`: its rows condensed into windows, in batches of `step_ms`."""
    heard: dict[str, dict[tuple[int, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(folder / "dev" / "sightings.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            window = int(float(row["t_s"]) * 1000) // window_ms
            if row["session"].startswith(sessions) and -127 <= float(row["rssi_dbm"]) < 0:
                heard[row["session"]][window, row["receiver_id"]].append(float(row["rssi_dbm"]))
    for session, windows in heard.items():
        batches: dict[int, list[Row]] = defaultdict(list)
        for (window, anchor), rssi in windows.items():
            end_ms = (window + 1) * window_ms
            batches[-(-end_ms // step_ms) * step_ms].append((1, anchor, end_ms, statistics.median(rssi)))
        yield session, [entry(batches[at], at, window_ms=window_ms) for at in sorted(batches)]


def recorded_truth(folder: Path, session: str) -> tuple[Columns, Columns, list[str]]:
    """Times in ms, places (n, 2) and zones of the truth rows of a session."""
    with (folder / "dev" / "truth.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["session"] == session and float(row["t_s"]) >= 0]
    times = np.array([float(row["t_s"]) * 1000 for row in rows])
    return times, np.array([(float(row["x_m"]), float(row["y_m"])) for row in rows]), [row["zone"] for row in rows]
