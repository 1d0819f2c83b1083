"""Pseudonyms: what stands for a shopper and for a device in logs, on the bus and in every other package.

Both are HMAC-SHA256 under the shopper's own key, cut to 64 bits. Without the key they cannot be tied back to the ids, so destroying the
key is erasure even for copies nobody can reach (backups, dead pages, old log entries).
"""

import hmac

from groundwork.contracts.ids import DeviceId, Pseudonym, ShopperId, Track

KEY_BYTES = 32


def pseudonym_of(key: bytes, shopper: ShopperId) -> Pseudonym:
    """16 hex digits. Two of a million shoppers share one with a chance of 3e-8; the unique index would refuse the second."""
    return Pseudonym(_hmac64(key, shopper).hex())


def track_of(key: bytes, device: DeviceId) -> Track:
    """An unsigned 64-bit number, never 0: 0 means "nobody" in the geofence's columns, so that value becomes 1."""
    return Track(int.from_bytes(_hmac64(key, device), "big") or 1)


def _hmac64(key: bytes, text: str) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a shopper's key has {KEY_BYTES} bytes, got {len(key)}")
    return hmac.digest(key, text.encode(), "sha256")[:8]
