"""What a shopper asks for about herself, and is answered: what is held, a pause, an erasure and its proof; and what retention removed."""

from typing import Annotated, Literal

import msgspec

from groundwork.contracts.ids import Pseudonym, TenantId

Plain = str | int | float | bool | None
"""What a row's column says, as JSON."""


class SelfRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Corrects what is held of the caller's shopper; what is left out stays as it is."""

    version: int = 1
    language: str | None = None
    """`ar` or `en`."""


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing is positioned, decided or sent for a while; consents stand, and it goes on by itself."""

    version: int = 1
    until_ms: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
    """UTC; ahead of now, and by a year at most."""


class SelfState(msgspec.Struct, frozen=True, kw_only=True):
    """What of her was corrected or paused, as it stands now."""

    version: int = 1
    tenant: TenantId
    language: str
    paused_until_ms: int | None
    """None where nothing is paused."""


class HeldRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one kind that are held of her."""

    kind: str
    title: str
    why: str
    """What they are for."""
    consent: str
    """The purpose she consented to, by which they are held; empty where it is something else, which `why` then says."""
    kept: str
    """How long, in words."""
    total: int
    rows: list[dict[str, Plain]]
    """Column by column; a page of them where there are many."""
    next_offset: int | None
    """Where the next page begins; None at the end."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Everything held of one shopper."""

    version: int = 1
    tenant: TenantId
    pseudonym: Pseudonym
    language: str
    """Of the words in it."""
    at_ms: int
    kinds: list[HeldRows]


class ErasurePart(msgspec.Struct, frozen=True, kw_only=True):
    """One service's word that nothing of her is left with it."""

    service: str
    rows: int
    done_ms: int


class ErasureReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure's progress, and in the end its proof. Names nobody."""

    version: int = 1
    tenant: TenantId
    id: str
    state: Literal["under_way", "done"]
    requested_ms: int
    requested_by: str
    """`shopper` or `operator`."""
    waiting_for: list[str]
    """Services that have not reported yet, then `compaction`: the database is written anew, so that no copy stays in its files."""
    parts: list[ErasurePart]
    done_ms: int | None
    url: str
    """Where this receipt is shown from now on, without a credential."""


class RetentionCount(msgspec.Struct, frozen=True, kw_only=True):
    """What one run removed of one kind of row."""

    kind: str
    days: int
    removed: int
    more: bool
    """Whether rows were left for the next run."""


class RetentionRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the retention job."""

    at_ms: int
    counts: list[RetentionCount]


class RetentionRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The newest runs, newest first."""

    version: int = 1
    tenant: TenantId
    runs: list[RetentionRun]
