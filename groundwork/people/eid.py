"""Eddystone-EID: tags that send another id every 2^K seconds, which only who holds the tag's identity key can tell.

    temporary key = AES-128(identity key, 0^11 | FF | 0^2 | counter >> 16)           the same for 65,536 s
    id            = AES-128(temporary key, 0^11 | K | counter without its low K bits), first 8 bytes

The counter is the tag's own clock in seconds. A table per span holds the ids of every known tag around it, so looking one up costs a
dictionary's `get`; a tag's ids join the table when its binding does, so an id means nothing while the tag is nobody's.
Source: google/eddystone, eddystone-eid/eid-computation.md and eid-registration.md. Pure; vectors in the tests.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from groundwork.contracts.ids import BeaconKey

EID: Final = "eid:"
"""How a beacon key of a rotating id begins; its 16 hex digits follow."""
KEY_BYTES: Final = 16
EID_BYTES: Final = 8
LARGEST_EXPONENT: Final = 15
DRIFT_S: Final = 1_024
"""How far a tag's clock may be off. A crystal of 40 ppm takes 10 months to get there; more lets a recorded id be replayed for longer."""
_SPAN_EXPONENT: Final = 10
"""A table stands for 1,024 s at least: tags that change more often would otherwise have it built again at every change."""
_TABLES: Final = 16
"""Tables kept: the present one of each exponent in use, and those a gateway's backlog goes through."""
_COUNTERS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class EidKey:
    """What one tag's ids are made of. Raises ValueError for a key, exponent or clock that no tag has."""

    identity: bytes
    """16 bytes."""
    exponent: int
    """K, 0 to 15: a new id every 2^K seconds."""
    offset_s: int
    """Unix seconds at which the tag's own clock showed 0."""

    def __post_init__(self) -> None:
        if len(self.identity) != KEY_BYTES:
            raise ValueError(f"an identity key has {KEY_BYTES} bytes, got {len(self.identity)}")
        if not 0 <= self.exponent <= LARGEST_EXPONENT:
            raise ValueError(f"a rotation exponent is 0 to {LARGEST_EXPONENT}, got {self.exponent}")


class Sent(NamedTuple):
    """One id and the Unix second from which the tag sends it, by its own clock."""

    eid: bytes
    from_s: int


def eid(identity: bytes, exponent: int, counter: int) -> bytes:
    """The 8 bytes a tag sends when its clock shows `counter` seconds. Raises ValueError as `EidKey` does."""
    return next(sent(EidKey(identity, exponent, 0), counter, counter + 1)).eid


def sent(key: EidKey, from_s: int, until_s: int) -> Iterator[Sent]:
    """Every id the tag sends from `from_s` up to, not at, `until_s` (Unix seconds); its clock neither runs back nor beyond 32 bits."""
    step = 1 << key.exponent
    first = max(0, from_s - key.offset_s) >> key.exponent << key.exponent
    last = min(_COUNTERS, until_s - key.offset_s)
    for half in range(first >> 16, ((last - 1) >> 16) + 1):  # of the counter: each has a temporary key of its own
        counters = range(max(first, half << 16), min(last, (half + 1) << 16), step)
        plain = b"".join(bytes(11) + bytes((key.exponent,)) + counter.to_bytes(4, "big") for counter in counters)
        blocks = _encrypt(_temporary_key(key.identity, half), plain)
        for at, counter in enumerate(counters):
            yield Sent(blocks[16 * at : 16 * at + EID_BYTES], counter + key.offset_s)


def identity_key(own: X25519PrivateKey, tags_public: bytes) -> bytes:
    """The identity key a tag and its owner agree on at registration, from the owner's key and the tag's 32 bytes of public key.

    Raises ValueError for a public key that leads to no secret.
    """
    shared = own.exchange(X25519PublicKey.from_public_bytes(tags_public))
    salt = own.public_key().public_bytes_raw() + tags_public
    return HKDF(SHA256(), KEY_BYTES, salt, b"").derive(shared)


class _Row(NamedTuple):
    alias: BeaconKey
    key: EidKey
    from_s: int


class EidTables:
    """Whose each id is at a time: the tags known now, and their ids around the times that were asked for."""

    __slots__ = ("_keys", "_tables")

    def __init__(self) -> None:
        self._keys: dict[int, dict[BeaconKey, EidKey]] = {}
        self._tables: OrderedDict[tuple[int, int], dict[bytes, _Row]] = OrderedDict()

    def put(self, alias: BeaconKey, key: EidKey) -> None:
        """From now on the tag's ids stand for `alias`."""
        self._keys.setdefault(key.exponent, {})[alias] = key
        for (exponent, span), table in self._tables.items():
            if exponent == key.exponent:
                _fill(table, alias, key, span)

    def drop(self, alias: BeaconKey) -> None:
        """The tag's ids stand for nothing any more."""
        for exponent in [exponent for exponent, keys in self._keys.items() if keys.pop(alias, None) and not keys]:
            del self._keys[exponent]

    def find(self, beacon: BeaconKey, at_ms: int) -> BeaconKey | None:
        """The alias of the tag that sent `beacon` (`eid:` and hex) at `at_ms`, give or take its clock's drift; None for a stranger's."""
        try:
            raw = bytes.fromhex(beacon[len(EID) :])
        except ValueError:
            return None
        at_s = at_ms // 1000
        for exponent, keys in self._keys.items():
            row = self._table(exponent, at_s >> max(exponent, _SPAN_EXPONENT)).get(raw)
            # a row may be of a tag that has been dropped since, or put again with another key
            if row is not None and keys.get(row.alias) == row.key and -DRIFT_S <= at_s - row.from_s < (1 << exponent) + DRIFT_S:
                return row.alias
        return None

    def _table(self, exponent: int, span: int) -> dict[bytes, _Row]:
        table = self._tables.get((exponent, span))
        if table is None:
            table = self._tables[exponent, span] = {}
            for alias, key in self._keys[exponent].items():
                _fill(table, alias, key, span)
            if len(self._tables) > _TABLES:
                self._tables.popitem(last=False)
        else:
            self._tables.move_to_end((exponent, span))
        return table


def _fill(table: dict[bytes, _Row], alias: BeaconKey, key: EidKey, span: int) -> None:
    """Adds the ids a tag may send within the span, by a clock that is off by the drift at most."""
    length = max(key.exponent, _SPAN_EXPONENT)
    for one in sent(key, (span << length) - DRIFT_S, (span + 1 << length) + DRIFT_S):
        table[one.eid] = _Row(alias, key, one.from_s)


def _temporary_key(identity: bytes, half: int) -> bytes:
    return _encrypt(identity, bytes(11) + b"\xff\x00\x00" + half.to_bytes(2, "big"))


def _encrypt(key: bytes, plain: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES128(key), modes.ECB()).encryptor()  # noqa: S305 - single blocks, as the specification has it
    return encryptor.update(plain) + encryptor.finalize()
