"""The resolver: from beacon keys to the consenting shoppers they stand for. What it does not know is a stranger and stays one.

Pure, in memory, cheap enough for every batch: static keys by dictionary, shopper tokens by decryption in bulk. `registry.py` keeps it fresh
from the database; only shoppers whose consent to positioning lives are ever in it, so withdrawal is removal.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from groundwork.contracts.ids import BeaconKey, DeviceId, Pseudonym
from groundwork.people.model import DayKey, OwnedBeacon, Subject
from groundwork.people.tokens import DRIFT, TOKEN_BYTES, Opened, open_bulk, window_of

_SEALED: Final = "token:"
"""How a beacon key of a shopper token begins; the 32 hex digits follow."""
_REMEMBERED: Final = 200_000
"""Opened tokens kept, about 40 MB at most; a chain's busiest quarter of an hour needs a tenth. Beyond it they are opened anew."""


class Resolver:
    """Who is who for one tenant."""

    __slots__ = ("_beacons", "_day_keys", "_devices", "_enrolled", "_held", "_opened")

    def __init__(
        self, owned: Iterable[OwnedBeacon] = (), enrolments: Mapping[int, Subject] | None = None, day_keys: Sequence[DayKey] = ()
    ) -> None:
        self._beacons: dict[BeaconKey, list[OwnedBeacon]] = {}
        self._enrolled: dict[int, Subject] = {}
        self._devices: dict[DeviceId, Subject] = {}
        self._held: dict[Pseudonym, list[BeaconKey | int]] = {}  # her beacons and enrolments, one small list for each of a million
        self._opened: dict[BeaconKey, Opened] = {}
        self._day_keys: tuple[DayKey, ...] = ()
        self.renew((), owned, enrolments or {}, day_keys)

    def resolve(self, beacons: Sequence[BeaconKey], at_ms: int) -> list[Subject | None]:
        """Whose each beacon is at event time `at_ms`; None for a stranger's, an unbound tag, a stale token, a withdrawn consent."""
        subjects = [self._bound(beacon, at_ms) for beacon in beacons]
        tokens = [row for row, beacon in enumerate(beacons) if subjects[row] is None and beacon.startswith(_SEALED)]
        if tokens:
            self._open([beacons[row] for row in tokens if beacons[row] not in self._opened], at_ms)
            now = window_of(at_ms)
            for row in tokens:
                opened = self._opened.get(beacons[row])
                if opened is not None and -DRIFT <= opened.window - now <= DRIFT:
                    subjects[row] = self._enrolled.get(opened.enrolment)
        return subjects

    def device(self, device: DeviceId) -> Subject | None:
        """Who reports from this device; None when it is unknown or its shopper does not consent to positioning."""
        return self._devices.get(device)

    def renew(
        self, shoppers: Iterable[Pseudonym], owned: Iterable[OwnedBeacon], enrolments: Mapping[int, Subject], day_keys: Sequence[DayKey]
    ) -> None:
        """Forgets everything of `shoppers`, then takes in what holds of them now; day keys are replaced as a whole."""
        for shopper in shoppers:
            self._forget(shopper)
        for beacon in owned:
            self._beacons.setdefault(beacon.beacon, []).append(beacon)
            self._held.setdefault(beacon.subject.pseudonym, []).append(beacon.beacon)
        for enrolment, subject in enrolments.items():
            self._enrolled[enrolment] = self._devices[subject.device] = subject
            self._held.setdefault(subject.pseudonym, []).append(enrolment)
        if self._day_keys != tuple(day_keys):
            self._day_keys = tuple(day_keys)
            self._opened.clear()  # a destroyed key must open nothing, not even from memory

    def _bound(self, beacon: BeaconKey, at_ms: int) -> Subject | None:
        for held in self._beacons.get(beacon, ()):
            if held.from_ms <= at_ms and (held.until_ms is None or at_ms < held.until_ms):
                return held.subject
        return None

    def _open(self, tokens: list[BeaconKey], at_ms: int) -> None:
        """Opens and remembers what is genuine; strangers are not remembered, because there is no end of them."""
        known = {beacon: raw for beacon in tokens if (raw := _raw(beacon)) is not None}
        if len(self._opened) + len(known) > _REMEMBERED:
            self._opened.clear()
        opened = open_bulk(self._day_keys, b"".join(known.values()), at_ms)
        self._opened.update((beacon, token) for beacon, token in zip(known, opened, strict=True) if token is not None)

    def _forget(self, shopper: Pseudonym) -> None:
        for held in self._held.pop(shopper, ()):
            if isinstance(held, int):
                del self._devices[self._enrolled.pop(held).device]
                continue
            others = [bound for bound in self._beacons.pop(held, ()) if bound.subject.pseudonym != shopper]
            if others:
                self._beacons[held] = others


def _raw(beacon: BeaconKey) -> bytes | None:
    try:
        raw = bytes.fromhex(beacon[len(_SEALED) :])
    except ValueError:
        return None
    return raw if len(raw) == TOKEN_BYTES else None
