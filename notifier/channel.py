"""A channel: a way out for pushes. Each is one file in `channels/`; what they must offer stands here."""

from typing import Protocol

from groundwork.contracts.push import Push, PushReceipt


class Channel(Protocol):
    """Sends pushes. The same push may be handed over again, after an answer that got lost; its id tells."""

    @property
    def name(self) -> str:
        """As campaigns call it, and as the outbox keeps it."""
        ...

    async def send(self, push: Push) -> PushReceipt:
        """Hands the push over. What raises, or takes too long, counts as unclear: it may have arrived."""
        ...
