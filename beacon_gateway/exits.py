"""How the gateway ends: exit codes as for `aislecast`, and `Stop`, a sentence in the operator's language instead of a stack trace."""

from collections.abc import Mapping
from typing import Final

from groundwork.plumbing.phrases import phrase_of, said_again
from groundwork.plumbing.reasons import Words

OK: Final = 0
FOUND: Final = 1
"""`check` has found something that does not work."""
BAD_INPUT: Final = 2
"""What was typed, or a file that was named, is not what was expected."""
ENVIRONMENT: Final = 3
"""The machine is in the way: spool in use, disk, adapter."""
INTERRUPTED: Final = 130


def spoken(values: Mapping[str, object]) -> dict[str, object]:
    """What fills a sentence; an error, or what was kept of one under `problem`, in both languages as far as it is recognised."""
    return {name: _phrase(value) if name == "problem" else value for name, value in values.items()}


def _phrase(problem: object) -> object:
    if isinstance(problem, Words):
        return problem
    return phrase_of(problem) if isinstance(problem, Exception) else said_again(str(problem))


class Stop(Exception):
    """The gateway cannot go on; the sentence says why and what was expected."""

    def __init__(self, words: Words, code: int = ENVIRONMENT, **values: object) -> None:
        self.words = words
        self.code = code
        self.values = spoken(values)
        super().__init__(words.said("en", **self.values))

    def said(self, language: str) -> str:
        """The sentence in `language` (`ar`, else English)."""
        return self.words.said(language, **self.values)
