"""How a command ends: the exit codes, and `Stop`, the one exception that is an answer and not a fault.

A `Stop` is one sentence in the operator's language; `cli.py` prints it without a stack trace and ends with its code.
"""

from typing import Final

from groundwork.plumbing.reasons import Words

OK: Final = 0
FAILED: Final = 1
"""The command ran and the answer is no: a coupon was refused, a check found something bad, an unexpected error."""
BAD_INPUT: Final = 2
"""What was typed, or a file that was named, is not what the command expects."""
ENVIRONMENT: Final = 3
"""The machine is in the way: port in use, disk full, folder locked, server out of reach."""
INTERRUPTED: Final = 130
"""Ctrl-C; 128 + SIGINT, as shells count."""


class Stop(Exception):
    """The command cannot go on, and this sentence says why and what to do. Raised anywhere below `cli.py`."""

    def __init__(self, words: Words, code: int = FAILED, /, **values: object) -> None:
        super().__init__(words.said("en", **values))
        self.words = words
        self.code = code
        self.values = values
