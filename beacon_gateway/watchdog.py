"""The watchdog: whether a radio's silence is odd, and which repair is due. Knows the site's own rate, so a quiet site is left alone.

Pure: monotonic seconds in, answers out; no clock, no radio. Doing what is due is for `recover.py`.
A radio that says it does not scan is down and is repaired at once; one that says nothing is judged by how long it is usually silent.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

SHORTEST_S: Final = 60.0
"""No radio is called silent before; with a look every 5 s, a busy site's is noticed within 70 s."""
LONGEST_S: Final = 3_600.0
"""However quiet the site, after an hour one restart of the scan is cheaper than a radio that stays deaf."""
UNKNOWN_S: Final = 900.0
"""Until the site is known: long enough that a quiet one shows itself before it is disturbed."""
TIMES_USUAL: Final = 3.0
"""Silences are skewed; three times the longest seen is passed by chance about once in a year of Poisson arrivals with 20 gaps a day."""
KNOWN_AFTER: Final = 20
"""Looks at which something new had been heard, before the site counts as known."""
CREDIT_S: Final = 30.0
"""What is heard so soon after a repair is its doing, and teaches nothing about the site."""
_FORGET_S: Final = 86_400.0
"""Half of what was learned is forgotten in a day, so one odd night does not make the watchdog patient for ever."""

DOWN_PAUSE_S: Final = 10.0
"""Between steps while the radio says that it does not scan; doubled at each."""
LIGHT_S: Final = 30.0
"""How often scanning alone is tried again while heavier steps rest: an adapter may be plugged in again at any time."""
QUIET_PAUSE_S: Final = 3_600.0
"""Between steps on a quiet or unknown site."""
REST_S: Final = 600.0
"""After a whole ladder in vain with a radio that is down; doubled each time."""
SILENT_REST_S: Final = 14_400.0
"""The same with one that is only silent: perhaps there is nothing to hear, as in a shop's first night."""
LONGEST_REST_S: Final = 43_200.0
REBOOT_AFTER_S: Final = 900.0
"""No reboot before the radio has been deaf for so long."""
REBOOT_EVERY_S: Final = 21_600.0
"""Nor within six hours of the last one: Linux' monotonic clock counts from there."""


class Step(StrEnum):
    """What can be done about a radio, lightest first."""

    SCAN = "scan"
    BUS = "bus"
    POWER = "power"
    SERVICE = "service"
    REBOOT = "reboot"


LADDERS: Final = {
    "off": (),
    "radio": (Step.SCAN, Step.BUS, Step.POWER),
    "service": (Step.SCAN, Step.BUS, Step.POWER, Step.SERVICE),
    "reboot": (Step.SCAN, Step.BUS, Step.POWER, Step.SERVICE, Step.REBOOT),
}
"""The steps by the setting `repair`."""


class Silence:
    """How long one radio usually hears nothing, learned from the silences that ended by themselves.

    Kept by the hour of the day in which a silence began: a shop is silent at night, and that says nothing of noon.
    """

    def __init__(self, now_s: float, hour: int) -> None:
        self._heard_s = now_s
        self._hour = hour
        self._repaired_s = float("-inf")
        self._learned: dict[int, tuple[float, float]] = {hour: (0.0, now_s)}
        self._looks = 0

    @property
    def limit_s(self) -> float:
        """From how long on the present silence is odd."""
        learned_s = min(max(TIMES_USUAL * self._learned[self._hour][0], SHORTEST_S), LONGEST_S)
        return learned_s if self._looks >= KNOWN_AFTER else max(learned_s, UNKNOWN_S)

    @property
    def pause_s(self) -> float:
        """How long a repair is given to show before the next; an hour where long silences are usual."""
        return self.limit_s if self.limit_s < UNKNOWN_S / TIMES_USUAL else QUIET_PAUSE_S

    def look(self, now_s: float, heard_s: float, hour: int) -> None:
        """Learns from the radio's latest advert, `hour` being the hour of the day; call it every few seconds, they blur what is learned."""
        if heard_s <= self._heard_s:
            return
        usual_s, at_s = self._learned[self._hour]
        usual_s *= 0.5 ** ((now_s - at_s) / _FORGET_S)
        if not self._heard_s < self._repaired_s >= heard_s - CREDIT_S:
            usual_s = max(usual_s, heard_s - self._heard_s)
        self._learned[self._hour] = (usual_s, now_s)
        self._learned.setdefault(hour, (usual_s, now_s))  # an hour not met yet is taken to be like the one before
        self._heard_s, self._hour = heard_s, hour
        self._looks += 1

    def silent_s(self, now_s: float) -> float:
        """How long nothing has been heard."""
        return now_s - self._heard_s

    def repaired(self, now_s: float) -> None:
        """Takes note of a repair, whose effect is not the site's habit."""
        self._repaired_s = now_s


class Ladder:
    """Which step is due for one radio. Steps grow heavier while they do not help, and rest ever longer when none did."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._at = 0
        self._rounds = 0
        self._taken_s = float("-inf")
        self._rest_until_s = float("-inf")

    def due(self, now_s: float, deaf_s: float, pause_s: float, *, down: bool) -> Step | None:
        """The step to take now, if any; it counts as taken.

        `deaf_s` is since when nothing is heard, `pause_s` how long a step is given to show when the radio is silent; `down` says that it
        does not even scan.
        """
        since_s = now_s - self._taken_s
        if not self._steps:
            return None
        if now_s < self._rest_until_s:
            return self._take(Step.SCAN, now_s) if down and since_s >= LIGHT_S else None
        if since_s < (DOWN_PAUSE_S if down else pause_s) * 2.0 ** max(self._at - 1, 0):
            return None
        step = self._steps[self._at]
        self._climb(now_s, REST_S if down else SILENT_REST_S)
        if step is Step.REBOOT and (deaf_s < REBOOT_AFTER_S or now_s < REBOOT_EVERY_S):
            step = Step.BUS
        return self._take(step, now_s)

    def well(self) -> None:
        """The radio is as it should be: the next trouble begins with the lightest step."""
        self._at = self._rounds = 0
        self._rest_until_s = float("-inf")

    def _climb(self, now_s: float, rest_s: float) -> None:
        self._at += 1
        if self._at == len(self._steps):
            self._at = 0
            self._rest_until_s = now_s + min(rest_s * 2.0**self._rounds, LONGEST_REST_S)
            self._rounds = min(self._rounds + 1, 10)

    def _take(self, step: Step, now_s: float) -> Step:
        self._taken_s = now_s
        return step
