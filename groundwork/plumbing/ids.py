"""Ids: random ones (UUIDv7, sortable by time) from an argument, and stable ones made of what they name.

This file is the one door to randomness for ids. A stable id lets a repeat be recognised as the same thing by every process.
"""

import hashlib
import random
import secrets
import uuid
from collections.abc import Callable
from typing import Protocol

from groundwork.plumbing.clock import Clock


class Ids(Protocol):
    """Where new ids come from."""

    def new(self) -> str: ...


def uuid7(ms: int, randbits: Callable[[int], int]) -> str:
    """A version 7 UUID (RFC 9562, section 5.7) of `ms` milliseconds since 1970 and 74 random bits."""
    value = (ms & (1 << 48) - 1) << 80 | 0x7 << 76 | randbits(12) << 64 | 0b10 << 62 | randbits(62)
    return str(uuid.UUID(int=value))


class SystemIds:
    """Ids for production."""

    __slots__ = ("_clock",)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def new(self) -> str:
        return uuid7(self._clock.now_ms(), secrets.randbits)


class SeededIds:
    """Ids for replays and tests: the same seed and calls give the same ids."""

    __slots__ = ("_clock", "_random")

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._random = random.Random(seed)

    def new(self) -> str:
        return uuid7(self._clock.now_ms(), self._random.getrandbits)


def stable_id(*parts: str | int) -> str:
    """32 hex digits that depend on `parts` and their order alone (BLAKE2b-128; parts are length-prefixed, so they cannot run together)."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = str(part).encode()
        digest.update(len(raw).to_bytes(4, "big"))
        digest.update(raw)
    return digest.hexdigest()
