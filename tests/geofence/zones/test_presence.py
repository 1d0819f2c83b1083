"""The rules of presence, one a test. Time runs in seconds; a fix a second says how probable the zones A, B (and C) are."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from geofence.columns import Longs
from geofence.device_columns import DeviceColumns
from geofence.settings import Settings
from geofence.zones import presence
from geofence.zones.presence import KINDS, Changes, Nesting

RULES = Settings(
    enter_probability=0.3,
    lead=0.1,
    exit_probability=0.12,
    enter_delay_ms=2_000,
    enter_fixes=1,
    exit_delay_ms=3_000,
    silence_ms=15_000,
    dwell_s=(10, 30),
    visit_end_ms=60_000,
)
ZONES = "ABC"

Said = tuple[str, str, int]
"""Kind, zone, second."""


class Walk:
    """One device and one layer of three zones, or a layer of two and another of one."""

    def __init__(
        self, rules: Settings = RULES, layer_starts: Sequence[int] = (0,), nesting: Nesting | None = None, kinds: Sequence[str] = "ABC"
    ) -> None:
        self.rules = rules
        self.nesting = nesting
        self.dwell_s = presence.dwell_times(kinds, rules)
        self.starts = np.array(layer_starts, np.int64)
        self.devices = DeviceColumns(0, len(layer_starts))
        self.slot = self.devices.slots_of(np.array([7], np.uint64), ["layla"])
        self._patience_s: int | None = None
        self.said: list[Said] = []
        self.changes: list[Changes] = []
        self.visits: list[tuple[float, float]] = []

    def fix(self, second: float, *probability: float) -> "Walk":
        at_ms = np.array([int(second * 1000)], np.int64)
        self._settle(at_ms)
        shares = np.array([[*probability, *[0.0] * (3 - len(probability))]])
        self._note(presence.apply(self.devices, self.slot, at_ms, shares, self.starts, self.rules, self.nesting))
        return self

    def stay(self, first: int, last: int, *probability: float) -> "Walk":
        """A fix a second, from `first` to `last`."""
        for second in range(first, last + 1):
            self.fix(second, *probability)
        return self

    def silence(self, until: float, patience_s: int | None = None) -> "Walk":
        """Until `patience_s` silence proves nothing."""
        self._patience_s = patience_s
        self._settle(np.array([int(until * 1000)], np.int64))
        return self

    def _settle(self, until_ms: Longs) -> None:
        patience_s = self._patience_s
        patience = None if patience_s is None else lambda slots: np.full(len(slots), patience_s * 1000, np.int64)
        changes, ends = presence.settle(self.devices, self.slot, until_ms, self.rules, self.dwell_s, patience)
        self._note(changes)
        self.visits += [(start / 1000, end / 1000) for start, end in zip(ends.start_ms.tolist(), ends.end_ms.tolist(), strict=True)]

    def _note(self, changes: list[Changes]) -> None:
        self.changes += changes
        for some in changes:
            for kind, zone, at_ms in zip(some.kind.tolist(), some.zone.tolist(), some.at_ms.tolist(), strict=True):
                self.said.append((KINDS[kind], ZONES[zone], at_ms / 1000))


def in_one(parts: list[Changes]) -> Changes:
    """The parts, one or more, one after the other."""
    return Changes._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def test_a_zone_is_entered_once_it_has_been_the_candidate_for_the_enter_delay() -> None:
    assert Walk().stay(0, 1, 0.6).said == []
    walk = Walk().stay(0, 5, 0.6)
    assert walk.said == [("enter", "A", 2)]
    assert in_one(walk.changes).stay_start_ms.tolist() == [0]


def test_a_zone_below_the_floor_is_never_entered() -> None:
    assert Walk().stay(0, 60, 0.29).said == []


def test_one_weak_fix_starts_the_enter_delay_anew() -> None:
    assert Walk().stay(0, 1, 0.6).fix(2, 0.1).stay(3, 5, 0.6).said == [("enter", "A", 5)]


def test_a_zone_is_left_after_the_exit_delay_below_the_exit_probability() -> None:
    assert Walk().stay(0, 4, 0.6).stay(5, 9, 0.05).said == [("enter", "A", 2), ("exit", "A", 8)]


def test_between_the_two_thresholds_what_holds_stays_held() -> None:
    assert Walk().stay(0, 4, 0.6).stay(5, 40, 0.2).said == [("enter", "A", 2), ("dwell", "A", 10), ("dwell", "A", 30)]


def test_a_moment_below_the_exit_probability_does_not_end_a_stay() -> None:
    walk = Walk().stay(0, 4, 0.6)
    for second in range(5, 29, 3):
        walk.fix(second, 0.05).fix(second + 1, 0.05).fix(second + 2, 0.5)
    assert [said[0] for said in walk.said] == ["enter", "dwell"]


def test_a_challenger_takes_over_only_when_it_leads_by_the_margin() -> None:
    assert Walk().stay(0, 4, 0.5, 0.3).stay(5, 9, 0.35, 0.44).said == [("enter", "A", 2)]
    assert Walk().stay(0, 4, 0.5, 0.3).stay(5, 9, 0.35, 0.46).said == [("enter", "A", 2), ("exit", "A", 7), ("enter", "B", 7)]


EIGHTHS = msgspec.structs.replace(RULES, enter_probability=0.25, exit_probability=0.125, lead=0.125, steady_lead=0.125)
"""Numbers that a computer has exactly, to stand on a border with."""


def test_thresholds_are_reached_at_their_very_value() -> None:
    assert Walk(EIGHTHS).stay(0, 3, 0.25).said == [("enter", "A", 2)]
    assert Walk(EIGHTHS).stay(0, 3, 0.5).stay(4, 9, 0.5, 0.625).said == [("enter", "A", 2), ("exit", "A", 6), ("enter", "B", 6)]
    held = Walk(EIGHTHS).stay(0, 3, 0.5).stay(4, 9, 0.125)
    assert held.said == [("enter", "A", 2)]
    assert held.stay(10, 13, 0.12).said[1:] == [("dwell", "A", 10), ("exit", "A", 13)]


def likely(*fixes: tuple[float, float]) -> list[str]:
    """Which zone a map would show after each fix, one a second."""
    walk = Walk(EIGHTHS)
    shown = (walk.fix(second, *fix).devices["likely"][walk.slot[0], 0] for second, fix in enumerate(fixes))
    return ["-" if zone < 0 else ZONES[zone] for zone in shown]


def test_a_map_changes_its_mind_for_a_zone_that_leads_by_enough() -> None:
    assert likely((0.5, 0.25), (0.25, 0.3125), (0.25, 0.375), (0.375, 0.25)) == ["A", "A", "B", "A"]


def test_a_map_shows_a_zone_for_as_long_as_anything_speaks_for_it_and_none_where_nothing_does() -> None:
    assert likely((0.5, 0.0), (0.0, 0.0625), (0.0, 0.0), (0.0625, 0.0)) == ["A", "B", "-", "A"]


def test_a_still_device_on_a_border_keeps_its_zone() -> None:
    """Four hours at two fixes a second by the default rules, with the wobble recorded of still devices (the worst: .19 in the lead of one
    zone over the next); without memory the answer changes thousands of times."""
    chance = np.random.default_rng(7)
    enters = changes_of_mind = 0
    for _ in range(4):
        walk, before = Walk(Settings()).stay(-10, -1, 0.95, 0.05), 0
        for tick, wobble in enumerate(chance.normal(0, 0.095, 7_200).tolist()):
            walk.fix(tick / 2, 0.50 + wobble, 0.50 - wobble)
            best = int(wobble < 0)
            changes_of_mind += best != before
            before = best
        enters += sum(kind == "enter" for kind, _, _ in walk.said)
    assert changes_of_mind > 10_000
    assert enters == 4  # the one before they came to lie there


def test_one_chance_fix_more_is_asked_of_a_device_that_is_heard_less_often() -> None:
    rules = Settings(enter_delay_ms=1_500, enter_fixes=4, dwell_s=())
    assert Walk(rules).stay(0, 5, 0.95).said == [("enter", "A", 3)]
    often = Walk(rules)
    for tick in range(6):
        often.fix(tick / 2, 0.95)
    assert often.said == [("enter", "A", 1.5)]
    assert Walk(rules).fix(0, 0.95).fix(10, 0.95).said == [("enter", "A", 10)]


def test_dwell_times_may_differ_by_kind_of_zone() -> None:
    rules = Settings(dwell_s=(10, 30), dwell_s_by_kind={"department": (20,), "shelf": ()})
    assert presence.dwell_times(["aisle", "shelf", "department"], rules).tolist() == [[10, 30], [-1, -1], [20, -1]]
    walk = Walk(msgspec.structs.replace(RULES, dwell_s_by_kind=rules.dwell_s_by_kind), (0, 1, 2), kinds=("aisle", "shelf", "department"))
    walk.stay(0, 40, 0.6, 0.6, 0.6)
    assert [said for said in walk.said if said[0] == "dwell"] == [("dwell", "A", 10), ("dwell", "C", 20), ("dwell", "A", 30)]
    assert presence.next_due_ms(walk.devices, walk.slot, walk.rules, walk.dwell_s) == 55_000  # the silence; nobody waits for more


INSIDE = Nesting(np.array([1, 2, -1, -1]), np.array([0, 1, 2, -1]))
"""A lies in B, B in C."""


def test_who_enters_an_inner_zone_is_in_the_outer_ones_from_then_on_at_the_latest() -> None:
    walk = Walk(layer_starts=(0, 1, 2), nesting=INSIDE).stay(0, 3, 0.6, 0.2, 0.2)
    assert sorted(walk.said) == [("enter", "A", 2), ("enter", "B", 2), ("enter", "C", 2)]
    assert in_one(walk.changes).stay_start_ms.tolist() == [0] * 3


def test_the_inner_zone_is_left_with_the_outer_one() -> None:
    walk = Walk(layer_starts=(0, 1, 2), nesting=INSIDE).stay(0, 3, 0.6, 0.6, 0.6).stay(4, 8, 0.6, 0.6, 0.05)
    assert sorted(said for said in walk.said if said[0] == "exit") == [("exit", "A", 7), ("exit", "B", 7), ("exit", "C", 7)]


def test_another_outer_zone_is_left_for_the_one_that_the_inner_one_lies_in() -> None:
    """Zones A and, around it, C; B lies beside C and sticks out over A."""
    nesting = Nesting(np.array([2, -1, -1, -1]), np.array([0, 1, 1, -1]))
    walk = Walk(layer_starts=(0, 1), nesting=nesting).stay(0, 3, 0.1, 0.6, 0.2).stay(4, 8, 0.6, 0.5, 0.3)
    assert sorted(walk.said) == [("enter", "A", 6), ("enter", "B", 2), ("enter", "C", 6), ("exit", "B", 6)]


def test_zones_that_lie_well_in_each_other_need_no_such_rule() -> None:
    plain, nested = Walk(layer_starts=(0, 1, 2)), Walk(layer_starts=(0, 1, 2), nesting=INSIDE)
    chance = np.random.default_rng(3)
    for second in range(600):
        inner = float(chance.choice((0.0, 0.05, 0.2, 0.6, 0.9)))
        middle = inner + (1 - inner) * float(chance.random())
        for walk in (plain, nested):
            walk.fix(second, inner, middle, 1.0)
    assert nested.said == plain.said


def test_silence_that_proves_nothing_ends_a_stay_with_the_visit_at_the_latest() -> None:
    patient = Walk().stay(0, 5, 0.6)
    assert patient.silence(64, patience_s=1_000).said == [("enter", "A", 2), ("dwell", "A", 10)]
    assert patient.silence(65, patience_s=1_000).said[2:] == [("exit", "A", 20)]
    impatient = Walk().stay(0, 5, 0.6)
    assert impatient.silence(39, patience_s=40).said[2:] == []
    assert impatient.silence(40, patience_s=40).said[2:] == [("exit", "A", 20)]


def test_who_is_heard_again_before_the_patience_ends_has_never_left() -> None:
    walk = Walk().stay(0, 5, 0.6).silence(35, patience_s=1_000)
    assert [said for said in walk.fix(40, 0.6).said if said[0] != "dwell"] == [("enter", "A", 2)]


def test_zones_of_two_layers_are_held_together() -> None:
    walk = Walk(layer_starts=(0, 2)).stay(0, 4, 0.6, 0.1, 0.9)
    assert walk.said == [("enter", "A", 2), ("enter", "C", 2)]


def test_a_dwell_comes_at_its_own_moment_not_at_that_of_the_next_fix() -> None:
    walk = Walk()
    for second in (0.0, 2.5, 5.0, 9.7, 13.1):
        walk.fix(second, 0.6)
    assert walk.said == [("enter", "A", 2.5), ("dwell", "A", 10)]


def test_a_dwell_comes_without_any_further_fix() -> None:
    walk = Walk().stay(0, 5, 0.6)
    assert walk.silence(9.999).said == [("enter", "A", 2)]
    assert walk.silence(10).said[1:] == [("dwell", "A", 10)]


def test_each_dwell_comes_once_in_a_stay() -> None:
    assert Walk().stay(0, 100, 0.6).said == [("enter", "A", 2), ("dwell", "A", 10), ("dwell", "A", 30)]


def test_a_second_stay_has_dwells_of_its_own() -> None:
    walk = Walk().stay(0, 12, 0.6).stay(13, 20, 0.0).stay(21, 40, 0.6)
    assert walk.said == [("enter", "A", 2), ("dwell", "A", 10), ("exit", "A", 16), ("enter", "A", 23), ("dwell", "A", 31)]


def test_silence_ends_what_is_held_at_the_last_fix_plus_the_silence() -> None:
    assert Walk().stay(0, 5, 0.6).silence(500).said == [("enter", "A", 2), ("dwell", "A", 10), ("exit", "A", 20)]


def test_silence_ends_a_candidacy() -> None:
    assert Walk().stay(0, 1, 0.6).fix(30, 0.6).said == []


def test_no_dwell_falls_due_after_the_silence_that_ended_the_stay() -> None:
    assert ("dwell", "A", 30) not in Walk().stay(0, 5, 0.6).silence(500).said


def test_a_visit_lasts_from_the_first_fix_until_the_silence_that_ended_it() -> None:
    walk = Walk().stay(3, 5, 0.6)
    assert walk.silence(64.9).visits == []
    assert walk.silence(65).visits == [(3, 20)]


def test_a_device_that_comes_back_before_the_visit_is_over_goes_on_with_it() -> None:
    walk = Walk().stay(0, 5, 0.6).stay(50, 55, 0.6)
    assert walk.visits == []
    assert in_one(walk.changes).visit_start_ms.tolist() == [0] * 4


def test_a_device_that_comes_back_later_begins_a_new_visit() -> None:
    walk = Walk().stay(0, 5, 0.6).stay(100, 105, 0.6)
    assert walk.visits == [(0, 20)]
    assert in_one(walk.changes).visit_start_ms.tolist() == [0, 0, 0, 100_000]


def test_what_falls_due_next_is_known() -> None:
    walk = Walk().stay(0, 5, 0.6)
    assert presence.next_due_ms(walk.devices, walk.slot, RULES) == 10_000
    assert presence.next_due_ms(walk.silence(10).devices, walk.slot, RULES) == 20_000
    assert presence.next_due_ms(walk.silence(20).devices, walk.slot, RULES) == 65_000


@pytest.mark.parametrize(("patience_ms", "due_ms"), [(19_000, 20_000), (40_000, 40_000), (1_000_000, 65_000)])
def test_while_silence_proves_nothing_neither_it_nor_a_dwell_after_it_is_waited_for(patience_ms: int, due_ms: int) -> None:
    walk = Walk().stay(0, 5, 0.6).silence(10)
    assert presence.next_due_ms(walk.devices, walk.slot, RULES, None, lambda slots: np.full(len(slots), patience_ms)) == due_ms


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"exit_probability": 0.95}, "exit_probability"),
        ({"visit_end_ms": 1_000}, "visit_end_ms"),
        ({"dwell_s": (30, 10)}, "dwell_s"),
        ({"dwell_s": (1,)}, "dwell_s"),
        ({"dwell_s_by_kind": {"aisle": (5, 5)}}, "dwell_s_by_kind"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_by_name(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Settings(**wrong)  # type: ignore[arg-type] # wrong on purpose
