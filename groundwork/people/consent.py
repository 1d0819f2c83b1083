"""The consent chain: how one row is hashed into the next, so that a change, a gap or a cut end shows.

Pure; `queries/consents.py` appends and verifies. The chain proves that rows were not changed by someone who cannot also rewrite every later
row and the end kept with the tenant; who must prove more keeps the end elsewhere from time to time.
"""

import hashlib
from dataclasses import astuple, dataclass

import msgspec

from groundwork.people.model import LANGUAGES, PURPOSES

BEGINNING = bytes(32)
"""What the first row carries as the hash of the one before."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One yes or no, as it is hashed: these fields, in this order, as a JSON array."""

    tenant: str
    seq: int
    shopper: str
    """A pseudonym: the chain outlives an erasure."""
    purpose: str
    granted: bool
    text_version: str
    language: str
    source: str
    at_ms: int


def link(previous: bytes, entry: Entry) -> bytes:
    """SHA-256 of the previous row's hash and this entry: 32 bytes."""
    return hashlib.sha256(previous + msgspec.json.encode(astuple(entry))).digest()


def check_purpose(purpose: str) -> None:
    """Raises ValueError naming the known purposes; a typing error must not become a consent nobody can withdraw."""
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose {purpose!r}: expected one of {', '.join(PURPOSES)}")


def check_language(language: str) -> None:
    """Raises ValueError naming the languages spoken here."""
    if language not in LANGUAGES:
        raise ValueError(f"unknown language {language!r}: expected one of {', '.join(LANGUAGES)}")
