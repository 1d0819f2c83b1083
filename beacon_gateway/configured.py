"""Configured: what a site has decided for this box, checked and laid over the box's own settings.

Pure but for two files' worth of work: the last good configuration is kept beside the spool, so that a box without a network starts with it.
Whatever is not signed by the deployment that enrolled the box, is for another box, or is older than what the box has, is refused.
Fetching it is for `pull.py`; going on by it without losing an advert, for `pipeline.py`.
"""

import base64
import os
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beacon_gateway.outside import decoded
from beacon_gateway.settings import GatewaySettings
from groundwork.contracts.gateway import GatewayConfiguration, SignedConfiguration

_HEAD: Final = b"aislecast-configuration\n"
_signed = msgspec.json.Decoder(SignedConfiguration)
_configurations = msgspec.json.Decoder(GatewayConfiguration)


class BadConfiguration(Exception):
    """A configuration that is not taken; the text says why."""


def checked(said: bytes, settings: GatewaySettings, newest_ms: int = 0) -> GatewayConfiguration:
    """The configuration in `said`, which is at least as new as `newest_ms` and fits the box. Raises BadConfiguration."""
    try:
        signed = decoded(_signed, said)
        value = base64.urlsafe_b64decode(signed.signature + "=" * (-len(signed.signature) % 4))
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(settings.configuration_key))
        key.verify(value, _HEAD + signed.configuration.encode())
        found = decoded(_configurations, signed.configuration)
    except InvalidSignature:
        raise BadConfiguration("it is not signed by the deployment that enrolled this box") from None
    except ValueError as error:  # base64's and JSON's too
        raise BadConfiguration(f"it cannot be read: {error}") from None
    if (found.tenant, found.gateway) != (settings.tenant, settings.gateway):
        raise BadConfiguration(f"it is for {found.tenant}/{found.gateway}, and this is {settings.tenant}/{settings.gateway}")
    if found.issued_ms < newest_ms:
        raise BadConfiguration(f"it was issued at {found.issued_ms} ms, before the one in force ({newest_ms} ms)")
    over(settings, found)
    return found


def over(settings: GatewaySettings, found: GatewayConfiguration) -> GatewaySettings:
    """The settings with what the site has decided in place of the box's own. Raises BadConfiguration where that does not fit together."""
    changes: dict[str, object] = {} if found.window_ms is None else {"window_ms": found.window_ms}
    if found.rules is not None:
        changes |= {name: getattr(found.rules, name) for name in found.rules.__struct_fields__ if name != "version"}
    try:
        return type(settings)(**{**msgspec.structs.asdict(settings), **changes})
    except ValueError as error:
        raise BadConfiguration(str(error)) from None


def read(path: Path, settings: GatewaySettings) -> GatewayConfiguration | None:
    """The last good configuration; None where there is none. Raises BadConfiguration where the file is damaged or another box's."""
    try:
        said = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadConfiguration(f"{path}: {error.strerror}") from None
    return checked(said, settings)


def keep(path: Path, said: bytes) -> None:
    """Puts the configuration on disk, whole or not at all. Raises OSError."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(said)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
