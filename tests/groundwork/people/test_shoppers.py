"""Shoppers, devices and beacons: who is who, what may be repeated, and that tenants never see one another."""

import dataclasses

import pytest
from sqlalchemy import Connection

from groundwork.contracts.ids import DeviceId, Pseudonym, ShopperId, Track
from groundwork.people import queries
from groundwork.people.model import POSITIONING, Subject
from groundwork.people.pseudonyms import pseudonym_of, track_of
from groundwork.plumbing.db import Database
from tests.groundwork.people.register import DANA, LAYLA, NOW_MS, OMAR, PHONE, TAG, TAMIM, add_tenants, consent, sign_up

TABLET = DeviceId("tablet")
BIGGEST = (1 << 64) - 1


def _two_tenants(conn: Connection) -> tuple[Subject, Subject]:
    """The same shopper id, device id, enrolment and tag in both tenants, both consenting."""
    add_tenants(conn)
    both = []
    for tenant in (TAMIM, DANA):
        both.append(sign_up(conn, tenant, LAYLA, enrolment=BIGGEST))
        queries.bind_beacon(conn, tenant, PHONE, TAG, NOW_MS)
        consent(conn, tenant, LAYLA, POSITIONING)
    return both[0], both[1]


async def test_a_subject_is_found_by_device_track_and_pseudonym(database: Database) -> None:
    def work(conn: Connection) -> None:
        layla, _ = _two_tenants(conn)
        assert layla == Subject(TAMIM, LAYLA, layla.pseudonym, PHONE, layla.track, "ar")
        assert queries.subject_of_device(conn, TAMIM, PHONE) == layla
        assert queries.subject_of_track(conn, TAMIM, layla.track) == layla
        assert queries.subject_of_pseudonym(conn, TAMIM, layla.pseudonym) == layla
        assert queries.devices_of(conn, TAMIM, LAYLA) == [layla]

    await database.write(work)


async def test_two_tenants_with_equal_ids_never_see_each_other(database: Database) -> None:
    def work(conn: Connection) -> None:
        here, there = _two_tenants(conn)
        assert here.pseudonym != there.pseudonym
        assert queries.subject_of_track(conn, TAMIM, there.track) is None
        assert queries.subject_of_pseudonym(conn, TAMIM, there.pseudonym) is None
        assert [owned.subject for owned in queries.owned_beacons(conn, TAMIM)] == [here]
        assert queries.enrolments(conn, TAMIM) == {BIGGEST: here}
        consent(conn, TAMIM, LAYLA, POSITIONING, granted=False)
        assert queries.enrolments(conn, TAMIM) == {}
        assert queries.enrolments(conn, DANA) == {BIGGEST: there}
        assert queries.granted(conn, DANA, LAYLA) == {POSITIONING}

    await database.write(work)


async def test_signing_up_twice_changes_nothing(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        first = sign_up(conn, TAMIM, LAYLA)
        again = queries.sign_up(
            conn, tenant=TAMIM, shopper=LAYLA, device=PHONE, shopper_key=bytes(32), enrolment=99, language="en", now_ms=NOW_MS + 1
        )
        assert again == first

    await database.write(work)


async def test_a_second_device_shares_the_pseudonym_and_has_a_track_of_its_own(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        phone, tablet = sign_up(conn, TAMIM, LAYLA), sign_up(conn, TAMIM, LAYLA, TABLET, enrolment=2)
        assert (phone.pseudonym, phone.track != tablet.track) == (tablet.pseudonym, True)
        assert queries.devices_of(conn, TAMIM, LAYLA) == [phone, tablet]

    await database.write(work)


async def test_a_device_is_never_handed_to_another_shopper(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        sign_up(conn, TAMIM, LAYLA)
        with pytest.raises(ValueError, match="belongs to another shopper"):
            sign_up(conn, TAMIM, OMAR, PHONE)

    await database.write(work)


async def test_an_unknown_tenant_is_named(database: Database) -> None:
    with pytest.raises(ValueError, match="tenant 'tamim' is unknown"):
        await database.write(lambda conn: sign_up(conn, TAMIM, LAYLA))


async def test_a_tag_stands_for_its_latest_device(database: Database) -> None:
    def work(conn: Connection) -> None:
        add_tenants(conn)
        layla, omar = sign_up(conn, TAMIM, LAYLA), sign_up(conn, TAMIM, OMAR, TABLET, enrolment=2)
        consent(conn, TAMIM, LAYLA, POSITIONING)
        consent(conn, TAMIM, OMAR, POSITIONING)
        queries.bind_beacon(conn, TAMIM, TABLET, TAG, NOW_MS + 1_000)
        queries.bind_beacon(conn, TAMIM, PHONE, TAG, NOW_MS)  # arrives late, and must not take the tag back
        queries.bind_beacon(conn, TAMIM, PHONE, TAG, NOW_MS)
        spans = [(owned.subject, owned.from_ms, owned.until_ms) for owned in queries.owned_beacons(conn, TAMIM)]
        assert spans == [(layla, NOW_MS, NOW_MS + 1_000), (omar, NOW_MS + 1_000, None)]
        queries.end_binding(conn, TAMIM, TAG, NOW_MS + 9_000)
        assert [owned.until_ms for owned in queries.owned_beacons(conn, TAMIM, since_ms=NOW_MS + 1_000)] == [NOW_MS + 9_000]

    await database.write(work)


async def test_changes_after_a_version_name_exactly_who_changed(database: Database) -> None:
    def work(conn: Connection) -> None:
        here, _ = _two_tenants(conn)
        omar = sign_up(conn, TAMIM, OMAR, TABLET, enrolment=2)
        seen = {row.tenant: row.people for row in queries.versions(conn)}
        assert queries.changed_shoppers(conn, TAMIM, seen[TAMIM]) == []
        consent(conn, TAMIM, OMAR, POSITIONING)
        assert queries.changed_shoppers(conn, TAMIM, seen[TAMIM]) == [omar.pseudonym]
        assert queries.enrolments(conn, TAMIM, after=seen[TAMIM]) == {2: omar}
        queries.bind_beacon(conn, TAMIM, TABLET, TAG, NOW_MS + 5)  # takes the tag from Layla, so both changed
        assert queries.changed_shoppers(conn, TAMIM, seen[TAMIM]) == sorted([here.pseudonym, omar.pseudonym])

    await database.write(work)


def test_pseudonyms_are_golden() -> None:
    key = bytes(range(32))
    assert pseudonym_of(key, ShopperId("layla")) == Pseudonym("acd5dbe00c3c60b3")
    assert track_of(key, DeviceId("phone")) == Track(18194334136566107666)
    with pytest.raises(ValueError, match="32 bytes, got 31"):
        pseudonym_of(key[1:], ShopperId("layla"))


def test_a_subject_carries_no_key() -> None:
    assert {field.name for field in dataclasses.fields(Subject)} == {"tenant", "shopper", "pseudonym", "device", "track", "language"}
