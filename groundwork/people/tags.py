"""Tags: beacons that are lent for a visit or carried for good, and the code by which a shopper takes one.

Pure. A tag that always sends the same is known by its beacon key, one that rotates (Eddystone-EID) by `tag:<id>`, which no radio hears;
`resolver.py` leads its ids there. A code has 80 random bits: nobody finds somebody else's cart by guessing.
"""

import re
from dataclasses import dataclass
from typing import Final

from groundwork.contracts.ids import BeaconKey, VenueId
from groundwork.contracts.unfit import Unfit
from groundwork.people.eid import EID, EidKey

LENT: Final = ("cart", "basket")
"""Kinds that come back at the end of a visit and stay in their venue."""
KINDS: Final = (*LENT, "loyalty")
CODE_LENGTH: Final = 16
CODES: Final = "tag_code"
"""Place of `Vault.tag` for codes."""
KEYS: Final = "tag_eid_key"
"""Place of `Vault.seal` for identity keys."""
_ALIAS: Final = "tag:"
_FORM: Final = re.compile(r"[a-z0-9_]+:[^\s\x00-\x1f]+")
_NOT_A_TAGS: Final = ("token:", EID, _ALIAS)
"""Kinds of beacon key that come and go, so that no tag can be known by one."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as it is registered. Raises Unfit, naming what was expected, for one that cannot be."""

    id: str
    kind: str
    venue: VenueId | None
    beacon: BeaconKey | None = None
    """What it always sends; None where `eid` says how its ids are made."""
    eid: EidKey | None = None

    def __post_init__(self) -> None:
        if (self.beacon is None) == (self.eid is None):
            raise Unfit(
                "either a beacon key or what rotating ids are made of", "إما معرّف منارة أو ما تُصنع منه المعرّفات المتغيرة، لا كلاهما"
            )
        if self.kind in LENT and self.venue is None:
            raise Unfit(f"a venue for a {self.kind}", f"متجر لبطاقة من النوع {self.kind}")
        if self.beacon is not None and (self.beacon.startswith(_NOT_A_TAGS) or not _FORM.fullmatch(self.beacon)):
            example = "ibeacon:<32 hex>:<major>:<minor>"
            raise Unfit(f"a beacon key that stays the same, for example {example}", f"معرّف منارة ثابت، مثل {example}")

    @property
    def key(self) -> BeaconKey:
        """By which bindings know it."""
        return self.beacon if self.beacon is not None else alias_of(self.id)


def alias_of(tag: str) -> BeaconKey:
    """What stands for a rotating tag in bindings."""
    return BeaconKey(f"{_ALIAS}{tag}")


def tag_of(alias: BeaconKey) -> str | None:
    """The tag that an alias stands for; None for any other beacon key."""
    return alias[len(_ALIAS) :] if alias.startswith(_ALIAS) else None
