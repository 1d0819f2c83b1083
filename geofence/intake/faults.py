"""What is wrong with a batch that is refused as a whole: where, what stands there, and what was expected, in both languages.

Pure: `accept.py` makes a refusal of it. Where is a JSON pointer, `/sightings/3/adverts` in objects and `/columns/adverts/3` in columns; a
column frame is spoken of as the columns it holds.
"""

from typing import NamedTuple


class Said(NamedTuple):
    """A phrase within a sentence, in both languages."""

    en: str
    ar: str


class BatchError(ValueError):
    """A batch that is refused as a whole."""

    def __init__(self, at: str, value: object, expected: Said) -> None:
        self.at = at
        """A JSON pointer; empty for the body as a whole."""
        self.value = value
        self.expected = expected
        super().__init__(f"{at or 'the body'} is {value.en if isinstance(value, Said) else repr(value)}, expected {expected.en}")


class TooManyRows(ValueError):
    """A batch with more rows than are taken at once."""

    def __init__(self, rows: int, limit: int) -> None:
        self.rows = rows
        self.limit = limit
        super().__init__(f"{rows} rows, at most {limit} are taken at once")


def place(column: str, row: int, listed_in: str = "") -> str:
    """Where a column's value stands in a row, of rows that came as columns, or one by one in the list `listed_in`."""
    return f"/{listed_in}/{row}/{column}" if listed_in else f"/columns/{column}/{row}"


def plain(expected: object) -> Said:
    """What reads the same in both languages: a number."""
    return Said(str(expected), str(expected))


def span(least: object, most: object) -> Said:
    """From `least` to `most`, both included."""
    return Said(f"{least} to {most}", f"من {least} إلى {most}")


def letters(most: int) -> Said:
    """A name of at most so many characters."""
    return Said(f"1 to {most} characters", f"من 1 إلى {most} محرفًا")


def rows_like(rows: int, column: str) -> Said:
    """As many rows as another column has."""
    return Said(f"{rows} rows like {column}", f"عدد صفوف {column} وهو {rows}")


def rows_of(rows: int) -> Said:
    """How many rows there are."""
    return Said(f"{rows} rows", f"عدد الصفوف {rows}")


WHOLE_64 = Said("a whole number of 64 bits", "عدد صحيح من 64 بت")
AT_LEAST_1 = Said("1 or more", "1 أو أكثر")
NO_FRAME = Said("no column frame", "ليس إطار أعمدة")
FRAME_AR = "إطار أعمدة سليم"
"""In English it is said what is wrong with the frame; that sentence is for whoever writes the encoder."""
SINCE_1970 = Said("ms since 1970", "ملّي ثانية منذ 1970")
