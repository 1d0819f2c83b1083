"""Reasons: every refusal has a code for machines, a sentence in Arabic and in English for people, and a counter for operators.

Each package lists its own in its `reasons.py`; `http.py` turns a raised Refusal into a problem answer, and `hops.py` counts codes.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, runtime_checkable

from groundwork.plumbing.counts import Counting

_FORMATTER: Final = Counting()


class Words(NamedTuple):
    """One sentence in both languages; `{name}` marks what is filled in, the same names in both."""

    en: str
    ar: str

    def said(self, language: str, **values: object) -> str:
        """The sentence in `language` (`ar`, else English) with `values` filled in; those that are Words in the same language."""
        spoken = {name: value.inside(language) if isinstance(value, Words) else value for name, value in values.items()}
        return _FORMATTER.vformat(self.ar if language == "ar" else self.en, (), spoken)

    def inside(self, language: str) -> str:
        """The words as a part of another sentence: nothing is filled in, a pattern has braces of its own."""
        return self.ar if language == "ar" else self.en


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused. `status` is the HTTP status where it ends in an answer."""

    code: str
    words: Words
    status: int = 400


class Misfit(ValueError):
    """A value or a set of them that cannot stand, in plumbing itself; elsewhere `contracts/unfit.py` serves, which needs none of this."""

    def __init__(self, words: Words, **values: object) -> None:
        self.phrase = Words(words.said("en", **values), words.said("ar", **values))
        super().__init__(self.phrase.en)


@runtime_checkable
class Phrased(Protocol):
    """An error that brings a phrase in English and Arabic along, for somebody else's sentence."""

    phrase: tuple[str, str]


class Refusal(Exception):
    """A refused request: the reason, what fills its sentence, and where in the request the fault lies."""

    def __init__(self, reason: Reason, *, at: str = "", headers: dict[str, str] | None = None, **values: object) -> None:
        super().__init__(f"{reason.code}: {reason.words.said('en', **{'at': at, **values})}")
        self.reason = reason
        self.values = values
        self.at = at
        """A JSON pointer or `row 17, rssi_median_dbm`; empty where the request as a whole is at fault."""
        self.headers = headers or {}

    @property
    def words(self) -> Words:
        """The whole sentence in both languages."""
        values = {"at": self.at, **self.values}
        return Words(self.reason.words.said("en", **values), self.reason.words.said("ar", **values))
