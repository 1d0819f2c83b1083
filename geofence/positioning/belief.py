"""Belief: where one device may be, cell by cell, and how much louder than its fellows it is; the arithmetic of the grid filter.

Pure. For each device two columns over the cells (`cells.py`): the weight of each cell, and the offset of the handset or tag in dB if the
device is there (a Rao-Blackwellised filter: the cell is kept as a grid, the offset as a Gaussian for each cell, all of one variance).
One moment goes through three steps:

* **move**: walking spreads the weight to neighbouring cells, never through a wall; felt steps shift it as a whole; a gap spreads it over
  the whole floor, since after half a minute anybody may be anywhere.
* **hear**: each reading multiplies a cell's weight by a Student-t likelihood of what it read against what is expected there. Where levels
  are weighed by themselves (`level_share.py`), each level's weight is then brought to its share.
* **read**: level, mean point, 68 % radius, and the probability of each zone, from the weights raised to a power: the device's **firmness**.
  A walker's readings are independent of one another, so that she is surer than the weights say; who stands where the survey knows
  little reads the same unknown reflections again and again, and is less sure. That she walks is seen by how far the point has gone.

`belief_plain.py` holds the same arithmetic in plain numpy: the tests hold this file to it, and it serves, with a warning, where numba
cannot run. Several devices go through one call; each is worked off by itself, so a device's numbers never depend on who stands beside it.
"""

import warnings
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from geofence.columns import Floats, Indices, Singles
from geofence.positioning import belief_plain

FRESH: Final = belief_plain.FRESH
"""In place of the seconds since a device's last moment: it has none, or none that still counts."""
NO_STEPS: Final = belief_plain.NO_STEPS
"""In place of a count of steps: this device does not say when it steps."""


class Ground(NamedTuple):
    """What is the same for all devices of a venue: the cells, and what is expected to be heard in each."""

    x_m: Singles
    y_m: Singles
    level: Indices
    around: Any
    """int32, shape (8, c)."""
    prior: Singles
    """Shape (c,), sums to 1: where a device is before anything is known of it. 0 on levels where nothing can be heard."""
    expected_dbm: Singles
    """Shape (a, c)."""
    zone_starts: Indices
    zone: Indices
    share: Singles
    firmness: Singles
    """Shape (c,): of somebody who stands there; 1 takes the weights as they are."""


class Rules(NamedTuple):
    """The numbers of the filter; `locate/grid.py` says where they come from."""

    size_m: float
    noise_db: float
    offset_sd_db: float
    offset_drift_db2: float
    """Variance per second by which an offset may have changed: a phone goes into a pocket."""
    speed_m: float
    """Metres per root second of a walk nobody reports steps of."""
    stride_sd: float
    """Uncertainty of a felt step as a part of its length."""
    gap_s: float
    """Time constant by which silence spreads the weight over the whole floor."""
    leak: float
    """The part of the weight that is spread over the whole floor at every moment, so that no error is final."""
    blocked: float
    """What is left of the weight of a cell from which a felt step leads into a wall."""
    walking_firmness: float
    """Of somebody who walks, at least; 1 takes the weights as they are."""


class State(NamedTuple):
    """The devices' columns; row i is slot i. All are written."""

    weight: Singles
    """Shape (devices, c)."""
    offset_db: Singles
    """Shape (devices, c): of the device, if it is in that cell."""
    offset_var: Singles
    """Shape (devices,): variance of the offset; 0 for a device never heard."""
    adrift_m: Singles
    """Shape (devices, 2): how far the steps led that are not yet a whole cell."""
    trail_m: Singles
    """Shape (devices, 4): x and y of the point lately, and over a longer while; far apart, the device walks."""


class Moments(NamedTuple):
    """One moment of each of n devices."""

    slot: Indices
    elapsed_s: Singles
    """Since the last moment; FRESH where there is none."""
    starts: Indices
    """Shape (n + 1,): moment i's readings stand at starts[i] to starts[i + 1]; there may be none."""
    anchor: Indices
    rssi_dbm: Singles
    steps: Indices
    """Felt since the last moment, or NO_STEPS."""
    stride_m: Singles
    """Shape (n, 2): where they led."""
    floors: Singles
    """Shape (n, levels) or (n, c): what the readings as a whole say for each level or cell, as a factor; 1 where they say nothing."""
    shares: Singles = np.zeros((0, 0), np.float32)
    """Shape (n, levels): how much of the weight each level has after the moment; no columns where the cells alone decide."""


class Seen(NamedTuple):
    """What the belief says; rows are moments."""

    place: Floats
    """Shape (n, 5): level, x, y, 68 % radius, offset in dB."""
    probability: Floats
    """Shape (n, zones)."""


def advance(ground: Ground, rules: Rules, state: State, moments: Moments, zones: int) -> Seen:
    """Works off the moments, each device at most once; `state` is written."""
    seen = Seen(np.zeros((len(moments.slot), 5)), np.zeros((len(moments.slot), zones)))
    columns = (np.ascontiguousarray(column) for column in moments)
    _kernel()(*ground, np.array(rules, np.float64), *state, *columns, *seen)
    return seen


def warm() -> None:
    """Makes the compiled loop now, so that the first fix need not wait for it: seconds where no cache of numba holds it yet."""
    _kernel()


_compiled: list[Callable[..., None]] = []


def _kernel() -> Callable[..., None]:
    """The compiled loop, made (or read from numba's cache) when first asked for."""
    if not _compiled:
        _compiled.append(_compile())
    return _compiled[0]


def _compile() -> Callable[..., None]:
    try:
        from geofence.positioning import belief_kernel
    except ImportError:  # no wheel of numba for this machine
        warnings.warn("numba cannot run here: positions come from plain numpy, some twenty times slower", RuntimeWarning, stacklevel=3)
        return belief_plain.advance
    kernel: Callable[..., None] = belief_kernel.advance
    return kernel
