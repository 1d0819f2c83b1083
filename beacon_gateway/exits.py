"""How the gateway ends: exit codes as for `aislecast`, and `Stop`, a sentence in the operator's language instead of a stack trace."""

from typing import Final

from groundwork.plumbing.reasons import Words

OK: Final = 0
FOUND: Final = 1
"""`check` has found something that does not work."""
BAD_INPUT: Final = 2
"""What was typed, or a file that was named, is not what was expected."""
ENVIRONMENT: Final = 3
"""The machine is in the way: spool in use, disk, adapter."""
INTERRUPTED: Final = 130


class Stop(Exception):
    """The gateway cannot go on; the sentence says why and what was expected."""

    def __init__(self, words: Words, code: int = ENVIRONMENT, **values: object) -> None:
        super().__init__(words.said("en", **values))
        self.words = words
        self.code = code
        self.values = values

    def said(self, language: str) -> str:
        """The sentence in `language` (`ar`, else English)."""
        return self.words.said(language, **self.values)
