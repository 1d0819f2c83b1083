"""What can be set about places."""

from typing import Annotated

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the registry of places."""

    publish_look_ms: Annotated[int, msgspec.Meta(ge=100, le=60_000)] = 1_000
    """How often it looks whether the time of a version has come. Longer: a version goes out that much late; shorter: more reads."""
    imports_at_once: Annotated[int, msgspec.Meta(ge=1, le=16)] = 2
    """Files that are read at the same time; each may take a processor for a minute, and 2 GB. More are refused for now."""
    ways_kept: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 16
    """Plan versions whose ways are kept in memory, the least asked given up first; a mall's takes 30 MB and 3 s to make again."""
