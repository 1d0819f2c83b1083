"""The vault: seals small secrets that must be read again (push tokens, keys of tags) before they go into the database.

AES-256-GCM under one key of the deployment, which lies beside the database and never in it. What a sealed value belongs to is bound into
it, so a value moved to another row does not open. What only needs comparing is hashed instead (`Vault.tag`).
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"


class VaultError(ValueError):
    """A sealed value that does not open: of another key, another place, or damaged."""


class Vault:
    """Seals and opens. `randbytes` gives nonces: `secrets.token_bytes` in service, a seeded one in tests."""

    __slots__ = ("_cipher", "_key", "_randbytes")

    def __init__(self, key: bytes, randbytes: Callable[[int], bytes]) -> None:
        """Raises ValueError unless `key` has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a vault's key has {KEY_BYTES} bytes, got {len(key)}")
        self._key = key
        self._cipher = AESGCM(hmac.digest(key, b"seal", hashlib.sha256))
        self._randbytes = randbytes

    def seal(self, plain: bytes, *place: str) -> bytes:
        """`plain` so that only this key opens it, and only at the same `place` (table, tenant, id ...). 29 bytes longer."""
        nonce = self._randbytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _bound(place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """What was sealed. Raises VaultError."""
        if sealed[:1] != _VERSION:
            raise VaultError("not a sealed value of a known version")
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, _bound(place))
        except (InvalidTag, ValueError):
            raise VaultError("sealed under another key, for another place, or damaged") from None

    def tag(self, plain: bytes, *place: str) -> bytes:
        """32 bytes by which equal values are found without being readable: HMAC-SHA256 under a key of its own."""
        key = hmac.digest(self._key, b"tag", hashlib.sha256)
        return hmac.digest(key, _bound(place) + plain, hashlib.sha256)


def _bound(place: tuple[str, ...]) -> bytes:
    """The parts length-prefixed, so that they cannot run together."""
    return b"".join(len(raw := part.encode()).to_bytes(4, "big") + raw for part in place)
