"""Sickness: which gateways do not hear what they should, so that nobody is taken for gone because a box is.

A gateway is **ill**
* while its box is silent: the watermark has gone SILENT_MS past what it told, though it had heard somebody in the QUIET_MS before (a box
  that hears nobody stops talking after ten seconds, and that is health), or though it missed two of the heartbeats it used to send;
* while it hears less than FEW of what it usually does, though the others hear about as much as ever: a deaf radio still sends batches.
It stays in doubt for one more silence after it is back, until those who are still there have been heard.

What follows is for `zones/presence.py`: silence of a device that it, or a gateway NEAR_M from one, heard within a minute proves nothing
(at the longest until the visit ends), and every exit of it in that time is uncertain. Devices elsewhere in the venue are judged as always.

Pure; event time only. It changes where the log says so, at entries, and is part of the engine's snapshot.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import numpy as np

from geofence.columns import Flags, Indices, Longs
from geofence.device_columns import NEVER_MS, DeviceColumns
from geofence.positioning.locator import Anchors
from geofence.tracking.watermark import FORGET_MS

SILENT_MS: Final = 5_000
"""How far the watermark may pass what a box told before it is silent: above a slow link's pauses, below the silence that ends stays."""
QUIET_MS: Final = 9_000
"""A box that heard nobody for ten seconds stops talking; one that heard somebody later than this had no reason to."""
BEATS: Final = 2.5
"""Of its heartbeats it may miss two."""
BUCKET_MS: Final = 5_000
"""Rows are counted in spans of this; two pass at most before a radio is found deaf, which is sooner than its devices count as gone."""
USUAL: Final = 60
"""So many spans, five minutes, make its usual."""
FEW: Final = 0.1
"""Of its usual rows, beside what the others still hear of theirs. A crowd that walks on takes half of them, not nine tenths."""
WELL: Final = 0.5
LEAST: Final = 50.0
"""Rows that it should have heard in a span: with fewer, nobody can tell a deaf radio from an empty aisle."""
LATELY_MS: Final = 60_000
"""A device was beside a gateway if that heard it so short a time before its last fix."""
NEAR_M: Final = 25.0
"""Gateways hang 10 to 20 m apart; who was beside one may have gone on to the next."""
STILL_MS: Final = 1 << 61
"""End of an illness that lasts."""
_RADIO: Final = "radio "
"""How the name of a radio that is ill begins, where its box is well."""


class Count(msgspec.Struct):
    """How many rows one radio has in this span, and usually in one."""

    now: float = 0.0
    usual: float = 0.0


class Known(msgspec.Struct):
    """What is known of a venue's gateways; part of the snapshot."""

    radios: dict[str, list[str]] = {}
    """By box, those whose rows it sent."""
    heard_ms: dict[str, int] = {}
    """By box, the end of the last window in which it heard somebody."""
    beat_ms: dict[str, int] = {}
    """By box, how far apart its batches are while it hears nobody."""
    counts: dict[str, Count] = {}
    bucket: int = 0
    ills: dict[str, tuple[int, int]] = {}
    """By box or radio, from when to when it was ill last."""


class Sickness:
    """One venue's."""

    def __init__(self, silence_ms: int, known: Known | None = None) -> None:
        self.memory = known or Known()
        self._silence_ms = silence_ms
        self._arrays: tuple[Anchors, Longs, Longs, Flags] | None = None

    @property
    def known(self) -> bool:
        """Whether any gateway is or was ill."""
        return bool(self.memory.ills)

    # --- what the log tells -------------------------------------------------------------------------------------------------------

    def hear(self, box: str, covered_ms: int, before_ms: int, rows: Mapping[str, int], newest_ms: int) -> None:
        """A batch of `box` to `covered_ms`, the one before to `before_ms`; how many `rows` each radio has, and when the last ends."""
        memory = self.memory
        radios = memory.radios.setdefault(box, [])
        for radio, count in rows.items():
            if radio not in radios:
                radios.append(radio)
                self._arrays = None
            memory.counts.setdefault(radio, Count()).now += count
        if rows:
            memory.heard_ms[box] = max(memory.heard_ms.get(box, NEVER_MS), newest_ms)
        elif covered_ms - before_ms > QUIET_MS and before_ms > NEVER_MS:
            memory.beat_ms[box] = min(covered_ms - before_ms, FORGET_MS)

    def judge(self, watermark_ms: int, covered_ms: Mapping[str, int], newest_ms: int) -> dict[str, tuple[int, int]]:
        """Who is or was ill now that the watermark stands there; what `become` takes."""
        ills = dict(self.memory.ills)
        for box, until_ms in covered_ms.items():
            self._mark(ills, box, until_ms, newest_ms - FORGET_MS <= until_ms and self._silent(box, until_ms, watermark_ms), watermark_ms)
        bucket = watermark_ms // BUCKET_MS
        if bucket != self.memory.bucket:
            self._turn(bucket, ills, watermark_ms)
        return {name: (since, to) for name, (since, to) in ills.items() if to + FORGET_MS > watermark_ms}

    def become(self, ills: dict[str, tuple[int, int]]) -> None:
        """Takes over what `judge` said, after what fell due before was judged by how things stood then."""
        self.memory.ills, self._arrays = ills, None

    def _silent(self, box: str, until_ms: int, watermark_ms: int) -> bool:
        silent_ms = watermark_ms - until_ms
        beat_ms = self.memory.beat_ms.get(box)
        amid_rows = self.memory.heard_ms.get(box, NEVER_MS) > until_ms - QUIET_MS
        return silent_ms >= SILENT_MS and (amid_rows or (beat_ms is not None and silent_ms > BEATS * beat_ms))

    @staticmethod
    def _mark(ills: dict[str, tuple[int, int]], name: str, since_ms: int, ill: bool, watermark_ms: int) -> None:
        lasts = name in ills and ills[name][1] == STILL_MS
        if ill and not lasts:
            ills[name] = (since_ms, STILL_MS)
        elif lasts and not ill:
            ills[name] = (ills[name][0], watermark_ms)

    def _turn(self, bucket: int, ills: dict[str, tuple[int, int]], watermark_ms: int) -> None:
        """Into the next span: judges by rows, then learns what is usual, but not from those that are ill."""
        memory = self.memory
        over, memory.bucket = bucket - memory.bucket, bucket
        if over != 1:  # nothing was told for a while, or this is the start
            for count in memory.counts.values():
                count.now = 0.0
            return
        silent = {radio for box, radios in memory.radios.items() if ills.get(box, (0, 0))[1] == STILL_MS for radio in radios}
        counts = {radio: count for radio, count in memory.counts.items() if radio not in silent}
        heard, usual = sum(count.now for count in counts.values()), sum(count.usual for count in counts.values())
        for radio, count in counts.items():
            others = usual - count.usual
            expected = count.usual * (min(1.0, (heard - count.now) / others) if others > 0 else 0.0)
            name = _RADIO + radio
            lasts = name in ills and ills[name][1] == STILL_MS
            ill = expected >= LEAST and count.now < (WELL if lasts else FEW) * expected
            self._mark(ills, name, watermark_ms - 2 * BUCKET_MS, ill, watermark_ms)
            if not ill:
                count.usual += (count.now - count.usual) / USUAL
        for count in counts.values():
            count.now = 0.0

    # --- what follows -------------------------------------------------------------------------------------------------------------

    def patience(self, devices: DeviceColumns, anchors: Anchors) -> Callable[[Indices], Longs]:
        """For devices that are silent, until when that proves nothing; NEVER_MS where it does."""

        def until_ms(slots: Indices) -> Longs:
            last_ms = devices["last_ms"][slots]
            _, to_ms = self._times(anchors)
            told = self._beside(devices, anchors, slots, last_ms, last_ms + self._silence_ms)
            longest: Longs = np.where(told, to_ms + self._silence_ms, NEVER_MS).max(axis=1, initial=NEVER_MS)
            return longest

        return until_ms

    def doubted(self, devices: DeviceColumns, anchors: Anchors, slots: Indices, at_ms: Longs) -> Flags:
        """Of which devices an exit at `at_ms` is uncertain; shapes (n,)."""
        from_ms = np.minimum(devices["last_ms"][slots], at_ms)
        return np.asarray(self._beside(devices, anchors, slots, from_ms, at_ms).any(axis=1))

    def _beside(self, devices: DeviceColumns, anchors: Anchors, slots: Indices, from_ms: Longs, until_ms: Longs) -> Flags:
        """By which ill anchors each device was, and was so between those moments; shape (n, anchors)."""
        since_ms, to_ms = self._times(anchors)
        near = self._near(anchors)
        heard_ms = devices["heard_ms"][slots]
        lately = heard_ms >= (devices["last_ms"][slots] - LATELY_MS)[:, None]
        told: Flags = (lately @ near) & (since_ms <= until_ms[:, None]) & (to_ms + self._silence_ms >= from_ms[:, None])
        return told

    def _times(self, anchors: Anchors) -> tuple[Longs, Longs]:
        return self._of(anchors)[1:3]

    def _near(self, anchors: Anchors) -> Flags:
        return self._of(anchors)[3]

    def _of(self, anchors: Anchors) -> tuple[Anchors, Longs, Longs, Flags]:
        """From when to when each anchor was ill; which anchors hang near which."""
        if self._arrays is not None and self._arrays[0] is anchors:
            return self._arrays
        at = {subject: place for place, subject in enumerate(anchors.subjects)}
        since_ms, to_ms = np.full(len(at), STILL_MS, np.int64), np.full(len(at), NEVER_MS, np.int64)
        for name, (since, to) in sorted(self.memory.ills.items()):
            radios = [name.removeprefix(_RADIO), *self.memory.radios.get(name, ())]
            places = [at[radio] for radio in radios if radio in at]
            since_ms[places], to_ms[places] = np.minimum(since_ms[places], since), np.maximum(to_ms[places], to)
        apart = np.hypot(anchors.x_m[:, None] - anchors.x_m, anchors.y_m[:, None] - anchors.y_m)
        near = (apart <= NEAR_M) & (anchors.level[:, None] == anchors.level)
        self._arrays = (anchors, since_ms, to_ms, near)
        return self._arrays
