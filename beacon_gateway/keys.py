"""The box's signing key: an Ed25519 private key as PEM (PKCS #8) in a file that only its owner may read."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from beacon_gateway import exits, words
from beacon_gateway.exits import Stop


def read_key(path: Path) -> Ed25519PrivateKey:
    """The key in `path`. Raises Stop where it cannot be read, others could read it too, or it is another kind of key."""
    try:
        mode = path.stat().st_mode & 0o777
        pem = path.read_bytes()
    except OSError as error:
        raise Stop(words.KEY_MISSING, exits.BAD_INPUT, path=path, problem=error.strerror) from error
    if mode & 0o077:
        raise Stop(words.KEY_OPEN, exits.BAD_INPUT, path=path, mode=f"{mode:04o}")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Stop(words.KEY_WRONG, exits.BAD_INPUT, path=path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Stop(words.KEY_WRONG, exits.BAD_INPUT, path=path)
    return key


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Writes `key` with mode 0600. Raises Stop where the file exists or cannot be made."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(pem)
    except FileExistsError as error:
        raise Stop(words.KEY_EXISTS, exits.BAD_INPUT, path=path) from error
    except OSError as error:
        raise Stop(words.KEY_UNWRITABLE, exits.BAD_INPUT, path=path, problem=error.strerror) from error


def public_half(key: Ed25519PrivateKey) -> str:
    """The 32 bytes the backend needs, as 64 hex digits."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
