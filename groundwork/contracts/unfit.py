"""What is wrong with something that was read, in English and in Arabic, for code that knows nothing of plumbing.

Decoding and deciding code raises these where Python's habit is a bare ValueError, whose English would end up in an Arabic sentence.
Whoever refuses (`plumbing.http`, `plumbing.settings`, a command) puts the phrase into its own sentence; see `plumbing.reasons.phrase_of`.
"""


class Wrong(ValueError):
    """What is wrong. The phrase ends somebody else's sentence: no capital at its front, no full stop at its end."""

    def __init__(self, en: str, ar: str) -> None:
        self.phrase = en, ar
        super().__init__(en)


class Unfit(Wrong):
    """A value of the right type that cannot stand; the phrase is what was expected of it.

    `at` says where in what was read: a JSON pointer such as `/title/ar`, or a field's name; empty for the whole. `value` is what stands
    there; None where that is for the reader to look up.
    """

    def __init__(self, en: str, ar: str, *, at: str = "", value: object = None) -> None:
        super().__init__(en, ar)
        self.at, self.value = at, value

    def __str__(self) -> str:
        return f"{self.at or 'the value'} is {self.value!r}, expected {self.phrase[0]}"
