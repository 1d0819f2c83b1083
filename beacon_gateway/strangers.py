"""Strangers, counted: about how many unknown devices were near in a quarter of an hour, without keeping a single one of them.

An address is hashed with a key that lives for one day (UTC) and sets one of 65,536 bits; what is kept is bits, in memory, until the quarter
is over and their number is told. Nothing can be read back from them, and no two days compared. Pure: time and the day's key come in.
Source of the estimate: Whang et al., A Linear-Time Probabilistic Counting Algorithm, 1990; within 1 % up to some 200,000 devices.
Phones change their address every quarter of an hour or so, so a longer span would count them over and over.
"""

from collections.abc import Callable
from hashlib import blake2b
from math import log
from typing import Final

from groundwork.contracts.sighting import StrangerCount

PERIOD_MS: Final = 900_000
_DAY_MS: Final = 86_400_000
_HASH_BYTES: Final = 2
_BITS: Final = 1 << 8 * _HASH_BYTES
_MOST_OPEN: Final = 16
"""Periods; more than one or two are open only where a recording's times jump about."""
_DAYS_KEPT: Final = 2
"""Today's key and, for what is late, yesterday's."""


class Strangers:
    """Counts of the periods still open; 8 kB each."""

    def __init__(self, new_key: Callable[[], bytes]) -> None:
        """`new_key` makes the key of a day: 16 bytes that nobody else knows, not kept anywhere."""
        self._new_key = new_key
        self._keys: dict[int, bytes] = {}
        self._open: dict[int, bytearray] = {}
        self._closed_until_ms = 0

    def hear(self, address: str, at_ms: int) -> None:
        """Counts the device at `address`; not in a period that is closed, and not without an address."""
        start_ms = at_ms - at_ms % PERIOD_MS
        if not address or start_ms < self._closed_until_ms:
            return
        hashed = blake2b(address.encode(), key=self._key(at_ms // _DAY_MS), digest_size=_HASH_BYTES).digest()
        bits = self._open.get(start_ms)
        if bits is None and len(self._open) < _MOST_OPEN:
            bits = self._open[start_ms] = bytearray(_BITS // 8)
        if bits is None:
            return
        bits[hashed[0] | (hashed[1] & 0x1F) << 8] |= 1 << (hashed[1] >> 5)

    def close(self, until_ms: int) -> list[StrangerCount]:
        """The counts of periods that have ended by `until_ms`, oldest first; their bits are gone."""
        ended = sorted(start_ms for start_ms in self._open if start_ms + PERIOD_MS <= until_ms)
        self._closed_until_ms = max(self._closed_until_ms, until_ms - until_ms % PERIOD_MS)
        return [StrangerCount(from_ms=at, until_ms=at + PERIOD_MS, devices=_estimate(self._open.pop(at))) for at in ended]

    def turn_back(self, now_ms: int) -> None:
        """Follows a clock that was set back."""
        self._closed_until_ms = now_ms - now_ms % PERIOD_MS
        self._open.clear()

    def _key(self, day: int) -> bytes:
        key = self._keys.get(day)
        if key is None:
            key = self._keys[day] = self._new_key()
            while len(self._keys) > _DAYS_KEPT:
                del self._keys[min(self._keys)]
        return key


def _estimate(bits: bytearray) -> int:
    clear = _BITS - int.from_bytes(bits, "little").bit_count()
    return round(_BITS * log(_BITS / max(clear, 1)))
