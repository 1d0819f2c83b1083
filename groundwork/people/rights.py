"""A shopper's rights over what is held of her: to see it, to correct it, to pause, and to go on. Erasure is in `erasure.py`.

What is held comes from every package's own list (`holding.py`), handed over by whoever builds the deployment: nobody here knows what a
push or a visit is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from groundwork.contracts.ids import Pseudonym, ShopperId, TenantId
from groundwork.contracts.rights import Held, HeldRows, Plain, SelfState
from groundwork.people import queries
from groundwork.people.consent import check_language
from groundwork.people.holding import Holding, Person
from groundwork.people.queries import UnknownShopper
from groundwork.people.registry import announce_shopper
from groundwork.people.settings import Retention
from groundwork.people.withdrawal import Sends, until_settled
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts

PAGE: Final = 500
"""Rows of one kind in one answer."""
_BEYOND: Final = 1 << 53
"""Whole numbers from here on are written as text: a browser would round them."""
_WHOSE: Final = frozenset({"tenant", "shopper_id", "shopper", "pseudonym"})
"""Columns that only repeat whose rows they are, which the answer says once."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What of it, from where on, and in which language."""

    language: str
    kind: str = ""
    """One kind alone; empty for all."""
    offset: int = 0


class Rights:
    """Shows, corrects, pauses."""

    def __init__(self, parts: Parts, holdings: Sequence[Holding], retention: Retention, sends: Sends, wait_ms: int) -> None:
        self._parts = parts
        self._retention = retention
        self._sends = sends
        self._wait_ms = wait_ms
        self._holdings = {holding.table: holding for holding in holdings if holding.rows is not None}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of row that can be hers."""
        return tuple(self._holdings)

    async def held(self, person: Person, asking: Asking) -> Held:
        """What is held of her. Raises KeyError for an unknown kind."""
        wanted = [self._holdings[asking.kind]] if asking.kind else list(self._holdings.values())
        kinds = await self._parts.db.read(lambda conn: [self._of_kind(conn, person, holding, asking) for holding in wanted])
        return Held(
            tenant=person.tenant,
            pseudonym=person.pseudonym,
            language=asking.language,
            at_ms=self._parts.clock.now_ms(),
            kinds=kinds,
        )

    def _of_kind(self, conn: Connection, person: Person, holding: Holding, asking: Asking) -> HeldRows:
        assert holding.rows is not None
        total, rows = holding.rows(conn, person, asking.offset, PAGE)
        following = asking.offset + len(rows)
        return HeldRows(
            kind=holding.table,
            title=holding.title.said(asking.language),
            why=holding.why.said(asking.language),
            consent=holding.consent,
            kept=holding.kept(self._retention).said(asking.language),
            total=total,
            rows=[_plain(row) for row in rows],
            next_offset=following if following < total else None,
        )

    async def state(self, tenant: TenantId, shopper: ShopperId) -> SelfState:
        """Language and pause. Raises UnknownShopper."""
        return await self._parts.db.read(lambda conn: _state(conn, tenant, shopper))

    async def correct(self, person: Person, language: str) -> SelfState:
        """Speaks another language to her from now on. Raises ValueError for one that is not spoken here, UnknownShopper."""
        check_language(language)

        def work(conn: Connection) -> SelfState:
            queries.set_language(conn, person.tenant, person.shopper, language)
            return _state(conn, person.tenant, person.shopper)

        state = await self._parts.db.write(work)
        await announce_shopper(self._parts.bus, person.tenant, person.pseudonym)
        return state

    async def pause(self, person: Person, until_ms: int | None) -> tuple[SelfState, bool]:
        """Pauses, or goes on (None); the second value says whether no push of hers is with a provider any more. Raises UnknownShopper.

        Like a withdrawal, but her consents stand: pushes are taken back in the same transaction, and those on their way are waited for.
        """
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> SelfState:
            if not queries.set_pause(conn, person.tenant, person.shopper, until_ms):
                raise UnknownShopper(f"shopper {person.shopper!r} of tenant {person.tenant!r} is unknown")
            if until_ms is not None:
                self._sends.pause(conn, person.tenant, person.shopper, now_ms)
            return _state(conn, person.tenant, person.shopper)

        state = await self._parts.db.write(work)
        await announce_shopper(self._parts.bus, person.tenant, person.pseudonym)
        if until_ms is None:
            return state, True
        of = (self._parts.db, self._parts.clock, self._sends, person.tenant, person.shopper, self._wait_ms)
        return state, await until_settled(*of)


class Resuming:
    """Ends pauses when their time has come; `run` is called by a Refresh loop, in every process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> bool:
        now_ms = self._parts.clock.now_ms()
        next_ms = await self._parts.db.read(queries.next_pause_end)
        if next_ms is None or next_ms > now_ms:
            return False
        for tenant, pseudonym in await self._parts.db.write(lambda conn: queries.end_pauses(conn, now_ms)):
            await announce_shopper(self._parts.bus, tenant, Pseudonym(pseudonym))
        return True


def _state(conn: Connection, tenant: TenantId, shopper: ShopperId) -> SelfState:
    standing = queries.self_state(conn, tenant, shopper)
    if standing is None:
        raise UnknownShopper(f"shopper {shopper!r} of tenant {tenant!r} is unknown")
    return SelfState(tenant=tenant, language=standing.language, paused_until_ms=standing.paused_until_ms)


def _plain(row: dict[str, Any]) -> dict[str, Plain]:
    """The row without what says whose it is; JSON in a binary column as its text."""
    return {name: _readable(value) for name, value in row.items() if name not in _WHOSE}


def _readable(value: Any) -> Plain:
    if isinstance(value, bytes):
        return json.dumps(json.loads(value), ensure_ascii=False)
    if isinstance(value, int) and abs(value) >= _BEYOND:
        return str(value)
    return value  # type: ignore[no-any-return] # columns are text, numbers, truths or nothing
