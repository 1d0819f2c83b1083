"""The ways out: one file each, and one line each below. An unknown name raises and lists the known ones.

The in-app inbox is not to be chosen: every service has it (`app.py`).
"""

from collections.abc import Callable, Iterable

from groundwork.plumbing.service import Parts
from notifier.channel import Channel
from notifier.channels.dry_run import DryRun

CHANNELS: dict[str, Callable[[Parts], Channel]] = {
    "dry_run": lambda parts: DryRun(parts.clock),
}


def open_channels(parts: Parts, names: Iterable[str] = tuple(CHANNELS)) -> dict[str, Channel]:
    """The named channels, ready to send; raises ValueError for a name that is not listed."""
    opened = {}
    for name in names:
        if name not in CHANNELS:
            raise ValueError(f"unknown channel {name!r}: expected one of {', '.join(CHANNELS)}")
        opened[name] = CHANNELS[name](parts)
    return opened
