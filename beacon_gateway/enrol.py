"""Enrolment: a code typed in at the box makes it a gateway.

The key is made here and never leaves; settings are written where there are none.

Everything can be done twice: the key is on the disk before the server hears of it, the server gives the same box the same answer, and
settings that are there are compared and never written over. The server's side, and what is signed: docs/gateway-enrolment.md.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway import exits, words
from beacon_gateway.exits import Stop
from beacon_gateway.keys import next_of, public_half, put_in_place, read_key, signing_of, write_key, write_new
from beacon_gateway.line import Answer, Transport, TransportFailed
from beacon_gateway.outside import decoded
from beacon_gateway.settings import SECTION, GatewaySettings
from beacon_gateway.transport import unreachable
from groundwork.contracts.gateway import ENROLMENT, GatewayEnrolled, GatewayEnrolmentRequest
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.proofs import prove
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.settings import load

PATH: Final = "/v1/gateway-enrolments"
_SERVER: Final = re.compile("https?://[^/]+")
_HEAD: Final = f"# Written by `beacon-gateway enrol`. Every setting is in docs/settings.md.\n[{SECTION}]\n"
_LETTERS: Final = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_LENGTH: Final = 12
_enrolled = msgspec.json.Decoder(GatewayEnrolled)
_LOOKS_LIKE: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})
_TAKEN: Final = frozenset({"key_taken", "key_revoked"})
_REFUSALS: Final[Mapping[tuple[int, str], Words]] = MappingProxyType(
    {(403, "wrong_code"): words.CODE_REFUSED, (403, "wrong_proof"): words.PROOF_REFUSED}
)


class Asked(NamedTuple):
    """What was typed."""

    server: str
    code: str
    config: Path
    ca_file: str = ""
    """Absolute; empty: the authorities that the machine trusts."""


class Enrolled(NamedTuple):
    """Who the box is now, and whether its settings were written just now."""

    told: GatewayEnrolled
    written: bool


def canonical(code: str) -> str:
    """The code as it is signed: capitals, no dashes, 1 for I and L, 0 for O. Raises Stop where it cannot be one."""
    plain = code.upper().translate(_LOOKS_LIKE)
    if len(plain) != _LENGTH or set(plain) - _LETTERS:
        raise Stop(words.CODE_FORM, exits.BAD_INPUT, value=code)
    return plain


def settings_for(asked: Asked) -> GatewaySettings:
    """The settings the box has, or would have; raises Stop where they are for another server, SettingError where they cannot be read."""
    if not _SERVER.fullmatch(asked.server):
        raise Stop(words.SERVER_FORM, exits.BAD_INPUT, value=asked.server)
    if not asked.config.exists():
        return msgspec.structs.replace(GatewaySettings(), server=asked.server, ca_file=asked.ca_file)
    settings = load(GatewaySettings, SECTION, os.environ, asked.config)
    _compare(asked.config, settings, {"server": asked.server, "ca_file": asked.ca_file or settings.ca_file})
    return settings


async def enrol(asked: Asked, settings: GatewaySettings, transport: Transport, now_ms: int) -> Enrolled:
    """Makes this box the gateway that the code is for. `settings` are those of `settings_for`. Raises Stop."""
    code = canonical(asked.code)
    path = settings.key_file
    if not path.exists():
        write_key(path, Ed25519PrivateKey.generate(), now_ms)
    key = read_key(path)
    answer = await _ask(asked.server, transport, key, code)
    if answer.status == 409 and answer.code in _TAKEN:  # the key of a box that was revoked or copied never comes back
        if not next_of(path).exists():
            write_key(next_of(path), Ed25519PrivateKey.generate(), now_ms)
        key = read_key(next_of(path))
        answer = await _ask(asked.server, transport, key, code)
        if answer.status == 200:
            put_in_place(path)
    told = _told(asked.server, answer)
    if told.key_id != signing_of(key).key_id:
        raise Stop(words.NOT_A_SERVER, exits.BAD_INPUT, server=asked.server, status=answer.status)
    return Enrolled(told, _keep(asked, settings, told))


async def _ask(server: str, transport: Transport, key: Ed25519PrivateKey, code: str) -> Answer:
    request = GatewayEnrolmentRequest(code=code, public_key=public_half(key), proof=prove(key, ENROLMENT, code))
    try:
        return await transport.post(PATH, {"Content-Type": "application/json"}, msgspec.json.encode(request))
    except TransportFailed as failed:
        raise Stop(unreachable(failed), server=server, problem=failed) from failed


def _told(server: str, answer: Answer) -> GatewayEnrolled:
    """What a 200 says; raises Stop with the sentence for anything else."""
    refusal = _REFUSALS.get((answer.status, answer.code))
    if refusal is not None:
        raise Stop(refusal, exits.BAD_INPUT)
    if answer.status == 429:
        raise Stop(words.TOO_OFTEN, exits.ENVIRONMENT, seconds=answer.headers.get("retry-after", "60"))
    try:
        if answer.status == 200:
            return decoded(_enrolled, answer.body)
    except ValueError:
        pass
    raise Stop(words.NOT_A_SERVER, exits.BAD_INPUT, server=server, status=answer.status)


def _keep(asked: Asked, settings: GatewaySettings, told: GatewayEnrolled) -> bool:
    """Writes the settings where there are none; True when it did. Raises Stop where those that are there say otherwise."""
    wanted = {
        "server": asked.server,
        "tenant": told.tenant,
        "gateway": told.gateway,
        "key_file": str(settings.key_file.absolute()),
        "spool_file": str(settings.spool_file.absolute()),
        "configuration_file": str(settings.configuration_file.absolute()),
        "configuration_key": told.configuration_key,
        "ca_file": asked.ca_file,
    }
    lines = "".join(f"{name} = {_toml(value)}\n" for name, value in wanted.items() if value)
    try:
        write_new(
            asked.config,
            f"{_HEAD}{lines}".encode(),
            0o640,
        )
    except FileExistsError:
        names = ["tenant", "gateway"]
        if settings.configuration_key:  # left out on purpose where the box's own settings are to decide
            names.append("configuration_key")
        _compare(asked.config, settings, {name: wanted[name] for name in names})
        if settings.key_id not in ("", told.key_id):
            raise Stop(words.CONFIG_OTHER, exits.BAD_INPUT, path=asked.config, lines='key_id = ""') from None
        return False
    except OSError as error:
        raise Stop(words.CONFIG_UNWRITABLE, exits.ENVIRONMENT, path=asked.config, problem=phrase_of(error), lines=lines) from error
    return True


def _compare(config: Path, settings: GatewaySettings, wanted: Mapping[str, str]) -> None:
    """Raises Stop with the lines that the settings should have and have not."""
    lines = [f"{name} = {_toml(value)}" for name, value in wanted.items() if getattr(settings, name) != value]
    if lines:
        raise Stop(words.CONFIG_OTHER, exits.BAD_INPUT, path=config, lines="\n".join(lines))


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a basic string of TOML
