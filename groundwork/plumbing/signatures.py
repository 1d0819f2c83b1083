"""Ed25519 request signatures: who sent exactly these bytes to exactly this path, and when by the sender's clock.

Signed text: `method\\npath\\nkey-id\\nunix-ms\\nsha256(body) as hex`.
Header: `Aislecast-Signature: key=<id>, at=<unix-ms>, sig=<base64url>`.
The path includes the query, as sent; the body is the one before any Content-Encoding, so a proxy may compress or unpack it.
Replays are recognised by the receiver's inbox key, not here; `at` only bounds how old a request may be.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HEADER = "Aislecast-Signature"
_HEADER_FORM = re.compile(r"key=([A-Za-z0-9._:-]{1,64}), at=([0-9]{1,15}), sig=([A-Za-z0-9_=-]{86,88})")


@dataclass(frozen=True, slots=True)
class Signature:
    """What the header says."""

    key_id: str
    at_ms: int
    value: bytes


def signed_text(method: str, path: str, key_id: str, at_ms: int, body: bytes) -> bytes:
    """The bytes that are signed."""
    return f"{method}\n{path}\n{key_id}\n{at_ms}\n{hashlib.sha256(body).hexdigest()}".encode()


def sign(key: Ed25519PrivateKey, key_id: str, method: str, path: str, at_ms: int, body: bytes) -> str:
    """The header's value for this request."""
    value = key.sign(signed_text(method, path, key_id, at_ms, body))
    return f"key={key_id}, at={at_ms}, sig={base64.urlsafe_b64encode(value).decode()}"


def parse(header: str) -> Signature | None:
    """The header taken apart; None when it has not the form above."""
    form = _HEADER_FORM.fullmatch(header)
    if form is None:
        return None
    try:
        value = base64.urlsafe_b64decode(form[3] + "=" * (-len(form[3]) % 4))
    except binascii.Error:
        return None
    return Signature(form[1], int(form[2]), value)


def holds(signature: Signature, public_key: bytes, method: str, path: str, body: bytes) -> bool:
    """Whether `public_key` (32 raw bytes) signed this request."""
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(signature.value, signed_text(method, path, signature.key_id, signature.at_ms, body))
    except (InvalidSignature, ValueError):
        return False
    return True
