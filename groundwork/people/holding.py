"""Holding: what a table holds of a shopper, said in plain words, with how hers are found, how old ones go, and what erasure does.

Pure types. Every package lists its own tables (`holdings.py`); from these lists come what a shopper is shown, the retention job, and the
test that fails where a table that knows shoppers is in none of them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from groundwork.contracts.ids import Pseudonym, ShopperId, TenantId
from groundwork.people.settings import Retention
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Words


class Person(NamedTuple):
    """A shopper by the two names under which rows are hers."""

    tenant: TenantId
    shopper: ShopperId
    pseudonym: Pseudonym


Rows = Callable[[Connection, Person, int, int], tuple[int, list[dict[str, Any]]]]
"""(conn, person, offset, limit): how many rows are hers, and a page of them."""
Sweep = Callable[[Connection, TenantId, int, int], int]
"""(conn, tenant, before_ms, limit): removes up to `limit` rows from before that moment; returns how many."""
Fate = Literal["deleted", "unlinked", "kept", "nothing"]
"""What erasure does: the row goes; it stays and forgets her; it stays under a pseudonym whose key is gone; it never knew her."""

FATES: Final[dict[Fate, Words]] = {
    "deleted": Words("deleted at erasure", "يُحذف عند المحو"),
    "unlinked": Words("at erasure it stays and no longer says whose it was", "يبقى عند المحو دون أن يدل على صاحبه"),
    "kept": Words("stays after erasure, under a pseudonym whose key is destroyed", "يبقى بعد المحو باسم مستعار أُتلف مفتاحه"),
    "nothing": Words("says nothing about shoppers", "لا يتضمن شيئًا عن المتسوقين"),
}
_DAYS: Final = Words("at most {days} days", "المدة القصوى بالأيام: {days}")
_DAYS_AFTER: Final = Words("at most {days} days after it has ended", "المدة القصوى بالأيام بعد انتهائه: {days}")


_UNSAID: Final = Words("", "")
_DEFAULT: Final = Retention()


@dataclass(frozen=True, slots=True)
class Holding:
    """One table."""

    table: str
    fate: Fate
    title: Words
    why: Words
    stays: Words = _UNSAID
    """Until when, where no number of days says it."""
    days: str = ""
    """The setting of `Retention` that says how long; empty where `stays` does."""
    ends: bool = False
    """Whether the days count from its end (of a key, a binding, a coupon) and not from its beginning."""
    consent: str = ""
    """The purpose she consented to, by which rows of this kind are held."""
    rows: Rows | None = None
    sweep: Sweep | None = None

    def kept(self, retention: Retention) -> Words:
        """How long rows of this kind are kept, in words."""
        if not self.days:
            return self.stays
        days = getattr(retention, self.days)
        words = _DAYS_AFTER if self.ends else _DAYS
        return Words(words.said("en", days=days), words.said("ar", days=days))


def nothing(tables: Iterable[str], stays: Words) -> tuple[Holding, ...]:
    """Tables that know no shopper, and why their rows stay."""
    return tuple(Holding(table, "nothing", FATES["nothing"], FATES["nothing"], stays) for table in tables)


@dataclass(frozen=True, slots=True)
class Estate:
    """What a deployment holds of shoppers, all packages together; whoever builds it hands this to the registry of people."""

    holdings: Sequence[Holding]
    services: Sequence[str] = ()
    """Those that carry out erasures beside the registry of people itself."""
    retention: Retention = _DEFAULT
