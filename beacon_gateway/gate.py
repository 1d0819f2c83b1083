"""The gate: which beacons may leave the shop at all. Everybody else is a stranger and is forgotten here.

Pure: a beacon key or an RSSI in, yes or no out. What a rule cannot name (a radio address) is never kept, so it cannot leak.
Decoding is for `groundwork.adverts`; counting the refused, for `pipeline.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from groundwork.contracts.ids import BeaconKey

IMPOSSIBLE_FROM_DBM: Final = 0.0
"""No receiver reports 0 dBm or more for a beacon; drivers do so for "unknown" or after overflow."""
WEAKEST_DBM: Final = -127.0
"""The least that Bluetooth can report (Core Specification 5.4, vol. 4, part E, section 7.7.65.2)."""


def possible(rssi_dbm: float) -> bool:
    """Whether a radio can have measured `rssi_dbm`; False for NaN."""
    return WEAKEST_DBM <= rssi_dbm < IMPOSSIBLE_FROM_DBM


@dataclass(frozen=True, slots=True)
class Gate:
    """Allow rules by what a beacon key begins with; no rules, nobody passes.

    `kinds` are whole formats (`token`), `families` a format with its first part (`ibeacon:<uuid>`, `eddystone:<namespace>`),
    `keys` single beacons.
    """

    kinds: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    def admits(self, beacon: BeaconKey) -> bool:
        """Whether some rule names `beacon`."""
        kind, _, rest = beacon.partition(":")
        return kind in self.kinds or f"{kind}:{rest.partition(':')[0]}" in self.families or beacon in self.keys


def gate(
    *,
    ibeacon_uuids: Iterable[str] = (),
    altbeacon_ids: Iterable[str] = (),
    eddystone_namespaces: Iterable[str] = (),
    tokens: bool = False,
    keys: Iterable[str] = (),
) -> Gate:
    """The gate of these rules; UUIDs with or without dashes, in either case. Tokens pass as a kind, because the decoder

    recognises them only by the deployment's company id or marker.
    """
    families = {f"ibeacon:{_hex(uuid)}" for uuid in ibeacon_uuids}
    families |= {f"altbeacon:{_hex(id1)}" for id1 in altbeacon_ids}
    families |= {f"eddystone:{_hex(namespace)}" for namespace in eddystone_namespaces}
    kinds = frozenset({"token"} if tokens else ())
    return Gate(kinds, frozenset(families), frozenset(keys))


def _hex(text: str) -> str:
    return text.replace("-", "").lower()
