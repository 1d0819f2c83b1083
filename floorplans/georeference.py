"""Scale from known distances, and the fit of a plan to the earth or of one level to another, with what each point disagrees by.

Pure. Rigid (turn and move) for a plan in metres, similarity (scale too) for one whose scale is not to be trusted, affine only for a plan
that was photographed at an angle. Tried on a real floor with control points off by 0.3 m (sigma): four points leave 0.24 m rigid, 0.30 m
similar, 0.48 m affine, so the plainest fit that serves is the best. What the anchor then means is `earth.py`'s.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from floorplans.earth import Frame, degree_at
from floorplans.model import Anchor, Point
from groundwork.contracts.unfit import Wrong

Floats = NDArray[np.float64]
FitKind = Literal["rigid", "similarity", "affine"]

LEAST_POINTS: Final = {"rigid": 2, "similarity": 2, "affine": 3}
HIGH_RMS_M: Final = 0.5
"""Over this a fix is shown on the wrong side of a shelf."""
DISAGREEMENT_PERCENT: Final = 1.0
"""Between known distances; a stretched scan shows here."""
ONE_OFF: Final = 3.0
"""A point whose residual is so many times the median of the others is the one to look at."""
MIRRORED: Final = 0.3
"""A mirrored fit that leaves less than this share of the residuals: the plan is upside down or printed in reverse."""


class KnownDistance(NamedTuple):
    """Two points on the drawing and the metres between them on the floor."""

    a: Point
    b: Point
    metres: float


class Scale(NamedTuple):
    """Metres in a unit of the drawing, and how well the distances agree."""

    metres_per_unit: float
    disagreement_percent: float
    """Between the largest and the smallest scale that one of them alone would give."""
    errors_m: tuple[float, ...]
    """What each distance would measure too much."""
    warnings: tuple[str, ...]


class ControlPoint(NamedTuple):
    """A place known in the level's frame and on the earth, in degrees."""

    x_m: float
    y_m: float
    lon: float
    lat: float


class Pair(NamedTuple):
    """A place known in two frames: a lift shaft on two levels."""

    own: Point
    other: Point


class Fit(NamedTuple):
    """x' = a x + b y + c, y' = d x + e y + f, and what is left of each point."""

    kind: FitKind
    matrix: tuple[float, float, float, float, float, float]
    residuals_m: tuple[float, ...]
    rms_m: float
    warnings: tuple[str, ...]
    """Codes; the sentences stand in `sentences.py`."""

    def at(self, point: Point) -> Point:
        """Where a point goes."""
        a, b, c, d, e, f = self.matrix
        return a * point[0] + b * point[1] + c, d * point[0] + e * point[1] + f

    @property
    def scale(self) -> float:
        a, b, _, d, e, _ = self.matrix
        return math.sqrt(abs(a * e - b * d))

    @property
    def rotation_deg(self) -> float:
        """Counterclockwise."""
        return math.degrees(math.atan2(self.matrix[3], self.matrix[0]))


def scale_of(distances: Sequence[KnownDistance]) -> Scale:
    """The scale that serves all distances best (least squares). Raises ValueError on none, or on one without length.

    A single distance gives a scale and the warning that nothing confirms it; two crosswise ones show a stretched scan.
    """
    if not distances:
        raise Wrong(
            "no known distance: measure at least one, better two that cross",
            "لا مسافة معروفة: قِس واحدة على الأقل، والأفضل اثنتان متقاطعتان",
        )
    drawn = np.array([math.dist(one.a, one.b) for one in distances])
    metres = np.array([one.metres for one in distances])
    if not (np.all(np.isfinite(drawn)) and np.all(drawn > 0) and np.all(np.isfinite(metres)) and np.all(metres > 0)):
        got = f"{drawn.tolist()}, {metres.tolist()}"
        raise Wrong(
            f"a distance must be over 0 on the drawing and on the floor, got {got}",
            f"يجب أن تزيد المسافة على 0 في الرسم وعلى الأرض، والمعطى {got}",
        )
    scale = float(drawn @ metres / (drawn @ drawn))
    ratios = metres / drawn
    disagreement = float(100 * (ratios.max() - ratios.min()) / scale)
    warnings = ["one_distance"] if len(distances) == 1 else []
    warnings += ["distances_disagree"] if disagreement > DISAGREEMENT_PERCENT else []
    return Scale(scale, disagreement, tuple((drawn * scale - metres).tolist()), tuple(warnings))


def fitted(pairs: Sequence[Pair], kind: FitKind = "rigid") -> Fit:
    """The fit that leaves the least squares of what the points disagree by. Raises ValueError on too few points, or all in one place.

    Source: Umeyama, Least-squares estimation of transformation parameters between two point patterns, PAMI 13 (1991), in the plane.
    """
    if len(pairs) < LEAST_POINTS[kind]:
        raise _too_few(kind, len(pairs))
    own = np.array([pair.own for pair in pairs], dtype=float)
    other = np.array([pair.other for pair in pairs], dtype=float)
    if not (np.all(np.isfinite(own)) and np.all(np.isfinite(other))):
        raise Wrong("a control point is not finite", "إحداثيات إحدى نقاط التحكم غير منتهية")
    matrix = _affine(own, other) if kind == "affine" else _turned(own, other, kind)
    residuals = _residuals(matrix, own, other)
    rms = float(np.sqrt(np.mean(residuals**2)))
    return Fit(kind, _six(matrix), tuple(residuals.tolist()), rms, tuple(_warnings(own, other, kind, residuals, rms)))


def georeferenced(points: Sequence[ControlPoint], kind: Literal["rigid", "similarity"] = "rigid") -> tuple[Anchor, Fit]:
    """The anchor of a level's frame, and the fit it comes from, in metres east and north of the points' middle. Raises ValueError."""
    if not points:
        raise _too_few(kind, 0)
    middle = Anchor(sum(p.lon for p in points) / len(points), sum(p.lat for p in points) / len(points))
    ground = Frame(middle)
    fit = fitted([Pair((p.x_m, p.y_m), ground.to_metres(p.lon, p.lat)) for p in points], kind)
    return _anchored(middle, fit), fit


def aligned(pairs: Sequence[Pair], reference: Anchor, kind: Literal["rigid", "similarity"] = "rigid") -> tuple[Anchor, Fit]:
    """The anchor of a level that is laid over another one: `other` of each pair is in that level's frame. Raises ValueError."""
    fit = fitted(pairs, kind)
    lon, lat = Frame(reference).to_degrees(*fit.at((0.0, 0.0)))
    turned = reference.rotation_deg + fit.rotation_deg
    return Anchor(lon, lat, _wrapped(turned), reference.scale * fit.scale, reference.sphere_m), fit


def _anchored(middle: Anchor, fit: Fit) -> Anchor:
    east, north = fit.at((0.0, 0.0))
    degree = degree_at(middle.lat)
    return Anchor(middle.lon + east / degree.east_m, middle.lat + north / degree.north_m, fit.rotation_deg, fit.scale)


def _turned(own: Floats, other: Floats, kind: FitKind) -> Floats:
    """Turn, move and for a similarity scale, with points as complex numbers: a turn is then a factor."""
    z, w = own[:, 0] + 1j * own[:, 1], other[:, 0] + 1j * other[:, 1]
    z_middle, w_middle = z.mean(), w.mean()
    spread = float(np.sum(np.abs(z - z_middle) ** 2))
    if spread == 0:
        raise Wrong("all control points are in one place", "كل نقاط التحكم في موضع واحد")
    factor = complex(np.sum(np.conj(z - z_middle) * (w - w_middle))) / spread
    if kind == "rigid":
        factor = factor / abs(factor) if abs(factor) > 0 else 1 + 0j
    shift = w_middle - factor * z_middle
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def _too_few(kind: FitKind, count: int) -> Wrong:
    least = LEAST_POINTS[kind]
    return Wrong(f"a {kind} fit needs {least} points, got {count}", f"عدد النقاط اللازمة للمطابقة {kind} هو {least}، والمعطى {count}")


def _affine(own: Floats, other: Floats) -> Floats:
    design = np.column_stack([own, np.ones(len(own))])
    if np.linalg.matrix_rank(design) < 3:
        raise Wrong(
            "the control points lie on one line: an affine fit needs three that do not",
            "نقاط التحكم على خط واحد: المطابقة الأفينية تحتاج إلى ثلاث ليست كذلك",
        )
    return np.asarray(np.linalg.lstsq(design, other, rcond=None)[0].T, dtype=np.float64)


def _residuals(matrix: Floats, own: Floats, other: Floats) -> Floats:
    return np.asarray(np.hypot(*(other - (own @ matrix[:, :2].T + matrix[:, 2])).T))


def _warnings(own: Floats, other: Floats, kind: FitKind, residuals: Floats, rms: float) -> Iterator[str]:
    if len(own) == LEAST_POINTS[kind]:
        yield "no_spare_point"
    if rms > HIGH_RMS_M:
        yield "high_rms"
    if kind != "affine" and len(own) > 2:
        mirrored = own * np.array([1.0, -1.0])
        left = float(np.sqrt(np.mean(_residuals(_turned(mirrored, other, kind), mirrored, other) ** 2)))
        if rms > HIGH_RMS_M and left < MIRRORED * rms:
            yield "mirrored"
    if len(own) > 3 and residuals.max() > max(ONE_OFF * float(np.median(np.delete(residuals, residuals.argmax()))), HIGH_RMS_M):
        yield "one_point_off"


def _six(matrix: Floats) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (float(value) for value in matrix.ravel())
    return a, b, c, d, e, f


def _wrapped(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0
