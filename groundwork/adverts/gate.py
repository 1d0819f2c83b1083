"""The gate: which beacons may be heard of at all. Everybody else is a stranger and is forgotten here.

Pure: a beacon key, an AD structure or an RSSI in, yes or no out. What a rule does not name is never kept, so it cannot leak.
Which rule an advert is judged by is for `reader.py`; counting the refused, for whoever asks: the box in the shop, before anything leaves
it, and the backend's feeds, before anything of a third party's box is kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from groundwork.adverts.ad_structures import MANUFACTURER_DATA, SERVICE_DATA_16
from groundwork.contracts.ids import BeaconKey
from groundwork.contracts.unfit import Unfit

IMPOSSIBLE_FROM_DBM: Final = 0.0
"""No receiver reports 0 dBm or more for a beacon; drivers do so for "unknown" or after overflow."""
WEAKEST_DBM: Final = -127.0
"""The least that Bluetooth can report (Core Specification 5.4, vol. 4, part E, section 7.7.65.2)."""
_APPLE: Final = b"\x4c\x00"
_IBEACON: Final = b"\x02\x15"
_MICROSOFT: Final = b"\x06\x00"
PHONE_COMPANIES: Final = frozenset({_APPLE, _MICROSOFT})
"""Companies that a rule may not name: their adverts are people's own phones and computers."""
_PHONE_SERVICES: Final = (b"\x6f\xfd", b"\xb2\xfc", b"\xaa\xfe\x40", b"\xaa\xfe\x41")
"""How service data begins that is a person's: FD6F exposure notification; FCB2 trackers that make themselves known (DULT); frame types 40
and 41 under Eddystone's FEAA, Google's Find My Device network."""
_NOT_LASTING: Final = frozenset({"token", "eid", "url"})
"""Kinds of beacon keys that change so that nobody can follow them, or that many beacons share."""
_NOT_HEX: Final = re.compile("[^0-9a-f]")


def possible(rssi_dbm: float) -> bool:
    """Whether a radio can have measured `rssi_dbm`; False for NaN."""
    return WEAKEST_DBM <= rssi_dbm < IMPOSSIBLE_FROM_DBM


def personal(ad_type: int, value: bytes) -> bool:
    """Whether the structure belongs to a person's own device: Apple's continuity and Find My, Microsoft's CDP, exposure notification.

    Such adverts are dropped whatever the rules say: they would let us follow people who asked for nothing. iBeacons are not among them.
    """
    if ad_type == MANUFACTURER_DATA:
        return (value[:2] == _APPLE and value[2:4] != _IBEACON) or value[:2] == _MICROSOFT
    return ad_type == SERVICE_DATA_16 and value.startswith(_PHONE_SERVICES)


@dataclass(frozen=True, slots=True)
class Gate:
    """Allow rules; none, and nobody passes. The first three go by what a beacon key begins with."""

    kinds: frozenset[str] = frozenset()
    """Whole formats: `token`, `eid`."""
    families: frozenset[str] = frozenset()
    """A format with its first part: `ibeacon:<uuid>`, `eddystone:<namespace>`, `address:<12 hex>`."""
    keys: frozenset[str] = frozenset()
    """Single beacons."""
    companies: frozenset[bytes] = frozenset()
    """Company ids, little-endian, whose senders pass by their address, whatever else they send."""
    by_address: bool = False
    """Whether some rule names an address, so that it is worth looking at."""

    def admits(self, beacon: BeaconKey) -> bool:
        """Whether some rule names `beacon`."""
        kind, _, rest = beacon.partition(":")
        return kind in self.kinds or f"{kind}:{rest.partition(':')[0]}" in self.families or beacon in self.keys

    def admits_company(self, ad_type: int, value: bytes) -> bool:
        """Whether the structure is manufacturer data of a company that some rule names."""
        return ad_type == MANUFACTURER_DATA and value[:2] in self.companies


def gate(
    *,
    ibeacon_uuids: Iterable[str] = (),
    altbeacon_ids: Iterable[str] = (),
    eddystone_namespaces: Iterable[str] = (),
    addresses: Iterable[str] = (),
    companies: Iterable[int] = (),
    tokens: bool = False,
    eids: bool = False,
    keys: Iterable[str] = (),
) -> Gate:
    """The gate of these rules; UUIDs and addresses with or without their marks, in either case. Raises ValueError for a phone maker's id.

    Tokens pass as a kind, because the decoder recognises them only by the deployment's company id or marker. So do ephemeral ids, which
    nobody here can tell from a stranger's.
    """
    families = {f"ibeacon:{_hex(uuid)}" for uuid in ibeacon_uuids}
    families |= {f"altbeacon:{_hex(id1)}" for id1 in altbeacon_ids}
    families |= {f"eddystone:{_hex(namespace)}" for namespace in eddystone_namespaces}
    known = {f"address:{_hex(address)}" for address in addresses}
    makers = frozenset(company.to_bytes(2, "little") for company in companies)
    if phones := makers & PHONE_COMPANIES:
        named = ", ".join(sorted(f"0x{int.from_bytes(maker, 'little'):04X}" for maker in phones))
        en, ar = "makers of tags, not of people's own devices", "صانعو بطاقات التتبّع لا أجهزة الناس"
        raise Unfit(en, ar, at="allow_companies", value=named)
    kinds = frozenset(kind for kind, wanted in (("token", tokens), ("eid", eids)) if wanted)
    singles = frozenset(keys)
    by_address = bool(known) or any(key.startswith("address:") for key in singles)
    return Gate(kinds, frozenset(families | known), singles, makers, by_address)


def address_key(address: str) -> BeaconKey:
    """The beacon key of whoever sends from the radio address `address`, which must be a fixed one to mean anything."""
    return BeaconKey(f"address:{_hex(address)}")


def lasting_key(text: str) -> BeaconKey | None:
    """A beacon key that was typed, in the form in which adverts are decoded; None for no key, and for one that changes or is shared."""
    kind, _, rest = text.strip().lower().partition(":")
    if not kind or not rest or kind in _NOT_LASTING:
        return None
    return address_key(rest) if kind == "address" else BeaconKey(f"{kind}:{rest.replace('-', '')}")


def _hex(text: str) -> str:
    return _NOT_HEX.sub("", text.lower())
