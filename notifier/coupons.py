"""Coupon codes: made from a key, read from a cashier's typing, found by a hash; never stored in clear.

Pure. A code is 14 letters of 5 bits (70 bits of HMAC-SHA256) and a check letter, over Crockford's alphabet, which has no I, L, O and U.
The check letter makes the weighted sum over GF(32) zero, with a weight of its own for each place: every single wrong letter and every
swap of two letters is caught. Whoever has the key can derive a code again; a copy of the database cannot.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Literal

from groundwork.contracts.ids import GrantId, TenantId

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS: Final = 14
GROUP: Final = 5
"""Letters between dashes: XXXXX-XXXXX-XXXXX."""
_VALUES: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_READ_AS: Final = str.maketrans(
    {"O": "0", "I": "1", "L": "1"} | {chr(first + digit): str(digit) for first in (0x660, 0x6F0) for digit in range(10)}
)
_IGNORED: Final = str.maketrans(dict.fromkeys(" \t\r\n\u00a0-_.\u2010\u2011\u2012\u2013\u2014\u200e\u200f\u2066\u2067\u2068\u2069"))


Flaw = Literal["length", "letter", "check"]


class MalformedCode(ValueError):
    """What was typed cannot be a code: wrong length, a letter no code has, or a check letter that does not fit; `flaw` says which."""

    def __init__(self, flaw: Flaw, why: str) -> None:
        super().__init__(why)
        self.flaw = flaw


def _times(a: int, b: int) -> int:
    """Product in GF(32) modulo x^5 + x^2 + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0b100000:
            a ^= 0b100101
        b >>= 1
    return product


def _weights() -> tuple[int, ...]:
    """The powers 14 ... 0 of x: all different, and 1 for the check letter."""
    powers = [1]
    for _ in range(LETTERS):
        powers.append(_times(powers[-1], 2))
    return tuple(reversed(powers))


_WEIGHTS: Final = _weights()


def _sum(letters: str) -> int:
    total = 0
    for letter, weight in zip(letters, _WEIGHTS, strict=False):
        total ^= _times(_VALUES[letter], weight)
    return total


def shown(code: str) -> str:
    """The code as it is shown: in groups of five."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def parse(typed: str) -> str:
    """The code in `typed`, whatever its case, spaces, dashes, digits and look-alikes (O, I, L); raises MalformedCode."""
    code = typed.translate(_IGNORED).upper().translate(_READ_AS)
    if len(code) != LETTERS + 1:
        raise MalformedCode("length", f"a code has {LETTERS + 1} letters, got {len(code)}")
    if not all(letter in _VALUES for letter in code):
        raise MalformedCode("letter", "a code has only digits and the letters A to Z without I, L, O and U")
    if _sum(code) != 0:
        raise MalformedCode("check", "the code's check letter does not fit: one letter is wrong, or two are swapped")
    return code


@dataclass(frozen=True, slots=True)
class Codes:
    """Makes and looks up the codes of a deployment; each tenant gets a key of its own derived from `key` (32 bytes or more)."""

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < 32:
            raise ValueError(f"the coupon key must have at least 32 bytes, got {len(self.key)}")

    def __repr__(self) -> str:
        return "Codes(key=...)"

    def _tenant(self, tenant: TenantId) -> bytes:
        return hmac.digest(self.key, b"tenant\0" + tenant.encode(), hashlib.sha256)

    def code(self, tenant: TenantId, grant: GrantId) -> str:
        """The code of the coupon of `grant`: always the same."""
        digest = hmac.digest(self._tenant(tenant), b"code\0" + grant.encode(), hashlib.sha256)
        bits = int.from_bytes(digest, "big") >> (256 - 5 * LETTERS)
        letters = "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(LETTERS)))
        return letters + ALPHABET[_sum(letters)]

    def lookup(self, tenant: TenantId, code: str) -> bytes:
        """The keyed hash (32 bytes) by which a parsed code is found."""
        return hmac.digest(self._tenant(tenant), b"lookup\0" + code.encode(), hashlib.sha256)
