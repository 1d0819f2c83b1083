"""Words of plans that cross a process boundary: by what a thing on a plan is known, and what became of a publication."""

from typing import Literal

Key = tuple[str | int, ...]
"""The part of the plan, then what tells one thing of it from another: `("zones", "bakery")`, `("placements", "gateway", "gw-1", 0)`."""

PublicationState = Literal["waiting", "done", "cancelled"]
"""Waiting until its time; in force since then; taken back before its time."""
