"""Anchors of a plan: its placements as columns, with what calibration knows of each radio, and what is expected to be heard where.

Pure. A calibration file is JSON; `aislecast calibrate` writes one, `calibrate.py` fits it. Every field has a default, so that a file by
hand may hold as little as `{"version": 1, "gains_db": {"<gateway id or beacon key>": 4.6}}`; a positive gain means this radio reads
louder than its fellows at the same distance. Ten dB between receivers of one model are usual. Without any file the defaults below serve:
a generic shop, with each device's own offset still learned while it walks.
"""

import cmath
import math
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
import numpy as np

from floorplans.model import Placement, Plan
from geofence.columns import NONE, Floats, Indices, Singles
from geofence.positioning.cells import Cells, nearest_of
from geofence.positioning.locator import Anchors
from groundwork.contracts.unfit import Unfit

VERSION: Final = 2
"""Of the files written here; version 1 had gains alone and is still read."""
HEIGHT_M: Final = 1.0
"""Taken as the difference in height between a radio on a shelf or wall and one in a hand: near an anchor RSSI rises no further."""
M_PER_DEG: Final = 111_320.0
"""Of latitude; a building is too small for the earth's figure to matter."""
MAP_REACH_M: Final = 1.5
"""A cell further than this from every place of a radio map gets no residual."""


MOST_PLACES: Final = 20_000
"""Of a level's radio map, or of all prints: each is compared with every cell of the plan. 5,000 m2 of floor, walked all over."""

Metres = Annotated[float, msgspec.Meta(ge=-100_000, le=100_000)]
Decibels = Annotated[float, msgspec.Meta(ge=-100, le=100)]
"""Above or below what is usual; beyond it, no radio is meant."""
_Places = Annotated[list[Metres], msgspec.Meta(max_length=MOST_PLACES)]
_Positions = list[Annotated[int, msgspec.Meta(ge=0)]]


class RadioMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much louder than the path loss says each anchor is at places of one level, in tenths of a dB."""

    level: str
    x_m: _Places
    y_m: _Places
    residual_ddb: dict[str, list[Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)]]]
    """By anchor; one number a place."""
    unknown_ddb2: list[Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]] = []
    """Variance of what the map does not know at each place, mean over the anchors, in tenths of a squared dB; empty in older files."""

    def __post_init__(self) -> None:
        """Raises Unfit where the columns are not of one length."""
        columns = {"y_m": self.y_m, "unknown_ddb2": self.unknown_ddb2 or self.x_m}
        counts = (*((name, len(column)) for name, column in columns.items()), *((one, len(row)) for one, row in self.residual_ddb.items()))
        for name, count in counts:
            if count != len(self.x_m):
                many = len(self.x_m)
                raise Unfit(f"as many numbers of {name} as of x_m, {many}", f"عدد قيم {name} كعدد قيم x_m، وهو {many}", value=count)


class Found(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an anchor hung when the file was made; or, if nobody had placed it, where calibration found it."""

    level: str
    x_m: Metres
    y_m: Metres


class Prints(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What places sound like (`prints.py`); for venues whose beacons nobody placed."""

    subjects: list[str]
    levels: list[str]
    level: Annotated[_Positions, msgspec.Meta(min_length=1, max_length=MOST_PLACES)]
    """By place, a position in `levels`."""
    x_m: _Places
    y_m: _Places
    starts: _Positions
    """Place i's beacons stand at starts[i] to starts[i + 1]."""
    beacon: _Positions
    """A position in `subjects`."""
    share: list[Annotated[int, msgspec.Meta(ge=0, le=1_000)]]
    """In thousandths of a unit vector."""
    weight: Annotated[float, msgspec.Meta(gt=0, le=100)] = 3.0
    """Of one moment's likeness within a level, in nats between all and nothing alike; moments share five seconds of hearing."""

    def __post_init__(self) -> None:
        """Raises Unfit where columns are not of one length, or a position points nowhere."""
        places, parts = len(self.level), len(self.beacon)
        for name, found, expected in (
            ("x_m", len(self.x_m), places),
            ("y_m", len(self.y_m), places),
            ("starts", len(self.starts), places + 1),
            ("share", len(self.share), parts),
        ):
            if found != expected:
                raise Unfit(f"{expected} values", f"عدد القيم {expected}", at=f"/{name}", value=found)
        if self.starts != sorted(self.starts) or self.starts[0] != 0 or self.starts[-1] != parts:
            raise Unfit(f"numbers that rise from 0 to {parts}", f"أعداد متصاعدة من 0 إلى {parts}", at="/starts", value=self.starts[-1])
        for name, positions, most in (("level", self.level, len(self.levels)), ("beacon", self.beacon, len(self.subjects))):
            if max(positions, default=0) >= most:
                raise Unfit(f"positions below {most}", f"مواضع أقل من {most}", at=f"/{name}", value=max(positions))


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a calibration was made from."""

    recording: str = ""
    part: str = ""
    sessions: str = "*"
    sha256: str = ""
    """Of the sightings and the truth used, in hexadecimal digits."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a venue's radios beside their places."""

    version: Annotated[int, msgspec.Meta(ge=1, le=VERSION)] = VERSION
    gains_db: dict[str, Decibels] = {}
    reference_dbm: Annotated[float, msgspec.Meta(ge=-150, le=50)] = -63.0
    """Read at one metre. Phones and tags differ by 20 dB; the offset learned for each takes that up."""
    exponent: Annotated[float, msgspec.Meta(gt=0.5, lt=8)] = 2.1
    """How fast RSSI falls: 2 in the open; 1.7 to 3.6 were fitted in a furnished office, a flat and a library."""
    floor_loss_db: Annotated[float, msgspec.Meta(ge=0, le=200)] = 15.0
    """What a ceiling takes away, for each level between: 15 to 25 dB of concrete, less where there is an open hall."""
    noise_db: Annotated[float, msgspec.Meta(ge=0.1, le=100)] = 7.0
    """Scale of what one reading strays by from what is expected."""
    offset_sd_db: Annotated[float, msgspec.Meta(ge=0.1, le=100)] = 8.0
    """Between devices, before one has been heard."""
    offset_drift_db2: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 0.05
    """By how much a device's own may have changed, as a variance per second: a phone goes into a pocket."""
    speed_m: Annotated[float, msgspec.Meta(ge=0.01, le=100)] = 0.8
    """Metres per root second of a walk nobody reports steps of. Of .3 to 1.2, the best compromise between people who stand (.4) and who
    walk (1.0) on three recordings."""
    walking_firmness: Annotated[float, msgspec.Meta(ge=0.5, le=4)] = 1.0
    """Power to which the belief of somebody who walks is raised before zones are read from it. The filter counts half of each window, since
    windows at one place repeat one another; a walker's do not."""
    known_part: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """Of the noise (as variance), what a map may leave unknown of a place for somebody who stands there to be believed as the weights
    say: where it leaves more, the belief is raised to a lower power. 0: not asked."""
    place_bound_db2: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 0.0
    """Of what a reading strays from the map by (as variance), what is the same for everything read at one place, be it fading or what the
    map does not know. 0: not asked, and who stands is believed as who walks."""
    scatter_db2: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 0.0
    """The rest: single readings about their place's mean."""
    declination_deg: Annotated[float, msgspec.Meta(ge=-360, le=360)] = 0.0
    """What a compass shows where plan north is, to be taken off headings."""
    step_m: Annotated[float, msgspec.Meta(gt=0, lt=2)] = 0.65
    """Length of a step; 0.61 m was measured in a mall."""
    anchors: dict[str, Found] = {}
    """By anchor; of what has been moved since, `fitting.py` leaves the radio map out."""
    maps: list[RadioMap] = []
    prints: Prints | None = None
    source: Source = Source()
    notes: list[str] = []
    """What whoever made it should know: identities that are not unique, surveys in one facing only."""


GENERIC: Final = Calibration()


def read_calibration(raw: bytes) -> Calibration:
    """The calibration in a file's bytes; raises ValueError naming the field and what was expected."""
    try:
        return msgspec.json.decode(raw, type=Calibration)
    except msgspec.DecodeError as error:
        raise ValueError(f"no calibration file: {error}") from error


def write_calibration(calibration: Calibration) -> bytes:
    """The file's bytes: JSON, one field a line."""
    return msgspec.json.format(msgspec.json.encode(calibration), indent=1) + b"\n"


def placed(plan: Plan) -> dict[str, Placement]:
    """The plan's placements by subject, in order; of one that was moved, the newest."""
    newest: dict[str, Placement] = {}
    for placement in plan.placements:
        known = newest.get(placement.subject)
        if known is None or placement.from_ms >= known.from_ms:
            newest[placement.subject] = placement
    return newest


def anchors_of(plan: Plan, calibration: Calibration | None = None) -> Anchors:
    """What is `placed` on the plan, one an anchor."""
    gains: Mapping[str, float] = calibration.gains_db if calibration else {}
    position = {level.id: at for at, level in enumerate(plan.levels)}
    spots = placed(plan)
    return Anchors(
        tuple(spots),
        np.array([position[spot.level] for spot in spots.values()], np.int64),
        np.array([spot.x_m for spot in spots.values()], np.float64),
        np.array([spot.y_m for spot in spots.values()], np.float64),
        np.array([gains.get(subject, 0.0) for subject in spots], np.float64),
    )


def shifts_m(plan: Plan) -> Floats:
    """Where each level's origin lies in the first one's frame, shape (levels, 2); 0 for those that are not on the earth.

    Levels are taken as turned alike: a building's plans are.
    """
    shifts = np.zeros((len(plan.levels), 2))
    first = plan.levels[0].anchor if plan.levels else None
    for number, level in enumerate(plan.levels):
        if first is not None and level.anchor is not None:
            north = (level.anchor.lat - first.lat) * M_PER_DEG
            east = (level.anchor.lon - first.lon) * M_PER_DEG * math.cos(math.radians(first.lat))
            turned = complex(east, north) * cmath.exp(-1j * math.radians(first.rotation_deg)) / first.scale
            shifts[number] = turned.real, turned.imag
    return shifts


def distance_m(cells: Cells, anchors: Anchors, shift_m: Floats) -> Floats:
    """From each anchor to each cell, shape (a, c), as if all levels were one, with HEIGHT_M between the two."""
    x, y = (column + shift_m[cells.level, axis] for axis, column in enumerate((cells.x_m, cells.y_m)))
    across = (anchors.x_m + shift_m[anchors.level, 0])[:, None] - x
    up = (anchors.y_m + shift_m[anchors.level, 1])[:, None] - y
    distance: Floats = np.sqrt(across * across + up * up + HEIGHT_M**2)
    return distance


def path_dbm(distance_m: Floats, radio: Calibration) -> Floats:
    """What is read at these distances where nothing stands between: the log-distance path loss, without gains, ceilings and the map."""
    expected: Floats = radio.reference_dbm - 10.0 * radio.exponent * np.log10(distance_m)
    return expected


def expected_dbm(cells: Cells, anchors: Anchors, calibration: Calibration, plan: Plan) -> Singles:
    """What each anchor is expected to read in each cell, its own gain left out: shape (a, c). Log-distance path loss, and the map."""
    between = np.abs(anchors.level[:, None] - cells.level)
    expected = path_dbm(distance_m(cells, anchors, shifts_m(plan)), calibration) - calibration.floor_loss_db * between
    levels = [str(level.id) for level in plan.levels]
    for radio_map in calibration.maps:
        if radio_map.level in levels and radio_map.x_m:
            _add_map(expected, cells, anchors, radio_map, levels.index(radio_map.level))
    found: Singles = expected.astype(np.float32)
    return found


def unknown_db2(cells: Cells, calibration: Calibration, plan: Plan) -> Floats:
    """What the maps leave unknown in each cell, mean over the anchors, shape (c,); NaN where no map says."""
    unknown = np.full(len(cells), np.nan)
    levels = [str(level.id) for level in plan.levels]
    for radio_map in calibration.maps:
        if radio_map.level in levels and radio_map.unknown_ddb2:
            here, nearest = _nearest(cells, radio_map, levels.index(radio_map.level))
            unknown[here] = np.array(radio_map.unknown_ddb2, np.float64)[nearest] / 10.0
    return unknown


def _add_map(expected: Floats, cells: Cells, anchors: Anchors, radio_map: RadioMap, level: int) -> None:
    """Adds the map's residuals to the cells of its level, each from the nearest place of the map."""
    here, nearest = _nearest(cells, radio_map, level)
    for at, subject in enumerate(anchors.subjects):
        residual = radio_map.residual_ddb.get(subject)
        if residual is not None:
            expected[at, here] += np.array(residual, np.float64)[nearest] / 10.0


def _nearest(cells: Cells, radio_map: RadioMap, level: int) -> tuple[Indices, Indices]:
    """The cells of the level within MAP_REACH_M of a place of the map, and which place is nearest to each."""
    here = np.flatnonzero(cells.level == level)
    nearest = nearest_of(cells.x_m[here], cells.y_m[here], np.array(radio_map.x_m), np.array(radio_map.y_m), MAP_REACH_M)
    within = nearest != NONE
    return here[within], nearest[within]
