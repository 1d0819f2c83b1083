"""Dry run: takes every push and sends it nowhere; demos, replays and rehearsals look at what would have gone out."""

from collections import deque
from collections.abc import Iterator

import structlog

from groundwork.contracts.push import Push, PushReceipt
from groundwork.plumbing.clock import Clock

KEPT = 1_000
"""Pushes that stay in memory to be looked at; older ones are forgotten."""

_log = structlog.get_logger()


class DryRun:
    """Keeps the last pushes in memory and logs their ids."""

    name = "dry_run"

    def __init__(self, clock: Clock, kept: int = KEPT) -> None:
        self._clock = clock
        self._sent: deque[Push] = deque(maxlen=kept)
        self.count = 0
        """Pushes taken since the start, repeats included."""

    def __iter__(self) -> Iterator[Push]:
        """The last pushes, oldest first."""
        return iter(tuple(self._sent))

    async def send(self, push: Push) -> PushReceipt:
        self._sent.append(push)
        self.count += 1
        _log.info("push taken by the dry run", push=push.id, campaign=push.campaign, venue=push.venue, language=push.language)
        return PushReceipt(tenant=push.tenant, push=push.id, channel=self.name, outcome="delivered", at_ms=self._clock.now_ms())
