"""Weighted centroid: the mean of the anchors' places, each weighted by the power it was heard with. Needs no survey.

Pure. Weights are 10 ** (rssi / (10 * EXPONENT)), aged exponentially, over the anchors of the loudest level.
Tuned on recorded walks (dev parts only): of .6 to 3.2, an exponent of .8 gave the least median error on three of four recordings.
"""

import numpy as np

from geofence.columns import Floats
from geofence.positioning.locator import Anchors, Heard, Places, strongest_level

EXPONENT = 0.8
"""Below 2 (free space) on purpose: with few anchors a sharper weighting makes up for the pull towards the middle."""
AGEING_MS = 2_000.0
"""Time constant by which a reading loses weight until the next one comes."""
RADIUS_FLOOR_M = 1.5
RADIUS_PER_SPREAD = 0.5
"""radius^2 = floor^2 + (this x the weighted standard distance of the anchors)^2. Fitted so that 68 % of dev errors lie within."""


def locate(heard: Heard, anchors: Anchors) -> Places:
    """The weighted mean of each row's anchors, and the stated radius."""
    power = _power(heard)
    level = strongest_level(power, anchors)
    power = np.where(anchors.level == level[:, None], power, 0.0)
    total = power.sum(axis=1)
    x = (power * anchors.x_m).sum(axis=1) / total
    y = (power * anchors.y_m).sum(axis=1) / total
    apart = (anchors.x_m - x[:, None]) ** 2 + (anchors.y_m - y[:, None]) ** 2
    spread = (power * apart).sum(axis=1) / total
    radius = np.sqrt(RADIUS_FLOOR_M**2 + RADIUS_PER_SPREAD**2 * spread)
    return Places(level, x, y, radius)


def _power(heard: Heard) -> Floats:
    """Relative weights, shape (n, a), the loudest of a row being about 1 so that faint rows keep their digits."""
    rssi = np.where(heard.known, heard.rssi_dbm, -np.inf)
    relative = rssi - rssi.max(axis=1, keepdims=True)
    power: Floats = np.power(10.0, relative / (10.0 * EXPONENT)) * np.exp(-heard.age_ms / AGEING_MS)
    return power
