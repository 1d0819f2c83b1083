"""A till's side of the API: redeem a coupon, take a redemption back, report a receipt.

Every request may be repeated with the same receipt and is answered the same, so a lost answer is asked for again here, and once
more by hand if need be. A code travels in the body only and is never printed.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from aislecast.exits import ENVIRONMENT, FAILED, Stop
from groundwork.contracts.purchase import Purchase, PurchaseRequest
from groundwork.contracts.redemption import Redemption, RedemptionRequest, RollbackRequest
from groundwork.plumbing.reasons import Words

T = TypeVar("T")

_TRIES: Final = 3
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
"""A redemption takes milliseconds; a queue at the till is what a longer wait would cost."""

UNREACHABLE = Words(
    "The server {server} does not answer ({why}). Nothing is lost: send the same receipt {receipt} again.",
    "الخادم {server} لا يجيب ({why}). لم يضع شيء: أعد إرسال الإيصال نفسه {receipt}.",
)
UNTRUSTED = Words(
    "The certificate of {server} is not trusted here. Name the certificate authority's file with `--ca`.",
    "شهادة {server} غير موثوقة هنا. حدد ملف سلطة الشهادات بالخيار `--ca`.",
)
REFUSED = Words("The server says no ({code}): {sentence}", "رفض الخادم ({code}): {sentence}")
STRANGE = Words(
    "{server} answered {status} in a form that is not Aislecast's. Check the address.",
    "أجاب {server} بالحالة {status} وبصيغة ليست من Aislecast. تحقق من العنوان.",
)


class Problem(msgspec.Struct):
    """What is read of a problem answer (RFC 9457)."""

    code: str = ""
    title: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Till:
    """One till's connection to a server."""

    server: str
    """`http://127.0.0.1:8000`."""
    token: str
    language: str
    """Of the sentences a refusal comes with."""
    ca: Path | None = None
    """A certificate authority to trust besides the system's, as `up --tls self` makes one."""

    async def redeem(self, request: RedemptionRequest) -> Redemption:
        """Spends a coupon. Raises Stop with the server's reason where it is refused."""
        return await self._post("/v1/redemptions", request, request.receipt, Redemption)

    async def roll_back(self, redemption: str, request: RollbackRequest) -> Redemption:
        """Takes a redemption back, so that the coupon can be spent again."""
        return await self._post(f"/v1/redemptions/{quote(redemption, safe='')}/rollback", request, request.receipt, Redemption)

    async def buy(self, request: PurchaseRequest) -> Purchase:
        """Reports a receipt."""
        return await self._post("/v1/purchases", request, request.receipt, Purchase)

    async def _post(self, path: str, request: msgspec.Struct, receipt: str, answer: type[T]) -> T:
        body = msgspec.json.encode(request)
        for left in reversed(range(_TRIES)):
            try:
                status, content = await self._once(path, body)
            except aiohttp.ClientConnectorCertificateError:
                raise Stop(UNTRUSTED, ENVIRONMENT, server=self.server) from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if not left:
                    raise Stop(UNREACHABLE, ENVIRONMENT, server=self.server, why=type(error).__name__, receipt=receipt) from None
                continue
            if status < 500 or not left:  # a 5xx may pass; the same receipt makes the repeat harmless
                break
        return self._read(status, content, answer)

    async def _once(self, path: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Accept-Language": self.language}
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=self.ca)) if self.ca else None
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, connector=connector) as session,
            session.post(self.server.rstrip("/") + path, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return response.status, await response.read()

    def _read(self, status: int, content: bytes, answer: type[T]) -> T:
        try:
            if status < 300:
                return msgspec.json.decode(content, type=answer)
            problem = msgspec.json.decode(content, type=Problem)
        except msgspec.DecodeError:
            raise Stop(STRANGE, FAILED, server=self.server, status=status) from None
        raise Stop(REFUSED, FAILED, code=problem.code or status, sentence=problem.detail or problem.title)
