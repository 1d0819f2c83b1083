"""The gateway's settings: section `[gateway]` of its TOML file, or `AISLECAST_GATEWAY_*` in the environment."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from groundwork.adverts.frame import Options
from groundwork.adverts.gate import Gate, address_key, gate
from groundwork.contracts.ids import GatewayId
from groundwork.contracts.unfit import Unfit
from groundwork.plumbing.clock import clock_from

_Uuid = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$")]
_Namespace = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f]{20}$")]
_ADDRESS: Final = r"^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){5}$"
_Address = Annotated[str, msgspec.Meta(pattern=_ADDRESS)]
_Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f]{32}$")]
_Sixteen = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
SECTION: Final = "gateway"
"""Of the settings file."""
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one box is told."""

    server: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/]+$")] = "http://127.0.0.1:8000"
    """Where the backend is: scheme, host and port. Plain HTTP keeps nothing secret; it is for loopback and trials."""
    tenant: _Id = "default"
    """Whose gateway this is; must be the tenant that the key belongs to."""
    gateway: _Id = "gateway-1"
    """This box, as the backend knows it."""
    key_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{0,64}$")] = ""
    """The name of its signing key there; empty, as after `beacon-gateway enrol`: the one that both sides work out from the key."""
    key_file: Path = Path("gateway.pem")
    """The private key, mode 0600; made by `beacon-gateway enrol`. The next one waits beside it, as `.next`."""
    ca_file: str = ""
    """Certificates (PEM) of the only authorities whose word for the server is taken; empty: those that the machine trusts."""
    rotate_after_days: Annotated[int, msgspec.Meta(ge=0, le=3_650)] = 90
    """How old its key may become before the box changes it by itself; 0: only by `beacon-gateway rotate`. Not where `key_id` is set."""
    configuration_key: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """The deployment's public key, as told at enrolment: what the site decides is taken from nobody else. Empty: these settings decide."""
    configuration_every_s: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 300
    """How often, within a fifth, the box asks what the site has decided."""
    configuration_file: Path = Path("gateway.configuration")
    """The last good configuration, which goes before these settings where it says anything."""
    radios: dict[str, str] = {}
    """Radios of this box by gateway id, each with its adapter (`hci0`); empty: the box is its own radio, on the default adapter."""
    source: Literal["bleak", "monitor", "btsnoop", "jsonl"] = "bleak"
    """Where adverts come from: the adapters by way of BlueZ, or each advert as the kernel saw it (`monitor`), or a recording."""
    source_file: str = ""
    """For `btsnoop` and `jsonl`: the file or named pipe, `-` for standard input."""
    source_strict: bool = False
    """For `btsnoop` and `jsonl`: a record that cannot be read ends the run instead of being counted."""
    repair: Literal["off", "radio", "service", "reboot"] = "service"
    """How far the box may go to hear again: `radio` restarts scans and adapters, `service` bluetoothd too, `reboot` at last the machine."""
    status_address: Annotated[str, msgspec.Meta(pattern=r"^(|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5})$")] = "127.0.0.1:9480"
    """Where the box shows how it does: `/` for people, `/metrics` for Prometheus; empty: nowhere. No password guards it: keep it local."""
    window_ms: Annotated[int, msgspec.Meta(ge=100, le=1_000)] = 500
    """Condensing window, as the venue has it; longer sends less and sees later."""
    hold_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 10_000
    """After the last sighting, how long empty windows are still reported. Shorter: the backend waits for this box when it falls silent."""
    heartbeat_ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)] = 60_000
    """In longer silence, one empty batch so often, so that the backend knows the box alive; 0: none."""
    left_after_ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)] = 30_000
    """A beacon unheard for so long is told to have left; 0: never."""
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
    allow_addresses: list[_Address] = []
    """Senders that may pass by their radio address, which must be a fixed one; what they send does not matter."""
    allow_companies: list[_Sixteen] = []
    """Company ids, such as a tag maker's, whose senders may pass by their address. Makers of phones are refused."""
    allow_eid: bool = False
    """Let ephemeral ids (Eddystone-EID) pass: everybody's, for only the backend can tell whose they are."""
    bthome_keys: dict[str, _Key] = {}
    """Bind keys (32 hex digits) of encrypted BTHome senders, by address; these senders may pass."""
    strangers: Literal["drop", "count"] = "drop"
    """What becomes of unknown devices: dropped; or dropped and counted, about how many in each quarter of an hour, by a hash whose key
    lives a day and that is never stored."""
    token_company: _Sixteen | None = None
    """Company id under which phones send shopper tokens; tokens pass when it is set."""
    token_marker: list[_Sixteen] = []
    """Major and minor of the iBeacons whose UUID is a shopper token; tokens pass when they are set."""
    clock: str = "system"
    """`system`, or `START_MS@WALL_MSxSPEED` for a rehearsal faster than the world."""

    def __post_init__(self) -> None:
        """Refuses what does not fit together."""
        if len(self.token_marker) not in (0, 2):
            raise Unfit("a major and a minor", "رقمان major وminor", at="token_marker", value=self.token_marker)
        if self.source in ("btsnoop", "jsonl") and not self.source_file:
            en, ar = f"a file, a named pipe or - where source is {self.source}", f"ملف أو أنبوب مسمّى أو - حين يكون source هو {self.source}"
            raise Unfit(en, ar, at="source_file", value=repr(self.source_file))
        if int(self.status_address.rpartition(":")[2] or 0) > 65_535:
            raise Unfit("a port up to 65535", "منفذ لا يتجاوز 65535", at="status_address", value=self.status_address)
        if wrong := [address for address in self.bthome_keys if not re.fullmatch(_ADDRESS, address)]:
            example = "A4:C1:38:8D:18:B2"
            raise Unfit(f"addresses such as {example}", f"عناوين مثل {example}", at="bthome_keys", value=wrong[0])
        self.gate()
        clock_from(self.clock)

    def gate(self) -> Gate:
        """The allow rules."""
        return gate(
            ibeacon_uuids=self.allow_ibeacon,
            altbeacon_ids=self.allow_altbeacon,
            eddystone_namespaces=self.allow_eddystone,
            addresses=[*self.allow_addresses, *self.bthome_keys],
            companies=self.allow_companies,
            tokens=self.token_company is not None or bool(self.token_marker),
            eids=self.allow_eid,
            keys=self.allow_beacons,
        )

    def options(self) -> Options:
        """What the decoders must know."""
        marker = (self.token_marker[0], self.token_marker[1]) if self.token_marker else None
        keys = {address_key(address).removeprefix("address:"): bytes.fromhex(key) for address, key in self.bthome_keys.items()}
        return Options(token_company=self.token_company, token_marker=marker, bind_keys=keys)

    def adapters(self) -> dict[GatewayId, str]:
        """The box's radios, itself where it has no others."""
        return {GatewayId(radio): adapter for radio, adapter in (self.radios or {self.gateway: ""}).items()}

    def adapter_numbers(self) -> dict[int, GatewayId]:
        """The box's radios by their adapter's number (3 for `hci3`), as recordings name them."""
        numbered = {adapter.removeprefix("hci"): radio for radio, adapter in self.adapters().items()}
        return {int(number): radio for number, radio in numbered.items() if number.isdecimal()}
