"""People: shopper tokens and rotating ids resolved, clones watched for, and consent asked for, each beside the plain way to do it.

Goal: 5 million tokens a second and core, from the bytes of a token to the consenting shopper's place in a list. Yardstick for tokens:
the same tokens one by one, a cipher call and a look-up each. For rotating ids: one computed anew from its key, which is what a resolver
without tables does once for every tag it knows. For consent: a bare SELECT of one row by its key on the same file. Compare ratios.
"""

import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from benchmarks.table import Figure, Table
from groundwork.contracts.ids import BeaconKey, DeviceId, Pseudonym, ShopperId, TenantId, Track
from groundwork.people import queries
from groundwork.people.clones import Clones, Heard, Site
from groundwork.people.eid import EidKey, EidTables, eid, sent
from groundwork.people.model import PURPOSES, DayKey, Subject
from groundwork.people.resolver import Resolver
from groundwork.people.tokens import DAY_MS, issue, open_columns, window_of
from groundwork.plumbing.db import Connection, create_tables, open_database

SEED: Final = 1
NOW_MS: Final = 1_793_516_400_000
TENANT: Final = TenantId("default")
DAY_KEY: Final = DayKey(NOW_MS // DAY_MS, bytes(range(16)), 0x5EED_CAFE)
_LATER_S: Final = 50_000


def rate(work: Callable[[], object], count: int, rounds: int) -> float:
    """Median of `count` things a second of processor time over `rounds`, after one round to warm up."""
    work()
    rates = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        rates.append(count / (time.process_time() - begun))
    return statistics.median(rates)


def subjects(count: int, rng: random.Random) -> dict[int, Subject]:
    """By enrolment: so many consenting shoppers with a phone each."""
    made = {}
    for number in range(count):
        name = ShopperId(f"shopper-{number}")
        made[rng.getrandbits(64)] = Subject(TENANT, name, Pseudonym(f"{number:016x}"), DeviceId(f"d{number}"), Track(number + 1), "ar")
    return made


def one_by_one(tokens: list[bytes], enrolled: dict[int, Subject], window: int) -> list[Subject | None]:
    """The plain way: a decryption and a look-up for each token."""
    found = []
    for token in tokens:
        decryptor = Cipher(algorithms.AES128(DAY_KEY.key), modes.ECB()).decryptor()
        plain = decryptor.update(token)
        genuine = int.from_bytes(plain[12:], "big") == DAY_KEY.check and abs(int.from_bytes(plain[8:12], "big") - window) <= 1
        found.append(enrolled.get(int.from_bytes(plain[:8], "big")) if genuine else None)
    return found


def token_figures(quick: bool) -> list[Figure]:
    """Tokens of as many phones as a large chain has in its shops at once."""
    phones, rounds = (20_000, 3) if quick else (100_000, 7)
    enrolled = subjects(phones, random.Random(SEED))
    window = window_of(NOW_MS)
    tokens = [issue(DAY_KEY, enrolment)[window - 96 * DAY_KEY.day] for enrolment in enrolled]
    laid = b"".join(tokens)
    resolver = Resolver((), enrolled, [DAY_KEY])
    owners, who = resolver.resolve_tokens(laid, NOW_MS)
    assert [who[owner] for owner in owners.tolist()] == list(enrolled.values())
    keys = [BeaconKey(f"token:{token.hex()}") for token in tokens]
    plain = rate(lambda: one_by_one(tokens[:5_000], enrolled, window), 5_000, rounds)
    bulk = rate(lambda: resolver.resolve_tokens(laid, NOW_MS), phones, rounds)
    opened = rate(lambda: open_columns([DAY_KEY], laid), phones, rounds)
    text = rate(lambda: resolver.resolve(keys, NOW_MS), phones, rounds)
    return [
        Figure("tokens resolved, in bulk", bulk, "tokens/s", "one by one", plain, goal=">= 5,000,000"),
        Figure("tokens opened alone", opened, "tokens/s", "one by one", plain),
        Figure("tokens resolved again, as beacon keys", text, "tokens/s", "one by one", plain),
    ]


def eid_figures(quick: bool) -> list[Figure]:
    """Ids of so many carts, each heard in turn, and what a span's table costs to make."""
    tags, rounds = (1_000, 3) if quick else (5_000, 5)
    rng = random.Random(SEED)
    now_s = NOW_MS // 1000
    keys = [EidKey(rng.randbytes(16), 10, now_s - rng.randrange(1 << 24)) for _ in range(tags)]
    heard = [BeaconKey(f"eid:{next(sent(key, now_s, now_s + 1)).eid.hex()}") for key in keys]
    tables = EidTables()
    for number, key in enumerate(keys):
        tables.put(BeaconKey(f"tag:{number}"), key)
    spans = iter(range(1, 10_000))
    found = rate(lambda: [tables.find(beacon, NOW_MS) for beacon in heard], tags, rounds)
    made = rate(lambda: tables.find(heard[0], NOW_MS + next(spans) * _LATER_S * 1000), tags, rounds)
    plain = rate(lambda: [eid(key.identity, 10, now_s - key.offset_s) for key in keys], tags, rounds)
    return [
        Figure("rotating ids resolved", found, "ids/s", "computed anew", plain),
        Figure("rotating tags put into a span's table", made, "tags/s", "computed anew", plain),
    ]


def clone_figures(quick: bool) -> list[Figure]:
    """Batches of 500 rows, a tenth of them near a gateway."""
    rounds, rows = (50, 500) if quick else (200, 500)
    rng = np.random.default_rng(SEED)
    clones, site, times = Clones(), Site(1), iter(range(10_000))
    who = np.arange(1, rows + 1, dtype=np.uint64)
    x_m, rssi = rng.uniform(0, 10, rows), np.where(rng.random(rows) < 0.1, -60.0, -80.0)

    def watch() -> object:
        at_ms = np.full(rows, NOW_MS + 500 * next(times), np.int64)
        return clones.flagged(Heard(who, at_ms, x_m, x_m, np.ones(rows, np.int64), rssi), site)

    return [Figure("rows watched for clones", rate(watch, rows, rounds), "rows/s")]


def consent_figures(quick: bool) -> list[Figure]:
    """Consent as it is asked for at every zone event and every send."""
    shoppers, asked = (200, 500) if quick else (2_000, 5_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.db"
        ours = asyncio.run(_consent_rate(f"sqlite:///{path}", shoppers, asked))
        with sqlite3.connect(path) as raw:
            names = [(f"s{number % shoppers}",) for number in range(asked)]
            select = "SELECT pseudonym, key, language FROM shopper WHERE tenant = 'default' AND id = ?"
            bare = rate(lambda: [raw.execute(select, name).fetchone() for name in names], asked, 3)
        raw.close()
    return [Figure("consent asked for", ours, "checks/s", "bare SELECT", bare)]


async def _consent_rate(url: str, shoppers: int, asked: int) -> float:
    db = await open_database(url)
    await db.write(create_tables)
    await db.write(lambda conn: _fill(conn, shoppers))

    def ask(conn: Connection) -> float:
        return rate(lambda: [queries.granted(conn, TENANT, ShopperId(f"s{number % shoppers}")) for number in range(asked)], asked, 3)

    try:
        return await db.read(ask)
    finally:
        await db.close()


def _fill(conn: Connection, shoppers: int) -> None:
    queries.add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=NOW_MS)
    for number in range(shoppers):
        shopper, key = ShopperId(f"s{number}"), number.to_bytes(32, "big")
        who = {"tenant": TENANT, "shopper": shopper, "device": DeviceId(f"d{number}"), "language": "ar", "now_ms": NOW_MS}
        queries.sign_up(conn, shopper_key=key, enrolment=number, **who)  # type: ignore[arg-type] # distinct id types
        for purpose in PURPOSES:
            said = {"purpose": purpose, "granted": True, "text_version": "v1", "source": "app", "at_ms": NOW_MS}
            queries.record_consent(conn, tenant=TENANT, shopper=shopper, **said)  # type: ignore[arg-type] # likewise


def measured(quick: bool = False) -> Table:
    """Every figure."""
    figures = [*token_figures(quick), *eid_figures(quick), *clone_figures(quick), *consent_figures(quick)]
    return Table("people", "100,000 phones, 5,000 rotating carts, one core, medians of processor time", figures)
