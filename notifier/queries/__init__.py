"""The only SQL of the notifier, one file per subject; every function takes the transaction it runs in.

What other packages call stands here too: campaigns, what a withdrawal does to the outbox, and erasure.
"""

from notifier.queries.campaigns import add_campaign, campaign, live_campaigns, open_campaigns, pause, set_state
from notifier.queries.decisions import coupons_of, decisions_of, erase, grants_of
from notifier.queries.outbox import in_flight, push_counts, withdraw_pushes

__all__ = [
    "add_campaign",
    "campaign",
    "coupons_of",
    "decisions_of",
    "erase",
    "grants_of",
    "in_flight",
    "live_campaigns",
    "open_campaigns",
    "pause",
    "push_counts",
    "set_state",
    "withdraw_pushes",
]
