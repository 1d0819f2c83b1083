"""Codes that people read, type and scan: short, without letters that look alike, and too many to guess.

Pure. The alphabet is Crockford's base 32 (no I, L, O, U; read as 1, 1, 0 and not at all), 5 random bits a character. A code is kept only
as a keyed hash (`Vault.tag`), so that who reads the database cannot search for it offline.
"""

from collections.abc import Callable
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUP: Final = 4
_LOOKS_LIKE: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})


def new_code(randbytes: Callable[[int], bytes], length: int) -> str:
    """A random code of `length` characters in groups of four, as it is shown: `7K2M-...`; 5 bits a character."""
    return shown("".join(ALPHABET[byte % len(ALPHABET)] for byte in randbytes(length)))  # 256 is a multiple of 32, so none is likelier


def shown(code: str) -> str:
    """A canonical code in groups of four."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def canonical(text: str, length: int) -> str | None:
    """What was typed, as it is hashed: in either case, with or without dashes; None where it cannot be a code of this length."""
    code = text.upper().translate(_LOOKS_LIKE)
    return code if len(code) == length and not set(code) - set(ALPHABET) else None
