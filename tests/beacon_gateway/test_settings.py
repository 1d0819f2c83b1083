"""What the settings let pass, and what the decoders are told."""

import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway.app import build, plan_of
from beacon_gateway.settings import GatewaySettings
from groundwork.adverts.formats.bthome_v2 import encode_bthome
from groundwork.adverts.formats.eddystone_eid import encode_eddystone_eid
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.frame import Telemetry
from groundwork.adverts.reader import Reader
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import SeededIds
from tests.beacon_gateway.build import UUID, clock

KEY, TAG = "00112233445566778899aabbccddeeff", "A4:C1:38:8D:18:B2"


def reader(settings: GatewaySettings) -> Reader:
    return Reader(settings.gate(), settings.options())


def test_without_rules_nobody_passes_and_strangers_are_not_counted() -> None:
    settings = GatewaySettings()
    assert reader(settings).read(encode_ibeacon(UUID, 1, 2), TAG).beacon is None
    assert settings.strangers == "drop"


def test_each_rule_lets_its_own_pass() -> None:
    sealed = encode_bthome(b"\x01\x61", key=bytes.fromhex(KEY), sender="a4c1388d18b2", counter=1)
    for settings, data, beacon in (
        (GatewaySettings(allow_ibeacon=[UUID]), encode_ibeacon(UUID, 1, 2), f"ibeacon:{UUID.replace('-', '')}:1:2"),
        (GatewaySettings(allow_addresses=[TAG]), b"", "address:a4c1388d18b2"),
        (GatewaySettings(allow_companies=[0x0499]), b"\x04\xff\x99\x04\x00", "address:a4c1388d18b2"),
        (GatewaySettings(allow_eid=True), encode_eddystone_eid(bytes(8)), f"eid:{'00' * 8}"),
        (GatewaySettings(token_marker=[1, 2]), encode_ibeacon(UUID, 1, 2), f"token:{UUID.replace('-', '')}"),
        (GatewaySettings(bthome_keys={TAG: KEY}), sealed, "address:a4c1388d18b2"),
    ):
        reading = reader(settings).read(data, TAG)
        assert (reading.beacon, reading.refusal) == (beacon, "")
    assert reader(GatewaySettings(bthome_keys={TAG: KEY})).read(sealed, TAG).telemetry == Telemetry(97)


def test_the_plan_has_what_the_settings_say() -> None:
    plan = plan_of(GatewaySettings(window_ms=200, heartbeat_ms=5_000, left_after_ms=7_000))
    assert (plan.window_ms, plan.heartbeat_ms, plan.left_after_ms) == (200, 5_000, 7_000)


@pytest.mark.parametrize(("strangers", "counts"), [("drop", False), ("count", True)])
async def test_strangers_are_counted_where_the_settings_say_so(tmp_path: Path, strangers: str, *, counts: bool) -> None:
    (tmp_path / "walk").touch()
    settings = GatewaySettings(source="jsonl", source_file=str(tmp_path / "walk"), spool_file=tmp_path / "spool", strangers=strangers)  # type: ignore[arg-type] # one of the two
    now = clock()
    gateway = build(settings, Ed25519PrivateKey.generate(), now, SeededIds(now, 1), random.Random(1), Hops())
    assert (gateway.pipeline._strangers is not None) is counts
    await gateway.uplink.close()
    gateway.spool.close()
