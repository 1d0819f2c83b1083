"""Proofs: who hands a public key over shows that it holds the private half, for one purpose and one occasion.

Signed text, by the key itself (Ed25519): `aislecast-proof\\npurpose\\noccasion\\npublic key as 64 hex digits`.
The occasion is something both sides know and that is good once: a one-time code, the id of the key that is being replaced.
Both sides use this file; vectors are in `tests/contracts/golden`.
"""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def proof_text(purpose: str, occasion: str, public_key: bytes) -> bytes:
    """The bytes that are signed; `public_key` are the key's 32 raw bytes."""
    return f"aislecast-proof\n{purpose}\n{occasion}\n{public_key.hex()}".encode()


def prove(key: Ed25519PrivateKey, purpose: str, occasion: str) -> str:
    """The proof that `key` is at hand, as 86 characters of base64url without padding."""
    value = key.sign(proof_text(purpose, occasion, key.public_key().public_bytes_raw()))
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def key_name(public_key: bytes) -> str:
    """The id of a key: 32 hex digits of the SHA-256 of its 32 raw bytes, so that both sides know it and nobody chooses it."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def proves(proof: str, public_key: bytes, purpose: str, occasion: str) -> bool:
    """Whether `proof` was made by the private half of `public_key` (32 raw bytes) for just this."""
    try:
        value = base64.urlsafe_b64decode(proof + "=" * (-len(proof) % 4))
        Ed25519PublicKey.from_public_bytes(public_key).verify(value, proof_text(purpose, occasion, public_key))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
