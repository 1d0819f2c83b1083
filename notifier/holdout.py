"""Holdout: the share of shoppers who by design get nothing, so that effect can be measured.

Pure, and frozen: a shopper's bucket is a salted hash, the same on every machine and in every release. The golden vectors in the tests
must never change; another algorithm would move shoppers between arms in the middle of a campaign.
"""

import hashlib
from typing import Final

from groundwork.contracts.ids import ShopperId

BUCKETS: Final = 10_000
"""A share is held to 0.01 %."""
GLOBAL_SHARE: Final = 0.05
CAMPAIGN_SHARE: Final = 0.10


def bucket(salt: str, shopper: ShopperId) -> int:
    """0 to 9,999: SHA-256 over the length-prefixed salt and shopper id, its first 8 bytes big-endian, modulo 10,000."""
    raw = salt.encode()
    digest = hashlib.sha256(len(raw).to_bytes(4, "big") + raw + shopper.encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


def held_out(salt: str, shopper: ShopperId, share: float) -> bool:
    """Whether `shopper` belongs to the `share` (0 to 1) held out under `salt`. Raising the share keeps who was held out before."""
    if not 0 <= share <= 1:
        raise ValueError(f"a held-out share must lie between 0 and 1, got {share}")
    return bucket(salt, shopper) < round(share * BUCKETS)
