"""People and keys in the database: the only SQL of this package, one file per subject.

A consent change and a send (`granted(..., lock=True)`) meet on the shopper's row; changes of one tenant wait for one another, so the
consent chain cannot fork. Every function may be repeated: what is already so is left alone, what contradicts is refused with ValueError.
"""

from groundwork.people.queries.consents import granted, record_consent, verify_consents
from groundwork.people.queries.keys import (
    add_access_key,
    add_day_key,
    add_gateway,
    add_gateway_key,
    caller_of,
    day_keys,
    destroy_day_keys,
    gateways,
    revoke_access_key,
    revoke_gateway_key,
    signers,
)
from groundwork.people.queries.shoppers import (
    bind_beacon,
    changed_shoppers,
    devices_of,
    end_binding,
    enrolments,
    owned_beacons,
    sign_up,
    subject_of_device,
    subject_of_pseudonym,
    subject_of_track,
)
from groundwork.people.queries.tenants import add_tenant, tenants, versions

__all__ = [
    "add_access_key",
    "add_day_key",
    "add_gateway",
    "add_gateway_key",
    "add_tenant",
    "bind_beacon",
    "caller_of",
    "changed_shoppers",
    "day_keys",
    "destroy_day_keys",
    "devices_of",
    "end_binding",
    "enrolments",
    "gateways",
    "granted",
    "owned_beacons",
    "record_consent",
    "revoke_access_key",
    "revoke_gateway_key",
    "sign_up",
    "signers",
    "subject_of_device",
    "subject_of_pseudonym",
    "subject_of_track",
    "tenants",
    "verify_consents",
    "versions",
]
