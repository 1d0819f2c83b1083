"""Passwords: hashed with argon2id, checked in a thread, and at the same cost whether or not there is anything to check against.

Parameters are OWASP's (Password Storage Cheat Sheet: m = 19 MiB, t = 2, p = 1). A stored hash names its own, so a change here takes effect
at each operator's next sign-in. What a password must not be is for `guessable.py`.
"""

import asyncio
import base64
from collections.abc import Callable
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION, hash_secret

from groundwork.people.guessable import LEAST_LENGTH, MOST_LENGTH, is_guessable, normal
from groundwork.people.reasons import GUESSABLE_PASSWORD, LONG_PASSWORD, SHORT_PASSWORD
from groundwork.plumbing.reasons import Reason

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1
HASH_BYTES: Final = 32
SALT_BYTES: Final = 16
AT_ONCE: Final = 2
"""Hashes computed at a time: 38 MiB, and never all of a small machine's cores."""

_HASHER: Final = PasswordHasher(PASSES, MEMORY_KIB, LANES, HASH_BYTES, SALT_BYTES, type=Type.ID)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()


_NOBODYS: Final = (
    f"$argon2id$v={ARGON2_VERSION}$m={MEMORY_KIB},t={PASSES},p={LANES}${_base64(bytes(SALT_BYTES))}${_base64(bytes(HASH_BYTES))}"
)
"""Checked where there is no account, so that the time of an answer does not tell. No password has it but by a chance of 1 in 2^256."""


def refusal_of(password: str, known: tuple[str, ...]) -> Reason | None:
    """Why `password` cannot be taken; `known` are words an attacker would try for this operator. None where it can."""
    if len(normal(password)) < LEAST_LENGTH:
        return SHORT_PASSWORD
    if len(password) > MOST_LENGTH:
        return LONG_PASSWORD
    return GUESSABLE_PASSWORD if is_guessable(password, known) else None


class Passwords:
    """Hashes and checks; at most AT_ONCE at a time, the others wait."""

    def __init__(self, randbytes: Callable[[int], bytes]) -> None:
        self._randbytes = randbytes
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash to store, in PHC form."""
        salt = self._randbytes(SALT_BYTES)
        async with self._turn:
            return await asyncio.to_thread(_hash, password, salt)

    async def fits(self, password: str, stored: str | None) -> bool:
        """Whether `password` is the one whose hash is `stored`; False at the same cost where there is none."""
        async with self._turn:
            held = await asyncio.to_thread(_fits, password[: MOST_LENGTH + 1], stored or _NOBODYS)
        return held and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def _hash(password: str, salt: bytes) -> str:
    made = hash_secret(normal(password).encode(), salt, PASSES, MEMORY_KIB, LANES, HASH_BYTES, Type.ID)
    return made.decode()


def _fits(password: str, stored: str) -> bool:
    try:
        return _HASHER.verify(stored, normal(password).encode())
    except (VerificationError, InvalidHashError):
        return False
