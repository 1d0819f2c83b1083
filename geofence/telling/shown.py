"""What is told of a zone event or a visit outside this house: everything but the track.

Pure. A pseudonym says that it is one shopper, which counting needs. A track says which of her devices it was, phone or tag, and with that
which were with her and which lay at home; nobody outside has a use for it. Enter, dwell and exit of one stay belong together by `visit`,
`zone` and `stay_start_ms`. It is also a number of 64 bits, which most readers of JSON round.
"""

from typing import Final

import msgspec

from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent

WITHHELD: Final = frozenset({"track"})


def shown(one: ZoneEvent | Visit) -> dict[str, object]:
    """Its fields, in their order, as they may be told."""
    told: dict[str, object] = msgspec.structs.asdict(one)
    return {name: value for name, value in told.items() if name not in WITHHELD}
