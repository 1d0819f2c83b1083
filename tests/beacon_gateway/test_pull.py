"""Rules of pulled configuration, against the real registry: only what is signed, ours and new is taken, and it is kept."""

import base64
import json
import random
import secrets
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway import configured
from beacon_gateway.configured import BadConfiguration, checked, over
from beacon_gateway.keys import public_half, read_key, signing_of
from beacon_gateway.line import Line
from beacon_gateway.pull import Pull
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.transport import HttpTransport
from groundwork.contracts.gateway import GatewayConfiguration, GatewayRules
from groundwork.contracts.ids import GatewayId, TenantId, VenueId
from groundwork.people.configuration import public_key, signed
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.vault import Vault
from tests.beacon_gateway.build import START_MS, UUID
from tests.beacon_gateway.site import INSTALLER, Site
from tests.groundwork.people.register import SHOP, VAULT

RULES = GatewayRules(allow_ibeacon=[UUID.replace("-", "")], token_company=0xFFFF)
OTHER_VAULT = Vault(b"x" * 32, lambda count: bytes(count))


def told(**changes: Any) -> GatewayConfiguration:
    fields: dict[str, Any] = {"issued_ms": START_MS, "window_ms": 250, "rules": RULES, **changes}
    ids = {"tenant": TenantId("default"), "gateway": GatewayId("gateway-1"), "venue": VenueId("shop")}
    return GatewayConfiguration(**{**ids, **fields})


def said(vault: Vault = VAULT, **changes: Any) -> bytes:
    return msgspec.json.encode(signed(vault, told(**changes)))


def settings(folder: Path = Path()) -> GatewaySettings:
    return GatewaySettings(configuration_key=public_key(VAULT), allow_eid=True, configuration_file=folder / "c")


def test_what_the_site_decides_goes_before_the_box_s_own_settings_and_the_rest_stays() -> None:
    found = checked(said(), settings())
    merged = over(settings(), found)
    assert (merged.window_ms, merged.allow_ibeacon, merged.token_company, merged.allow_eid) == (250, RULES.allow_ibeacon, 0xFFFF, False)
    assert merged.spool_file == settings().spool_file
    assert over(settings(), told(window_ms=None, rules=None)) == settings()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (said(OTHER_VAULT), "not signed by the deployment"),
        (said().replace(b"250", b"500"), "not signed by the deployment"),
        (said(gateway=GatewayId("box-2")), "it is for default/box-2"),
        (said(tenant=TenantId("dana")), "it is for dana/gateway-1"),
        (said(issued_ms=START_MS - 2), "before the one in force"),
        (said(rules=GatewayRules(token_marker=[1])), "token_marker"),
        (said(rules=GatewayRules(allow_companies=[0x4C])), "0x004C"),
        (b"<html>Welcome to the hotel</html>", "cannot be read"),
        (b"", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_not_ours_not_whole_or_not_new_is_refused(answer: bytes, why: str) -> None:
    with pytest.raises(BadConfiguration, match=why):
        checked(answer, settings(), START_MS - 1)


def test_what_is_kept_is_checked_again(tmp_path: Path) -> None:
    box = settings(tmp_path)
    assert configured.read(box.configuration_file, box) is None
    configured.keep(box.configuration_file, said())
    assert configured.read(box.configuration_file, box) == told()
    box.configuration_file.write_bytes(said()[:-9])
    with pytest.raises(BadConfiguration):
        configured.read(box.configuration_file, box)


class Box:
    """A box that pulls, and what it went on by."""

    def __init__(self, site: Site, clock: ManualClock, own: GatewaySettings) -> None:
        self.line = Line(HttpTransport(site.url), signing_of(read_key(site.key)), clock)
        self.applied: list[GatewaySettings] = []
        self.pull = Pull(self.line, own, self.applied.append)


async def put(site: Site, rules: GatewayRules) -> None:
    url = f"/v1/venues/{SHOP}/gateway-rules"
    answer = await site.served.client.put(url, data=msgspec.json.encode(rules), headers={**INSTALLER, "Content-Type": "application/json"})
    assert answer.status == 200, await answer.text()


async def test_a_box_pulls_what_changes_and_starts_with_it_where_there_is_no_server(site: Site, clock: ManualClock) -> None:
    own = await site.enrolled()
    box = Box(site, clock, own)
    box.pull.start()
    await put(site, RULES)
    for _ in range(3):
        clock.advance(300)
        await box.pull.turn()
    assert [each.token_company for each in box.applied] == [0xFFFF]
    await put(site, GatewayRules(token_company=0x1234))
    clock.advance(300)
    await box.pull.turn()
    assert [each.token_company for each in box.applied] == [0xFFFF, 0x1234]
    assert box.pull.trouble == ""
    again = Box(site, clock, own)
    again.pull.start()
    assert [each.token_company for each in again.applied] == [0x1234]
    for each in (box, again):
        await each.line.close()


async def test_a_bad_answer_changes_nothing_and_is_told(site: Site, clock: ManualClock) -> None:
    own = await site.enrolled()
    await put(site, RULES)
    box = Box(site, clock, own)
    await box.pull.turn()
    other = Box(site, clock, msgspec.structs.replace(own, configuration_key=public_key(OTHER_VAULT)))
    kept = own.configuration_file.read_bytes()
    await other.pull.turn()
    assert (other.applied, "not signed" in other.pull.trouble) == ([], True)
    assert own.configuration_file.read_bytes() == kept
    assert json.loads(json.loads(kept)["configuration"])["rules"]["token_company"] == 0xFFFF
    other.pull.start()
    assert (other.applied, bool(other.pull.trouble)) == ([], True)
    for each in (box, other):
        await each.line.close()


DEPLOYMENT = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def signed_text(text: str) -> bytes:
    """Any text, signed as the deployment signs what it has decided."""
    value = DEPLOYMENT.sign(b"aislecast-configuration\n" + text.encode())
    return msgspec.json.encode(
        {"tenant": "default", "configuration": text, "signature": base64.urlsafe_b64encode(value).decode().rstrip("=")}
    )


def bent(rng: random.Random, real: bytes) -> bytes:
    changed = bytearray(real)
    for _ in range(rng.randrange(1, 5)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(changed)) if rng.randrange(4) == 0 else len(changed)])


@pytest.mark.parametrize("rounds", [100_000, pytest.param(10_000_000, marks=pytest.mark.long)])
def test_no_configuration_whatever_ends_the_run(rounds: int) -> None:
    """As it comes over the wire, bent; one in ten bent before it is signed, so that it gets past the signature. Prints the seed."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    rng, taken = random.Random(seed), 0
    box = GatewaySettings(configuration_key=public_half(DEPLOYMENT))
    text = msgspec.json.encode(told())
    real = signed_text(text.decode())
    for number in range(rounds):
        said = bent(rng, real) if number % 10 else signed_text(bent(rng, text).decode("utf-8", "replace"))
        try:
            over(box, checked(said, box))
            taken += 1
        except BadConfiguration:
            continue
    assert taken > rounds // 1_000


def test_a_configuration_that_is_nested_without_end_is_refused() -> None:
    box = GatewaySettings(configuration_key=public_half(DEPLOYMENT))
    deep = '{"x":' + "[" * 20_000
    for said in (deep.encode(), signed_text(deep)):
        with pytest.raises(BadConfiguration, match="cannot be read"):
            checked(said, box)
