"""Settings of the registry of people and keys."""

from typing import Annotated, Final

import msgspec

BINDING_MEMORY_S: Final = 7 * 86_400
"""More than the three days of sightings a gateway keeps while it is offline."""
IDLE_MIN: Final = 60
"""A manager who walks the floor for an hour comes back to a console that still knows her; one left open overnight does not."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry can be told."""

    refresh_ms: Annotated[int, msgspec.Meta(ge=100, le=5_000)] = 1_000
    """How often, without being told of a change, the keys and people in memory are compared with the database.

    A revoked gateway key must be dead within 5 s even when the announcement was lost."""
    binding_memory_s: Annotated[int, msgspec.Meta(ge=0)] = BINDING_MEMORY_S
    """How long an ended beacon binding is still resolved, for sightings that a gateway kept while it was offline."""
    withdrawal_wait_ms: Annotated[int, msgspec.Meta(ge=0, le=25_000)] = 5_000
    """How long a withdrawal waits for pushes that are with a provider already: 200 once none is left, 202 after this.

    Below the 30 s a request may take."""
    sign_in_idle_min: Annotated[int, msgspec.Meta(ge=1, le=1_440)] = IDLE_MIN
    """Minutes after which an operator's browser that was not used has to sign in again."""
    sign_in_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 12
    """Hours after which every browser has to sign in again, used or not: a working day."""
    link_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 24
    """Hours in which an invitation, a reset or the first admin's link can be used."""
    gateway_code_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 900
    """How long the code lasts with which a box enrols: long enough to walk to the box, short enough that a lost note is harmless."""
    gateway_key_overlap_s: Annotated[int, msgspec.Meta(ge=60)] = 86_400
    """How long a box's former key stays valid beside its new one: as long as a box may be offline after it changed its key."""
    token_memory_s: Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)] = 3 * 86_400
    """How long after its day a key opens tokens: as long as a gateway keeps sightings while it is offline. Then it is destroyed."""
    tag_hours: Annotated[int, msgspec.Meta(ge=1, le=72)] = 12
    """Hours after which a cart or basket that was scanned stands for nobody again, should nobody have brought it back."""
    tags_end_with_visit: bool = True
    """Whether it does so already when her visit ends; without, a visit that a dead spot broke in two keeps its cart."""
    demo_sign_up_tenant: str = ""
    """The tenant whose app anybody may sign up with, without a provider that vouches for them; empty for none. For demos alone."""
    loopback_providers: bool = False
    """Whether identity providers may be on this machine and without TLS: for a provider that runs beside this process, and for tests."""
    push_target_days: Annotated[int, msgspec.Meta(ge=7, le=270)] = 60
    """Days after which a push token that no app has refreshed is forgotten; apps do so at every start, and Google ends tokens after 270."""


Days = Annotated[int, msgspec.Meta(ge=1, le=3_660)]


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How many days each kind of row is kept; a job removes what is older, once a day, and writes a report."""

    zone_events_days: Days = 30
    """Which zones a shopper's devices entered, stayed in and left, by pseudonym: what visits and dwells are shown from."""
    visits_days: Days = 30
    """From when to when a device was in a venue, by pseudonym."""
    deliveries_days: Days = 30
    """What webhooks were told, by pseudonym, and what came of it."""
    statistics_days: Days = 1_100
    """How often zones were visited: three years, so that seasons can be compared. Counts that know nobody."""
    decisions_days: Days = 396
    """What was decided on a zone event and why, and what was granted: thirteen months, so that a year can be compared with the last."""
    pushes_days: Days = 396
    """What was sent to a phone and what became of it, and the in-app inbox."""
    coupons_days: Days = 396
    """Coupons that ran out unspent, counted from the end of their validity."""
    links_days: Days = 396
    """How long a spent coupon and a receipt say whose they were; they themselves are the shop's accounts and stay, without her."""
    bindings_days: Annotated[int, msgspec.Meta(ge=8, le=3_660)] = 30
    """Which tag stood for her device, counted from the end of the binding. More than the days for which late sightings are resolved."""
    access_days: Days = 30
    """Ended credentials: expired browsers, used or expired links and codes, revoked tokens and keys."""
    inbox_days: Annotated[int, msgspec.Meta(ge=4, le=30)] = 30
    """By which a repeated batch is recognised; more than the three days a gateway keeps what it could not send."""
    log_days: Annotated[int, msgspec.Meta(ge=1, le=30)] = 3
    """Entries of the log that every reader has taken in and stored; nearly all go within seconds."""
    dead_letters_days: Days = 30
    """Entries that could not be handled, kept for a person to look at."""
    day_keys_days: Days = 30
    """That a day's key was destroyed; the key itself goes when its day is past being needed."""
    erasures_days: Annotated[int, msgspec.Meta(ge=90, le=3_660)] = 396
    """Receipts of erasures, from their end on. More than anything that came late could take to arrive."""
    runs_days: Days = 396
    """Reports of the retention job itself."""
