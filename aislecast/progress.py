"""Progress: how far long work is, said on standard error to whoever watches, so that standard output is the answer alone.

Shown on a terminal, or where it is asked for with `--progress`; a line for each step of the work, and of steps that follow quickly those a
few seconds apart. Says nothing otherwise.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aislecast.arguments import Parser
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

EVERY_S: Final = 2.0
_PROGRESS = Words(
    "say on standard error how far it is (default: on a terminal)", "اعرض مدى التقدم على مخرج الأخطاء القياسي (الافتراضي: على الطرفية فقط)"
)


def add_progress(parser: Parser) -> None:
    """`--progress`."""
    parser.flag("--progress", _PROGRESS)


def wanted(asked: bool) -> bool:  # the flag as it was typed
    """Whether to show it."""
    return asked or sys.stderr.isatty()


@dataclass(slots=True)
class Progress:
    """Says how far it is; `monotonic_s` is the clock by which lines are kept apart."""

    voice: Voice
    shown: bool
    monotonic_s: Callable[[], float]
    _said_s: float = field(default=float("-inf"), init=False)

    def step(self, words: Words, **values: object) -> None:
        """A step begins."""
        if self.shown:
            self._said_s = self.monotonic_s()
            print(self.voice.line("  " + self.voice.say(words, **values)), file=sys.stderr, flush=True)

    def count(self, words: Words, **values: object) -> None:
        """One of many small steps: said where the last line is some seconds old."""
        if self.shown and self.monotonic_s() - self._said_s >= EVERY_S:
            self.step(words, **values)
