"""The sieve: which adverts of a third party's box may be kept, and when they were heard. All others end here, uncounted but in number.

Pure: a topic, a payload and the moment it came in; what stays out. The gate is the one that our own boxes ask before anything leaves a shop
(`groundwork/adverts/gate.py`), under the rules of the feed's venue; here it is asked before anything is kept. Boxes that are not listed are
not believed. Reading a payload is for `feeds/`; condensing and keeping what stays, for `intake.py`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from geofence.feeding.feed import UNREADABLE, Feed, FeedError, Heard
from groundwork.adverts.frame import NO_OPTIONS, Options
from groundwork.adverts.gate import Gate, gate, possible
from groundwork.adverts.reader import Reader
from groundwork.contracts.gateway import GatewayRules
from groundwork.contracts.ids import BeaconKey, GatewayId

UNKNOWN_BOX: Final = "feed_unknown_box"
STALE: Final = "feed_stale"
NOTHING_HEARD: Final = "feed_nothing_heard"
IMPOSSIBLE_RSSI: Final = "impossible_rssi"
MOST_BEHIND_MS: Final = 5_000
"""An advert older than this, by its box's clock, says nothing of where anybody is now: it waited in a queue, or the clock is off."""
MOST_AHEAD_MS: Final = 2_000
"""A box's clock may run ahead by this much; what it says is then taken as heard when it came in."""


class Kept(NamedTuple):
    """One advert that stays."""

    gateway: GatewayId
    beacon: BeaconKey
    at_ms: int
    rssi_dbm: float


@dataclass(frozen=True, slots=True)
class Sifted:
    """What comes of one payload. Every advert in it is among `kept` or counted in `refused`."""

    kept: list[Kept] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    spoke: set[GatewayId] = field(default_factory=set)
    """The listed boxes that told of any advert at all: they are alive, whomever they heard."""
    payload_refused: str = ""
    """Why nothing could be read of it; empty where adverts were."""
    problem: tuple[str, str] = ("", "")
    """The same in words, for whoever sets a feed up."""

    @property
    def adverts(self) -> int:
        """How many there were."""
        return len(self.kept) + self.refused.total()


def gate_of(rules: GatewayRules | None) -> tuple[Gate, Options]:
    """The gate of a venue's rules and what a decoder must be told; where nobody has decided any rules, nobody passes."""
    if rules is None:
        return gate(), NO_OPTIONS
    marker = (rules.token_marker[0], rules.token_marker[1]) if len(rules.token_marker) == 2 else None
    asked = gate(
        ibeacon_uuids=rules.allow_ibeacon,
        altbeacon_ids=rules.allow_altbeacon,
        eddystone_namespaces=rules.allow_eddystone,
        addresses=rules.allow_addresses,
        companies=rules.allow_companies,
        tokens=rules.token_company is not None or marker is not None,
        eids=rules.allow_eid,
        keys=rules.allow_beacons,
    )
    return asked, Options(token_company=rules.token_company, token_marker=marker)


class Sieve:
    """One feed's. Not for two threads at once."""

    def __init__(self, feed: Feed, boxes: Mapping[str, GatewayId] | None, rules: GatewayRules | None, *, received: bool = False) -> None:
        """`boxes` are the listed ones by the name they give themselves; None believes any, by that name: for trying out.

        With `received`, no box's clock is believed.
        """
        self._feed = feed
        self._boxes = None if boxes is None else {feed.box(name): gateway for name, gateway in boxes.items()}
        self._reader = Reader(*gate_of(rules))
        self._received = received

    def sift(self, topic: str, payload: bytes, received_ms: int) -> Sifted:
        """Takes a payload that came in at `received_ms`, by the server's clock."""
        try:
            said = self._feed.read(topic, payload)
        except FeedError as error:
            return Sifted(payload_refused=UNREADABLE, problem=error.phrase)
        if not said.heard and not said.refused:
            return Sifted(payload_refused=NOTHING_HEARD)
        sifted = Sifted(refused=said.refused)
        for heard in said.heard:
            gateway = self._gateway(heard.box)
            if gateway is not None:
                sifted.spoke.add(gateway)
            kept = self._judged(heard, gateway, received_ms)
            if isinstance(kept, Kept):
                sifted.kept.append(kept)
            else:
                sifted.refused[kept] += 1
        return sifted

    def _gateway(self, box: str) -> GatewayId | None:
        return GatewayId(box) if self._boxes is None else self._boxes.get(box)

    def _judged(self, heard: Heard, gateway: GatewayId | None, received_ms: int) -> Kept | str:
        """The advert as it is kept, or why it is not. Whose it is comes first: a stranger's is a stranger's, whoever heard it."""
        reading = self._reader.read(heard.ad, heard.address)
        if reading.beacon is None or reading.refusal:
            return reading.refusal
        if gateway is None:
            return UNKNOWN_BOX
        if not possible(heard.rssi_dbm):
            return IMPOSSIBLE_RSSI
        at_ms = received_ms if heard.at_ms is None or self._received else heard.at_ms
        if not received_ms - MOST_BEHIND_MS <= at_ms <= received_ms + MOST_AHEAD_MS:
            return STALE
        return Kept(gateway, reading.beacon, min(at_ms, received_ms), heard.rssi_dbm)
