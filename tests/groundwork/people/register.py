"""Tenants, shoppers and gateways for these tests; the same names in two tenants, so that a leak shows."""

import random

from sqlalchemy import Connection

from groundwork.contracts.ids import BeaconKey, DeviceId, GatewayId, GatewayKeyId, ShopperId, TenantId, VenueId
from groundwork.people import queries
from groundwork.people.model import Subject
from groundwork.plumbing.vault import Vault

NOW_MS = 1_793_516_400_000
TAMIM = TenantId("tamim")
DANA = TenantId("dana")
LAYLA = ShopperId("layla")
OMAR = ShopperId("omar")
PHONE = DeviceId("phone")
TAG = BeaconKey("ibeacon:00112233445566778899aabbccddeeff:1:7")
BOX = GatewayId("box-1")
SHOP = VenueId("shop")
VAULT = Vault(b"v" * 32, random.Random(1).randbytes)


def add_tenants(conn: Connection) -> None:
    for tenant in (TAMIM, DANA):
        queries.add_tenant(conn, tenant=tenant, name_ar="متجر", name_en=tenant.title(), salt=tenant.encode().ljust(32), now_ms=NOW_MS)


def sign_up(conn: Connection, tenant: TenantId, shopper: ShopperId, device: DeviceId = PHONE, enrolment: int = 1) -> Subject:
    return queries.sign_up(
        conn,
        tenant=tenant,
        shopper=shopper,
        device=device,
        shopper_key=f"{tenant}{shopper}".encode().ljust(32, b"."),
        enrolment=enrolment,
        language="ar",
        now_ms=NOW_MS,
    )


def consent(conn: Connection, tenant: TenantId, shopper: ShopperId, purpose: str, granted: bool = True, text: str = "v1") -> bool:
    return queries.record_consent(
        conn, tenant=tenant, shopper=shopper, purpose=purpose, granted=granted, text_version=text, source="app", at_ms=NOW_MS
    )


def add_box(conn: Connection, tenant: TenantId, key: str, gateway: GatewayId = BOX) -> None:
    queries.add_gateway(conn, tenant=tenant, gateway=gateway, venue=SHOP, name="door", now_ms=NOW_MS)
    queries.add_gateway_key(
        conn, tenant=tenant, gateway=gateway, key=GatewayKeyId(key), public_key=key.encode().ljust(32, b"."), valid_from_ms=NOW_MS
    )
