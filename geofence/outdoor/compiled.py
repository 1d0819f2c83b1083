"""numba's decorator, typed, and the names of its types: what is compiled is called as it was written.

Pure. No fast mathematics here: a point on a boundary is in, and the last bit decides it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba as nb

_Function = TypeVar("_Function", bound=Callable[..., Any])

f8, i8 = nb.float64, nb.int64
f8_1, f8_2, f4_1 = nb.float64[::1], nb.float64[:, ::1], nb.float32[::1]
i8_1, u1_1, u1_2, u8_1 = nb.int64[::1], nb.uint8[::1], nb.uint8[:, ::1], nb.uint64[::1]


def compiled(signature: Any) -> Callable[[_Function], _Function]:
    """The decorator for one signature: compiled when the module is first imported, kept on disk from then on."""
    decorate: Any = nb.njit
    done: Callable[[_Function], _Function] = decorate(signature, nogil=True, cache=True, error_model="numpy")
    return done
