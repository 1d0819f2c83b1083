"""The desk: who may keep webhooks, where they may lead, their secrets, and what is left of one that was removed."""

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, select

from geofence import queries
from geofence.settings import Settings
from geofence.tables import WebhookDeliveryRow, WebhookRow
from geofence.telling.cloud_events import KINDS
from groundwork.contracts.ids import TenantId
from groundwork.plumbing.audit import rows as audit_rows
from groundwork.plumbing.service import Parts
from groundwork.plumbing.telemetry import configure_logs
from tests.geofence.shop_floor import open_shop
from tests.geofence.telling.hooked import log_of, set_up, shop, subscribed
from tests.geofence.telling.told import LOOPBACK, Told, always, let_in, receiver
from tests.geofence.venues import TENANT

HERE = TenantId(TENANT)
HOUR_S, DAY_S = 3_600, 86_400


@pytest.fixture
async def told(parts: Parts) -> AsyncIterator[Told]:
    await parts.db.write(set_up)
    async with Told.open(parts) as opened:
        yield opened


async def test_while_a_secret_is_changed_both_sign(told: Told) -> None:
    async with receiver() as erp:
        hook, old = await subscribed(told, erp, kinds=["visit.ended"])
        new = (await told.ask("POST", f"/v1/webhooks/{hook}/secret", body={"overlap_h": 1}))[1]["secret"]
        await shop(told)
        await told.go_on(1)
        now_s = told.clock.now_ms() // 1000
        assert erp.received[0].holds(old, now_s)
        assert erp.received[0].holds(new, now_s)
        await shop(told, after_s=900)
        await told.go_on(2 * HOUR_S)
        now_s = told.clock.now_ms() // 1000
        assert erp.received[1].holds(new, now_s)
        assert not erp.received[1].holds(old, now_s)


async def test_a_ping_arrives_signed_and_says_nothing(told: Told) -> None:
    async with receiver() as erp:
        hook, secret = await subscribed(told, erp, kinds=["visit.ended"])
        assert (await told.ask("POST", f"/v1/webhooks/{hook}/ping"))[0] == 202
        await told.go_on(1)
    (one,) = erp.received
    assert one.told["type"] == "aislecast.ping"
    assert one.told["data"] is None
    assert one.holds(secret, told.clock.now_ms() // 1000)


async def test_an_address_that_may_be_a_trap_is_refused(parts: Parts) -> None:
    await parts.db.write(set_up)
    async with Told.open(parts, Settings()) as told:
        for url in (
            "http://example.com/hook",
            "https://127.0.0.1/hook",
            "https://10.0.0.8/hook",
            "https://169.254.169.254/latest",
            "https://a:b@example.com/",
        ):
            status, said = await told.ask("POST", "/v1/webhooks", body={"name": "ERP", "url": url, "kinds": ["visit.ended"]})
            assert (status, said["code"]) == (422, "bad_webhook_url")
            assert not re.search("it (is|leads|carries)", said["detail_ar"])


async def test_a_name_that_leads_to_a_private_address_is_not_connected_to(told: Told) -> None:
    """What was public when it was typed in may be something else when it is called."""
    hook, _ = await subscribed(told, "https://localhost.example.invalid/hook", kinds=["visit.ended"])
    await shop(told)
    await told.go_on(1)
    assert (await log_of(told, hook))[0]["tries"][0]["problem"] == "unreachable"


async def test_another_tenant_and_another_venue_have_no_part_in_it(told: Told) -> None:
    def work(conn: Connection) -> None:
        open_shop(conn, tenant="dana")
        let_in(conn, "dana", tenant="dana")
        let_in(conn, "annex", venues=["annex"])

    await told.parts.db.write(work)
    async with receiver() as erp, receiver() as theirs:
        hook, _ = await subscribed(told, erp)
        status, _ = await told.ask("POST", "/v1/webhooks", "dana", {"name": "x", "url": theirs.url, "kinds": list(KINDS)})
        assert status == 201
        for token in ("dana", "annex"):
            for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/ping"), ("POST", "/redrive?from=0&to=9"), ("GET", "/deliveries")):
                status, said = await told.ask(method, f"/v1/webhooks/{hook}{path}", token)
                assert (status, said["code"]) == (404, "unknown_webhook")
        status, said = await told.ask("POST", "/v1/webhooks", "annex", {"name": "x", "url": erp.url, "kinds": list(KINDS)})
        assert said["code"] == "beyond_scope"
        await shop(told)
        await told.go_on(1)
    assert len(erp.received) == 6
    assert theirs.received == []


async def test_secrets_are_sealed_and_in_no_log_and_no_chain(parts: Parts, tmp_path: Path) -> None:
    written = tmp_path / "log"
    with written.open("w") as log:
        configure_logs("debug", log)
        await parts.db.write(set_up)
        async with Told.open(parts) as told, receiver(always(500)) as erp:
            hook, secret = await subscribed(told, f"{erp.url}?token=of-the-receiver")
            await shop(told)
            await told.go_on(1)
            _, newer = await told.ask("POST", f"/v1/webhooks/{hook}/secret", body={})
            shown = await told.ask("GET", "/v1/webhooks")
        logging.shutdown()
    sealed = await parts.db.read(lambda conn: tuple(conn.execute(select(WebhookRow.secret, WebhookRow.old_secret)).one()))
    chain = await parts.db.read(lambda conn: [repr(row) for row in audit_rows(conn, TENANT, 0, 100)])
    for plain in (secret, newer["secret"]):
        assert plain not in written.read_text() + repr(shown) + repr(chain)
        assert plain.encode() not in b"".join(each for each in sealed if each)
    assert "of-the-receiver" not in written.read_text() + repr(chain)
    assert any("webhook.add" in row for row in chain)


async def test_a_tenant_keeps_no_more_webhooks_than_it_may(parts: Parts) -> None:
    await parts.db.write(set_up)
    async with Told.open(parts, msgspec.structs.replace(LOOPBACK, webhooks=2)) as told, receiver() as erp:
        for _ in range(2):
            hook, _ = await subscribed(told, erp)
        more = {"name": "ERP", "url": erp.url, "kinds": ["visit.ended"]}
        status, said = await told.ask("POST", "/v1/webhooks", body=more)
        assert (status, said["code"]) == (409, "too_many_webhooks")
        assert (await told.ask("DELETE", f"/v1/webhooks/{hook}"))[0] == 200
        assert (await told.ask("POST", "/v1/webhooks", body=more))[0] == 201


async def test_the_log_of_deliveries_is_paged_and_swept(told: Told) -> None:
    async with receiver() as erp:
        hook, _ = await subscribed(told, erp)
        await shop(told)
        await told.go_on(1)
    seen, before = [], ""
    while True:
        _, said = await told.ask("GET", f"/v1/webhooks/{hook}/deliveries?limit=2{before}")
        seen += [one["id"] for one in said["deliveries"]]
        if said["next_before"] is None:
            break
        before = f"&before={said['next_before']}"
    assert len(seen) == len(set(seen)) == 6
    swept = await told.parts.db.write(lambda conn: queries.sweep_deliveries(conn, HERE, told.clock.now_ms() + 1, 4))
    assert swept == 4
    assert len(await log_of(told, hook)) == 2


async def test_a_removed_webhook_leaves_nothing(told: Told) -> None:
    async with receiver() as erp:
        hook, _ = await subscribed(told, erp)
        await shop(told)
        await told.go_on(1)
        assert (await told.ask("DELETE", f"/v1/webhooks/{hook}"))[0] == 200
        assert (await told.ask("GET", f"/v1/webhooks/{hook}"))[0] == 404
        await shop(told, after_s=900)
        await told.go_on(1)
    left = await told.parts.db.read(lambda conn: conn.execute(select(WebhookDeliveryRow.id)).all())
    assert left == []
    assert len(erp.received) == 6
