"""BTHome v2: sensors that say what they measure, value by value, in service data of UUID FCD2; plain or encrypted.

Encrypted frames are AES-CCM with a check of 4 bytes; the nonce holds the sender's address, so that must be known or in the frame. Where a
bind key is known for a sender, its plain frames are not believed: anybody can send those.
What a value's id means is in `bthome_values.py`. Source: bthome.io/format, bthome.io/encryption.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE, SERVICE_DATA_16, structure
from groundwork.adverts.bthome_values import BATTERY, COMMAND, KINDS, TEMPERATURE, Kind, Reading
from groundwork.adverts.frame import Format, Options, Telemetry
from groundwork.contracts.ids import BeaconKey

UUID: Final = b"\xd2\xfc"
_ENCRYPTED: Final = 0x01
_WITH_ADDRESS: Final = 0x02
_TRIGGERED: Final = 0x04
_VERSION_SHIFT: Final = 5
_VERSION: Final = 2
_ADDRESS_BYTES: Final = 6
_COUNTER_BYTES: Final = 4
_CHECK_BYTES: Final = 4
_KEY_BYTES: Final = 16
_ARGUMENTS: Final = 0x1F


class Measured(NamedTuple):
    """One value by its name; two of a name are told apart by a number, in the order sent."""

    name: str
    value: object
    unit: str


class BtHome(NamedTuple):
    """One BTHome frame."""

    address: str
    """The sender's own word for its address, 12 hex digits; empty where it does not give it."""
    encrypted: bool
    triggered: bool
    """Sent on an occasion (a door opens), not at intervals."""
    counter: int | None
    """Of an encrypted frame; rises with each one, so an old frame sent again can be told."""
    measured: tuple[Measured, ...]

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey | None:
        return BeaconKey(f"address:{self.address}") if self.address else None

    @property
    def power_1m_dbm(self) -> None:
        return None

    @property
    def telemetry(self) -> Telemetry:
        """Battery in percent, and the first of several temperatures."""
        numbers = {each.name: each.value for each in self.measured if isinstance(each.value, int | float) and each.unit}
        battery, temperature = numbers.get(BATTERY), numbers.get(TEMPERATURE, numbers.get(f"{TEMPERATURE} 1"))
        return Telemetry(battery, None, temperature)

    def said(self) -> dict[str, object]:
        said: dict[str, object] = {each.name: each.value for each in self.measured}
        said |= {"units": {each.name: each.unit for each in self.measured if each.unit}}
        said |= {"encrypted": self.encrypted, "triggered": self.triggered}
        said |= {"mac": bytes.fromhex(self.address).hex(":").upper()} if self.address else {}
        return said if self.counter is None else {**said, "counter": self.counter}


def decode(value: bytes, options: Options) -> BtHome | None:
    """The BTHome frame in service data `value`, UUID included; None also for an encrypted one without its key."""
    if value[:2] != UUID or len(value) < 3 or value[2] >> _VERSION_SHIFT != _VERSION:
        return None
    flags, body, address = value[2], value[3:], ""
    if flags & _WITH_ADDRESS:
        address, body = body[:_ADDRESS_BYTES][::-1].hex(), body[_ADDRESS_BYTES:]
    sender = address or options.address
    key = options.bind_keys.get(sender, options.bind_keys.get("")) if options.bind_keys else None
    counter = None
    if flags & _ENCRYPTED:
        opened = _opened(body, flags, sender, key)
        if opened is None:
            return None
        body, counter = opened
    elif key is not None:
        return None
    measured = _named(list(_values(body)))
    return BtHome(address, counter is not None, bool(flags & _TRIGGERED), counter, measured) if measured else None


def _opened(body: bytes, flags: int, sender: str, key: bytes | None) -> tuple[bytes, int] | None:
    """The plain values and the counter; None where they cannot be opened."""
    at = len(body) - _COUNTER_BYTES - _CHECK_BYTES
    if key is None or len(key) != _KEY_BYTES or at < 1 or len(sender) != 2 * _ADDRESS_BYTES:
        return None
    counter, check = body[at : at + _COUNTER_BYTES], body[-_CHECK_BYTES:]
    try:
        plain = AESCCM(key, tag_length=_CHECK_BYTES).decrypt(_nonce(sender, flags, counter), body[:at] + check, None)
    except InvalidTag:
        return None
    return plain, int.from_bytes(counter, "little")


def _nonce(sender: str, flags: int, counter: bytes) -> bytes:
    return bytes.fromhex(sender) + UUID + bytes((flags,)) + counter


def _values(body: bytes) -> Iterator[tuple[Kind, Reading]]:
    """What is in `body`, up to the first that is unknown or cut short; values that are none are passed over."""
    at = 0
    while at < len(body):
        kind = KINDS.get(body[at])
        if kind is None:
            return
        start, width = at + 1, kind.width
        if not width:
            if start >= len(body):
                return
            width = 1 + (body[start] & _ARGUMENTS) if body[at] == COMMAND else body[start]
            start += 1
        at = start + width
        if at > len(body):
            return
        reading = kind.read(body[start:at])
        if reading is not None:
            yield kind, reading


def _named(values: list[tuple[Kind, Reading]]) -> tuple[Measured, ...]:
    """The values by name: numbered where a name comes more than once."""
    if len({kind.name for kind, _ in values}) == len(values):
        return tuple(Measured(part or kind.name, value, kind.unit) for kind, reading in values for part, value in reading.items())
    times, seen = Counter(kind.name for kind, _ in values), Counter[str]()
    measured = []
    for kind, reading in values:
        seen[kind.name] += 1
        number = f" {seen[kind.name]}" if times[kind.name] > 1 else ""
        measured += [Measured((part or kind.name) + number, value, kind.unit) for part, value in reading.items()]
    return tuple(measured)


def encode_bthome(values: bytes, *, address: str = "", key: bytes | None = None, sender: str = "", counter: int = 0) -> bytes:
    """An advert's AD structures, flags first, with `values`, each behind its object id, as they are; encrypted where a `key` is given.

    `address` (12 hex digits) goes into the frame; `sender` is the address for the nonce, where the frame shall not hold it.
    """
    flags = _VERSION << _VERSION_SHIFT | (_WITH_ADDRESS if address else 0) | (_ENCRYPTED if key else 0)
    body = values
    if key is not None:
        rolling = counter.to_bytes(_COUNTER_BYTES, "little")
        sealed = AESCCM(key, tag_length=_CHECK_BYTES).encrypt(_nonce(address or sender, flags, rolling), values, None)
        body = sealed[:-_CHECK_BYTES] + rolling + sealed[-_CHECK_BYTES:]
    return GENERAL_DISCOVERABLE + structure(SERVICE_DATA_16, UUID + bytes((flags,)) + bytes.fromhex(address)[::-1] + body)


FORMAT: Final = Format("bthome_v2", SERVICE_DATA_16, decode, UUID)
