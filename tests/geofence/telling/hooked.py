"""A shop whose zone events and visits webhooks are told of: shoppers, an admin, and what a test asks of the delivery log."""

from typing import Any

from sqlalchemy import Connection

from geofence.telling.cloud_events import KINDS
from groundwork.contracts.ids import Pseudonym, ShopperId, TenantId
from groundwork.people import queries as people_queries
from tests.geofence.shop_floor import keep, open_shop, sign_up, went
from tests.geofence.telling.told import Receiver, Told, let_in
from tests.geofence.venues import START_MS, TENANT, VENUE


def set_up(conn: Connection) -> Pseudonym:
    open_shop(conn)
    open_shop(conn, venue="annex")
    let_in(conn, "admin")
    sign_up(conn, 2)
    return sign_up(conn, 1)


async def subscribed(told: Told, to: Receiver | str, **wanted: Any) -> tuple[str, str]:
    """A webhook's id and secret."""
    url = to if isinstance(to, str) else to.url
    status, said = await told.ask("POST", "/v1/webhooks", body={"name": "ERP", "url": url, "kinds": list(KINDS), **wanted})
    assert status == 201, said
    return said["webhook"]["id"], said["secret"]


async def shop(told: Told, number: int = 1, after_s: int = 0, venue: str = VENUE) -> int:
    """The shopper goes through two zones; how much there is to tell: four zone events, a beginning and an end."""

    def work(conn: Connection) -> None:
        subject = people_queries.devices_of(conn, TenantId(TENANT), ShopperId(f"shopper-{number}"))[0]
        keep(conn, [went(subject.pseudonym, START_MS + after_s * 1000, [("dairy", 60), ("tea", 30)], venue=venue)])

    await told.parts.db.write(work)
    return 6


async def log_of(told: Told, hook: str, query: str = "") -> list[Any]:
    status, said = await told.ask("GET", f"/v1/webhooks/{hook}/deliveries{query}")
    assert status == 200, said
    return list(said["deliveries"])


async def state_of(told: Told, hook: str) -> Any:
    return (await told.ask("GET", f"/v1/webhooks/{hook}"))[1]["webhook"]
