"""The gateway's settings: section `[gateway]` of its TOML file, or `AISLECAST_GATEWAY_*` in the environment."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from beacon_gateway.gate import Gate, gate
from groundwork.adverts.frame import Options
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import clock_from

_Uuid = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$")]
_Namespace = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f]{20}$")]
_Sixteen = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one box is told."""

    server: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/]+$")] = "http://127.0.0.1:8000"
    """Where the backend is: scheme, host and port. Plain HTTP keeps nothing secret; it is for loopback and trials."""
    tenant: _Id = "default"
    """Whose gateway this is; must be the tenant that the key belongs to."""
    gateway: _Id = "gateway-1"
    """This box, as the backend knows it."""
    key_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] = "gateway-1"
    """The name of its signing key there."""
    key_file: Path = Path("gateway.pem")
    """The private key, mode 0600; made by `beacon-gateway keygen`."""
    radios: dict[str, str] = {}
    """Radios of this box by gateway id, each with its adapter (`hci0`); empty: the box is its own radio, on the default adapter."""
    source: Literal["bleak", "jsonl"] = "bleak"
    """Where adverts come from."""
    source_file: str = ""
    """For `jsonl`: the file or named pipe, `-` for standard input."""
    source_strict: bool = False
    """For `jsonl`: a line that cannot be read ends the run instead of being counted."""
    window_ms: Annotated[int, msgspec.Meta(ge=100, le=1_000)] = 500
    """Condensing window, as the venue has it; longer sends less and sees later."""
    hold_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 10_000
    """After the last sighting, how long empty windows are still reported. Shorter: the backend waits for this box when it falls silent."""
    seal_every_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0
    """Put windows on disk and send them at most so often; 0 at each window's end. A power cut costs what is not on disk yet."""
    max_rows: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 2_000
    """Most sightings in one batch; 36 bytes each before compression."""
    spool_file: Path = Path("gateway.spool")
    """What waits for the backend; on a disk that survives a power cut."""
    spool_bytes: Annotated[int, msgspec.Meta(ge=1_000_000)] = 256 * 1024 * 1024
    """Most that may wait; beyond it the oldest is given up and reported as a gap."""
    allow_ibeacon: list[_Uuid] = []
    """iBeacon UUIDs that may pass. Without any allow rule nobody does."""
    allow_altbeacon: list[_Uuid] = []
    """First identifiers of AltBeacons that may pass."""
    allow_eddystone: list[_Namespace] = []
    """Eddystone namespaces that may pass, 20 hex digits."""
    allow_beacons: list[str] = []
    """Single beacon keys that may pass, such as `ibeacon:<32 hex>:1:2`."""
    token_company: _Sixteen | None = None
    """Company id under which phones send shopper tokens; tokens pass when it is set."""
    token_marker: list[_Sixteen] = []
    """Major and minor of the iBeacons whose UUID is a shopper token; tokens pass when they are set."""
    clock: str = "system"
    """`system`, or `START_MS@WALL_MSxSPEED` for a rehearsal faster than the world."""

    def __post_init__(self) -> None:
        """Refuses what does not fit together."""
        if len(self.token_marker) not in (0, 2):
            raise ValueError(f"token_marker is {self.token_marker}; expected a major and a minor")
        if self.source == "jsonl" and not self.source_file:
            raise ValueError("source is jsonl and source_file is empty; expected a file, a named pipe or -")
        clock_from(self.clock)

    def gate(self) -> Gate:
        """The allow rules."""
        return gate(
            ibeacon_uuids=self.allow_ibeacon,
            altbeacon_ids=self.allow_altbeacon,
            eddystone_namespaces=self.allow_eddystone,
            tokens=self.token_company is not None or bool(self.token_marker),
            keys=self.allow_beacons,
        )

    def options(self) -> Options:
        """What the decoders must know."""
        marker = (self.token_marker[0], self.token_marker[1]) if self.token_marker else None
        return Options(token_company=self.token_company, token_marker=marker)

    def adapters(self) -> dict[GatewayId, str]:
        """The box's radios, itself where it has no others."""
        return {GatewayId(radio): adapter for radio, adapter in (self.radios or {self.gateway: ""}).items()}
