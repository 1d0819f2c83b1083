"""The resolver: static beacons by their binding's span, tokens by decryption, strangers never, and removal at withdrawal."""

import random

from groundwork.contracts.ids import BeaconKey, DeviceId, Pseudonym, ShopperId, TenantId, Track
from groundwork.people.model import DayKey, OwnedBeacon, Subject
from groundwork.people.resolver import Resolver
from groundwork.people.tokens import WINDOW_MS, issue
from tests.groundwork.people.register import NOW_MS, TAG

KEY = DayKey(NOW_MS // 86_400_000, b"k" * 16, 0xCAFEF00D)
WINDOW = (NOW_MS - KEY.day * 86_400_000) // WINDOW_MS


def _subject(name: str) -> Subject:
    return Subject(TenantId("t"), ShopperId(name), Pseudonym(f"p-{name}"), DeviceId(f"d-{name}"), Track(len(name)), "ar")


LAYLA, OMAR = _subject("layla"), _subject("omar")


def _token(enrolment: int, window: int = WINDOW) -> BeaconKey:
    return BeaconKey(f"token:{issue(KEY, enrolment)[window].hex()}")


def test_beacons_and_tokens_resolve_in_the_order_asked() -> None:
    resolver = Resolver([OwnedBeacon(TAG, LAYLA)], {1: LAYLA, 2: OMAR}, [KEY])
    asked = [_token(2), TAG, BeaconKey("ibeacon:stranger:1:1"), _token(1), TAG, _token(3), _token(2)]
    assert resolver.resolve(asked, NOW_MS) == [OMAR, LAYLA, None, LAYLA, LAYLA, None, OMAR]
    assert resolver.resolve(asked, NOW_MS) == [OMAR, LAYLA, None, LAYLA, LAYLA, None, OMAR]
    assert resolver.resolve([], NOW_MS) == []


def test_a_tag_resolves_within_its_bindings_span_alone() -> None:
    resolver = Resolver([OwnedBeacon(TAG, LAYLA, NOW_MS, NOW_MS + 10), OwnedBeacon(TAG, OMAR, NOW_MS + 20)])
    times = (-1, 0, 9, 10, 19, 20, 10_000)
    assert [resolver.resolve([TAG], NOW_MS + ms)[0] for ms in times] == [None, LAYLA, LAYLA, None, None, OMAR, OMAR]


def test_a_remembered_token_goes_stale_all_the_same() -> None:
    resolver = Resolver((), {1: LAYLA}, [KEY])
    token = _token(1)
    assert resolver.resolve([token], NOW_MS) == [LAYLA]
    assert resolver.resolve([token], NOW_MS + 2 * WINDOW_MS) == [None]
    assert resolver.resolve([token], NOW_MS) == [LAYLA]


def test_withdrawal_is_removal_and_touches_nobody_else() -> None:
    resolver = Resolver([OwnedBeacon(TAG, LAYLA, 0, NOW_MS), OwnedBeacon(TAG, OMAR, NOW_MS)], {1: LAYLA, 2: OMAR}, [KEY])
    assert resolver.device(LAYLA.device) == LAYLA
    resolver.renew([LAYLA.pseudonym], [], {}, [KEY])
    assert resolver.resolve([TAG, _token(1), _token(2)], NOW_MS) == [OMAR, None, OMAR]
    assert resolver.resolve([TAG], NOW_MS - 1) == [None]
    assert (resolver.device(LAYLA.device), resolver.device(OMAR.device)) == (None, OMAR)
    resolver.renew([LAYLA.pseudonym], [OwnedBeacon(TAG, LAYLA, 0, NOW_MS)], {1: LAYLA}, [KEY])
    assert resolver.resolve([TAG, _token(1)], NOW_MS - 1) == [LAYLA, LAYLA]


def test_a_destroyed_day_key_opens_nothing_not_even_from_memory() -> None:
    resolver = Resolver((), {1: LAYLA}, [KEY])
    token = _token(1)
    assert resolver.resolve([token], NOW_MS) == [LAYLA]
    resolver.renew([], [], {}, [])
    assert resolver.resolve([token], NOW_MS) == [None]


def test_no_text_after_the_prefix_is_taken_for_a_token_it_is_not() -> None:
    resolver = Resolver((), {1: LAYLA}, [KEY])
    odd = [BeaconKey(text) for text in ("token:", "token:zz", "token:00", "token:" + "00" * 17, "token", "", "token:" + "é" * 32)]
    assert resolver.resolve(odd, NOW_MS) == [None] * len(odd)


def test_a_strangers_ibeacon_never_becomes_a_shopper() -> None:
    """Seeded: 50,000 random identities, in both forms a gateway could send them."""
    generator = random.Random(3)
    resolver = Resolver([OwnedBeacon(TAG, LAYLA)], {1: LAYLA, 2: OMAR}, [KEY])
    raw = [generator.randbytes(16).hex() for _ in range(50_000)]
    asked = [BeaconKey(form) for hexed in raw for form in (f"ibeacon:{hexed}:1:7", f"token:{hexed}")]
    assert not any(resolver.resolve(asked, NOW_MS))


def test_in_bulk_tokens_resolve_as_they_do_one_by_one_also_around_midnight() -> None:
    """Both days' keys are tried, so found rows come in two runs; withdrawn and stale ones are nobody's in either way."""
    tomorrow = DayKey(KEY.day + 1, b"t" * 16, 7)
    resolver = Resolver((), {1: LAYLA, 2: OMAR}, [KEY, tomorrow])
    midnight_ms = tomorrow.day * 86_400_000
    early = [BeaconKey(f"token:{issue(tomorrow, enrolment)[window].hex()}") for enrolment in (2, 1) for window in (0, 1)]
    asked = [*early, _token(1, 95), _token(9, 95), _token(2, 94), _token(2, 95), BeaconKey("token:" + "0" * 32)]
    for gone in ((), (LAYLA.pseudonym,)):
        resolver.renew(gone, [], {}, [KEY, tomorrow])
        for at_ms in (midnight_ms - 1, midnight_ms, NOW_MS):
            owners, subjects = resolver.resolve_tokens(b"".join(bytes.fromhex(key[6:]) for key in asked), at_ms)
            assert [subjects[owner] if owner >= 0 else None for owner in owners.tolist()] == resolver.resolve(asked, at_ms)
    assert resolver.resolve_tokens(b"", NOW_MS)[0].tolist() == []


def test_a_token_of_another_quarter_of_an_hour_is_told_from_a_strangers() -> None:
    resolver = Resolver((), {1: LAYLA}, [KEY])
    asked = [_token(1), _token(1, WINDOW + 2), _token(1, 0), BeaconKey("token:" + "0" * 32), BeaconKey("token:nonsense"), TAG]
    assert resolver.resolve(asked, NOW_MS) == [LAYLA, None, None, None, None, None]
    assert resolver.stale(asked, NOW_MS) == [False, True, True, False, False, False]
    resolver.renew((), [], {}, [])  # the key is destroyed
    assert resolver.resolve(asked, NOW_MS) == [None] * 6
    assert not any(resolver.stale(asked, NOW_MS))
