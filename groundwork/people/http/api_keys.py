"""API keys of tills and integrations, kept by an admin within her own tenant and venues."""

from collections.abc import Sequence

from aiohttp import web

from groundwork.contracts.api_keys import ApiKey, ApiKeyRequest, ApiKeys, ApiKeyState, NewApiKey, RotationRequest
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people.api_keys import ApiKeyRing, Asked
from groundwork.people.model import MANAGE_API_KEYS
from groundwork.people.queries import StoredKey
from groundwork.people.reasons import BEYOND_SCOPE, DEAD_API_KEY, NO_SUCH_VENUE, TAKEN_SUBJECT, UNKNOWN_API_KEY, UNKNOWN_GRANT
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.reasons import Words


class ApiKeyRoutes:
    """The handlers."""

    def __init__(self, ring: ApiKeyRing) -> None:
        self._ring = ring

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/api-keys",
                self.list,
                Words("The API keys in the caller's reach.", "مفاتيح الواجهة التي يصل إليها نطاق صاحب الطلب."),
                grant=MANAGE_API_KEYS,
                answer=ApiKeys,
            ),
            Route(
                "POST",
                "/v1/api-keys",
                self.add,
                Words("Makes an API key; its token is shown this once.", "إنشاء مفتاح واجهة؛ ويظهر رمزه هذه المرة فقط."),
                grant=MANAGE_API_KEYS,
                request=ApiKeyRequest,
                answer=NewApiKey,
                status=201,
                refusals=(UNKNOWN_GRANT, BEYOND_SCOPE, NO_SUCH_VENUE, TAKEN_SUBJECT),
            ),
            Route(
                "POST",
                "/v1/api-keys/{id}/rotate",
                self.rotate,
                Words("Replaces an API key; both work for a while.", "استبدال مفتاح واجهة؛ ويعمل المفتاحان معًا لمدة."),
                grant=MANAGE_API_KEYS,
                request=RotationRequest,
                answer=NewApiKey,
                status=201,
                refusals=(UNKNOWN_API_KEY, DEAD_API_KEY),
            ),
            Route(
                "DELETE",
                "/v1/api-keys/{id}",
                self.revoke,
                Words("Revokes an API key at once and for good.", "إلغاء مفتاح واجهة فورًا ونهائيًا."),
                grant=MANAGE_API_KEYS,
                answer=ApiKeyState,
                refusals=(UNKNOWN_API_KEY,),
            ),
        )

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/api-keys."""
        who = caller(request)
        found = await self._ring.listed(who)
        return answered(ApiKeys(tenant=TenantId(who.tenant), keys=[_shown(key) for key in found]))

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/api-keys."""
        asked = await read(request, ApiKeyRequest)
        wanted = Asked(asked.name, asked.subject, frozenset(asked.grants), frozenset(asked.venues), asked.days)
        return _made(*await self._ring.add(caller(request), wanted))

    async def rotate(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/api-keys/{id}/rotate."""
        asked = await read(request, RotationRequest)
        return _made(*await self._ring.rotate(caller(request), request.match_info["id"], asked.overlap_h, asked.days))

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/api-keys/{id}."""
        key = await self._ring.revoke(caller(request), request.match_info["id"])
        return answered(ApiKeyState(tenant=key.tenant, key=_shown(key)))


def _made(key: StoredKey, token: str) -> web.Response:
    return answered(NewApiKey(tenant=key.tenant, key=_shown(key), token=token), 201)


def _shown(key: StoredKey) -> ApiKey:
    return ApiKey(
        id=key.id,
        name=key.name,
        subject=key.subject,
        grants=sorted(key.grants),
        venues=[VenueId(scope) for scope in sorted(key.scopes)],
        created_ms=key.created_ms,
        expires_ms=key.expires_ms,
        revoked_ms=key.revoked_ms,
    )
