"""Nearest: the device is where the loudest anchor is. The yardstick every other locator must beat; good in small rooms with a box each.

Pure. Its radius is a stated constant: half of a recorded walk's errors are beyond 3.3 m, 68 % within 5 m.
"""

import numpy as np

from geofence.positioning.locator import Anchors, Heard, Places

RADIUS_M = 5.0
"""68 % of errors on a recorded walk among 12 receivers on 364 m2."""


def locate(heard: Heard, anchors: Anchors) -> Places:
    """The place of each row's loudest anchor; the first in plan order wins a draw."""
    loudest = np.where(heard.known, heard.rssi_dbm, -np.inf).argmax(axis=1)
    return Places(anchors.level[loudest], anchors.x_m[loudest], anchors.y_m[loudest], np.full(len(loudest), RADIUS_M))
