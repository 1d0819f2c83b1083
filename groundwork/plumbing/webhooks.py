"""Webhooks: how something is told to somebody else's server so that it can trust and recognise it, and when it is told again.

The headers are those of the Standard Webhooks convention (standardwebhooks.com): `webhook-id`, the same in every repeat;
`webhook-timestamp`, when this try was signed; `webhook-signature`, one or more `v1,<base64>` of HMAC-SHA256 over `id.timestamp.body`.
While a secret is being changed both sign, so that a receiver accepts either. What is queued, for whom, and what became of it is for
whoever queues.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from groundwork.plumbing.clock import Clock
from groundwork.plumbing.outbound import AddressRefused, Outbound, Unreachable

PREFIX: Final = "whsec_"
"""In front of every secret, by the convention; scanners for leaked secrets know one by it."""
SECRET_BYTES: Final = 32
TOLERANCE_S: Final = 300
"""How old or new a signature may be that a receiver accepts, which bounds how long a caught request can be sent again."""
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
MOST_EXCERPT: Final = 200
"""Bytes of an answer that are kept: enough for "invalid signature", too little for a page."""
MOST_WAIT_S: Final = 14_400.0
"""Between two tries."""
_GONE: Final = 410


def new_secret(randbytes: Callable[[int], bytes]) -> str:
    """A fresh secret as it is shown to the receiver."""
    return PREFIX + base64.b64encode(randbytes(SECRET_BYTES)).decode()


def signature(secret: str, told_id: str, at_s: int, body: bytes) -> str:
    """`v1,<base64>` over id, time and body. Raises ValueError on a secret that is none."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    signed = hmac.digest(key, b"%s.%d.%s" % (told_id.encode(), at_s, body), hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def signed_headers(secrets: Sequence[str], told_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers, signed with every one of `secrets`."""
    return {ID: told_id, TIMESTAMP: str(at_s), SIGNATURE: " ".join(signature(secret, told_id, at_s, body) for secret in secrets)}


def holds(secret: str, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
    """Whether one of the signatures is of this secret and the time is near: what a receiver checks."""
    told_id, at, signatures = (headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (at.isascii() and at.isdecimal()) or abs(now_s - int(at)) > TOLERANCE_S:
        return False
    expected = signature(secret, told_id, int(at), body)
    return any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures.split())


@dataclass(frozen=True, slots=True)
class Try:
    """What one try came to. Without an answer `status` is 0 and `problem` says why."""

    status: int
    latency_ms: int
    problem: str = ""
    """`timeout`, `unreachable`, `address_refused`, `redirect`, `gone` or `refused`; empty where it was accepted."""
    excerpt: str = ""
    wait_ms: int = 0
    """What the receiver asked for before the next one."""

    @property
    def accepted(self) -> bool:
        return not self.problem


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes tries, one request each, redirects not followed."""

    outbound: Outbound
    clock: Clock

    async def tell(self, url: str, body: bytes, headers: Mapping[str, str]) -> Try:
        """One try; whatever goes wrong is in what it came to."""
        began_s = self.clock.monotonic_s()
        try:
            answered = await self.outbound.send(url, body, headers, MOST_EXCERPT)
        except AddressRefused:
            return Try(0, 0, "address_refused")
        except Unreachable as error:
            late = isinstance(error.__cause__, TimeoutError)
            return Try(0, self._since_ms(began_s), "timeout" if late else "unreachable")
        wait_ms = retry_after_ms(answered.retry_after, self.clock.now_ms())
        excerpt = answered.excerpt.decode(errors="replace").replace("\0", "")[:MOST_EXCERPT]
        return Try(answered.status, self._since_ms(began_s), _problem(answered.status), excerpt, wait_ms)

    def _since_ms(self, began_s: float) -> int:
        return round((self.clock.monotonic_s() - began_s) * 1000)


def _problem(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if status == _GONE:
        return "gone"
    return "redirect" if 300 <= status < 400 else "refused"


def retry_after_ms(said: str, now_ms: int) -> int:
    """What a `Retry-After` asks for, in seconds or as a date; 0 where it is neither, never more than `MOST_WAIT_S`."""
    if said.isascii() and said.isdecimal() and len(said) < 9:
        wait_ms = int(said) * 1000
    else:
        try:
            wait_ms = round(parsedate_to_datetime(said).timestamp() * 1000) - now_ms
        except (ValueError, TypeError, OverflowError):
            return 0
    return min(max(0, wait_ms), round(MOST_WAIT_S * 1000))


def wait_ms(base_s: float, told_id: str, attempt: int) -> int:
    """How long after try number `attempt` (from 1) the next one comes: doubling from `base_s` up to `MOST_WAIT_S`.

    Jittered to between half and all of that by the id, so that what failed together does not come back together, and a replay waits
    as the live run did.
    """
    full_s = min(base_s * 2.0 ** min(attempt - 1, 32), MOST_WAIT_S)
    chance = int.from_bytes(hashlib.sha256(f"{told_id}/{attempt}".encode()).digest()[:4], "big") / 2**32
    return round(full_s * 1000 * (0.5 + 0.5 * chance))
