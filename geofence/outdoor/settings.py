"""Settings of what happens outside: GPS reports, fences and presence on them, with the reason for each default."""

from typing import Annotated, Final

import msgspec

from groundwork.contracts.unfit import Unfit

SECOND_MS: Final = 1_000


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the outdoor part of the geofence can be told."""

    max_reports: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 1_000
    """GPS reports in one batch; more is refused with 413. At one a second that is a quarter of an hour without a network."""
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1_024)] = 1 << 20
    """Bytes of one batch after decompression; 1,000 reports as JSON objects are about 100 kB."""
    max_ahead_ms: Annotated[int, msgspec.Meta(ge=0)] = 300_000
    """How far a phone's clock may run ahead of ours; more is refused, because later reports of a right clock would all come late."""
    oldest_ms: Annotated[int, msgspec.Meta(ge=60_000)] = 86_400_000
    """How old a report may be; older is refused: nothing is decided on it any more."""
    most_accuracy_m: Annotated[float, msgspec.Meta(ge=1, le=400)] = 200.0
    """Reports that are less sure are dropped and counted (`vague_report`): such a one comes from a radio mast and says which district."""
    enter_delay_ms: Annotated[int, msgspec.Meta(ge=0)] = 10_000
    """How long a phone must surely be in a fence, report after report, before it is entered. Shorter: sooner, and reflections enter."""
    exit_delay_ms: Annotated[int, msgspec.Meta(ge=0)] = 30_000
    """How long it must surely be out, by `exit_margin_m` and by its accuracy, before the fence is left."""
    exit_margin_m: Annotated[float, msgspec.Meta(ge=0, le=400)] = 50.0
    """How far out counts as out: three times the error of a phone between buildings. This keeps a fence from flapping."""
    silence_ms: Annotated[int, msgspec.Meta(ge=1_000)] = 900_000
    """Without a report for this long, what is held is left, dated last report + this. Phones that lie still report every few minutes."""
    wait_ms: Annotated[int, msgspec.Meta(ge=0)] = 60_000
    """How long time itself waits for reports that are still under way before it decides that there are none."""
    dwell_s: tuple[int, ...] = (120,)
    """Times in a fence that make a dwell, in rising order: at the venue, somebody who waits outside."""
    smoothing_ms: Annotated[int, msgspec.Meta(ge=1_000)] = 15_000
    """Over what time distance and speed are smoothed. Longer: steadier and later; a car at 50 km/h covers 200 m in it."""
    least_speed_m_s: Annotated[float, msgspec.Meta(gt=0)] = 0.5
    """Slower towards the venue is not on the way to it; a slow walk is 0.8 m/s."""
    most_speed_m_s: Annotated[float, msgspec.Meta(gt=0)] = 70.0
    """Faster is a jump: the report is not used, and counted (`jump`). 250 km/h."""
    late_ms: Annotated[int, msgspec.Meta(ge=0)] = 120_000
    """What is decided so long after it happened is recorded as late, and never pushed."""
    link_ms: Annotated[int, msgspec.Meta(ge=0)] = 7_200_000
    """How long after an arrival a visit that begins inside is taken as the same one: from the car park to the first gateway, at leisure."""
    hidden_under: Annotated[int, msgspec.Meta(ge=1)] = 5
    """Counts under this are not told to operators: whoever knows one of four can follow the others."""
    refresh_ms: Annotated[int, msgspec.Meta(ge=100, le=60_000)] = 1_000
    """How often fences in memory are compared with the database, beside being told of changes."""
    tick_ms: Annotated[int, msgspec.Meta(ge=50, le=60_000)] = 1_000
    """How often it is looked whether something falls due by time alone."""
    snapshot_every_entries: Annotated[int, msgspec.Meta(ge=1)] = 2_000
    """Entries of a shard after which its state is stored: what a restart reads again at most."""
    read_limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 256
    """Entries of a shard that one step takes together."""

    def __post_init__(self) -> None:
        """Raises ValueError naming the setting, its value and what was expected."""
        if tuple(sorted(set(self.dwell_s))) != self.dwell_s:
            raise Unfit("rising times, each once", "مدد متصاعدة، كل منها مرة واحدة", at="dwell_s", value=self.dwell_s)
        if self.dwell_s and self.dwell_s[0] * SECOND_MS <= self.enter_delay_ms:
            least = f"enter_delay_ms ({self.enter_delay_ms})"
            raise Unfit(f"times longer than {least}", f"مدد أطول من {least}", at="dwell_s", value=self.dwell_s)
