"""Settings of the geofence; every threshold of presence is here, with the reason for its default.

A zone is entered only when it is believed with `enter_probability`, set by the pushes it would have led to on recorded walks that
calibration had not seen (`docs/positioning.md`): nine of ten that are entered at .9 are right, at the price of stays that are never
entered. What a map shows is the likely zone, which needs no such certainty.
"""

from typing import Annotated

import msgspec

SECOND_MS = 1_000

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the geofence can be told."""

    max_rows: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 5_000
    """Rows in one batch; more is refused with 413, because a batch holds the event loop while it is read."""
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1_024)] = 2 << 20
    """Bytes of one batch after decompression; 5,000 rows as JSON objects are about 1.3 MB."""
    max_ahead_ms: Annotated[int, msgspec.Meta(ge=0)] = 300_000
    """How far a batch may claim to reach into the future; more would push the venue's watermark past honest gateways."""
    locator: str = "grid"
    """Which file of `geofence/locate` makes fixes."""
    refresh_ms: Annotated[int, msgspec.Meta(ge=100, le=5_000)] = 1_000
    """How often plans and gateways in memory are compared with the database, beside being told of changes."""
    tick_ms: Annotated[int, msgspec.Meta(ge=50, le=10_000)] = 250
    """In silence, how soon time itself is put into a venue's log once something falls due: dwells and exits come this late at most."""
    snapshot_every_entries: Annotated[int, msgspec.Meta(ge=1)] = 2_000
    """Entries of a shard after which its engines are stored: what a restart reads again at most."""
    read_limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 256
    """Entries of a shard that one step takes together."""
    enter_probability: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.9
    """Belief a zone needs to be a candidate. Lower finds small zones sooner and wrong ones more often."""
    lead: Share = 0.15
    """How far a challenger must lead the zone that holds. What keeps a device on a border from flapping.

    Of recorded devices that lie still, the lead of one zone over the next wobbles by .05 to .19 (standard deviation; median .105)."""
    steady_lead: Share = 0.1
    """How far another zone must lead before a map shows it. On recorded walks this halves false switches at no loss of right zones."""
    exit_probability: Share = 0.3
    """Belief below which the holding zone is being left; below `enter_probability`, and the gap is the hysteresis."""
    enter_delay_ms: Annotated[int, msgspec.Meta(ge=0)] = 1_500
    """How long a candidate must stay so before it is entered: four windows of 500 ms, so that a loud one is not enough."""
    exit_delay_ms: Annotated[int, msgspec.Meta(ge=0)] = 3_000
    """How long the holding zone must stay below `exit_probability` before it is left."""
    silence_ms: Annotated[int, msgspec.Meta(ge=1)] = 15_000
    """Without a fix for this long, what holds is left, dated last fix + this. Phones pause for up to 10 s between bursts."""
    dwell_s: tuple[int, ...] = (10, 30)
    """Times in a zone that make a dwell, in rising order, each longer than `enter_delay_ms`."""
    visit_end_ms: Annotated[int, msgspec.Meta(ge=1)] = 300_000
    """Without a fix for this long, the visit is over; at least `silence_ms`."""

    def __post_init__(self) -> None:
        """Raises ValueError naming the setting, its value and what was expected."""
        if self.exit_probability >= self.enter_probability:
            raise ValueError(f"exit_probability is {self.exit_probability}, expected below enter_probability ({self.enter_probability})")
        if self.visit_end_ms < self.silence_ms:
            raise ValueError(f"visit_end_ms is {self.visit_end_ms}, expected silence_ms ({self.silence_ms}) or more")
        if tuple(sorted(set(self.dwell_s))) != self.dwell_s:
            raise ValueError(f"dwell_s is {self.dwell_s}, expected rising times, each once")
        if self.dwell_s and self.dwell_s[0] * SECOND_MS <= self.enter_delay_ms:
            raise ValueError(f"dwell_s begins with {self.dwell_s[0]}, expected longer than enter_delay_ms ({self.enter_delay_ms})")
