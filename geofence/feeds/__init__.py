"""The kinds of third-party boxes that can be heard. To add one: a file here and a line below.

A file has `read(topic, payload) -> Said`, which raises FeedError and nothing else, and a `FEED` that names it.
"""

from collections.abc import Mapping
from typing import Final

from geofence.feeding.feed import Feed
from geofence.feeds import espresense, minew, theengs

FEEDS: Final[Mapping[str, Feed]] = {feed.name: feed for feed in (theengs.FEED, espresense.FEED, minew.FEED)}
"""By name."""


def feed(name: str) -> Feed:
    """The kind of that name; raises ValueError naming the known ones."""
    if name not in FEEDS:
        raise ValueError(f"unknown feed {name!r}: expected one of {', '.join(FEEDS)}")
    return FEEDS[name]
