"""Settings of the notifier; `plumbing.settings` reads them from files and the environment."""

from typing import Annotated

import msgspec

from groundwork.contracts.unfit import Unfit
from notifier.holdout import GLOBAL_SHARE

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3_600)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator may change."""

    global_holdout: Annotated[float, msgspec.Meta(ge=0, le=1)] = GLOBAL_SHARE
    """Share of shoppers who get no marketing at all, 0 to 1; changing it moves shoppers between arms of running comparisons."""
    outbox_in_flight: Count = 64
    """Most pushes a process has with one channel at a time."""
    outbox_poll_s: Seconds = 1.0
    """Seconds between looks at the outbox for what another process queued, or what a dead one left behind."""
    outbox_patience_s: Seconds = 0.1
    """Seconds for which a sender waits for answers before it looks for more to send; a slow one holds up nobody else for longer."""
    send_timeout_s: Seconds = 5.0
    """Seconds after which a channel's silence counts as an unclear answer."""
    lease_s: Seconds = 15.0
    """Seconds after which a push that was being sent is taken to be left behind; above send_timeout_s."""
    attempts: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    """Tries of one push, all under one id; each unclear one may have reached the phone."""
    retry_base_s: Seconds = 0.5
    """Seconds before the second try, doubled for each further one, and drawn between half and all of that."""
    wrong_codes_per_minute: Count = 5
    """Unknown codes a till may send within a minute before it has to wait."""
    feed_poll_s: Seconds = 1.0
    """Seconds between looks at a shopper's feed for what another process put there."""
    feed_heartbeat_s: Seconds = 15.0
    """Seconds of silence after which an open feed says that it is still there, so that proxies keep the line."""
    feed_page: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    """Most entries in one answer of the feed."""

    def __post_init__(self) -> None:
        if self.lease_s <= self.send_timeout_s:
            above = f"send_timeout_s ({self.send_timeout_s})"
            raise Unfit(f"above {above}", f"أكثر من {above}", at="lease_s", value=self.lease_s)
