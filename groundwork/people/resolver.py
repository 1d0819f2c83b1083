"""The resolver: from beacon keys to the consenting shoppers they stand for. What it does not know is a stranger and stays one.

Pure, in memory, cheap enough for every batch: static keys by dictionary, rotating ids by tables, shopper tokens by decryption in bulk.
`registry.py` keeps it fresh from the database; only shoppers whose consent to positioning lives are ever in it, so withdrawal is removal.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundwork.contracts.ids import BeaconKey, DeviceId, Pseudonym
from groundwork.people.eid import EID, EidTables
from groundwork.people.enrolled import NOBODY, Enrolled
from groundwork.people.model import DayKey, OwnedBeacon, Subject
from groundwork.people.tokens import DRIFT, TOKEN_BYTES, Opened, near, open_columns, window_of

_SEALED: Final = "token:"
"""How a beacon key of a shopper token begins; the 32 hex digits follow."""
_REMEMBERED: Final = 200_000
"""Opened tokens kept, about 40 MB at most; a chain's busiest quarter of an hour needs a tenth. Beyond it they are opened anew."""


class Resolver:
    """Who is who for one tenant."""

    __slots__ = ("_beacons", "_bulk", "_day_keys", "_devices", "_eids", "_enrolled", "_held", "_opened")

    def __init__(
        self, owned: Iterable[OwnedBeacon] = (), enrolments: Mapping[int, Subject] | None = None, day_keys: Sequence[DayKey] = ()
    ) -> None:
        self._beacons: dict[BeaconKey, list[OwnedBeacon]] = {}
        self._enrolled: dict[int, Subject] = {}
        self._devices: dict[DeviceId, Subject] = {}
        self._held: dict[Pseudonym, list[BeaconKey | int]] = {}  # her beacons and enrolments, one small list for each of a million
        self._opened: dict[BeaconKey, Opened] = {}
        self._day_keys: tuple[DayKey, ...] = ()
        self._eids = EidTables()
        self._bulk: tuple[Enrolled, Sequence[Subject]] | None = None
        self.renew((), owned, enrolments or {}, day_keys)

    def resolve(self, beacons: Sequence[BeaconKey], at_ms: int) -> list[Subject | None]:
        """Whose each beacon is at event time `at_ms`; None for a stranger's, an unbound tag, a stale token, a withdrawn consent."""
        subjects = [self._bound(beacon, at_ms) for beacon in beacons]
        tokens = [row for row, beacon in enumerate(beacons) if subjects[row] is None and beacon.startswith(_SEALED)]
        if tokens:
            self._open([beacons[row] for row in tokens if beacons[row] not in self._opened])
            now = window_of(at_ms)
            for row in tokens:
                opened = self._opened.get(beacons[row])
                if opened is not None and -DRIFT <= opened.window - now <= DRIFT:
                    subjects[row] = self._enrolled.get(opened.enrolment)
        return subjects

    def resolve_tokens(self, tokens: bytes, at_ms: int) -> tuple[NDArray[np.int64], Sequence[Subject]]:
        """Whose each of the shopper tokens (16 bytes each, laid end to end) is at event time `at_ms`: a place in the list, or -1.

        For thousands at once; remembers nothing, and lays the enrolments out anew after a change.
        """
        if self._bulk is None:
            self._bulk = Enrolled(self._enrolled), list(self._enrolled.values())
        enrolled, subjects = self._bulk
        found = open_columns(near(self._day_keys, at_ms), tokens)
        fresh = np.abs(found.window - window_of(at_ms)) <= DRIFT
        owners = np.full(len(tokens) // TOKEN_BYTES, NOBODY, np.int64)
        owners[found.row[fresh]] = enrolled.places(found.enrolment[fresh])
        return owners, subjects

    def stale(self, beacons: Sequence[BeaconKey], at_ms: int) -> list[bool]:
        """Which of `beacons` are genuine shopper tokens of another quarter of an hour: recorded and sent again, or by a clock far off.

        Ask it of what `resolve` has just not known; a token whose day key is destroyed is a stranger's here, too.
        """
        now = window_of(at_ms)
        opened = (self._opened.get(beacon) for beacon in beacons)
        return [one is not None and not -DRIFT <= one.window - now <= DRIFT for one in opened]

    def device(self, device: DeviceId) -> Subject | None:
        """Who reports from this device; None when it is unknown or its shopper does not consent to positioning."""
        return self._devices.get(device)

    def renew(
        self, shoppers: Iterable[Pseudonym], owned: Iterable[OwnedBeacon], enrolments: Mapping[int, Subject], day_keys: Sequence[DayKey]
    ) -> None:
        """Forgets everything of `shoppers`, then takes in what holds of them now; day keys are replaced as a whole."""
        self._bulk = None
        for shopper in shoppers:
            self._forget(shopper)
        for beacon in owned:
            self._beacons.setdefault(beacon.beacon, []).append(beacon)
            self._held.setdefault(beacon.subject.pseudonym, []).append(beacon.beacon)
            if beacon.eid is not None:
                self._eids.put(beacon.beacon, beacon.eid)
        for enrolment, subject in enrolments.items():
            self._enrolled[enrolment] = self._devices[subject.device] = subject
            self._held.setdefault(subject.pseudonym, []).append(enrolment)
        if self._day_keys != tuple(day_keys):
            self._day_keys = tuple(day_keys)
            self._opened.clear()  # a destroyed key must open nothing, not even from memory

    def _bound(self, beacon: BeaconKey, at_ms: int) -> Subject | None:
        if beacon.startswith(EID):
            tag = self._eids.find(beacon, at_ms)
            if tag is None:
                return None
            beacon = tag
        for held in self._beacons.get(beacon, ()):
            if held.from_ms <= at_ms and (held.until_ms is None or at_ms < held.until_ms):
                return held.subject
        return None

    def _open(self, tokens: list[BeaconKey]) -> None:
        """Opens and remembers what is genuine, of any day there is a key for; strangers are not remembered: there is no end of them."""
        known = {beacon: raw for beacon in tokens if (raw := _raw(beacon)) is not None}
        if len(self._opened) + len(known) > _REMEMBERED:
            self._opened.clear()
        beacons, found = list(known), open_columns(self._day_keys, b"".join(known.values()))
        for row, enrolment, window in zip(*(column.tolist() for column in found), strict=True):
            self._opened[beacons[row]] = Opened(enrolment, window)

    def _forget(self, shopper: Pseudonym) -> None:
        for held in self._held.pop(shopper, ()):
            if isinstance(held, int):
                del self._devices[self._enrolled.pop(held).device]
                continue
            others = [bound for bound in self._beacons.pop(held, ()) if bound.subject.pseudonym != shopper]
            if others:
                self._beacons[held] = others
            else:
                self._eids.drop(held)


def _raw(beacon: BeaconKey) -> bytes | None:
    try:
        raw = bytes.fromhex(beacon[len(_SEALED) :])
    except ValueError:
        return None
    return raw if len(raw) == TOKEN_BYTES else None
