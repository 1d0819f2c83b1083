"""Settings of the registry of people and keys."""

from typing import Annotated, Final

import msgspec

BINDING_MEMORY_S: Final = 7 * 86_400
"""More than the three days of sightings a gateway keeps while it is offline."""


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
