"""Rotation: the box changes its key before anybody has had long to steal it, on its own or when told to.

    next key on disk -> the server is told, signed by the present key -> one rename -> the box signs with it

A crash between any two of these is found again by the file `KEY.next`, and telling the server twice changes nothing; so there is never a
moment in which the box holds no key that the server knows. Another process that has changed the key file is followed.
What is signed: docs/gateway-enrolment.md. Taking a revoked box back in is for `enrol.py`.
"""

from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway.exits import Stop
from beacon_gateway.keys import made_ms, next_of, public_half, put_in_place, read_key, signing_of, write_key
from beacon_gateway.line import UNKNOWN_KEY, Answer, Line, Signing, TransportFailed, knows_key
from groundwork.contracts.gateway import ROTATION, GatewayKeyRequest
from groundwork.plumbing.proofs import prove

PATH: Final = "/v1/gateway-keys"
_DAY_MS: Final = 86_400_000
_TAKEN: Final = frozenset({"key_taken", "key_revoked"})
_EARLIEST_MS: Final = 1_704_067_200_000
"""2024-01-01: an older time was never told by a clock that had been set."""


class Rotation:
    """The key in `path`, changed when it is `after_days` old; 0: only when told to. `line` signs with it."""

    def __init__(self, line: Line, path: Path, after_days: int) -> None:
        self._line = line
        self._path = path
        self._after_days = after_days
        self.trouble = ""
        """Why the last attempt came to nothing; empty when it did not."""

    @property
    def age_days(self) -> int | None:
        """How old the key is; None where its file cannot be looked at, or a clock that was never set dated it."""
        try:
            dated_ms = made_ms(self._path)
        except OSError:
            return None
        return None if dated_ms < _EARLIEST_MS else (self._line.now_ms() - dated_ms) // _DAY_MS

    @property
    def key_id(self) -> str:
        """The key that is signed with."""
        return self._line.signing.key_id

    def due(self) -> bool:
        """Whether the key is old, or a change of it was broken off."""
        age_days = self.age_days
        return next_of(self._path).exists() or (age_days is not None and 0 < self._after_days <= age_days)

    def follow(self) -> None:
        """Signs with what is in the file, should another process have put another key there."""
        try:
            signing = signing_of(read_key(self._path))
        except Stop as stop:
            self.trouble = stop.said("en")
            return
        if signing.key_id != self._line.signing.key_id:
            self._line.sign_with(signing)

    async def turn(self) -> bool:
        """Changes the key, or goes on with a change that was broken off; True when it is done. Raises Stop where the disk is in the way."""
        following = next_of(self._path)
        if not following.exists():
            write_key(following, Ed25519PrivateKey.generate(), self._line.now_ms())
        signing = signing_of(read_key(following))
        try:
            answer = await self._tell(signing)
            known = answer.status == 200 or await self._knows(signing, answer)
        except TransportFailed as failed:
            self.trouble = str(failed)
            return False
        if not known:
            if answer.code in _TAKEN:  # it will never be ours; the next attempt makes another
                following.unlink(missing_ok=True)
            self.trouble = answer.code or f"http_{answer.status}"
            return False
        self._take(signing)
        return True

    async def _tell(self, signing: Signing) -> Answer:
        """Hands the next key over, signed with the present one."""
        proof = prove(signing.key, ROTATION, self._line.signing.key_id)
        body = msgspec.json.encode(GatewayKeyRequest(public_key=public_half(signing.key), proof=proof))
        answer = await self._line.post(PATH, "application/json", body)
        if self._line.learn(answer):
            answer = await self._line.post(PATH, "application/json", body)
        return answer

    async def _knows(self, signing: Signing, answer: Answer) -> bool:
        """Whether the server disowns the present key and knows the next: we died long ago, after we had told it."""
        if answer.status != 401 or answer.code != UNKNOWN_KEY:
            return False
        return knows_key(await self._line.post(PATH, "application/json", b"", signing=signing))

    def _take(self, signing: Signing) -> None:
        try:
            put_in_place(self._path)
        except FileNotFoundError:  # another process was quicker, with the same key
            signing = signing_of(read_key(self._path))
        self._line.sign_with(signing)
        self.trouble = ""
