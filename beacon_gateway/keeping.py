"""Keeping: the adverts of tags that somebody carries on a walk, as JSON lines; `aislecast recording make` and `sources/jsonl.py` read them.

Nothing else is written, and no key that changes may be named (a shopper's token): a file of what was in the air would hold everybody's
phones. The file is new and its owner's alone; where no tag was heard none is left behind.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from beacon_gateway import exits, words
from beacon_gateway.exits import Stop
from groundwork.adverts.advert import Advert
from groundwork.adverts.frame import NO_OPTIONS
from groundwork.adverts.gate import gate, lasting_key
from groundwork.adverts.reader import Reader
from groundwork.plumbing.phrases import phrase_of

_OWNER_ONLY: Final = 0o600
_ADDRESS: Final = "address:"


class TagFile:
    """An open file, and the tags whose adverts go into it."""

    def __init__(self, file: BinaryIO, tags: Sequence[str]) -> None:
        self._file = file
        self._reader = Reader(gate(keys=tags), NO_OPTIONS)
        self.adverts = 0
        """How many were written."""

    def keep(self, adverts: Iterable[Advert]) -> None:
        """Writes those of the tags; the address only where a tag is known by it."""
        for advert in adverts:
            reading = self._reader.read(advert.data, advert.address)
            if reading.beacon is None or reading.refusal:
                continue
            line: dict[str, object] = {
                "gateway": advert.gateway,
                "at_ms": advert.at_ms,
                "rssi_dbm": advert.rssi_dbm,
                "data": advert.data.hex(),
            }
            if reading.beacon.startswith(_ADDRESS):
                line["address"] = advert.address
            self._file.write(msgspec.json.encode(line) + b"\n")
            self.adverts += 1
        self._file.flush()  # somebody may pull the plug at the end of a walk


@contextmanager
def kept_in(path: Path | None, tags: Sequence[str]) -> Iterator[TagFile | None]:
    """The new file at `path` for `tags`; None where neither is given. Raises Stop for one without the other, a bad tag and a bad path."""
    if (path is None) != (not tags):
        raise Stop(words.KEEP_WHAT, exits.BAD_INPUT, got=path or ", ".join(tags))
    if path is None:
        yield None
        return
    keys = [lasting_key(tag) for tag in tags]
    bad = next((tag for tag, key in zip(tags, keys, strict=True) if key is None), None)
    if bad is not None:
        raise Stop(words.KEEP_BAD_TAG, exits.BAD_INPUT, got=repr(bad))
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    except OSError as error:
        raise Stop(words.KEEP_WHERE, exits.BAD_INPUT, path=path, problem=phrase_of(error)) from error
    with os.fdopen(opened, "wb") as file:
        kept = TagFile(file, [key for key in keys if key is not None])
        try:
            yield kept
        finally:
            if not kept.adverts:
                path.unlink(missing_ok=True)  # it would only be in the way of the next try
