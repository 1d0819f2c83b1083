"""A shopper's own devices: which there are, in which language they are spoken to, and where pushes reach this one.

The language is hers and not a device's: it is corrected like everything else of hers, by `PATCH /v1/me` (`rights.py`).
"""

from collections.abc import Sequence

from aiohttp import web

from groundwork.contracts.ids import DeviceId
from groundwork.contracts.sign_in import Device, Devices, PushTargetRequest
from groundwork.people import queries
from groundwork.people.devices import PUSH_CHANNELS, Reached, sealed
from groundwork.people.http.own import own_subject
from groundwork.people.model import MANAGE_SELF, Subject
from groundwork.people.reasons import DEVICE_UNKNOWN, NO_SHOPPER, UNKNOWN_PUSH_CHANNEL
from groundwork.people.registry import announce_shopper
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault


class DeviceRoutes:
    """The handlers; whose devices they are comes from the credential alone."""

    def __init__(self, parts: Parts, vault: Vault) -> None:
        self._parts = parts
        self._vault = vault

    def routes(self) -> Sequence[Route]:
        return (*self._of_devices(), *self._of_push_targets())

    def _of_devices(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/devices",
                self.show,
                Words("The shopper's devices and her language.", "أجهزة المتسوّق ولغته."),
                grant=MANAGE_SELF,
                answer=Devices,
                refusals=(NO_SHOPPER,),
            ),
            Route(
                "DELETE",
                "/v1/devices/{id}",
                self.remove,
                Words(
                    "Removes one of the shopper's devices: its token, push targets and bound tags end.",
                    "إزالة أحد أجهزة المتسوّق: ينتهي رمز وصوله ووجهات إشعاراته والعلامات المرتبطة به.",
                ),
                grant=MANAGE_SELF,
                status=204,
                refusals=(NO_SHOPPER, DEVICE_UNKNOWN),
            ),
        )

    def _of_push_targets(self) -> Sequence[Route]:
        return (
            Route(
                "PUT",
                "/v1/push-target",
                self.reach,
                Words("Where a push service reaches this device.", "أين تصل خدمة الإشعارات إلى هذا الجهاز."),
                grant=MANAGE_SELF,
                request=PushTargetRequest,
                status=204,
                refusals=(NO_SHOPPER, UNKNOWN_PUSH_CHANNEL),
                max_body=16 * 1024,
            ),
            Route(
                "DELETE",
                "/v1/push-target/{channel}",
                self.forget,
                Words("The push service no longer reaches this device.", "لم تعد خدمة الإشعارات تصل إلى هذا الجهاز."),
                grant=MANAGE_SELF,
                status=204,
                refusals=(NO_SHOPPER, UNKNOWN_PUSH_CHANNEL),
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/devices: oldest first."""
        who = caller(request)

        def work(conn: Connection) -> Devices:
            subject = own_subject(conn, who)
            found = queries.own_devices(conn, subject.tenant, subject.shopper)
            shown = [Device(id=d.id, created_ms=d.created_ms, here=d.id == subject.device, channels=list(d.channels)) for d in found]
            return Devices(tenant=subject.tenant, language=subject.language, devices=shown)

        return answered(await self._parts.db.read(work))

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/devices/{id}: the caller's own too, whose token is then refused."""
        who, device, now_ms = caller(request), DeviceId(request.match_info["id"]), self._parts.clock.now_ms()

        def work(conn: Connection) -> Subject:
            subject = own_subject(conn, who)
            if not queries.remove_device(conn, subject.tenant, subject.shopper, device, now_ms):
                raise Refusal(DEVICE_UNKNOWN, value=device)
            return subject

        return await self._changed(await self._parts.db.write(work))

    async def reach(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/push-target: sealed before it is stored; the same token at another device moves here."""
        who, asked = caller(request), await read(request, PushTargetRequest)
        reached = Reached(_channel(asked.channel, "/channel"), asked.token, asked.fid)
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> None:
            subject = own_subject(conn, who)
            queries.put_push_target(conn, *sealed(self._vault, subject.tenant, subject.device, reached, now_ms))

        await self._parts.db.write(work)
        return web.Response(status=204)

    async def forget(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/push-target/{channel}: a repeat is as good."""
        who, channel = caller(request), _channel(request.match_info["channel"], "channel")

        def work(conn: Connection) -> None:
            subject = own_subject(conn, who)
            queries.drop_push_targets(conn, subject.tenant, subject.device, channel)

        await self._parts.db.write(work)
        return web.Response(status=204)

    async def _changed(self, subject: Subject) -> web.Response:
        """Tells those who keep her in memory, and answers."""
        await announce_shopper(self._parts.bus, subject.tenant, subject.pseudonym)
        return web.Response(status=204)


def _channel(name: str, at: str) -> str:
    if name not in PUSH_CHANNELS:
        raise Refusal(UNKNOWN_PUSH_CHANNEL, at=at, value=name, known=", ".join(PUSH_CHANNELS))
    return name
