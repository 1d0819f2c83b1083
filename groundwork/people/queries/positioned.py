"""Whether one device may be positioned now, and what its tokens and tags need to know of it."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from groundwork.contracts.ids import DeviceId, TenantId
from groundwork.people.model import POSITIONING, Subject
from groundwork.people.queries.consents import standing
from groundwork.people.queries.shoppers import shopper_row, subject_of_device
from groundwork.people.tables import DeviceRow


class Positioned(NamedTuple):
    """A device as its own app asks for it."""

    subject: Subject
    enrolment: int
    consents: bool
    """Whether her consent to positioning lives."""
    paused_until_ms: int | None
    """None where she does not pause."""


def positioned(conn: Connection, tenant: TenantId, device: DeviceId, lock: bool = False) -> Positioned | None:
    """The device, or None where it is nobody's. With `lock` a withdrawal waits for this transaction, as for a send."""
    subject = subject_of_device(conn, tenant, device)
    if subject is None:
        return None
    consents = POSITIONING in standing(conn, tenant, subject.shopper, lock)
    her = shopper_row(conn, tenant, subject.shopper)
    enrolment = conn.execute(select(DeviceRow.enrolment).where(DeviceRow.tenant == tenant, DeviceRow.id == device)).scalar_one()
    return Positioned(subject, int(enrolment) % (1 << 64), consents, her.paused_until_ms if her else None)
