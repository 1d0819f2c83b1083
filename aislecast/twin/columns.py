"""CSV files as columns: which columns a file must have, and an error that names file and line where it has something else.

Reads `.csv` and `.csv.gz`. Nothing is skipped and nothing is guessed: a value that is not what its column holds ends the reading.
"""

import csv
import gzip
import math
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TextIO, cast

import numpy as np
from numpy.typing import NDArray

from aislecast.twin import faults
from aislecast.twin.faults import Fault, RecordingError
from groundwork.plumbing.phrases import phrase_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Indices = NDArray[np.int32]

_UTF8 = "utf-8-sig"  # spreadsheets write the mark, Python's csv would take it for a part of the first name


@dataclass(frozen=True, slots=True)
class Columns:
    """One CSV file's columns as text, all of one length, by name; further columns of the file are left out."""

    path: Path
    texts: dict[str, tuple[str, ...]]
    rows: int

    def has(self, name: str) -> bool:
        return name in self.texts

    def numbers(self, name: str) -> Floats:
        """A column as finite numbers."""
        values = _parsed(self.texts[name])
        if not np.isfinite(values).all():
            raise self._fault(name, _is_number, faults.NO_NUMBER)
        return values

    def numbers_or_nan(self, name: str) -> Floats:
        """A column as finite numbers, NaN where the cell is empty or the file has no such column."""
        texts = self.texts.get(name, ("",) * self.rows)
        values = _parsed(tuple(text or "nan" for text in texts))
        empty = np.array([not text for text in texts], dtype=np.bool_)
        if not (np.isfinite(values) | empty).all():
            raise self._fault(name, lambda text: not text or _is_number(text), faults.NO_NUMBER_NOR_EMPTY)
        return values

    def indices(self, name: str, names: dict[str, int]) -> Indices:
        """A column of names as indices into `names`, to which new names are added in the order met."""
        return np.array([names.setdefault(text, len(names)) for text in self._filled(name)], dtype=np.int32)

    def known(self, name: str, names: dict[str, int], fault: Fault) -> Indices:
        """A column of names as indices into `names`; a name that is not among them is a `fault`."""
        try:
            return np.array([names[text] for text in self.texts[name]], dtype=np.int32)
        except KeyError:
            raise self._fault(name, names.__contains__, fault) from None

    def fault(self, row: int, fault: Fault, **values: object) -> RecordingError:
        """What is wrong with a data row (from 0), as an error that names the file and the row's line."""
        return RecordingError(self.path, fault, _line_of(self.path, row), **values)

    def where(self, name: str, known: Collection[str]) -> "Columns":
        """The rows whose `name` is among `known`."""
        kept = [text in known for text in self.texts[name]]
        texts = {column: tuple(compress(cells, kept)) for column, cells in self.texts.items()}
        return Columns(self.path, texts, sum(kept))

    def _filled(self, name: str) -> tuple[str, ...]:
        if not all(self.texts[name]):
            raise self._fault(name, bool, faults.NO_NAME)
        return self.texts[name]

    def _fault(self, name: str, good: Callable[[str], object], fault: Fault) -> RecordingError:
        row = next((number for number, text in enumerate(self.texts[name]) if not good(text)), 0)
        return self.fault(row, fault, column=name, text=repr(self.texts[name][row]))


def existing(folder: Path, name: str) -> Path | None:
    """`folder/name` or its `.gz`, whichever there is."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def read_columns(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Columns:
    """The named columns of a CSV file with a header line. Raises RecordingError for a file, header or row that is not one."""
    with _opened(path) as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        wanted = _wanted(path, header, required, optional)
        rows = list(reader)
    columns: Sequence[tuple[str, ...]]
    try:
        columns = list(zip(*rows, strict=True)) or [()] * len(header)
    except ValueError:
        columns = []
    if len(columns) != len(header):
        row = next(number for number, cells in enumerate(rows) if len(cells) != len(header))
        raise RecordingError(path, faults.CELLS, _line_of(path, row), cells=len(rows[row]), columns=len(header))
    return Columns(path, {name: columns[header.index(name)] for name in wanted}, len(rows))


def _wanted(path: Path, header: list[str], required: Sequence[str], optional: Sequence[str]) -> list[str]:
    missing = [name for name in required if name not in header]
    if missing:
        named = {"missing": ", ".join(missing), "header": ", ".join(header) or "nothing", "required": ", ".join(required)}
        raise RecordingError(path, faults.NO_COLUMN, 1, **named)
    wanted = [*required, *(name for name in optional if name in header)]
    twice = next((name for name in wanted if header.count(name) > 1), None)
    if twice is not None:
        raise RecordingError(path, faults.COLUMN_TWICE, 1, column=twice)
    return wanted


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The file as text; whatever goes wrong while it is read becomes a RecordingError."""
    try:
        with gzip.open(path, "rt", encoding=_UTF8, newline="") if path.suffix == ".gz" else path.open(encoding=_UTF8, newline="") as file:
            yield cast("TextIO", file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordingError(path, faults.BROKEN_GZIP, why=phrase_of(error)) from error
    except UnicodeDecodeError as error:
        raise RecordingError(path, faults.NO_UTF8, why=phrase_of(error)) from error
    except csv.Error as error:
        raise RecordingError(path, faults.NO_CSV, why=phrase_of(error)) from error
    except OSError as error:
        raise RecordingError(path, faults.UNREADABLE, why=phrase_of(error)) from error


def _line_of(path: Path, row: int) -> int:
    """The line on which data row `row` ends: read again, because only an error needs it and a cell may span lines."""
    with _opened(path) as file:
        reader = csv.reader(file, strict=True)
        for number, _ in enumerate(reader, -1):
            if number == row:
                break
        return reader.line_num


def _parsed(texts: Sequence[str]) -> Floats:
    """The numbers in `texts`; all NaN when one of them is none, for the caller to find it."""
    try:
        return np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return np.full(len(texts), np.nan)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
