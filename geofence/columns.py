"""The column types that stages hand on: numpy arrays of one length, one name per kind of number.

Pure. Nothing here computes; what a column means stands in the class that holds it.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Longs: TypeAlias = NDArray[np.int64]
Tracks: TypeAlias = NDArray[np.uint64]
Indices: TypeAlias = NDArray[np.int64]
"""Positions in another column; -1 where there is none."""
Smalls: TypeAlias = NDArray[np.int16]
Flags: TypeAlias = NDArray[np.bool_]
Columns: TypeAlias = NDArray[Any]

NONE = -1
"""No zone, no slot, no level."""
