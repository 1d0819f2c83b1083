"""The demo's shopper who walks up: outside the shop her phone says where it is, so that "approaching" and "arrived" have somebody.

She is one of the twin's shoppers. The twin knows the shop and nothing around it; the way to its door and from it is here: straight up to
the front at a walk, beginning when she would be at the door in time for the twin's visit. Pure but for the errors of her phone, which are
drawn from a seed and the time. What the server makes of it is the outdoor geofence's (docs/outdoor.md).
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aislecast.twin.twin import Twin
from floorplans.earth import Frame
from floorplans.model import Anchor, Point
from groundwork.contracts.gps_report import GpsReport

WALK_M: Final = 150.0
"""Where the phone begins to report: half way into the ring, so that the demo has something to tell within its first minute."""
WALK_MPS: Final = 1.4
"""Of a healthy adult in no hurry; Bohannon, Age and Ageing 26 (1997)."""
EVERY_MS: Final = 5_000
"""As docs/outdoor.md asks of an app while she moves."""
ACCURACY_M: Final = 5.0
"""What the phone claims: an open sky. Inside a real shop it would claim more, and the boxes would have her by then."""


@dataclass(slots=True)
class WalkUp:
    """Where the phone `phone` of the twin is on the earth, whether she is in the shop or on her way."""

    twin: Twin
    phone: int
    anchor: Anchor
    seed: int
    _reported_ms: int = 0
    _left_ms: int | None = field(default=None, init=False)
    """When her last visit ended, in the twin's time."""
    _visit_end_ms: int = field(default=0, init=False)

    def report(self, now_ms: int) -> GpsReport | None:
        """What her phone reports now; None where it is not time, or she is far away."""
        if now_ms - self._reported_ms < EVERY_MS:
            return None
        self._reported_ms = now_ms
        place = self.place(self.twin.since_start(now_ms))
        if place is None:
            return None
        errors = np.random.default_rng([self.seed, self.phone, now_ms]).normal(0.0, ACCURACY_M / 3, 2)
        lon, lat = Frame(self.anchor).to_degrees(place[0] + float(errors[0]), place[1] + float(errors[1]))
        return GpsReport(lon=lon, lat=lat, accuracy_m=ACCURACY_M, at_ms=now_ms)

    def place(self, at_ms: int) -> Point | None:
        """Metres of the shop's frame at a time of the twin, which is not to go back; None beyond the walk. The front is at y = 0."""
        visit = self.twin.visit(self.phone)
        if visit.ends_ms != self._visit_end_ms:  # the twin has sent her on to her next visit
            self._left_ms, self._visit_end_ms = self._visit_end_ms or None, visit.ends_ms
        door_x, door_y = float(visit.x_m[0]), float(visit.y_m[0])
        if visit.starts_ms <= at_ms <= visit.ends_ms:
            return float(np.interp(at_ms, visit.t_ms, visit.x_m)), float(np.interp(at_ms, visit.t_ms, visit.y_m))
        away_ms = [visit.starts_ms - at_ms if at_ms < visit.starts_ms else at_ms - visit.ends_ms]
        if self._left_ms is not None:
            away_ms.append(at_ms - self._left_ms)
        away_m = min(away_ms) / 1000 * WALK_MPS
        return (door_x, door_y - away_m) if away_m <= WALK_M else None
