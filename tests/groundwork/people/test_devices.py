"""A shopper's devices over HTTP: her own and nobody else's, reached where the app last said, and sealed where that is kept."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, func, select, update

from groundwork.contracts.ids import DeviceId, TenantId
from groundwork.people import queries
from groundwork.people.devices import Reached, opened
from groundwork.people.model import POSITIONING, Subject
from groundwork.people.queries import PushTarget
from groundwork.people.settings import Settings
from groundwork.people.tables import BeaconBindingRow, PushTargetRow
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts, settle
from groundwork.plumbing.vault import Vault, VaultError
from tests.groundwork.people.register import NOW_MS, TAG, TAMIM, VAULT, consent
from tests.groundwork.people.serving import Served, serving

DAY_MS = 86_400_000
TARGET = {"channel": "fcm", "token": "fcm-token-of-the-phone", "fid": "cF0lHqm0T1ab"}


@pytest.fixture
async def served(parts: Parts) -> AsyncIterator[Served]:
    async with serving(parts, Settings(demo_sign_up_tenant=TAMIM)) as opened_:
        yield opened_


async def sign_up(served: Served, number: int = 1) -> tuple[DeviceId, str]:
    """A new shopper's device and its token."""
    body = {"installation": f"installation-number-{number:04d}", "language": "ar"}
    _, answer = await served.ask("POST", "/v1/demo-sign-ups", json=body)
    return DeviceId(answer["device"]), answer["token"]


async def subject(served: Served, device: DeviceId) -> Subject:
    found = await served.parts.db.read(lambda conn: queries.subject_of_device(conn, TAMIM, device))
    assert found is not None
    return found


async def targets(served: Served, device: DeviceId) -> list[PushTarget]:
    return await served.parts.db.read(lambda conn: queries.push_targets(conn, TAMIM, device))


async def hand_over(served: Served, device: DeviceId, to: DeviceId) -> None:
    """Makes `device` one more of the shopper who has `to`, as her sign-in there would have."""
    other = await subject(served, to)

    def work(conn: Connection) -> None:
        queries.sign_up(
            conn,
            tenant=TAMIM,
            shopper=other.shopper,
            device=device,
            shopper_key=bytes(32),
            enrolment=77,
            language="ar",
            now_ms=NOW_MS + 1,
        )

    await served.parts.db.write(work)


async def test_a_shopper_sees_her_own_devices_and_which_one_asks(served: Served) -> None:
    phone, token = await sign_up(served)
    await sign_up(served, 2)
    await hand_over(served, DeviceId("tablet"), phone)
    await served.ask("PUT", "/v1/push-target", token, json=TARGET)
    status, answer = await served.ask("GET", "/v1/devices", token)
    assert (status, answer["language"]) == (200, "ar")
    assert [(device["id"], device["here"], device["channels"]) for device in answer["devices"]] == [
        (phone, True, ["fcm"]),
        ("tablet", False, []),
    ]


async def test_a_removed_device_is_forgotten_by_everything_that_knew_it(served: Served) -> None:
    phone, token = await sign_up(served)
    hers = await subject(served, phone)
    await served.parts.db.write(lambda conn: consent(conn, TAMIM, hers.shopper, POSITIONING))
    await served.parts.db.write(lambda conn: queries.bind_beacon(conn, TAMIM, phone, TAG, NOW_MS))
    await served.ask("PUT", "/v1/push-target", token, json=TARGET)
    await settle(served.service.loops)
    assert served.people.device(TAMIM, phone) == hers
    assert await served.ask("DELETE", f"/v1/devices/{phone}", token) == (204, None)
    assert (await served.ask("GET", "/v1/devices", token))[0] == 401
    assert await targets(served, phone) == []
    await settle(served.service.loops)
    assert served.people.device(TAMIM, phone) is None
    assert served.people.resolver(TAMIM).resolve([TAG], NOW_MS + 1) == [None]

    def bindings(conn: Connection) -> list[int | None]:
        return list(conn.scalars(select(BeaconBindingRow.until_ms)))

    assert await served.parts.db.read(bindings) == [NOW_MS]
    assert await served.parts.db.read(lambda conn: queries.enrolments(conn, TAMIM)) == {}
    assert await served.parts.db.read(lambda conn: queries.devices_of(conn, TAMIM, hers.shopper)) == []


async def test_a_shopper_removes_another_of_her_devices_and_nobody_elses(served: Served) -> None:
    phone, token = await sign_up(served)
    other, others_token = await sign_up(served, 2)
    await hand_over(served, DeviceId("tablet"), phone)
    for device in (other, "never-was"):
        assert await served.code("DELETE", f"/v1/devices/{device}", token) == (404, "device_unknown")
    assert (await served.ask("GET", "/v1/devices", others_token))[0] == 200
    assert (await served.ask("DELETE", "/v1/devices/tablet", token))[0] == 204
    assert (await served.ask("DELETE", "/v1/devices/tablet", token))[0] == 404
    assert len((await served.ask("GET", "/v1/devices", token))[1]["devices"]) == 1


async def test_the_language_changes_for_the_next_push(served: Served) -> None:
    phone, token = await sign_up(served)
    assert (await served.ask("PATCH", "/v1/me", token, json={"language": "en"}))[0] == 200
    hers = await subject(served, phone)
    assert hers.language == "en"
    found = await served.parts.db.read(lambda conn: queries.subject_of_track(conn, TAMIM, hers.track))
    assert found == hers, "what a decision reads in its own transaction"
    assert (await served.ask("GET", "/v1/devices", token))[1]["language"] == "en"


async def test_a_push_target_is_sealed_and_opens_for_its_own_row_alone(served: Served) -> None:
    phone, token = await sign_up(served)
    assert await served.ask("PUT", "/v1/push-target", token, json=TARGET) == (204, None)
    [target] = await targets(served, phone)
    assert opened(VAULT, target) == Reached("fcm", TARGET["token"], TARGET["fid"])
    assert (target.refreshed_ms, target.fid is not None) == (NOW_MS, True)

    def raw(conn: Connection) -> bytes:
        row = conn.execute(select(PushTargetRow.token, PushTargetRow.token_tag, PushTargetRow.fid)).one()
        return b"".join(part or b"" for part in row)

    kept = await served.parts.db.read(raw)
    assert not any(value.encode() in kept for value in (TARGET["token"], TARGET["fid"]))
    for wrong in (elsewhere(target, device="another"), elsewhere(target, channel="web_push")):
        with pytest.raises(VaultError):
            opened(VAULT, wrong)
    with pytest.raises(VaultError):
        opened(Vault(b"w" * 32, lambda size: bytes(size)), target)


def elsewhere(target: PushTarget, **changes: str) -> PushTarget:
    return target._replace(**changes)  # type: ignore[arg-type] # ids are text


async def test_the_same_token_on_another_device_moves_there(served: Served) -> None:
    first, token = await sign_up(served)
    second, other = await sign_up(served, 2)
    await served.ask("PUT", "/v1/push-target", token, json=TARGET)
    await served.ask("PUT", "/v1/push-target", other, json=TARGET)
    assert await targets(served, first) == []
    [moved] = await targets(served, second)
    assert opened(VAULT, moved).token == TARGET["token"]


async def test_a_new_token_takes_the_place_of_the_old_one(served: Served, clock: ManualClock) -> None:
    phone, token = await sign_up(served)
    await served.ask("PUT", "/v1/push-target", token, json=TARGET)
    clock.advance(60)
    await served.ask("PUT", "/v1/push-target", token, json={"channel": "fcm", "token": "newer"})
    await served.ask("PUT", "/v1/push-target", token, json={"channel": "web_push", "token": "{}"})
    found = await targets(served, phone)
    assert [(one.channel, opened(VAULT, one).token, opened(VAULT, one).fid) for one in found] == [
        ("fcm", "newer", ""),
        ("web_push", "{}", ""),
    ]
    assert found[0].refreshed_ms == NOW_MS + 60_000
    assert await served.ask("DELETE", "/v1/push-target/fcm", token) == (204, None)
    assert [one.channel for one in await targets(served, phone)] == ["web_push"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channel": "pigeon"}, "unknown_push_channel"),
        ({"token": ""}, "field_wrong"),
        ({"token": "t" * 4_097}, "field_wrong"),
        ({"idfa": "x"}, "names_demographics"),
        ({"device": "another"}, "field_unknown"),
    ],
)
async def test_a_bad_push_target_is_refused(served: Served, change: dict[str, str], code: str) -> None:
    phone, token = await sign_up(served)
    assert await served.code("PUT", "/v1/push-target", token, json={**TARGET, **change}) == (422, code)
    assert await targets(served, phone) == []


async def test_what_a_push_service_calls_gone_is_gone_until_the_app_names_a_token_again(served: Served, clock: ManualClock) -> None:
    phone, token = await sign_up(served)
    await served.ask("PUT", "/v1/push-target", token, json=TARGET)

    async def gone(sent_ms: int) -> bool:
        return await served.parts.db.write(lambda conn: queries.mark_gone(conn, TAMIM, phone, "fcm", sent_ms, NOW_MS + 9))

    assert not await gone(NOW_MS - 1), "the token is newer than what was sent"
    assert len(await targets(served, phone)) == 1
    assert await gone(NOW_MS)
    assert not await gone(NOW_MS)
    assert await targets(served, phone) == []
    assert (await served.ask("GET", "/v1/devices", token))[1]["devices"][0]["channels"] == []
    clock.advance(1)
    await served.ask("PUT", "/v1/push-target", token, json=TARGET)
    assert len(await targets(served, phone)) == 1


async def test_what_no_app_refreshes_for_sixty_days_is_pruned_by_the_loop(served: Served, clock: ManualClock) -> None:
    phone, token = await sign_up(served)
    fresh, other = await sign_up(served, 2)
    await served.ask("PUT", "/v1/push-target", token, json=TARGET)
    clock.set(NOW_MS + 60 * DAY_MS)
    await served.ask("PUT", "/v1/push-target", other, json={**TARGET, "token": "fresh"})
    await settle(served.service.loops)
    assert len(await targets(served, phone)) == 1
    clock.set(NOW_MS + 60 * DAY_MS + 3_600_000)
    await settle(served.service.loops)
    assert await targets(served, phone) == []
    assert len(await targets(served, fresh)) == 1

    def age(conn: Connection) -> int:
        conn.execute(update(PushTargetRow).values(failed_ms=NOW_MS, refreshed_ms=NOW_MS))
        return conn.scalar(select(func.count()).select_from(PushTargetRow)) or 0

    assert await served.parts.db.write(age) == 1
    assert await served.parts.db.write(lambda conn: queries.prune_push_targets(conn, NOW_MS + 1)) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/devices", None),
        ("DELETE", "/v1/devices/x", None),
        ("PUT", "/v1/push-target", TARGET),
        ("DELETE", "/v1/push-target/fcm", None),
    ],
)
async def test_only_a_shoppers_own_device_may(served: Served, method: str, path: str, body: dict[str, str] | None) -> None:
    assert await served.code(method, path, json=body) == (401, "token_missing")
    assert await served.code(method, path, f"{TAMIM}-admin", json=body) == (403, "not_granted")


async def test_a_device_of_the_same_name_in_another_tenant_is_another_device(served: Served) -> None:
    phone, token = await sign_up(served)
    await served.ask("PUT", "/v1/push-target", token, json=TARGET)
    assert await served.parts.db.read(lambda conn: queries.push_targets(conn, TenantId("dana"), phone)) == []
