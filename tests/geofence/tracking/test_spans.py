"""Spans: when each device was followed, for as long as something late may come, and never without bound."""

import numpy as np
import pytest

from geofence.tracking import spans
from geofence.tracking.spans import Span, Spans


def some(*ends_ms: int) -> Span:
    """One span a device, a second long."""
    ends = np.array(ends_ms, np.int64)
    return Span(np.arange(1, len(ends) + 1, dtype=np.uint64), np.full(len(ends), b"layla", "S32"), ends - 1_000, ends - 1_000, ends)


def kept(known: Spans) -> list[int]:
    ends: list[int] = known.closed().by_end().to_ms.tolist()
    return ends


def test_what_ended_before_the_horizon_is_dropped() -> None:
    known = Spans(6_000)
    known.add(some(5_000, 3_000, 4_000))
    known.trim(4_000)
    assert (kept(known), known.floor_ms) == ([4_000, 5_000], Spans(6_000).floor_ms)


def test_of_too_many_the_oldest_are_dropped_and_rows_of_their_time_are_too_old_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "MOST", 3)
    known = Spans(6_000)
    known.add(some(5_000, 3_000, 4_000, 2_000, 6_000))
    known.trim(0)
    assert (kept(known), known.floor_ms) == ([4_000, 5_000, 6_000], 3_000)
    known.trim(0)
    assert known.floor_ms == 3_000


def test_those_that_end_with_the_oldest_go_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered must not depend on who stands first among equals."""
    monkeypatch.setattr(spans, "MOST", 2)
    known = Spans(6_000)
    known.add(some(3_000, 3_000, 4_000))
    known.trim(0)
    assert (kept(known), known.floor_ms) == ([4_000], 3_000)
