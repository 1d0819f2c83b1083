"""Settings of the geofence; every threshold of presence is here, with the reason for its default.

A zone is entered only when it is believed with `enter_probability`, set by the pushes it would have led to on recorded walks that
calibration had not seen (`docs/positioning.md`): nine of ten that are entered at .9 are right, at the price of stays that are never
entered. What a map shows is the likely zone, which needs no such certainty.
"""

from typing import Annotated

import msgspec

from groundwork.contracts.unfit import Unfit

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
    engine_threads: bool = True
    """Whether engines work on a thread, so that requests are answered meanwhile. Off: all of one process goes in one order."""
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
    enter_fixes: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    """How many fixes it must have been so, unless for twice that time: of a device heard once a second, three chance fixes in a row come
    some times an hour."""
    exit_delay_ms: Annotated[int, msgspec.Meta(ge=0)] = 3_000
    """How long the holding zone must stay below `exit_probability` before it is left."""
    silence_ms: Annotated[int, msgspec.Meta(ge=1)] = 15_000
    """Without a fix for this long, what holds is left, dated last fix + this. Phones pause for up to 10 s between bursts."""
    dwell_s: tuple[int, ...] = (10, 30)
    """Times in a zone that make a dwell, in rising order, each longer than `enter_delay_ms`."""
    dwell_s_by_kind: dict[str, tuple[int, ...]] = {}
    """The same for zones of some kinds, instead: `{"aisle": (10, 30), "department": (60, 300), "shelf": ()}`."""
    visit_end_ms: Annotated[int, msgspec.Meta(ge=1)] = 300_000
    """Without a fix for this long, the visit is over; at least `silence_ms`."""

    late_horizon_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 3_600_000
    """How old a late row may be that is still recorded. For so long it is remembered when each device was followed: 80 bytes a stretch."""
    late_wait_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 30_000
    """How long nothing more must have come late before what did is worked off: rows that belong together come close together."""

    smallest_group: Annotated[int, msgspec.Meta(ge=2, le=1_000)] = 10
    """The k of statistics: what fewer different shoppers contributed to is not shown. Smaller shows more of quiet places and tells more."""
    statistics_every_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 5
    """How often what has happened is counted; nothing is shown before its day is over."""
    statistics_settle_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 3_600
    """How long after its end a day is left alone before it is shown, for what came late."""
    stream_poll_ms: Annotated[int, msgspec.Meta(ge=50, le=10_000)] = 500
    """How soon listeners and webhooks hear of a zone event, at most, after it was written."""
    stream_backlog: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10_000
    """Zone events of its venue that a listener may have missed and still goes on from where it stopped."""
    stream_age_s: Annotated[int, msgspec.Meta(ge=60, le=604_800)] = 86_400
    """For how long it may have been away; below the days for which zone events are kept."""
    stream_life_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 300
    """After which a stream is closed, for its listener to come back: what was revoked in the meantime lets nobody back in."""
    stream_patience_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10
    """How long a listener may take to accept what is written to it before it is dropped."""
    streams: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    """Listeners of one process; each costs a small read for every batch of zone events of its venue."""
    webhooks: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50
    """Webhooks of one tenant."""
    calibrations: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 30
    """Calibrations kept of one venue, each up to 4 MB and in every backup; an operator drops what is not needed any more."""
    webhook_loopback: bool = False
    """Whether webhooks may lead to this machine, without TLS: for a receiver that runs beside this process, and for tests."""
    webhook_private: bool = False
    """Whether webhooks may lead to private addresses (10.0.0.0/8 and their kin), over TLS: for a receiver in the retailer's own network."""
    webhook_timeout_s: Annotated[float, msgspec.Meta(ge=0.1, le=60)] = 15.0
    """How long a receiver may take to answer; it should queue and answer at once."""
    webhook_in_flight: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 4
    """Deliveries on their way to one webhook at a time; a slow one fills its own share and holds up no other."""
    webhook_retry_s: Annotated[float, msgspec.Meta(ge=0.1, le=3_600)] = 5.0
    """How long after the first failure the second try comes; it doubles from then on, up to four hours."""
    webhook_give_up_s: Annotated[int, msgspec.Meta(ge=60, le=604_800)] = 86_400
    """How long a delivery is tried before it is given up; a redrive queues it anew."""
    webhook_disable_s: Annotated[int, msgspec.Meta(ge=60, le=2_592_000)] = 432_000
    """How long nothing must have been accepted by a webhook, though it was tried, before it is switched off: five days."""

    def __post_init__(self) -> None:
        """Raises Unfit naming the setting, its value and what was expected."""
        if self.exit_probability >= self.enter_probability:
            below = f"enter_probability ({self.enter_probability})"
            raise Unfit(f"below {below}", f"أقل من {below}", at="exit_probability", value=self.exit_probability)
        if self.visit_end_ms < self.silence_ms:
            least = f"silence_ms ({self.silence_ms})"
            raise Unfit(f"{least} or more", f"{least} أو أكثر", at="visit_end_ms", value=self.visit_end_ms)
        for name, times in (("dwell_s", self.dwell_s), *((f"dwell_s_by_kind[{kind}]", s) for kind, s in self.dwell_s_by_kind.items())):
            if tuple(sorted(set(times))) != times:
                raise Unfit("rising times, each once", "مدد متصاعدة، كل منها مرة واحدة", at=name, value=times)
            if times and times[0] * SECOND_MS <= self.enter_delay_ms:
                least = f"enter_delay_ms ({self.enter_delay_ms})"
                raise Unfit(f"times longer than {least}", f"مدد أطول من {least}", at=name, value=times)
