"""Counters: whether an encrypted frame is news from its sender, or an old one that somebody sends again.

Each frame of a sender has a higher count than the one before; the cipher binds the count to the sender, so an old frame cannot be made
look new. A sender that starts anew (its battery was changed) counts from the beginning: it is believed again after a run of frames that
rise, for to replay that, one must have recorded as many. Pure; what was counted before a restart of the process is not remembered.
Source: bthome.io/encryption, which leaves the check to the receiver.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

RUN: Final = 16
"""Frames; a sensor that sends once a minute is believed a quarter of an hour after its battery was changed."""
_BITS: Final = 32
"""Of a count; after the last it begins again, so what is less than half of all ahead is higher."""
MOST_REMEMBERED: Final = 4_096
"""Senders; a shop has some hundreds, and each needs a key that the site has set."""


@dataclass(slots=True)
class _Counted:
    highest: int
    restarted: int = -1
    run: int = 0


class Counters:
    """The highest count of each sender."""

    def __init__(self) -> None:
        self._counted: OrderedDict[str, _Counted] = OrderedDict()

    def rises(self, sender: str, counter: int) -> bool:
        """Takes note of a frame's count; False where the frame is no news: sent again by its sender, or by somebody else."""
        known = self._counted.get(sender)
        if known is None:
            self._counted[sender] = _Counted(counter)
            if len(self._counted) > MOST_REMEMBERED:
                self._counted.popitem(last=False)
            return True
        if 0 < (counter - known.highest) % (1 << _BITS) < 1 << (_BITS - 1):
            self._counted[sender] = _Counted(counter)
            return True
        if counter > known.restarted and counter != known.highest:
            known.restarted, known.run = counter, known.run + 1
        if known.run < RUN:
            return False
        self._counted[sender] = _Counted(counter)
        return True
