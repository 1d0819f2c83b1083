"""Reading: an advert's bytes and address to a beacon that may pass, or the reason why it may not.

Pure, and quick where it matters: beacons repeat their bytes for months, so what bytes say is remembered, for a bounded number of them.
An advert that only says how its sender does (Eddystone telemetry) is laid to the beacon last admitted from the same address; that is all an
address is kept for, and never for shopper tokens. Such an advert makes no sighting: whether one was heard must not depend on what this
process happens to remember. The rules are `gate.py`'s.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import MANUFACTURER_DATA, SERVICE_DATA_16, structures
from groundwork.adverts.counters import Counters
from groundwork.adverts.decode import decode
from groundwork.adverts.frame import Counted, Frame, Measuring, Options, Telemetry
from groundwork.adverts.gate import Gate, address_key, personal
from groundwork.contracts.ids import BeaconKey

STRANGER: Final = "stranger"
PERSONAL: Final = "personal_device"
TELEMETRY_ONLY: Final = "telemetry_only"
_REMEMBERED: Final = 8_192
"""Payloads whose verdict is kept: about 3 MB. A beacon's bytes change seldom, a crowd's fill this and are thrown out with it."""
_ADDRESSES: Final = 4_096
"""Admitted senders whose address is kept; some hundreds in a shop."""
_SAYING_WHOSE: Final = (MANUFACTURER_DATA, SERVICE_DATA_16)
_SHORT_LIVED: Final = frozenset({"token", "eid"})
"""Kinds of beacon keys that change so that nobody can follow them; their addresses are not kept."""


class Reading(NamedTuple):
    """What an advert comes to."""

    beacon: BeaconKey | None
    """Whom it is from; None for a stranger's."""
    telemetry: Telemetry | None = None
    refusal: str = ""
    """Why it is no sighting; empty for one that is."""


class _Said(NamedTuple):
    """What bytes come to, whoever sends them."""

    reading: Reading
    nameless: bool = False
    """It tells how a sender does, and nothing of who that is."""
    company: bool = False
    """It is of a company whose senders pass by address."""
    lasting: bool = False
    """It is from a beacon whose address may be kept."""
    counted: Counted | None = None
    """The frame in it that bears a count."""


_PERSONAL: Final = _Said(Reading(None, None, PERSONAL))
_STRANGER: Final = _Said(Reading(None, None, STRANGER))


class Reader:
    """Reads adverts by the rules of `gate`. Not for two threads at once."""

    def __init__(self, gate: Gate, options: Options) -> None:
        self._gate = gate
        self._options = options
        self._said: dict[bytes, _Said] = {}
        self._senders: dict[str, BeaconKey] = {}
        self._counters = Counters()

    def read(self, data: bytes, address: str) -> Reading:
        """What the advert `data` from `address` comes to; the address may be empty."""
        said = self._said_with_key(data, address) if self._options.bind_keys else None
        said = said or self._said.get(data) or self._look(data)
        reading = said.reading
        if said.counted is not None and not self._news(said.counted, address):
            reading = reading._replace(telemetry=None)
        if not address:
            return reading
        if not reading.refusal:
            if said.lasting and self._senders.get(address) != reading.beacon:
                self._keep(address, reading.beacon)
            return reading
        if reading.refusal == STRANGER and (said.nameless or said.company or self._gate.by_address):
            return self._by_address(said, address)._replace(telemetry=reading.telemetry)
        return reading

    def _news(self, frame: Counted, address: str) -> bool:
        """Whether an encrypted frame has not been heard before; one that was tells nothing of now."""
        sender = frame.address or address_key(address).removeprefix("address:")
        return frame.counter is None or self._counters.rises(sender, frame.counter)

    def _look(self, data: bytes) -> _Said:
        if len(self._said) >= _REMEMBERED:
            self._said.clear()
        said = self._said[data] = self._judged(data, decode(data, self._options))
        return said

    def _said_with_key(self, data: bytes, address: str) -> _Said | None:
        """What a sender whose bind key we have says; its bytes mean nothing from any other address, so they are not remembered."""
        sender = address_key(address).removeprefix("address:")
        if sender not in self._options.bind_keys:
            return None
        return self._judged(data, decode(data, replace(self._options, address=sender)))

    def _judged(self, data: bytes, frames: list[Frame]) -> _Said:
        counted = next((frame for frame in frames if isinstance(frame, Counted) and frame.counter is not None), None)
        for frame in frames:
            key = frame.beacon
            if key is not None and self._gate.admits(key):
                return _Said(Reading(key, _telemetry(frames)), counted=counted, lasting=key.partition(":")[0] not in _SHORT_LIVED)
        parts = structures(data, _SAYING_WHOSE)
        for part in parts:
            if personal(*part):
                return _PERSONAL
        company = bool(self._gate.companies) and any(self._gate.admits_company(*part) for part in parts)
        if not (frames or company):
            return _STRANGER
        nameless = bool(frames) and all(frame.beacon is None for frame in frames)
        return _Said(Reading(None, _telemetry(frames), STRANGER), nameless, company, counted=counted)

    def _by_address(self, said: _Said, address: str) -> Reading:
        telemetry = said.reading.telemetry
        key = address_key(address)
        if said.company or self._gate.admits(key):
            return Reading(key, telemetry)
        beacon = self._senders.get(address) if said.nameless else None
        return said.reading if beacon is None else Reading(beacon, telemetry, TELEMETRY_ONLY)

    def _keep(self, address: str, beacon: BeaconKey | None) -> None:
        if beacon is None:
            return
        if len(self._senders) >= _ADDRESSES:
            del self._senders[next(iter(self._senders))]
        self._senders[address] = beacon


def _telemetry(frames: list[Frame]) -> Telemetry | None:
    return next((frame.telemetry for frame in frames if isinstance(frame, Measuring)), None)
