"""Configuration of gateways: what a site decides for a box, signed by a key of the deployment that the box has known since its enrolment.

Pure. The key comes from the deployment's vault key, so a restored deployment signs as before and there is no further file to lose.
The signature is over `aislecast-configuration`, an end of line, and the configuration's own bytes; the box checks it before it reads them.
"""

import base64
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from groundwork.contracts.gateway import GatewayConfiguration, GatewayRules, SignedConfiguration
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.vault import Vault

_HEAD: Final = b"aislecast-configuration\n"
_PLACE: Final = "gateway_configuration"
_PHONE_MAKERS: Final = (0x004C, 0x0006)
"""Apple's and Microsoft's company ids: their adverts are people's own devices, which a box never lets out."""


def public_key(vault: Vault) -> str:
    """The 32 bytes, in hex, by which a box knows its deployment."""
    return _key(vault).public_key().public_bytes_raw().hex()


def signed(vault: Vault, configuration: GatewayConfiguration) -> SignedConfiguration:
    """The configuration as it goes to the box."""
    text = msgspec.json.encode(configuration)
    value = base64.urlsafe_b64encode(_key(vault).sign(_HEAD + text)).decode().rstrip("=")
    return SignedConfiguration(tenant=configuration.tenant, configuration=text.decode(), signature=value)


def contradiction(rules: GatewayRules) -> tuple[str, str, Words] | None:
    """What is wrong with the rules: where, the value, and what was expected; None where they can stand."""
    makers = [f"0x{company:04X}" for company in rules.allow_companies if company in _PHONE_MAKERS]
    if makers:
        return (
            "/allow_companies",
            makers[0],
            Words("makers of tags, not of phones and computers", "صانعو بطاقات التتبّع لا الهواتف والحواسيب"),
        )
    if len(rules.token_marker) == 1:
        return "/token_marker", str(rules.token_marker), Words("a major and a minor, or neither", "رقمان major وminor أو لا شيء منهما")
    return None


def _key(vault: Vault) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(vault.tag(b"", _PLACE))
