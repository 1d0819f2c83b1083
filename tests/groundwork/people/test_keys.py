"""Keys: who may sign and call, for how long, and that nothing is handed over between tenants."""

import pytest
from sqlalchemy import Connection, select

from groundwork.contracts.ids import GatewayId, GatewayKeyId, VenueId
from groundwork.people import queries
from groundwork.people.model import GATEWAY_GRANTS, TILL_GRANTS, DayKey, Gateway
from groundwork.people.tables import DayKeyRow
from groundwork.plumbing.auth import Caller, Signer, token_hash
from groundwork.plumbing.db import Database
from tests.groundwork.people.register import BOX, DANA, NOW_MS, SHOP, TAMIM, add_box, add_tenants

RADIO = GatewayId("radio-1")
TILL_TOKEN = token_hash("till-token")


async def test_a_box_signs_for_its_own_tenant_and_venue_alone(database: Database) -> None:
    def work(conn: Connection) -> dict[str, Signer]:
        add_tenants(conn)
        add_box(conn, TAMIM, "k1")
        add_box(conn, DANA, "k2")
        return queries.signers(conn)

    signers = await database.write(work)
    assert list(signers) == ["k1", "k2"]
    assert signers["k1"].caller == Caller(TAMIM, BOX, GATEWAY_GRANTS, frozenset({SHOP}))
    assert signers["k2"].caller.tenant == DANA


async def test_two_keys_are_valid_while_a_box_changes_from_one_to_the_other(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        add_box(conn, TAMIM, "k1")
        add_box(conn, TAMIM, "k2")
        assert list(queries.signers(conn)) == ["k1", "k2"]
        assert queries.revoke_gateway_key(conn, TAMIM, GatewayKeyId("k1"), NOW_MS)
        assert not queries.revoke_gateway_key(conn, TAMIM, GatewayKeyId("k1"), NOW_MS)
        add_box(conn, TAMIM, "k1")  # set up once more: what was revoked stays revoked
        assert list(queries.signers(conn)) == ["k2"]

    await database.write(work)


async def test_a_key_id_is_never_handed_over(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        add_box(conn, TAMIM, "k1")
        with pytest.raises(ValueError, match="'k1' is taken"):
            add_box(conn, DANA, "k1")
        assert not queries.revoke_gateway_key(conn, DANA, GatewayKeyId("k1"), NOW_MS)
        assert list(queries.signers(conn)) == ["k1"]

    await database.write(work)


async def test_a_radio_hangs_on_a_box_that_is_there(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        with pytest.raises(ValueError, match="hangs on 'box-1', which tenant 'tamim' does not have"):
            queries.add_gateway(conn, tenant=TAMIM, gateway=RADIO, venue=SHOP, name="r", via=BOX, now_ms=NOW_MS)
        add_box(conn, TAMIM, "k1")
        add_box(conn, DANA, "k2")
        queries.add_gateway(conn, tenant=TAMIM, gateway=RADIO, venue=SHOP, name="r", via=BOX, now_ms=NOW_MS)
        assert queries.gateways(conn, TAMIM) == [Gateway(BOX, SHOP, None, "door"), Gateway(RADIO, SHOP, BOX, "r")]
        assert queries.gateways(conn, TAMIM, VenueId("elsewhere")) == []
        assert [gateway.id for gateway in queries.gateways(conn, DANA)] == [BOX]

    await database.write(work)


async def test_a_bearer_token_is_kept_as_a_hash_and_ends_for_good(database: Database) -> None:
    def add(conn: Connection) -> None:
        queries.add_access_key(
            conn, tenant=TAMIM, subject="till-1", token_hash=TILL_TOKEN, grants=TILL_GRANTS, scopes=[SHOP], now_ms=NOW_MS
        )

    def work(conn: Connection) -> None:
        add_tenants(conn)
        add(conn)
        add(conn)
        assert queries.caller_of(conn, TILL_TOKEN) == Caller(TAMIM, "till-1", TILL_GRANTS, frozenset({SHOP}))
        assert queries.caller_of(conn, token_hash("other")) is None
        assert not queries.revoke_access_key(conn, DANA, TILL_TOKEN, NOW_MS)
        assert queries.revoke_access_key(conn, TAMIM, TILL_TOKEN, NOW_MS)
        assert queries.caller_of(conn, TILL_TOKEN) is None
        add(conn)  # set up once more: what was revoked stays revoked
        assert queries.caller_of(conn, TILL_TOKEN) is None

    await database.write(work)


async def test_a_bearer_token_never_changes_its_caller(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        queries.add_access_key(conn, tenant=TAMIM, subject="till-1", token_hash=TILL_TOKEN, grants=(), now_ms=NOW_MS)
        with pytest.raises(ValueError, match="stands for another caller"):
            queries.add_access_key(conn, tenant=DANA, subject="till-1", token_hash=TILL_TOKEN, grants=(), now_ms=NOW_MS)

    await database.write(work)


async def test_a_destroyed_day_key_is_gone_and_stays_gone(database: Database) -> None:
    old, new = DayKey(20_000, b"o" * 16, 0xFFFF_FFFF), DayKey(20_001, b"n" * 16, 0)

    def work(conn: Connection) -> None:
        add_tenants(conn)
        for day_key in (new, old, old):
            queries.add_day_key(conn, TAMIM, day_key)
        assert queries.day_keys(conn, TAMIM) == [old, new]
        assert queries.day_keys(conn, DANA) == []
        assert queries.destroy_day_keys(conn, TAMIM, 20_001, NOW_MS) == 1
        assert queries.day_keys(conn, TAMIM) == [new]
        assert conn.scalars(select(DayKeyRow.key).where(DayKeyRow.day == 20_000)).all() == [None]
        with pytest.raises(ValueError, match="day 20000 of tenant 'tamim' has another key"):
            queries.add_day_key(conn, TAMIM, old)

    await database.write(work)
