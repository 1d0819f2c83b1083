"""The line: requests to the backend, signed by the box's key and timed by the backend's clock. The wire itself is `transport.py`'s.

Boxes start in 1970 and drift: an answer that says so teaches the line how far off our clock is, and from then on it signs by the
backend's. What is sent and what becomes of it is for `uplink.py`, `rotate.py` and `pull.py`.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway.outside import decoded
from groundwork.plumbing import signatures
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.phrases import said_again
from groundwork.plumbing.reasons import Words

UNKNOWN_KEY: Final = "signature_unknown_key"
"""The code of a 401 by which the backend disowns a key: revoked, run out, or not heard of yet."""
REVOKED: Final = "revoked"
"""Why a box whose key was revoked takes no adverts."""
_CLOCK: Final = "clock"
_SAME_CLOCK_MS: Final = 1_000
_AFTER_THE_KEY: Final = frozenset({400, 403, 409, 422})
"""Refusals that come after the key was looked at."""
GRACE_S: Final = 10.0
"""For so long a key may be unknown to the backend before it counts as revoked: another of its processes hears of a new key within 5 s."""


class Answer(NamedTuple):
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The reason a refusing answer names; empty where it names none."""
        return _problem(self).code


class TransportFailed(Exception):
    """No whole answer came: no connection, time-out, half a body. The phrase says which."""

    def __init__(self, said: Words | str) -> None:
        self.phrase = said if isinstance(said, Words) else said_again(said)
        super().__init__(self.phrase.en)


class Transport(Protocol):
    """The wire to the backend. Both raise TransportFailed unless a whole answer came."""

    async def post(self, path: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        """POSTs `body`."""
        ...

    async def get(self, path: str, headers: Mapping[str, str], /) -> Answer: ...

    async def close(self) -> None: ...


class Signing(NamedTuple):
    """The box's key and the name the backend knows it by."""

    key: Ed25519PrivateKey
    key_id: str


class _Problem(msgspec.Struct):
    """What a refusing answer says; `server_ms` where the signature's time was out of bounds."""

    code: str = ""
    server_ms: int | None = None


_problems = msgspec.json.Decoder(_Problem)


class Line:
    """Signed requests of one box. `learned` is told each new clock offset."""

    def __init__(
        self, transport: Transport, signing: Signing, clock: Clock, learned: Callable[[int], None] = lambda _offset_ms: None
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._learned = learned
        self.signing = signing
        """What requests are signed with; a rotation puts another in its place."""
        self.clock_offset_ms = 0
        """What the backend's clock shows beyond ours, as far as it has told."""
        self.revoked = False
        """Whether the backend has disowned our key, and for so long that it is no delay of its own."""
        self._disowned_s: float | None = None

    def now_ms(self) -> int:
        """The time, as well as it is known here."""
        return self._clock.now_ms() + self.clock_offset_ms

    async def post(self, path: str, kind: str, body: bytes, *, packed: bytes | None = None, signing: Signing | None = None) -> Answer:
        """POSTs `body` of content type `kind`, or as `packed` by zlib; the signature is over the body itself.

        `signing` stands in for the line's own, this once. A clock that is off is for the caller to learn; raises TransportFailed.
        """
        headers = {"Content-Type": kind, signatures.HEADER: self._signature("POST", path, body, signing or self.signing)}
        if packed is not None:
            headers["Content-Encoding"] = "deflate"
        answer = await self._transport.post(path, headers, body if packed is None else packed)
        return answer if signing is not None else self._noted(answer)

    async def get(self, path: str) -> Answer:
        """GETs `path`; raises TransportFailed."""
        return self._noted(await self._transport.get(path, {signatures.HEADER: self._signature("GET", path, b"", self.signing)}))

    def learn(self, answer: Answer) -> bool:
        """Takes the backend's time from a 401 `clock`; True when signing with it can make a difference."""
        problem = _problem(answer)
        if answer.status != 401 or problem.code != _CLOCK or problem.server_ms is None:
            return False
        offset_ms = problem.server_ms - self._clock.now_ms()
        differs = abs(offset_ms - self.clock_offset_ms) > _SAME_CLOCK_MS
        self.clock_offset_ms = offset_ms
        self._learned(offset_ms)
        return differs

    def sign_with(self, signing: Signing) -> None:
        """From now on signs with another key, of which the backend has been told."""
        self.signing, self.revoked, self._disowned_s = signing, False, None

    async def close(self) -> None:
        await self._transport.close()

    def _noted(self, answer: Answer) -> Answer:
        """Takes note of whether the backend knows our key, where its answer says so."""
        if answer.status == 401 and answer.code == UNKNOWN_KEY:
            now_s = self._clock.monotonic_s()
            self._disowned_s = now_s if self._disowned_s is None else self._disowned_s
            self.revoked = self.revoked or now_s - self._disowned_s >= GRACE_S
        elif knows_key(answer):
            self.revoked, self._disowned_s = False, None
        return answer

    def _signature(self, method: str, path: str, body: bytes, signing: Signing) -> str:
        return signatures.sign(signing.key, signing.key_id, method, path, self.now_ms(), body)


def knows_key(answer: Answer) -> bool:
    """Whether the backend gives such an answer only to somebody whose key it knows."""
    return answer.status == 200 or answer.code == _CLOCK or (bool(answer.code) and answer.status in _AFTER_THE_KEY)


def _problem(answer: Answer) -> _Problem:
    try:
        return decoded(_problems, answer.body)
    except ValueError:
        return _Problem()
