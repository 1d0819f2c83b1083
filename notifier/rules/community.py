"""Condition: she has joined one of these interest communities."""

from collections.abc import Set
from typing import Annotated, ClassVar

import msgspec

from groundwork.contracts.ids import CommunityId
from notifier.rule import Context


class InCommunity(msgspec.Struct, frozen=True, tag="community"):
    """Holds for members of any of `communities`, as of now: who has left a moment ago is in none, and a closed one has no members."""

    no: ClassVar[str] = "not_in_community"

    communities: Annotated[tuple[CommunityId, ...], msgspec.Meta(min_length=1)]

    def holds(self, context: Context) -> bool:
        return self.met_by(context.communities)

    def met_by(self, hers: Set[CommunityId]) -> bool:
        """Whether one who is in these communities is meant; asked once more as a push leaves."""
        return not hers.isdisjoint(self.communities)
