"""The box's signing key: an Ed25519 private key as PEM (PKCS #8) in a file that only its owner may read.

A key is on the disk, whole, before anybody is told of it, and a file that holds one is never written over: the next key waits beside
it (`FILE.next`) until it takes its place by one rename.
"""

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from beacon_gateway import exits, words
from beacon_gateway.exits import Stop
from beacon_gateway.line import Signing
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.proofs import key_name

_OWNER_ONLY: Final = 0o600


def read_key(path: Path) -> Ed25519PrivateKey:
    """The key in `path`. Raises Stop where it cannot be read, others could read it too, or it is another kind of key."""
    try:
        mode = path.stat().st_mode & 0o777
        pem = path.read_bytes()
    except OSError as error:
        raise Stop(words.KEY_MISSING, exits.BAD_INPUT, path=path, problem=phrase_of(error)) from error
    if mode & 0o077:
        raise Stop(words.KEY_OPEN, exits.BAD_INPUT, path=path, mode=f"{mode:04o}")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Stop(words.KEY_WRONG, exits.BAD_INPUT, path=path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Stop(words.KEY_WRONG, exits.BAD_INPUT, path=path)
    return key


def write_key(path: Path, key: Ed25519PrivateKey, made_ms: int | None = None) -> None:
    """Writes `key` with mode 0600, dated `made_ms`; durable when it returns. Raises Stop where the file exists or cannot be made."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        write_new(path, pem, _OWNER_ONLY, made_ms)
    except FileExistsError as error:
        raise Stop(words.KEY_EXISTS, exits.BAD_INPUT, path=path) from error
    except OSError as error:
        raise Stop(words.KEY_UNWRITABLE, exits.BAD_INPUT, path=path, problem=phrase_of(error)) from error


def made_ms(path: Path) -> int:
    """When the key in `path` was made."""
    return path.stat().st_mtime_ns // 1_000_000


def next_of(path: Path) -> Path:
    """Where the key that follows the one in `path` waits."""
    return path.with_name(path.name + ".next")


def put_in_place(path: Path) -> None:
    """The next key takes the place of the one in `path`; durable when it returns."""
    next_of(path).replace(path)
    _sync_folder(path)


def signing_of(key: Ed25519PrivateKey, key_id: str = "") -> Signing:
    """The key under `key_id`, or under the id that both sides work out from it."""
    return Signing(key, key_id or key_name(key.public_key().public_bytes_raw()))


def public_half(key: Ed25519PrivateKey) -> str:
    """The 32 bytes the backend needs, as 64 hex digits."""
    return key.public_key().public_bytes_raw().hex()


def write_new(path: Path, content: bytes, mode: int, made_ms: int | None = None) -> None:
    """Writes a file that is there whole or not at all, durably. Raises FileExistsError where `path` is there, and OSError."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)  # of a process that died in the middle
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if made_ms is not None:
        os.utime(part, ns=(made_ms * 1_000_000, made_ms * 1_000_000))
    try:
        os.link(part, path)
    finally:
        part.unlink()
    _sync_folder(path)


def _sync_folder(path: Path) -> None:
    """Makes names in the folder of `path` durable."""
    folder = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
