"""An advert: one BLE advertising packet as heard by one radio at one moment. It never leaves the gateway."""

from dataclasses import dataclass

from groundwork.contracts.ids import GatewayId


@dataclass(frozen=True, slots=True)
class Advert:
    """As heard. `data` are the AD structures as they came; `address` is the radio's, which may rotate and is no identity."""

    gateway: GatewayId
    """The radio that heard it: the box itself, or one that hangs on it."""
    at_ms: int
    """Event time in ms since 1970 UTC."""
    rssi_dbm: float
    """A float, because recordings carry averaged values; a radio gives whole dBm."""
    data: bytes
    address: str = ""
