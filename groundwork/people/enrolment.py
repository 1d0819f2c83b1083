"""Enrolment: how a box gets its first key in, changes it, and what is refused on the way.

Pure. A box makes its own key pair and never shows the private half: with a one-time code an installer typed in, it proves that it holds
the key it hands over. The code is the nonce of an enrolment, and the new key is the nonce of a rotation: a public key is taken in once,
so a request that was caught and sent again changes nothing, and a key that was revoked never comes back.
What the box signs is in `plumbing/proofs.py`; `docs/gateway-enrolment.md` tells it from the box's side.
"""

from typing import Final

from groundwork.contracts.gateway import ENROLMENT, ROTATION
from groundwork.contracts.ids import GatewayKeyId
from groundwork.people.codes import canonical
from groundwork.plumbing.proofs import key_name, proves

CODE_LENGTH: Final = 12
"""60 random bits, typed within a quarter of an hour, under a limit of guesses."""
ENROL: Final = ENROLMENT
ROTATE: Final = ROTATION
"""Purposes of proofs."""
CODES: Final = "gateway_code"
"""Place of `Vault.tag` for codes; without the tenant, which nobody knows before the code is found."""


class Refused(ValueError):
    """Why a key is not taken in: `wrong_code`, `wrong_proof`, `key_taken` or `key_revoked`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def key_id_of(public_key: bytes) -> GatewayKeyId:
    """The id of a gateway's key, as the box works it out too."""
    return GatewayKeyId(key_name(public_key))


def checked_code(code: str, public_key: bytes, proof: str) -> str:
    """The canonical code of an enrolment whose proof holds; raises Refused."""
    plain = canonical(code, CODE_LENGTH)
    if plain is None:
        raise Refused("wrong_code")
    if not proves(proof, public_key, ENROL, plain):
        raise Refused("wrong_proof")
    return plain


def check_rotation(old: str, public_key: bytes, proof: str) -> None:
    """Raises Refused unless the new key's proof, for the key `old` that signed the request, holds."""
    if not proves(proof, public_key, ROTATE, old):
        raise Refused("wrong_proof")
